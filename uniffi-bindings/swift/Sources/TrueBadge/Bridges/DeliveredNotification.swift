import Foundation
internal import TrueBadgeCore

/// A notification that iOS shows.
public struct DeliveredNotification: Sendable, Hashable {
    /// iOS' name for it.
    public var identifier: String
    /// The conversation: the notification's thread.
    public var conversation: ConversationID
    /// Which account it is for, in the relay's words for pushes; `nil` when the payload told none.
    public var route: String?
    /// The message's position; `nil` when the payload told none.
    public var position: UInt64?
    /// The account's version when the push was sent; `nil` when the payload told none. Only a phone
    /// that has reached it may take the message for read because it knows nothing unread.
    public var version: UInt64?

    /// A notification of which this is known.
    public init(
        identifier: String, conversation: ConversationID, route: String? = nil,
        position: UInt64? = nil, version: UInt64? = nil
    ) {
        self.identifier = identifier
        self.conversation = conversation
        self.route = route
        self.position = position
        self.version = version
    }

    /// What a notification and its payload tell; `nil` when it belongs to no conversation.
    ///
    /// - Parameters:
    ///   - identifier: iOS' name for it.
    ///   - thread: its thread identifier (`aps.thread-id`).
    ///   - userInfo: its payload. `tb.r` is the route, `tb.a` the conversation and the position, `tb.v`
    ///     the version.
    public init?(identifier: String, thread: String, userInfo: [AnyHashable: Any]) {
        let ours = userInfo["tb"] as? [String: Any]
        let item = ours?["a"] as? [Any]
        let conversation = item?.first as? String ?? thread
        guard !conversation.isEmpty else { return nil }
        self.init(
            identifier: identifier, conversation: ConversationID(rawValue: conversation),
            route: ours?["r"] as? String,
            position: Self.number(item?.dropFirst().first), version: Self.number(ours?["v"]))
    }

    var core: TrueBadgeCore.DeliveredNotification {
        TrueBadgeCore.DeliveredNotification(
            identifier: identifier, route: route, conversation: conversation.rawValue,
            position: position, version: version)
    }

    /// A whole number that is not negative, and small enough for every JSON parser to keep exact.
    private static func number(_ json: Any?) -> UInt64? {
        guard let number = json as? NSNumber else { return nil }
        return UInt64(exactly: number.doubleValue).flatMap { $0 < 1 << 53 ? $0 : nil }
    }
}
