import TrueBadge

final class NotificationService: BadgeNotificationService {
    override func makeBadge() throws -> TrueBadge {
        try Store.open(.extension)
    }
}
