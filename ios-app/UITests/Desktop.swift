import XCTest

/// What happens elsewhere: an app's backend that tells the relay of new messages, and of what was
/// read on a desktop. The simulator shares its Mac's network, so the relay may run there.
///
/// `xcodebuild` gives it to the tests as `TEST_RUNNER_TRUEBADGE_…`; without it they are skipped.
struct Desktop {
    /// The relay's address.
    let relay: URL
    /// The account's name at the relay, and on the phone.
    let account: String
    /// The account's device token.
    let token: String
    private let producerKey: String

    init() throws {
        let environment = ProcessInfo.processInfo.environment
        func value(_ name: String) throws -> String {
            guard let value = environment["TRUEBADGE_\(name)"] else {
                throw XCTSkip("no relay: TEST_RUNNER_TRUEBADGE_\(name) is not set")
            }
            return value
        }
        relay = try XCTUnwrap(URL(string: value("RELAY")))
        account = try value("ACCOUNT")
        token = try value("TOKEN")
        producerKey = try value("PRODUCER_KEY")
    }

    /// The link that adds the account on the phone.
    var link: URL {
        get throws {
            var link = URLComponents()
            (link.scheme, link.host) = ("truebadge", "add")
            link.queryItems = [
                URLQueryItem(name: "relay", value: relay.absoluteString),
                URLQueryItem(name: "account", value: account),
                URLQueryItem(name: "token", value: token),
            ]
            return try XCTUnwrap(link.url)
        }
    }

    /// A message comes.
    func send(to conversation: String, position: Int) async throws {
        try await tell(["type": "item", "conversation": conversation, "position": position])
    }

    /// Somebody reads on the desktop.
    func read(_ conversation: String, upTo position: Int) async throws {
        try await tell(["type": "read", "conversation": conversation, "up_to": position])
    }

    private func tell(_ event: [String: Any]) async throws {
        var request = URLRequest(url: relay.appending(path: "v1/accounts/\(account)/events"))
        request.httpMethod = "POST"
        request.setValue("Bearer \(producerKey)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONSerialization.data(withJSONObject: ["events": [event]])
        let (_, response) = try await URLSession.shared.data(for: request)
        XCTAssertEqual((response as? HTTPURLResponse)?.statusCode, 200)
    }
}
