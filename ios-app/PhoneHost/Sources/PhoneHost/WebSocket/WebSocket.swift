import Foundation

/// A client's WebSocket, with blocking calls, for a thread of its own.
///
/// Foundation's `URLSessionWebSocketTask` does not do on Linux: it sends `Connection: keep-alive`,
/// which servers must refuse, and keeps a processor busy while nothing comes.
final class WebSocket {
    private let socket: Socket
    private var reader = WebSocketReader()

    /// Connects and shakes hands; no step takes longer than `patience` seconds.
    init(host: String, port: UInt16, path: String, patience: Int) throws(WebSocketFault) {
        socket = try Socket.connect(host: host, port: port, patience: patience)
        let handshake = WebSocketHandshake(
            host: "\(host):\(port)", path: path, key: Self.random(16))
        try socket.write(handshake.request)
        var answer = Data()
        let end = Data("\r\n\r\n".utf8)
        while answer.range(of: end) == nil {
            guard answer.count < WebSocketReader.longest else {
                throw WebSocketFault(sentence: "its answer has no end")
            }
            answer.append(contentsOf: try socket.read())
        }
        guard let head = answer.range(of: end) else { return }
        try handshake.check(String(decoding: answer[..<head.lowerBound], as: UTF8.self))
        reader.receive(answer[head.upperBound...])
    }

    /// To wait for bytes together with other things.
    var descriptor: Int32 { socket.descriptor }

    /// Reads what has come; waits for it if nothing has.
    func receive() throws(WebSocketFault) { reader.receive(try socket.read()) }

    /// The next message among what was received. Pings are answered.
    func message() throws(WebSocketFault) -> [UInt8]? {
        while let frame = try reader.next() {
            switch frame {
            case .text(let message): return message
            case .ping(let bytes): try send(.pong(bytes))
            case .pong: continue
            case .close:
                try? send(.close)
                throw WebSocketFault(sentence: "it hung up")
            }
        }
        return nil
    }

    /// Says goodbye and waits until the other end has said it too. What comes meanwhile is dropped:
    /// the other end, which did not see it taken, keeps it.
    func close() {
        guard (try? send(.close)) != nil else { return }
        while true {
            do {
                while let frame = try reader.next() {
                    if frame == .close { return }
                }
                try receive()
            } catch {
                return
            }
        }
    }

    private func send(_ frame: WebSocketFrame) throws(WebSocketFault) {
        try socket.write(frame.bytes(mask: Self.random(4)))
    }

    private static func random(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max) }
    }
}
