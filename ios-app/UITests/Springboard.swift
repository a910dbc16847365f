import XCTest

/// The Home Screen, where iOS shows the app's badge.
@MainActor
struct Springboard {
    private let home = XCUIApplication(bundleIdentifier: "com.apple.springboard")

    /// The number on the app's icon; 0 when there is none. iOS tells it as the icon's value, in
    /// words: "3 new items".
    func badge(of app: String) throws -> Int {
        XCUIDevice.shared.press(.home)
        return try shownBadge(of: app)
    }

    /// The same, where the Home Screen is in front already.
    private func shownBadge(of app: String) throws -> Int {
        let icon = home.icons.matching(identifier: app).firstMatch
        XCTAssertTrue(icon.waitForExistence(timeout: 10), "there is no icon of \(app)")
        let value = icon.value as? String ?? ""
        let digits = value.filter(\.isNumber)
        return digits.isEmpty ? 0 : try XCTUnwrap(Int(digits), value)
    }

    /// Waits for a number on the app's icon, and gives the one that is there at the end.
    func badge(of app: String, becomes expected: Int, within seconds: TimeInterval) async throws
        -> Int
    {
        let end = Date(timeIntervalSinceNow: seconds)
        var badge = try badge(of: app)
        while badge != expected, Date() < end {
            try await Task.sleep(for: .milliseconds(500))
            badge = try shownBadge(of: app)
        }
        return badge
    }

    /// Lets the app send notifications, if iOS asks.
    func allowNotifications() {
        let alert = home.alerts.firstMatch
        guard alert.waitForExistence(timeout: 5) else { return }
        // The last of its buttons allows, in every language.
        alert.buttons.element(boundBy: 1).tap()
    }
}
