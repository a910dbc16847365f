import Foundation
import Testing
import TrueBadge

@testable import AppModel

@MainActor
@Suite(.timeLimit(.minutes(1))) struct AddAccountTests {
    private let tokens = Tokens()

    private func form(
        on phone: Phone, relay: String, account: String = "alice", token: String = "secret"
    ) -> AddAccountModel {
        let form = AddAccountModel(phone.app, tokens: tokens)
        (form.relay, form.account, form.token) = (relay, account, token)
        return form
    }

    @Test func anAccountIsAddedItsTokenKeptAndItsRelayAskedOnce() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        let form = form(on: phone, relay: " \(relay.address.absoluteString)\n", token: " secret ")

        #expect(await form.add())

        #expect(form.problem == nil)
        #expect(tokens.kept == ["alice": "secret"])
        let account = try #require(try await phone.app.accounts.first)
        #expect(account.id == "alice")
        #expect(account.lastSynced != nil)
    }

    @Test func aLinkFillsInTheFormAndAddsNothing() async throws {
        let phone = try Phone()
        let form = AddAccountModel(phone.app, tokens: tokens)
        #expect(!form.isFilledIn)

        form.take(AccountLink(text: "truebadge://add?relay=https://r.test&account=ada&token=t"))

        #expect(form.isFilledIn)
        #expect(form.account == "ada")
        #expect(try await phone.app.accounts.isEmpty)
        #expect(tokens.kept.isEmpty)
    }

    @Test func whatIsNoLinkLeavesTheFormAlone() async throws {
        let form = form(on: try Phone(), relay: "relay.test")

        form.take(nil)

        #expect(form.problem == .noLink)
        #expect(form.relay == "relay.test")
    }

    @Test(arguments: ["", "ftp://relay.test", "https://", "not an address", "mailto:a@b.test"])
    func anAddressThatIsNoneIsRefused(address: String) async throws {
        let phone = try Phone()
        let form = form(on: phone, relay: address)

        #expect(await !form.add())

        #expect(form.problem == .address)
        #expect(try await phone.app.accounts.isEmpty)
        #expect(tokens.kept.isEmpty)
    }

    @Test func aTokenGoesToNobodyWithoutTLS() async throws {
        let phone = try Phone()
        let form = form(on: phone, relay: "http://relay.test")

        #expect(await !form.add())

        #expect(form.problem == .address)
        #expect(tokens.kept.isEmpty)
        #expect(try await phone.app.accounts.isEmpty)
    }

    @Test func aNameStandsForOneAccountAtATime() async throws {
        let phone = try Phone()
        let (relay, other) = (try RelayDouble(), try RelayDouble())
        #expect(await form(on: phone, relay: relay.address.absoluteString).add())

        let again = form(on: phone, relay: other.address.absoluteString, token: "other")
        #expect(await !again.add())
        #expect(again.problem == .nameTaken)
        #expect(tokens.kept == ["alice": "secret"])

        let renewed = form(on: phone, relay: relay.address.absoluteString, token: "renewed")
        #expect(await renewed.add(), "signing in anew at the same relay")
        #expect(tokens.kept == ["alice": "renewed"])
    }

    @Test func aTokenThatTheRelayRefusesIsToldAtOnce() async throws {
        let phone = try Phone()
        let relay = try RelayDouble { _ in (401, ["type": "unauthorized"]) }
        let form = form(on: phone, relay: relay.address.absoluteString)
        await phone.screen.signOut()

        #expect(await !form.add())

        guard case .failed(.signIn)? = form.problem else {
            Issue.record("\(String(describing: form.problem))")
            return
        }
        #expect(!form.isBusy)
    }

    @Test func aRelayThatIsAwayIsAddedAndAskedLater() async throws {
        let phone = try Phone(transport: Down())
        let form = form(on: phone, relay: "relay.test")

        #expect(await form.add())

        #expect(try await phone.app.accounts.first?.relay == "https://relay.test/")
    }

    @Test func aKeychainThatRefusesIsToldAndTheAccountCanBeAddedAgain() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        let form = form(on: phone, relay: relay.address.absoluteString)
        tokens.refuse(.locked)
        #expect(await !form.add())
        #expect(form.problem == .failed(.locked))

        tokens.refuse(nil)
        #expect(await form.add())
        #expect(tokens.kept == ["alice": "secret"])
    }
}

/// A Keychain in memory.
final class Tokens: TokenKeeper {
    private let state = Guarded((kept: [AccountID: String](), error: TrueBadgeError?.none))

    var kept: [AccountID: String] { state.with { $0.kept } }

    func refuse(_ error: TrueBadgeError?) { state.with { $0.error = error } }

    func save(_ token: String, for account: AccountID) throws {
        try state.with {
            if let error = $0.error { throw error }
            $0.kept[account] = token
        }
    }
}
