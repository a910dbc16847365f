import Foundation
import Testing
import TrueBadgeUI

@testable import TrueBadge

/// What a conversation adds to the number, as `tests/fixtures/protocol` has it for every
/// implementation.
@Suite struct CountingTests {
    private struct Vectors: Decodable {
        let vectors: [Vector]
    }

    private struct Vector: Decodable {
        let name: String
        let rows: [Row]
        let badge: [String: Int]
    }

    private struct Row: Decodable {
        let id: String
        let unread: Int
        let mentions: Int
        let newest: UInt64
        let read_up_to: UInt64
        let level: String
        let marked_unread: Bool
        let removed: Bool

        func conversation() throws -> Conversation {
            Conversation(
                id: ConversationID(rawValue: id), account: "ada", unread: unread,
                mentions: mentions, newest: newest, readUpTo: read_up_to,
                level: try #require(Conversation.Level(rawValue: level)),
                isMarkedUnread: marked_unread, isPending: false)
        }
    }

    @Test func conversationsCountAsTheGoldenVectorsSay() throws {
        let repository = URL(filePath: #filePath).pathComponents.prefix {
            $0 != "uniffi-bindings"
        }
        let file = URL(filePath: repository.joined(separator: "/"))
            .appending(path: "tests/fixtures/protocol/totals.json")
        let vectors = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file)).vectors
        #expect(vectors.count > 20)
        for vector in vectors {
            let shown = try vector.rows.filter { !$0.removed }.map { try $0.conversation() }
            for policy in BadgePolicy.allCases {
                let sum = shown.reduce(0) { $0 + $1.counted(by: policy) }
                // The icon takes no more.
                let badge = min(sum, Int(UInt32.max))
                #expect(badge == vector.badge[policy.rawValue], "\(vector.name), \(policy)")
            }
        }
    }
}
