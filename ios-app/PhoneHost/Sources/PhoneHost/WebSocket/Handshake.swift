import Foundation

/// How a WebSocket begins (RFC 6455, section 4.1).
struct WebSocketHandshake {
    let key: String
    let request: [UInt8]

    init(host: String, path: String, key random: [UInt8]) {
        key = Data(random).base64EncodedString()
        request = Array(
            """
            GET \(path) HTTP/1.1\r
            Host: \(host)\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: \(key)\r
            \r\n
            """.utf8)
    }

    /// Whether the answer's head agrees to speak WebSocket; otherwise the fault says what it said.
    func check(_ head: String) throws(WebSocketFault) {
        let lines = head.components(separatedBy: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
        guard status == 101 else {
            let answer = status.map { "HTTP status \($0)" } ?? "something that is no HTTP"
            throw WebSocketFault(sentence: "it answered with \(answer)")
        }
        let accept = lines.dropFirst().compactMap { line -> String? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "sec-websocket-accept" else {
                return nil
            }
            return parts[1].trimmingCharacters(in: .whitespaces)
        }
        guard accept == [Self.accept(for: key)] else {
            throw WebSocketFault(sentence: "it does not speak WebSocket")
        }
    }

    static func accept(for key: String) -> String {
        Data(sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))).base64EncodedString()
    }
}
