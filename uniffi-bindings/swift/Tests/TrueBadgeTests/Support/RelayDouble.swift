import Foundation
import TrueBadge

/// A relay for one account whose conversations were all read when the phone first asked. Real HTTP,
/// canned answers: what a relay decides is tested with the real one, in `tests/end-to-end`.
final class RelayDouble: Sendable {
    typealias Answer = @Sendable (LoopbackServer.Request) -> (Int, [String: any Sendable])?

    let account: AccountID
    let route: String
    let requests: AsyncStream<LoopbackServer.Request>
    /// Counts the requests.
    let asked = Counter()
    private let server: LoopbackServer

    /// - Parameter answer: answers before the canned ones do.
    init(for account: AccountID = "alice", answer: @escaping Answer = { _ in nil }) throws {
        self.account = account
        let route = "route-of-\(account.rawValue)"
        self.route = route
        let (requests, seen) = AsyncStream.makeStream(of: LoopbackServer.Request.self)
        self.requests = requests
        server = try LoopbackServer { [asked] request in
            asked.add()
            seen.yield(request)
            let (status, json) = answer(request) ?? Self.canned(request, route: route)
            let body = (try? JSONSerialization.data(withJSONObject: json)) ?? Data()
            return LoopbackServer.Response(status: status, body: body)
        }
    }

    /// A relay that confirms that all of these conversations was read, each with as many messages.
    convenience init(confirming read: [String: Int]) throws {
        try self.init { request in
            guard request.method == "POST" else { return nil }
            let rows = read.map { name, newest -> [String: any Sendable] in
                [
                    "id": name, "version": 3, "unread": 0, "mentions": 0, "newest": newest,
                    "read_up_to": newest, "level": "all", "marked_unread": false, "removed": false,
                ]
            }
            var answer = Self.changes(at: 3, reset: false, rows: rows, acknowledged: 1)
            answer["applied"] = [["number": 1, "version": 3]]
            return (200, answer)
        }
    }

    var address: URL { URL(string: "http://127.0.0.1:\(server.port)") ?? URL(filePath: "/") }

    /// What the account looks like at a version, with nothing unread.
    static func changes(
        at version: Int, reset: Bool, rows: [[String: any Sendable]] = [], acknowledged: Int = 0
    ) -> [String: any Sendable] {
        [
            "epoch": "epoch", "reset": reset, "changes": rows, "next": version, "head": version,
            "more": false, "totals": ["unread": 0, "mentions": 0, "conversations": 0],
            "digest": "0000000000000000", "acknowledged": acknowledged, "last_push": 0,
            "server_time": 1_760_000_000_000,
        ]
    }

    private static func canned(
        _ request: LoopbackServer.Request, route: String
    ) -> (Int, [String: any Sendable]) {
        request.method == "PUT"
            ? (200, ["route": route, "epoch": "epoch", "head": 1, "server_time": 1])
            : (200, changes(at: 1, reset: true))
    }

    /// A push that brings conversations, each `[name, unread]`, from version 1 to `version`.
    func push(_ conversations: [(String, Int)], at version: Int = 2) -> PushPayload {
        let rows = conversations.map { name, unread in
            "[\"\(name)\",\(version),\(unread),0,\(unread),0,0]"
        }
        let unread = conversations.map(\.1).reduce(0, +)
        let counted = conversations.filter { $0.1 > 0 }.count
        return PushPayload(
            Data(
                """
                {"aps":{"content-available":1},"tb":{"r":"\(route)","e":"epoch","i":\(version),\
                "p":1,"v":\(version),"n":[\(unread),0,\(counted)],"k":0,\
                "c":[\(rows.joined(separator: ","))]}}
                """.utf8))
    }
}
