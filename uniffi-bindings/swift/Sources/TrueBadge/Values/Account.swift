import Foundation
internal import TrueBadgeCore

/// An account on this phone, as the person should see it.
public struct Account: Sendable, Hashable, Identifiable {
    /// Its name on this phone.
    public let id: AccountID
    /// Its relay's address.
    public let relay: String
    /// Messages that count.
    public let unread: UInt64
    /// Those of them that mention the person.
    public let mentions: UInt64
    /// Conversations with something that counts.
    public let conversations: UInt64
    /// Whether it counts in the badge.
    public let participates: Bool
    /// The relay ended it: the person must sign in again.
    public let isSignedOut: Bool
    /// Whether its conversations are known in full.
    public let isComplete: Bool
    /// How much of what the person did here its relay has not confirmed yet.
    public let pending: Int
    /// The counter of the newest push that its relay says it sent. Above ``pushesReceived``: pushes
    /// were sent and did not come, or are under way.
    public let pushesSent: UInt64
    /// The counter of the newest push that came; 0 before the first.
    public let pushesReceived: UInt64
    /// Why APNs ended the push token that its relay has: nothing is pushed until iOS gives one
    /// again. `nil` while it is good.
    public let pushTokenEnded: PushTokenEnded?
    /// When its relay last brought it up to date; `nil` before the first time.
    public let lastSynced: Date?
}

/// Why APNs will not push to a phone's token any more. What to do about it is the same for all: ask
/// iOS for a token again, and register it.
public enum PushTokenEnded: String, Sendable {
    /// It is no token of this environment.
    case badDeviceToken
    /// It is another app's.
    case deviceTokenNotForTopic
    /// The app was removed, or the token has expired.
    case unregistered
    /// A reason that this version does not know.
    case unknown
}

/// A conversation with something to show, as the person should see it.
public struct Conversation: Sendable, Hashable, Identifiable {
    /// What of a conversation may count.
    public enum Level: String, Sendable {
        /// Every unread message.
        case all
        /// Only those that mention the person.
        case mentions
        /// Nothing: it is muted.
        case none
    }

    /// Its id.
    public let id: ConversationID
    /// The account that it belongs to.
    public let account: AccountID
    /// Unread messages.
    public let unread: Int
    /// Those of them that mention the person.
    public let mentions: Int
    /// The newest message's position.
    public let newest: UInt64
    /// The read marker: messages at or below it are read.
    public let readUpTo: UInt64
    /// What of it may count.
    public let level: Level
    /// Marked unread by hand.
    public let isMarkedUnread: Bool
    /// Something that the person did here has not been confirmed yet.
    public let isPending: Bool
}

extension Account {
    init(_ core: TrueBadgeCore.Account) {
        id = AccountID(rawValue: core.account)
        relay = core.relay
        unread = core.totals.unread
        mentions = core.totals.mentions
        conversations = core.totals.conversations
        participates = core.participates
        isSignedOut = core.signedOut
        isComplete = core.complete
        pending = Int(core.pending)
        pushesSent = core.pushes.sent
        pushesReceived = core.pushes.received
        pushTokenEnded = core.pushTokenEnded.map(PushTokenEnded.init)
        lastSynced = core.syncedAtMs.map { Date(timeIntervalSince1970: Double($0) / 1000) }
    }
}

extension Conversation {
    init(_ core: TrueBadgeCore.Conversation) {
        id = ConversationID(rawValue: core.id)
        account = AccountID(rawValue: core.account)
        unread = Int(core.unread)
        mentions = Int(core.mentions)
        newest = core.newest
        readUpTo = core.readUpTo
        level =
            switch core.level {
            case .all: .all
            case .mentions: .mentions
            case .none: .none
            }
        isMarkedUnread = core.markedUnread
        isPending = core.pending
    }
}

extension Conversation.Level {
    var core: TrueBadgeCore.Level {
        switch self {
        case .all: .all
        case .mentions: .mentions
        case .none: .none
        }
    }
}

extension PushTokenEnded {
    init(_ core: TrueBadgeCore.PushTokenEnded) {
        self =
            switch core {
            case .badDeviceToken: .badDeviceToken
            case .deviceTokenNotForTopic: .deviceTokenNotForTopic
            case .unregistered: .unregistered
            case .unknown: .unknown
            }
    }
}
