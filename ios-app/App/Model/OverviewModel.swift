import Foundation
import Observation
import TrueBadge

/// The number on the icon, and the accounts that make it up. The app's shell has the relays told of what
/// the person does.
@available(iOS 17.0, *)
@MainActor @Observable
final class OverviewModel {
    /// The number; `nil` until it was read for the first time.
    private(set) var state: BadgeState?
    /// Which number the icon shows.
    private(set) var policy = BadgePolicy.messages
    /// The accounts, in the order in which they were added.
    private(set) var accounts: [Account] = []
    /// What relays refused for good of what the person did, and the person was not told yet.
    private(set) var rejected: [RejectedOperation] = []
    /// What went wrong last; `nil` when nothing did.
    private(set) var problem: TrueBadgeError?

    let badge: TrueBadge

    init(_ badge: TrueBadge) { self.badge = badge }

    /// Shows the number and each change of it, until the task is cancelled.
    func follow() async {
        for await _ in await badge.badgeStates { await load() }
    }

    /// Reads everything anew.
    func load() async {
        await acting {}
    }

    /// Asks every relay what changed.
    func refresh() async {
        await acting {
            let outcome = try await self.badge.refresh(.foreground)
            if let error = outcome.error { throw error }
        }
    }

    /// The person read all of an account.
    func markAllRead(in account: Account) async {
        await acting { try await self.badge.markAllRead(in: account.id) }
    }

    /// The person signs an account out of this phone.
    func signOut(_ account: Account) async {
        await acting { try await self.badge.signOut(account.id) }
    }

    /// The person chose whether an account counts.
    func setParticipation(_ participates: Bool, of account: Account) async {
        await acting { try await self.badge.setParticipation(participates, of: account.id) }
    }

    /// The person chose which number the icon shows.
    func setPolicy(_ policy: BadgePolicy) async {
        await acting { try await self.badge.setPolicy(policy) }
    }

    /// The person was told what relays refused.
    func forgetRejected() async {
        guard let last = rejected.last else { return }
        await acting { try await self.badge.forgetRejected(upTo: last) }
    }

    private func read() async throws {
        state = try await badge.badge
        policy = try await badge.policy
        accounts = try await badge.accounts
        rejected = try await badge.rejectedOperations
    }

    /// An app in the background keeps what it shows; a cancelled task failed nobody.
    private func acting(_ work: () async throws -> Void) async {
        var failure: (any Error)?
        do { try await work() } catch { failure = error }
        do { try await read() } catch { failure = failure ?? error }
        problem = failure.flatMap { $0 as? TrueBadgeError }
        if problem == .suspended { problem = nil }
    }
}
