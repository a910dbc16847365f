import Foundation
import Observation
import TrueBadge

/// Where device tokens are kept: the Keychain, on a phone.
protocol TokenKeeper: Sendable {
    /// An account's token, unless it is the one that was refused; `nil` when there is none.
    func token(for account: AccountID, refused: String?) throws -> String?
    /// Keeps an account's token, in the place of an older one.
    func save(_ token: String, for account: AccountID) throws
    /// Deletes an account's token, if it still is this one.
    func forget(_ account: AccountID, token: String) throws
}

/// The form that adds an account, filled in by hand, by a link or by a QR code.
@available(iOS 17.0, *)
@MainActor @Observable
final class AddAccountModel {
    /// Why the form can't be accepted, or why the account does not work.
    enum Problem: Equatable {
        /// What was scanned, pasted or opened adds no account.
        case link(AccountLink.Flaw)
        /// The person does not let the app use the camera.
        case noCamera
        /// The relay's address is not one that a phone may send a token to.
        case address
        /// Another account on this phone has that name.
        case nameTaken
        /// The core does not take what was filled in, and says why.
        case notPossible(String)
        /// The relay, the Keychain or the core said so.
        case failed(TrueBadgeError)
    }

    var relay = ""
    var account = ""
    var token = ""
    private(set) var problem: Problem?
    private(set) var isBusy = false

    private let badge: TrueBadge
    private let tokens: any TokenKeeper

    init(_ badge: TrueBadge, tokens: any TokenKeeper) {
        self.badge = badge
        self.tokens = tokens
    }

    /// Everything that an account needs is there.
    var isFilledIn: Bool { ![relay, account, token].map(trimmed).contains("") }

    /// Fills in the form with a link that was opened, scanned or pasted, or says what is wrong with it.
    func take(_ text: String) {
        do {
            let link = try AccountLink(text)
            (relay, account, token) = (link.relay, link.account, link.token)
            problem = nil
        } catch {
            problem = .link(error)
        }
    }

    /// There will be no code: the person does not let the app use the camera.
    func refuseCamera() { problem = .noCamera }

    /// Adds the account and asks its relay once. An account whose token is refused is not added, and
    /// one that was there stays as it was.
    ///
    /// - Returns: whether it works. One whose relay can't be reached does: it is asked again.
    func add() async -> Bool {
        guard let address = Self.address(trimmed(relay)) else { return refuse(.address) }
        isBusy = true
        defer { isBusy = false }
        do {
            let account = AccountID(rawValue: trimmed(account))
            let there = try await badge.accounts.first { $0.id == account }
            // A name stands for one account at a time: with another address it would move there.
            if let there, !Self.isSame(there.relay, address) { return refuse(.nameTaken) }
            try await signIn(account, isThere: there != nil, relay: address)
            problem = nil
            return true
        } catch TrueBadgeError.fixCall(let reason) {
            return refuse(.notPossible(reason))
        } catch {
            return refuse(.failed(error as? TrueBadgeError ?? .tryAgain("it was cancelled")))
        }
    }

    private func signIn(_ account: AccountID, isThere: Bool, relay: URL) async throws {
        let kept = try tokens.token(for: account, refused: nil)
        try await badge.addAccount(account, relay: relay)
        do {
            // In this order: adding again what was signed out ends its old token's life.
            try tokens.save(trimmed(token), for: account)
            let outcome = try await badge.refresh(.operation)
            // Of this account only: the token of another one may be refused too.
            guard !(outcome.credentialsWanted + outcome.signedOut).contains(account) else {
                throw TrueBadgeError.signIn("the relay does not take the token")
            }
        } catch {
            if isThere {
                await restore(account, relay: relay, token: kept)
            } else {
                await remove(account, token: kept)
            }
            throw error
        }
    }

    /// Signs in again with the token from before, as if no other had been tried.
    private func restore(_ account: AccountID, relay: URL, token: String?) async {
        if let token {
            try? tokens.save(token, for: account)
        } else {
            try? tokens.forget(account, token: trimmed(self.token))
        }
        try? await badge.addAccount(account, relay: relay)
        _ = try? await badge.refresh(.operation)
    }

    /// Signs out: the core tells the relay where it still can, and has the token deleted. A token from
    /// before belongs to a sign-out that the relay has yet to be told of.
    private func remove(_ account: AccountID, token: String?) async {
        _ = try? await badge.signOut(account)
        if let token { try? tokens.save(token, for: account) }
    }

    private func refuse(_ problem: Problem) -> Bool {
        self.problem = problem
        return false
    }

    private func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func isSame(_ known: String, _ address: URL) -> Bool {
        Set([known, address.absoluteString].map { $0.hasSuffix("/") ? $0 : $0 + "/" }).count == 1
    }

    /// People leave out `https://`. Without TLS a token goes to this very machine only, as a simulator
    /// wants it.
    private static func address(_ text: String) -> URL? {
        let full = text.contains("://") ? text : "https://" + text
        guard let url = URL(string: full), let host = url.host()?.lowercased(), !host.isEmpty else {
            return nil
        }
        switch url.scheme?.lowercased() {
        case "https": return url
        case "http" where ["localhost", "127.0.0.1", "::1"].contains(host): return url
        default: return nil
        }
    }
}
