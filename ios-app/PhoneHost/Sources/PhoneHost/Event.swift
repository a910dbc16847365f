import Foundation
import TrueBadge

/// What is printed. Both phones print the same.
enum Event: Sendable {
    /// Who changed what the phone shows.
    enum Painter: String, Sendable {
        /// Our code, through iOS' interface.
        case core
        /// iOS by itself.
        case ios
    }

    case ready(device: String, pushToken: String?, badge: Int)
    case badge(Int, by: Painter, was: Int?)
    case wake(WakeOutcome)
    case removed([String], by: Painter)
    case notification(identifier: String, conversation: String?)
    case operation(kind: String, account: AccountID, conversation: ConversationID?, error: String?)
    case rejected([RejectedOperation])
    case conversations([Conversation])
    case forceQuit
    case away
    case attached
    case error(String)
    case stopped
}

extension Event {
    /// As a JSON object, without the time.
    var json: [String: Any] {
        switch self {
        case .ready(let device, let pushToken, let badge):
            [
                "event": "ready", "device": device, "push_token": orNull(pushToken),
                "badge": badge,
            ]
        case .badge(let badge, let by, let was):
            ["event": "badge", "badge": badge, "by": by.rawValue, "was": orNull(was)]
        case .wake(let outcome):
            [
                "event": "wake", "cause": outcome.cause.word,
                "disposition": orNull(outcome.disposition?.word),
                "badge": orNull(outcome.badge?.badge), "synced": outcome.synced,
                "shown": outcome.shown, "error": orNull(outcome.error?.sentence),
            ]
        case .removed(let identifiers, let by):
            ["event": "removed", "identifiers": identifiers, "by": by.rawValue]
        case .notification(let identifier, let conversation):
            [
                "event": "notification", "identifier": identifier,
                "conversation": orNull(conversation),
            ]
        case .operation(let kind, let account, let conversation, let error):
            [
                "event": "operation", "kind": kind, "account": account.rawValue,
                "conversation": orNull(conversation?.rawValue), "recorded": error == nil,
                "error": orNull(error),
            ]
        case .conversations(let conversations):
            ["event": "conversations", "conversations": conversations.map(\.json)]
        case .rejected(let operations):
            ["event": "rejected", "operations": operations.map(\.json)]
        case .forceQuit: ["event": "force_quit"]
        case .away: ["event": "away"]
        case .attached: ["event": "attached"]
        case .error(let message): ["event": "error", "message": message]
        case .stopped: ["event": "stopped"]
        }
    }

    /// For a person.
    var words: String {
        switch self {
        case .ready(let device, _, let badge): "ready, badge \(badge) (device \(device))"
        case .badge(let badge, let by, let was):
            "badge \(was.map { "\($0) → " } ?? "")\(badge) "
                + (by == .core ? "(set by the core)" : "(painted by iOS)")
        case .wake(let outcome): outcome.words
        case .removed(let identifiers, let by):
            counted(identifiers.count, "notification") + " removed: "
                + (by == .core ? "they are read" : "iOS drops all at badge 0")
        case .notification(_, let conversation):
            conversation.map { "notification in \($0)" } ?? "notification"
        case .operation(let kind, let account, let conversation, let error):
            "\(kind) \(conversation?.rawValue ?? account.rawValue): "
                + (error.map { "not recorded: \($0)" } ?? "recorded")
        case .conversations(let conversations):
            ([counted(conversations.count, "conversation")] + conversations.map(\.words))
                .joined(separator: "\n              ")
        case .rejected(let operations):
            ([counted(operations.count, "operation") + " refused"] + operations.map(\.words))
                .joined(separator: "\n              ")
        case .forceQuit: "force-quit"
        case .away: "away from APNs"
        case .attached: "attached to APNs"
        case .error(let message): "error: \(message)"
        case .stopped: "stopped"
        }
    }
}

private func orNull(_ value: (some Any)?) -> Any { value ?? NSNull() }

private func counted(_ number: Int, _ what: String) -> String {
    "\(number) \(what)\(number == 1 ? "" : "s")"
}

extension TrueBadgeError {
    /// What is known, in one sentence.
    var sentence: String { failureReason ?? localizedDescription }
}

extension WakeOutcome {
    fileprivate var words: String {
        let found = disposition.map { ": " + $0.word.replacingOccurrences(of: "_", with: " ") }
        let failed = error.map { ", but \($0.sentence)" }
        return "wake (\(cause.word))\(found ?? "")\(synced ? ", synced" : "")\(failed ?? "")"
    }
}

extension WakeCause {
    fileprivate var word: String { snakeCase(rawValue) }
}

extension PushDisposition {
    fileprivate var word: String { snakeCase(rawValue) }
}

private func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
        text += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
    }
}

extension Conversation {
    fileprivate var json: [String: Any] {
        [
            "account": account.rawValue, "id": id.rawValue, "unread": unread,
            "mentions": mentions, "newest": newest, "read_up_to": readUpTo,
            "level": level.rawValue, "marked_unread": isMarkedUnread,
        ]
    }

    fileprivate var words: String {
        "\(account.rawValue) \(id.rawValue): \(unread) unread, \(mentions) mentions"
            + (level == .all ? "" : ", level \(level.rawValue)")
            + (isMarkedUnread ? ", marked unread" : "")
    }
}

extension RejectedOperation {
    fileprivate var json: [String: Any] {
        [
            "account": account.rawValue, "conversation": conversation.rawValue, "number": number,
            "reason": reason,
        ]
    }

    fileprivate var words: String {
        "\(account.rawValue) \(conversation.rawValue): \(reason)"
    }
}
