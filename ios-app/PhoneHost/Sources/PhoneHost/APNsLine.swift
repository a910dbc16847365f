import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The connection to APNs. A thread of its own keeps it: it attaches while that is wanted, and
/// attaches again, with growing pauses, when the connection breaks.
final class APNsLine: Sendable {
    /// What APNs tells the phone.
    enum Said: Equatable, Sendable {
        /// Attached, with this token.
        case attached(pushToken: Data)
        /// A push.
        case push(PushFrame)
        /// Detached, as wanted.
        case away
        /// Not reachable, or it said what no APNs says: it is tried again.
        case trouble(String)
    }

    private let told: Int32

    /// - Parameters:
    ///   - address: apns-sim's phones listener, `http://HOST:PORT`.
    ///   - said: called on the line's thread.
    init(address: URL, topic: String, install: String, said: @escaping @Sendable (Said) -> Void) {
        var ends: [Int32] = [0, 0]
        let made = pipe(&ends)
        precondition(made == 0, "the system gives no pipe")
        told = ends[1]
        let keeper = Keeper(
            host: address.host ?? "", port: UInt16(clamping: address.port ?? 80),
            path: "/phones/\(topic)/\(install)", orders: ends[0], say: said)
        Thread.detachNewThread { keeper.keep() }
    }

    deinit { close(told) }

    /// Attach, or detach.
    func want(_ attached: Bool) {
        var order: UInt8 = attached ? 1 : 0
        _ = write(told, &order, 1)
    }
}

private struct Keeper: Sendable {
    /// How long a step of connecting, or the farewell, may take, in seconds.
    static let patience = 5
    static let firstPause: Int32 = 100
    static let longestPause: Int32 = 5_000

    let host: String
    let port: UInt16
    let path: String
    let orders: Int32
    let say: @Sendable (APNsLine.Said) -> Void

    func keep() {
        defer { close(orders) }
        var pause = Self.firstPause
        var inTrouble = false
        while true {
            do {
                let attached = try attach()
                (pause, inTrouble) = (Self.firstPause, false)
                if try !listen(attached) {
                    attached.close()
                    say(.away)
                    guard waitToAttach() else { return }
                }
            } catch {
                if !inTrouble { say(.trouble("APNs at \(host):\(port): \(error.sentence)")) }
                inTrouble = true
                let ordered = order(within: pause)
                pause = min(pause * 2, Self.longestPause)
                switch ordered {
                case .attach?, nil: continue
                case .end?: return
                case .detach?:
                    say(.away)
                    guard waitToAttach() else { return }
                }
            }
        }
    }

    private func attach() throws(WebSocketFault) -> WebSocket {
        let socket = try WebSocket(host: host, port: port, path: path, patience: Self.patience)
        while true {
            if let text = try socket.message() {
                guard case .registered(let token) = try APNsFrame(text) else {
                    throw WebSocketFault(sentence: "it sent a push before the token")
                }
                say(.attached(pushToken: token))
                return socket
            }
            try socket.receive()
        }
    }

    /// Passes on what comes, until the phone wants no more (`false`) or the connection breaks.
    private func listen(_ socket: WebSocket) throws(WebSocketFault) -> Bool {
        while true {
            while let text = try socket.message() {
                switch try APNsFrame(text) {
                case .registered(let token): say(.attached(pushToken: token))
                case .push(let push): say(.push(push))
                }
            }
            var waiting = [
                pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: orders, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 else { continue }
            if waiting[1].revents != 0, order(within: 0) != .attach { return false }
            if waiting[0].revents != 0 { try socket.receive() }
        }
    }

    private enum Order {
        case attach, detach, end
    }

    /// The next order, or `nil` when none comes in time.
    private func order(within milliseconds: Int32) -> Order? {
        var waiting = pollfd(fd: orders, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var order: UInt8 = 0
        guard read(orders, &order, 1) == 1 else { return .end }
        return order == 1 ? .attach : .detach
    }

    /// Waits for the order to attach; `false` when the line has ended.
    private func waitToAttach() -> Bool {
        while let order = order(within: -1) {
            if order != .detach { return order == .attach }
        }
        return false
    }
}
