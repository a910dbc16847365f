import XCTest

/// What a person meets first.
final class FirstRunTests: XCTestCase {
    override func setUpWithError() throws { continueAfterFailure = false }

    @MainActor
    func testTheFormAsksForAnAddressThatATokenMayBeSentTo() throws {
        let app = TestedApp()
        app.launch()
        app.openForm()
        app.fillIn(relay: "ftp://relay.example.com", name: "ada", token: "secret")

        app.confirm()

        XCTAssertTrue(app.hasProblem)
    }

    @MainActor
    func testALinkThatLacksSomethingSaysSo() throws {
        let app = TestedApp()
        app.launch()

        app.open(
            try XCTUnwrap(
                URL(string: "truebadge://add?relay=https://relay.example.com&account=eve")))

        XCTAssertTrue(app.hasProblem)
        app.cancel()
    }

    @MainActor
    func testALinkFillsInTheFormAndAddsNothingByItself() throws {
        let app = TestedApp()
        app.launch()

        app.open(
            try XCTUnwrap(
                URL(string: "truebadge://add?relay=https://relay.example.com&account=eve&token=t")))

        XCTAssertEqual(app.proposedName, "eve")
        app.cancel()
        XCTAssertFalse(app.shows("eve", within: 2))
    }
}
