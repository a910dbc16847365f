import Foundation
import Testing

@testable import PhoneHost

@Suite struct WebSocketTests {
    // RFC 3174, section 7.3, and the empty message.
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (String(repeating: "a", count: 1000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ])
    func digestsAreThoseOfTheStandard(_ message: String, _ digest: String) {
        #expect(Data(sha1(Array(message.utf8))).hexadecimal == digest)
    }

    // RFC 6455, section 1.3.
    @Test func theHandshakeIsTheStandardsExample() throws {
        let handshake = WebSocketHandshake(
            host: "server.example.com", path: "/chat", key: Array("the sample nonce".utf8))
        #expect(handshake.key == "dGhlIHNhbXBsZSBub25jZQ==")
        try handshake.check(
            """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
            """)
        let request = String(decoding: handshake.request, as: UTF8.self)
        #expect(request.hasPrefix("GET /chat HTTP/1.1\r\n"))
        #expect(request.contains("\r\nConnection: Upgrade\r\n"))
        #expect(request.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [
        ("HTTP/1.1 404 Not Found", "it answered with HTTP status 404"),
        ("SSH-2.0-OpenSSH", "it answered with something that is no HTTP"),
        ("HTTP/1.1 101 Switching", "it does not speak WebSocket"),
        ("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: other", "it does not speak WebSocket"),
    ])
    func anAnswerThatIsNoWebSocketIsRefused(_ answer: String, _ sentence: String) {
        let handshake = WebSocketHandshake(host: "h", path: "/", key: [1])
        #expect(throws: WebSocketFault(sentence: sentence)) { try handshake.check(answer) }
    }

    @Test func aMessageInPartsWithAPingBetweenIsJoined() throws {
        var reader = WebSocketReader()
        let bytes: [UInt8] =
            [0x01, 3] + Array("Hel".utf8) + [0x89, 1, 7] + [0x80, 2] + Array("lo".utf8)
        var frames: [WebSocketFrame] = []
        for byte in bytes {
            reader.receive([byte])
            while let frame = try reader.next() { frames.append(frame) }
        }
        #expect(frames == [.ping([7]), .text(Array("Hello".utf8))])
    }

    @Test(arguments: [125, 126, 4096, 65_535, 65_536])
    func aMessageOfAnyLengthIsRead(_ length: Int) throws {
        let head: [UInt8] =
            switch length {
            case ..<126: [0x81, UInt8(length)]
            case ..<65_536: [0x81, 126, UInt8(length >> 8), UInt8(length & 255)]
            default: [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]
            }
        var reader = WebSocketReader()
        reader.receive(head)
        #expect(try reader.next() == nil)
        reader.receive([UInt8](repeating: 65, count: length))
        #expect(try reader.next() == .text([UInt8](repeating: 65, count: length)))
    }

    @Test(
        arguments: [
            [0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255],  // longer than memory
            [0x81, 0x85, 1, 2, 3, 4],  // masked, as no server sends
            [0xc1, 0],  // an extension that nobody asked for
            [0x82, 0],  // binary
            [0x80, 0],  // the end of no message
            [0x01, 0, 0x01, 0],  // a message inside a message
        ] as [[UInt8]])
    func whatNoServerSendsIsAFault(_ bytes: [UInt8]) {
        #expect(throws: WebSocketFault.self) {
            var reader = WebSocketReader()
            reader.receive(bytes)
            while try reader.next() != nil {}
        }
    }

    // RFC 6455, section 5.7: "a single-frame masked text message".
    @Test func whatIsSentIsMasked() {
        let frame = WebSocketFrame.text(Array("Hello".utf8))
        let bytes: [UInt8] = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ]
        #expect(frame.bytes(mask: [0x37, 0xfa, 0x21, 0x3d]) == bytes)
    }
}
