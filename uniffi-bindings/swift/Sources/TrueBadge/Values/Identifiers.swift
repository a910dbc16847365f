/// What the phone calls an account: 1 to 255 bytes of text. No relay sees it, so accounts that have the
/// same name at two relays have two names here.
public struct AccountID: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    /// The name as the app gave it.
    public let rawValue: String

    /// Takes any text; calls refuse one of another length.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Takes a literal.
    public init(stringLiteral value: String) { rawValue = value }
}

/// What is read as one (a chat, a mailbox, a channel): 1 to 255 bytes of text.
public struct ConversationID: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    /// The id as the relay writes it.
    public let rawValue: String

    /// Takes any text; calls refuse one that no relay takes.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Takes a literal.
    public init(stringLiteral value: String) { rawValue = value }
}
