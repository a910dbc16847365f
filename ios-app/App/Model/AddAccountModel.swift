import Foundation
import Observation
import TrueBadge

/// Where device tokens are kept: the Keychain, on a phone.
protocol TokenKeeper: Sendable {
    /// Keeps an account's token, in the place of an older one.
    func save(_ token: String, for account: AccountID) throws
}

/// The form that adds an account, filled in by hand, by a link or by a QR code.
@available(iOS 17.0, *)
@MainActor @Observable
final class AddAccountModel {
    /// Why the form can't be accepted, or why the account does not work.
    enum Problem: Equatable {
        /// What was scanned, pasted or opened is no account link.
        case noLink
        /// The person does not let the app use the camera.
        case noCamera
        /// The relay's address is not one that a phone may send a token to.
        case address
        /// Another account on this phone has that name.
        case nameTaken
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

    /// Fills in the form.
    func take(_ link: AccountLink?) {
        guard let link else { return problem = .noLink }
        (relay, account, token) = (link.relay, link.account, link.token)
        problem = nil
    }

    /// There will be no code: the person does not let the app use the camera.
    func refuseCamera() { problem = .noCamera }

    /// Adds the account and asks its relay once.
    ///
    /// - Returns: whether it works. One whose relay can't be reached does: it is asked again.
    func add() async -> Bool {
        guard let address = Self.address(trimmed(relay)) else { return refuse(.address) }
        isBusy = true
        defer { isBusy = false }
        do {
            guard try await isFree(AccountID(rawValue: trimmed(account)), for: address) else {
                return refuse(.nameTaken)
            }
            try await signIn(AccountID(rawValue: trimmed(account)), relay: address)
            problem = nil
            return true
        } catch TrueBadgeError.fixCall {
            return refuse(.address)
        } catch {
            return refuse(.failed(error as? TrueBadgeError ?? .tryAgain("it was cancelled")))
        }
    }

    private func signIn(_ account: AccountID, relay: URL) async throws {
        try await badge.addAccount(account, relay: relay)
        // In this order: adding again what was signed out ends its old token's life.
        try tokens.save(trimmed(token), for: account)
        let outcome = try await badge.refresh(.operation)
        if outcome.signedOut.contains(account) { throw TrueBadgeError.signIn("it is signed out") }
        if case .signIn? = outcome.error { throw TrueBadgeError.signIn("the token is refused") }
    }

    /// A name stands for one account at a time: adding it with another address would move it there.
    private func isFree(_ account: AccountID, for relay: URL) async throws -> Bool {
        guard let there = try await badge.accounts.first(where: { $0.id == account }) else {
            return true
        }
        let addresses = [there.relay, relay.absoluteString]
        return Set(addresses.map { $0.hasSuffix("/") ? $0 : $0 + "/" }).count == 1
    }

    private func refuse(_ problem: Problem) -> Bool {
        self.problem = problem
        return false
    }

    private func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// People leave out `https://`.
    private static func address(_ text: String) -> URL? {
        let full = text.contains("://") ? text : "https://" + text
        guard let url = URL(string: full), ["https", "http"].contains(url.scheme?.lowercased()),
            url.host()?.isEmpty == false
        else { return nil }
        return url
    }
}
