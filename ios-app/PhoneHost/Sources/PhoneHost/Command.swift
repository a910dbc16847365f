import Foundation
import TrueBadge

/// What is typed: one command a line.
enum Command: Equatable, Sendable {
    case read(AccountID, ConversationID, UInt64, remaining: UInt32)
    case readItems(AccountID, ConversationID, [UInt64], remaining: UInt32)
    case readAll(AccountID)
    case unread(AccountID, ConversationID)
    case level(AccountID, ConversationID, Conversation.Level)
    case signOut(AccountID)
    case rejected
    case refresh
    case forceQuit
    case open
    case away
    case back
    case list
    case quit

    /// Longest line, in bytes. The longest names fit twice.
    static let longest = 1024

    /// Reads a line's words. The error is one sentence for a person.
    init(_ line: String) throws(UsageError) {
        guard line.utf8.count <= Self.longest else {
            throw UsageError(sentence: "a command is at most \(Self.longest) bytes long")
        }
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        switch (words.first, words.count) {
        case ("read", 4), ("read", 5):
            self = .read(
                AccountID(rawValue: words[1]), ConversationID(rawValue: words[2]),
                try Self.position(words[3]),
                remaining: try Self.remaining(words.count == 5 ? words[4] : "0"))
        case ("read-items", 4), ("read-items", 5):
            var positions: [UInt64] = []
            for position in words[3].split(separator: ",", omittingEmptySubsequences: false) {
                positions.append(try Self.position(position))
            }
            self = .readItems(
                AccountID(rawValue: words[1]), ConversationID(rawValue: words[2]), positions,
                remaining: try Self.remaining(words.count == 5 ? words[4] : "0"))
        case ("read-all", 2): self = .readAll(AccountID(rawValue: words[1]))
        case ("level", 4):
            guard let level = Conversation.Level(rawValue: words[3]) else {
                throw UsageError(sentence: "the level is one of all, mentions, none")
            }
            self = .level(
                AccountID(rawValue: words[1]), ConversationID(rawValue: words[2]), level)
        case ("sign-out", 2): self = .signOut(AccountID(rawValue: words[1]))
        case ("rejected", 1): self = .rejected
        case ("unread", 3):
            self = .unread(AccountID(rawValue: words[1]), ConversationID(rawValue: words[2]))
        case ("refresh", 1): self = .refresh
        case ("force-quit", 1): self = .forceQuit
        case ("open", 1): self = .open
        case ("away", 1): self = .away
        case ("back", 1): self = .back
        case ("list", 1): self = .list
        case ("quit", 1): self = .quit
        default:
            throw UsageError(
                sentence: "this is no command: read ACCOUNT CONVERSATION POSITION [REMAINING], "
                    + "read-items ACCOUNT CONVERSATION POSITION,… [REMAINING], read-all ACCOUNT, "
                    + "unread ACCOUNT CONVERSATION, level ACCOUNT CONVERSATION LEVEL, "
                    + "sign-out ACCOUNT, rejected, refresh, force-quit, open, away, back, list or quit"
            )
        }
    }

    private static func position(_ text: some StringProtocol) throws(UsageError) -> UInt64 {
        guard let position = UInt64(text), position < 1 << 53 else {
            throw UsageError(sentence: "the position is a number below 2^53")
        }
        return position
    }

    private static func remaining(_ text: String) throws(UsageError) -> UInt32 {
        guard let remaining = UInt32(text) else {
            throw UsageError(sentence: "what remains is a number below 2^32")
        }
        return remaining
    }
}

/// Makes commands of bytes as they come. Keeps at most one line of a command's length.
struct CommandLines {
    private var line: [UInt8] = []

    /// The commands that these bytes complete; empty lines are none.
    mutating func receive(_ bytes: some Sequence<UInt8>) -> [Result<Command, UsageError>] {
        var commands: [Result<Command, UsageError>] = []
        for byte in bytes {
            if byte != UInt8(ascii: "\n") {
                if line.count <= Command.longest { line.append(byte) }
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line = []
            guard !text.allSatisfy(\.isWhitespace) else { continue }
            do throws(UsageError) {
                commands.append(.success(try Command(text)))
            } catch {
                commands.append(.failure(error))
            }
        }
        return commands
    }
}
