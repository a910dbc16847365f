import Foundation

#if canImport(Glibc)
    import Glibc
    private let stream = Int32(SOCK_STREAM.rawValue)
#else
    private let stream = SOCK_STREAM
#endif

/// A small HTTP/1.1 server on a loopback port that the system chose: enough for the core's requests.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        /// By their names in lower case.
        var headers: [String: String]
        var body: Data
    }

    struct Response: Sendable {
        var status: Int
        var body: Data
    }

    typealias Handler = @Sendable (Request) -> Response

    let port: UInt16
    private let listener: Int32

    init(handler: @escaping Handler) throws {
        (listener, port) = try Self.listen()
        let listener = listener
        Thread.detachNewThread {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Thread.detachNewThread { Self.serve(connection, handler) }
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// A port on which nobody listens.
    static func unusedPort() throws -> UInt16 {
        let (socket, port) = try listen()
        close(socket)
        return port
    }

    private static func listen() throws -> (socket: Int32, port: UInt16) {
        let listener = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        #if canImport(Glibc)
            let listening = bound && Glibc.listen(listener, 16) == 0
        #else
            let listening = bound && Darwin.listen(listener, 16) == 0
        #endif
        guard listening else { throw POSIXError(.EADDRNOTAVAIL) }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private static func serve(_ connection: Int32, _ handler: Handler) {
        var received = Data()
        while let request = next(connection, &received) {
            let response = handler(request)
            var answer = Data(
                """
                HTTP/1.1 \(response.status) Answer\r
                content-type: application/json\r
                content-length: \(response.body.count)\r
                \r\n
                """.utf8)
            answer.append(response.body)
            let sent = answer.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
            guard sent == answer.count else { break }
        }
        close(connection)
    }

    private static func next(_ connection: Int32, _ received: inout Data) -> Request? {
        let end = Data("\r\n\r\n".utf8)
        while received.range(of: end) == nil {
            guard read(connection, &received) else { return nil }
        }
        guard let head = received.range(of: end) else { return nil }
        let lines = String(decoding: received[..<head.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        received = Data(received[head.upperBound...])
        let headers = headers(lines.dropFirst())
        let length = headers["content-length"].flatMap(Int.init) ?? 0
        while received.count < length {
            guard read(connection, &received) else { return nil }
        }
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        let body = Data(received.prefix(length))
        received = Data(received.dropFirst(length))
        return Request(
            method: String(words[0]), path: String(words[1]), headers: headers, body: body)
    }

    private static func headers(_ lines: some Sequence<String>) -> [String: String] {
        let pairs = lines.compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    private static func read(_ connection: Int32, _ received: inout Data) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(connection, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        received.append(contentsOf: chunk[..<count])
        return true
    }
}
