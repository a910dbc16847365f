import Foundation

#if canImport(Glibc)
    import Glibc
    private let streamType = Int32(SOCK_STREAM.rawValue)
    private let noSignal = Int32(MSG_NOSIGNAL)
#else
    import Darwin
    private let streamType = SOCK_STREAM
    private let noSignal: Int32 = 0  // the program ignores SIGPIPE
#endif

/// A TCP connection with blocking calls, for a thread of its own.
final class Socket {
    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects; no call on the socket takes longer than `patience` seconds.
    static func connect(host: String, port: UInt16, patience: Int) throws(WebSocketFault) -> Socket
    {
        var hints = addrinfo()
        hints.ai_socktype = streamType
        var found: UnsafeMutablePointer<addrinfo>?
        defer { if let found { freeaddrinfo(found) } }
        guard getaddrinfo(host, String(port), &hints, &found) == 0 else {
            throw WebSocketFault(sentence: "there is no machine of that name")
        }
        var candidate = found
        while let address = candidate?.pointee {
            let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
            if descriptor >= 0 {
                let socket = Socket(descriptor)
                socket.limit(SO_RCVTIMEO, patience)
                socket.limit(SO_SNDTIMEO, patience)
                #if canImport(Glibc)
                    let failed = Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen)
                #else
                    let failed = Darwin.connect(descriptor, address.ai_addr, address.ai_addrlen)
                #endif
                if failed == 0 { return socket }
            }
            candidate = address.ai_next
        }
        throw WebSocketFault(sentence: "nobody listens there")
    }

    func write(_ bytes: [UInt8]) throws(WebSocketFault) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, noSignal)
            }
            guard count > 0 else { throw WebSocketFault(sentence: "it hung up") }
            sent += count
        }
    }

    /// Some bytes, at least one.
    func read() throws(WebSocketFault) -> ArraySlice<UInt8> {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { throw WebSocketFault(sentence: "it hung up") }
        return bytes[..<count]
    }

    private func limit(_ option: Int32, _ seconds: Int) {
        var time = timeval()
        time.tv_sec = seconds
        setsockopt(
            descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
}
