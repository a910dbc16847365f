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

        form.take("truebadge://add?relay=https://r.test&account=ada&token=t")

        #expect(form.isFilledIn)
        #expect(form.account == "ada")
        #expect(try await phone.app.accounts.isEmpty)
        #expect(tokens.kept.isEmpty)
    }

    @Test func whatIsNoLinkLeavesTheFormAloneAndIsTold() async throws {
        let form = form(on: try Phone(), relay: "relay.test")

        form.take("hello")
        #expect(form.problem == .link(.noLink))
        form.take("truebadge://add?relay=https://r.test&account=ada")
        #expect(form.problem == .link(.missing(.token)))

        #expect(form.relay == "relay.test")
        #expect(form.account == "alice")
    }

    @Test(arguments: ["", "ftp://relay.test", "https://", "not an address"])
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

    @Test func onThisVeryMachineNoTLSIsNeeded() async throws {
        let phone = try Phone(transport: Down())

        #expect(await form(on: phone, relay: "http://localhost:8787").add())
    }

    @Test func whatTheCoreDoesNotTakeIsToldInItsWords() async throws {
        let phone = try Phone()
        let name = String(repeating: "a", count: 256)
        for form in [
            form(on: phone, relay: "https://ada:secret@relay.test"),
            form(on: phone, relay: "relay.test", account: name),
        ] {
            #expect(await !form.add())

            guard case .notPossible(let reason)? = form.problem else {
                Issue.record("\(String(describing: form.problem))")
                return
            }
            #expect(reason.contains("password") || reason.contains("255"), "\(reason)")
        }
        #expect(try await phone.app.accounts.isEmpty)
        #expect(tokens.kept.isEmpty)
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

    /// A phone whose core has its tokens from the form's Keychain.
    private func phone() throws -> Phone { try Phone(credentials: tokens) }

    /// A relay that takes these tokens only.
    private func relay(for account: AccountID = "alice", taking good: String) throws -> RelayDouble
    {
        try RelayDouble(for: account) { request in
            request.headers["authorization"] == "Bearer \(good)"
                ? nil : (401, ["type": "unauthorized"])
        }
    }

    private func isRefused(_ form: AddAccountModel) -> Bool {
        if case .failed(.signIn)? = form.problem { return !form.isBusy }
        return false
    }

    @Test func aTokenThatTheRelayRefusesIsToldAtOnceAndNothingIsLeftOfIt() async throws {
        let phone = try phone()
        let relay = try relay(taking: "good")
        let form = form(on: phone, relay: relay.address.absoluteString, token: "mistyped")

        #expect(await !form.add())

        #expect(isRefused(form))
        #expect(try await phone.app.accounts.isEmpty)
        try await phone.app.refresh(.foreground)
        #expect(tokens.kept.isEmpty)

        form.token = "good"
        #expect(await form.add())
        #expect(tokens.kept == ["alice": "good"])
    }

    @Test func aRefusedTokenDoesNotTakeThePlaceOfAGoodOne() async throws {
        let phone = try phone()
        let relay = try relay(taking: "good")
        let address = relay.address.absoluteString
        #expect(await form(on: phone, relay: address, token: "good").add())
        try await phone.app.handlePush(relay.push([("friends", 3)]))

        let again = form(on: phone, relay: address, token: "mistyped")
        #expect(await !again.add())

        #expect(isRefused(again))
        #expect(tokens.kept == ["alice": "good"])
        let account = try #require(try await phone.app.accounts.first)
        #expect(account.unread == 3)
        #expect(try await phone.app.refresh(.foreground).credentialsWanted.isEmpty)
    }

    @Test func aRefusedTokenIsNotBlamedOnAnAccountWhoseTokenIsGood() async throws {
        let phone = try phone()
        let (old, new) = (
            try relay(for: "old", taking: "good"), try relay(for: "new", taking: "good")
        )
        try await phone.app.addAccount("old", relay: old.address)
        try tokens.save("expired", for: "old")

        let form = form(
            on: phone, relay: new.address.absoluteString, account: "new", token: "good")

        #expect(await form.add())
        #expect(try await phone.app.accounts.map(\.id) == ["old", "new"])
    }

    @Test func aRefusedTokenLeavesASignOutThatTheRelayDoesNotKnowOf() async throws {
        let phone = try phone()
        let relay = try relay(taking: "good")
        let address = relay.address.absoluteString
        #expect(await form(on: phone, relay: address, token: "good").add())
        try await phone.app.signOut("alice")

        #expect(await !form(on: phone, relay: address, token: "mistyped").add())
        #expect(tokens.kept == ["alice": "good"], "to tell the relay with")

        try await phone.app.refresh(.foreground)
        #expect(tokens.kept.isEmpty)
        #expect(await relay.seesASignOut())
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
        #expect(try await phone.app.accounts.isEmpty)

        tokens.refuse(nil)
        #expect(await form.add())
        #expect(tokens.kept == ["alice": "secret"])
    }
}

/// A Keychain in memory.
final class Tokens: TokenKeeper, CredentialStore {
    private let state = Guarded((kept: [AccountID: String](), error: TrueBadgeError?.none))

    var kept: [AccountID: String] { state.with { $0.kept } }

    func refuse(_ error: TrueBadgeError?) { state.with { $0.error = error } }

    func token(for account: AccountID, refused: String?) throws -> String? {
        kept[account].flatMap { $0 == refused ? nil : $0 }
    }

    func forget(_ account: AccountID, token: String) throws {
        state.with { if $0.kept[account] == token { $0.kept[account] = nil } }
    }

    func save(_ token: String, for account: AccountID) throws {
        try state.with {
            if let error = $0.error { throw error }
            $0.kept[account] = token
        }
    }
}
