import Foundation
import TrueBadge

/// How the number on the icon is made up: what each account and each conversation adds to it.
///
/// A function of what `TrueBadge` tells; it asks nothing and knows no clock.
@available(iOS 17.0, *)
public struct Explanation: Sendable, Equatable {
    /// What one account adds to the number.
    public struct Share: Sendable, Equatable, Identifiable {
        /// The account.
        public let account: Account
        /// What it adds: 0 when it takes no part.
        public let count: Int
        /// Its conversations that add something, those that add most first.
        public let parts: [Part]
        /// What the relay told of and no conversation here explains yet: they are fetched at the next
        /// refresh. 0 for an account that is complete.
        public let unexplained: Int
        /// Its conversations with something unread that add nothing, because they are muted or the
        /// policy leaves them out.
        public let leftOut: Int

        /// The account's id.
        public var id: AccountID { account.id }
    }

    /// What one conversation adds to the number.
    public struct Part: Sendable, Equatable, Identifiable {
        /// The conversation.
        public let conversation: Conversation
        /// What it adds.
        public let count: Int

        /// The conversation's id.
        public var id: ConversationID { conversation.id }
    }

    /// The number that the icon should show.
    public let badge: BadgeState
    /// Which number that is.
    public let policy: BadgePolicy
    /// The accounts, in the order in which they were added.
    public let shares: [Share]

    /// What the person did here and relays have not confirmed yet.
    public var waiting: Int { shares.reduce(0) { $0 + $1.account.pending } }

    /// Puts together what the phone knows.
    ///
    /// - Parameters:
    ///   - badge: the number.
    ///   - policy: which number that is.
    ///   - accounts: all of them, in the order in which they were added.
    ///   - conversations: those of each account.
    public init(
        badge: BadgeState, policy: BadgePolicy, accounts: [Account],
        conversations: [AccountID: [Conversation]]
    ) {
        self.badge = badge
        self.policy = policy
        shares = accounts.map { account in
            Share(account, of: conversations[account.id] ?? [], policy: policy)
        }
    }
}

@available(iOS 17.0, *)
extension Explanation.Share {
    fileprivate init(_ account: Account, of conversations: [Conversation], policy: BadgePolicy) {
        let takesPart = account.participates
        let counted = conversations.map { conversation in
            Explanation.Part(
                conversation: conversation,
                count: takesPart ? conversation.counted(by: policy) : 0)
        }
        self.account = account
        count = takesPart ? account.counted(by: policy) : 0
        parts = counted.filter { $0.count > 0 }
            .sorted { ($1.count, $0.id.rawValue) < ($0.count, $1.id.rawValue) }
        unexplained = count - parts.reduce(0) { $0 + $1.count }
        leftOut = counted.filter { $0.count == 0 && $0.conversation.isUnread }.count
    }
}

extension Account {
    /// What the account adds to the number when it takes part.
    func counted(by policy: BadgePolicy) -> Int {
        switch policy {
        case .messages: Int(clamping: unread)
        case .conversations: Int(clamping: conversations)
        case .mentions: Int(clamping: mentions)
        case .off: 0
        }
    }
}

extension Conversation {
    /// Whether something in it waits for the person, counted or not.
    public var isUnread: Bool { unread > 0 || isMarkedUnread }

    /// What the conversation adds to the number. The arithmetic is the core's, which keeps sums and
    /// not what each conversation adds to them; both are held to the same golden vectors.
    public func counted(by policy: BadgePolicy) -> Int {
        let (items, mentions) =
            switch level {
            case .all: (unread, mentions)
            case .mentions: (self.mentions, self.mentions)
            case .none: (0, 0)
            }
        let markCounts = isMarkedUnread && level != .none
        let messages = items == 0 && markCounts ? 1 : items
        return switch policy {
        case .messages: messages
        case .conversations: min(messages, 1)
        case .mentions: mentions
        case .off: 0
        }
    }
}
