import XCTest

/// The number on the icon, as a person sees it on the Home Screen after pushes.
final class BadgeTests: XCTestCase {
    override func setUpWithError() throws { continueAfterFailure = false }

    @MainActor
    func testAMessageRaisesTheBadgeAndAReadOnTheDesktopClearsIt() async throws {
        let desktop = try Desktop()
        let springboard = Springboard()
        let app = TestedApp()
        app.launch()
        try app.addAccount(desktop)
        // Positions only ever grow, also from one run to the next.
        let position = Int(Date().timeIntervalSince1970)
        try await desktop.read("ui-test", upTo: position)

        try await desktop.send(to: "ui-test", position: position + 1)
        let raised = try await springboard.badge(of: TestedApp.name, becomes: 1, within: 30)
        XCTAssertEqual(raised, 1)

        try await desktop.read("ui-test", upTo: position + 1)
        let cleared = try await springboard.badge(of: TestedApp.name, becomes: 0, within: 30)
        XCTAssertEqual(cleared, 0)
    }

    /// For scenarios that push from outside: `TEST_RUNNER_TRUEBADGE_EXPECTED_BADGE` says what the
    /// icon has to show now.
    @MainActor
    func testTheIconShowsTheExpectedBadge() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let text = environment["TRUEBADGE_EXPECTED_BADGE"] else {
            throw XCTSkip("nothing is expected: TEST_RUNNER_TRUEBADGE_EXPECTED_BADGE is not set")
        }
        let expected = try XCTUnwrap(Int(text), text)
        let shown = try await Springboard().badge(
            of: TestedApp.name, becomes: expected, within: 30)
        XCTAssertEqual(shown, expected)
    }
}
