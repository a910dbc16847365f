import Foundation
import Testing

@testable import AppModel

@MainActor
@Suite struct SheetTests {
    private let link = "truebadge://add?relay=https://r.test&account=ada&token=t"

    private func sheets(_ permission: Permission) -> SheetModel {
        SheetModel(WelcomeModel(permission))
    }

    @Test func aLinkOnAFreshPhoneIsShownAfterTheFirstRun() async throws {
        let sheets = sheets(Permission(answer: .allowed))
        sheets.open(try #require(URL(string: link)))
        #expect(sheets.shown == nil, "nobody knows yet what the person decided")
        await sheets.welcome.load()
        #expect(sheets.shown == .welcome)

        await sheets.welcome.ask()

        #expect(sheets.shown == .addAccount(link: link))
    }

    @Test func theFirstRunCannotBeSwipedAway() async throws {
        let sheets = sheets(Permission(answer: .denied))
        await sheets.welcome.load()

        sheets.shown = nil
        #expect(sheets.shown == .welcome)

        await sheets.welcome.ask()
        #expect(sheets.shown == nil)
    }

    @Test func whateverTheLinkIsItTakesThePlaceOfWhatWasShown() async throws {
        let sheets = sheets(Permission(answer: .allowed, asked: 1))
        await sheets.welcome.load()
        sheets.shown = .settings

        sheets.open(try #require(URL(string: "truebadge://elsewhere")))
        #expect(sheets.shown == .addAccount(link: "truebadge://elsewhere"))

        sheets.shown = nil
        #expect(sheets.shown == nil)
    }
}
