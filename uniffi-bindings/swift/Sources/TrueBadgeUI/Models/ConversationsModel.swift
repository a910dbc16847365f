import Foundation
import Observation
import TrueBadge

/// An account's conversations with something to show, and what the person does with them; what
/// ``ConversationsView`` shows.
///
/// What the person does shows at once. The app's `BadgeShell` has the relay told of it; an app without
/// one refreshes afterwards.
@available(iOS 17.0, *)
@MainActor @Observable
public final class ConversationsModel {
    /// The conversations, those that count first; `nil` until they were read for the first time.
    public private(set) var conversations: [Conversation]?
    /// The account; `nil` until it was read, and when it was signed out.
    public private(set) var account: Account?
    /// What went wrong last; `nil` when nothing did.
    public private(set) var problem: TrueBadgeError?

    /// The account's id.
    public let id: AccountID
    private let badge: TrueBadge

    /// The conversations of an account.
    public init(_ badge: TrueBadge, account: AccountID) {
        self.badge = badge
        id = account
    }

    /// Whether nothing is left to read.
    public var isAllRead: Bool { conversations?.contains(where: \.isUnread) == false }

    /// Shows the conversations and each change of them, until the task is cancelled.
    public func follow() async {
        for await _ in await badge.badgeStates { await load() }
    }

    /// Reads the conversations anew.
    public func load() async {
        problem = await attempt {
            account = try await badge.accounts.first { $0.id == id }
            guard account != nil else { return conversations = [] }
            conversations = try await badge.conversations(of: id).sorted(by: Self.precedes)
        }
    }

    /// Asks the relay what changed.
    public func refresh() async {
        await acting { try await self.badge.refresh(.foreground).throwing() }
    }

    /// The person read a conversation to its end.
    public func markRead(_ conversation: Conversation) async {
        await acting {
            if conversation.unread == 0 {
                try await self.badge.markUnread(conversation.id, in: self.id, marked: false)
            } else {
                try await self.badge.markRead(
                    conversation.id, in: self.id, upTo: conversation.newest)
            }
        }
    }

    /// The person wants a conversation to count until it is read again.
    public func markUnread(_ conversation: Conversation) async {
        await acting { try await self.badge.markUnread(conversation.id, in: self.id) }
    }

    /// The person read all of the account.
    public func markAllRead() async {
        await acting { try await self.badge.markAllRead(in: self.id) }
    }

    /// The person chose what of a conversation may count.
    public func setLevel(_ level: Conversation.Level, of conversation: Conversation) async {
        await acting { try await self.badge.setLevel(level, of: conversation.id, in: self.id) }
    }

    private func acting(_ work: () async throws -> Void) async {
        let failure = await attempt(work)
        await load()
        problem = failure ?? problem
    }

    private nonisolated static func precedes(_ one: Conversation, _ other: Conversation) -> Bool {
        let (first, second) = (one.rank, other.rank)
        return first == second ? one.id.rawValue < other.id.rawValue : first < second
    }
}

extension Conversation {
    /// What counts, then what is unread and does not, then the rest.
    fileprivate var rank: Int {
        if counted(by: .messages) > 0 { return 0 }
        return isUnread ? 1 : 2
    }
}
