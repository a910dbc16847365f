import XCTest

/// The app, as a person handles it.
@MainActor
struct TestedApp {
    /// The name under its icon.
    static let name = "TrueBadge"

    private let app = XCUIApplication()

    /// Starts it, in the test plan's language, and lets it show its badge if it asks.
    func launch() {
        app.launch()
        let welcome = app.buttons["welcome.continue"]
        guard welcome.waitForExistence(timeout: 3) else { return }
        welcome.tap()
        Springboard().allowNotifications()
    }

    /// Opens a link, as a tap in another app does.
    func open(_ link: URL) { app.open(link) }

    /// Adds the account by its link, unless a run before did.
    func addAccount(_ desktop: Desktop) throws {
        guard !shows(desktop.account, within: 2) else { return }
        open(try desktop.link)
        XCTAssertTrue(app.buttons["account.confirm"].waitForExistence(timeout: 5))
        confirm()
        XCTAssertTrue(shows(desktop.account, within: 15))
    }

    /// Whether an account is in the list, or comes into it.
    func shows(_ account: String, within seconds: TimeInterval) -> Bool {
        app.descendants(matching: .any).matching(identifier: "account.row.\(account)").firstMatch
            .waitForExistence(timeout: seconds)
    }

    func cancel() { app.buttons["account.cancel"].tap() }

    func openForm() {
        let add = app.buttons["account.add"]
        XCTAssertTrue(add.waitForExistence(timeout: 5))
        add.tap()
    }

    func fillIn(relay: String, name: String, token: String) {
        enter(relay, in: app.textFields["account.relay"])
        enter(name, in: app.textFields["account.name"])
        enter(token, in: app.secureTextFields["account.token"])
    }

    func confirm() { app.buttons["account.confirm"].tap() }

    var hasProblem: Bool {
        app.descendants(matching: .any).matching(identifier: "account.problem").firstMatch
            .waitForExistence(timeout: 5)
    }

    var proposedName: String? {
        let field = app.textFields["account.name"]
        return field.waitForExistence(timeout: 5) ? field.value as? String : nil
    }

    private func enter(_ text: String, in field: XCUIElement) {
        XCTAssertTrue(field.waitForExistence(timeout: 5))
        field.tap()
        field.typeText(text)
    }
}
