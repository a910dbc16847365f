internal import TrueBadgeCore

/// The number on the icon, and what it rests on.
public struct BadgeState: Sendable, Hashable {
    /// The number.
    public let badge: Int
    /// Grows with every change: of two states, the one with the larger is the newer.
    public let generation: UInt64
    /// Whether every account's conversations are known in full. Otherwise the number is the
    /// server's, and the conversations may not add up to it yet.
    public let isComplete: Bool
    /// Whether enough was heard from the relays to show the number. Otherwise the icon stays as it
    /// is: what is not known is not zero.
    public let isKnown: Bool
}

/// Which number the badge shows.
public enum BadgePolicy: String, Sendable, CaseIterable {
    /// Unread messages.
    case messages
    /// Conversations with something unread.
    case conversations
    /// Unread messages that mention the person.
    case mentions
    /// No badge.
    case off
}

/// What the phone's settings let through.
public struct PhoneConditions: Sendable, Hashable {
    /// The person lets the app badge its icon.
    public var badgesAllowed: Bool
    /// The person lets the app show notifications.
    public var alertsAllowed: Bool
    /// Background App Refresh is on, for the phone and for the app; `nil` where nobody can know, as
    /// in an extension: then it is as the app told before.
    public var backgroundRefresh: Bool?
    /// Low Power Mode is on.
    public var lowPowerMode: Bool

    /// Everything is let through, unless said otherwise.
    public init(
        badgesAllowed: Bool = true, alertsAllowed: Bool = true, backgroundRefresh: Bool? = true,
        lowPowerMode: Bool = false
    ) {
        self.badgesAllowed = badgesAllowed
        self.alertsAllowed = alertsAllowed
        self.backgroundRefresh = backgroundRefresh
        self.lowPowerMode = lowPowerMode
    }
}

extension BadgeState {
    init(_ core: TrueBadgeCore.BadgeState) {
        badge = Int(core.badge)
        generation = core.generation
        isComplete = core.complete
        isKnown = core.known
    }
}

extension BadgePolicy {
    init(_ core: TrueBadgeCore.BadgePolicy) {
        self =
            switch core {
            case .messages: .messages
            case .conversations: .conversations
            case .mentions: .mentions
            case .off: .off
            }
    }

    var core: TrueBadgeCore.BadgePolicy {
        switch self {
        case .messages: .messages
        case .conversations: .conversations
        case .mentions: .mentions
        case .off: .off
        }
    }
}

extension PhoneConditions {
    var core: TrueBadgeCore.Conditions {
        Conditions(
            badgesAllowed: badgesAllowed, alertsAllowed: alertsAllowed,
            backgroundRefresh: backgroundRefresh, lowPowerMode: lowPowerMode)
    }
}
