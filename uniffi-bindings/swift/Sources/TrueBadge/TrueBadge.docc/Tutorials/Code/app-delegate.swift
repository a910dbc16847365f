import TrueBadge

final class AppDelegate: TrueBadgeAppDelegate {
    override func makeBadge() throws -> TrueBadge {
        try Store.open(.app)
    }
}
