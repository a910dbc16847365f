/// A WebSocket's frames (RFC 6455, section 5), in bytes.
enum WebSocketFrame: Equatable {
    /// A whole message of text.
    case text([UInt8])
    /// To be answered with a pong of the same bytes.
    case ping([UInt8])
    /// The answer to a ping.
    case pong([UInt8])
    /// The end of the conversation.
    case close
}

/// What the other end sent is no WebSocket frame that this phone reads.
struct WebSocketFault: Error, Equatable {
    let sentence: String
}

/// Takes bytes as they come and gives frames; the parts of a message are joined.
struct WebSocketReader {
    /// A payload of 4,096 bytes with every byte escaped, and what is around it, fits.
    static let longest = 64 * 1024

    private var received: [UInt8] = []
    private var parts: [UInt8]?

    mutating func receive(_ bytes: some Sequence<UInt8>) { received += bytes }

    /// The next frame, or `nil` until more bytes have come.
    mutating func next() throws(WebSocketFault) -> WebSocketFrame? {
        while let (final, opcode, payload) = try part() {
            switch opcode {
            case 0x0, 0x1:
                if let frame = try join(payload, final: final, first: opcode == 0x1) {
                    return frame
                }
            case 0x8: return .close
            case 0x9: return .ping(payload)
            case 0xa: return .pong(payload)
            default: throw WebSocketFault(sentence: "it sent a frame that is not text")
            }
        }
        return nil
    }

    private mutating func join(
        _ payload: [UInt8], final: Bool, first: Bool
    ) throws(WebSocketFault) -> WebSocketFrame? {
        guard first == (parts == nil) else {
            throw WebSocketFault(sentence: "it sent the parts of a message out of order")
        }
        let message = (parts ?? []) + payload
        guard message.count <= Self.longest else {
            throw WebSocketFault(sentence: "it sent a message that is too long")
        }
        parts = final ? nil : message
        return final ? .text(message) : nil
    }

    private mutating func part() throws(WebSocketFault) -> (Bool, UInt8, [UInt8])? {
        guard received.count >= 2 else { return nil }
        guard received[0] & 0x70 == 0, received[1] & 0x80 == 0 else {
            throw WebSocketFault(sentence: "it sent a frame that no server sends")
        }
        let (headed, length) =
            switch received[1] {
            case 126: (4, number(2..<4))
            case 127: (10, number(2..<10))
            default: (2, Optional(Int(received[1])))
            }
        guard let length else { return nil }
        guard length <= Self.longest else {
            throw WebSocketFault(sentence: "it sent a frame that is too long")
        }
        guard received.count >= headed + length else { return nil }
        let payload = Array(received[headed..<headed + length])
        let head = received[0]
        received.removeFirst(headed + length)
        return (head & 0x80 != 0, head & 0x0f, payload)
    }

    private func number(_ range: Range<Int>) -> Int? {
        guard received.count >= range.upperBound else { return nil }
        let number = received[range].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(clamping: number)
    }
}

extension WebSocketFrame {
    /// The frame as a client sends it: masked. Only short control frames are ever sent.
    func bytes(mask: [UInt8]) -> [UInt8] {
        let (opcode, payload): (UInt8, [UInt8]) =
            switch self {
            case .text(let text): (0x1, text)
            case .close: (0x8, [0x03, 0xe8])
            case .ping(let bytes): (0x9, bytes)
            case .pong(let bytes): (0xa, bytes)
            }
        let short = payload.prefix(125)
        let masked = zip(short, (0...).lazy.map { mask[$0 % 4] }).map { $0 ^ $1 }
        return [0x80 | opcode, 0x80 | UInt8(short.count)] + mask + masked
    }
}
