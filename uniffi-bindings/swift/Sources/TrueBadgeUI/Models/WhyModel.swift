import Foundation
import Observation
import TrueBadge

/// Why the number on the icon is what it is; what ``WhyThisNumberView`` shows.
@available(iOS 17.0, *)
@MainActor @Observable
public final class WhyModel {
    /// How the number is made up; `nil` until it was read for the first time.
    public private(set) var explanation: Explanation?
    /// What went wrong last; `nil` when nothing did.
    public private(set) var problem: TrueBadgeError?
    /// A refresh or a repair is under way.
    public private(set) var isBusy = false

    private let badge: TrueBadge

    /// About this badge.
    public init(_ badge: TrueBadge) { self.badge = badge }

    /// Shows the number and each change of it, until the task is cancelled.
    public func follow() async {
        for await _ in await badge.badgeStates { await load() }
    }

    /// Reads anew what the number is made of.
    public func load() async {
        problem = await attempt { explanation = try await read() }
    }

    /// Asks every relay, sets the badge again, and shows what came of it.
    public func refresh() async {
        await busily { try await self.badge.refresh(.foreground).throwing() }
    }

    /// Checks the store, makes it anew if it is damaged, and fetches everything again. Deletes
    /// nothing that the person made.
    public func repair() async {
        await busily {
            try await self.badge.repair()
            try await self.badge.refresh(.foreground).throwing()
        }
    }

    private func read() async throws -> Explanation {
        let accounts = try await badge.accounts
        var conversations: [AccountID: [Conversation]] = [:]
        for account in accounts {
            conversations[account.id] = try await badge.conversations(of: account.id)
        }
        return try await Explanation(
            badge: badge.badge, policy: badge.policy, accounts: accounts,
            conversations: conversations)
    }

    private func busily(_ work: () async throws -> Void) async {
        isBusy = true
        defer { isBusy = false }
        let failure = await attempt(work)
        await load()
        problem = failure ?? problem
    }
}
