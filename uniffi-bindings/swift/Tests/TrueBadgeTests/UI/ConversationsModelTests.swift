import Foundation
import Testing
import TrueBadge
import TrueBadgeUI

@MainActor
@Suite(.timeLimit(.minutes(1))) struct ConversationsModelTests {
    /// A phone with three conversations, one of them muted, whose relay confirms nothing.
    private func phone() async throws -> (Phone, RelayDouble, ConversationsModel) {
        let phone = try Phone()
        let relay = try RelayDouble { $0.method == "POST" ? (503, [:]) : nil }
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("a", 2), ("b", 4), ("c", 1)]))
        try await phone.app.setLevel(.none, of: "a", in: "alice")
        let model = ConversationsModel(phone.app, account: "alice")
        await model.load()
        return (phone, relay, model)
    }

    @Test func whatCountsComesFirst() async throws {
        let (_, _, model) = try await phone()

        #expect(model.conversations?.map(\.id) == ["b", "c", "a"])
        #expect(!model.isAllRead)
    }

    @Test func theRelayIsToldOfASwipeOnce() async throws {
        let relay = try RelayDouble(confirming: ["friends": 3])
        let app = try await Shelled.launched(with: relay)
        app.shell.cameForward()
        await app.ios.suspends()
        await app.shell.received(relay.push([("friends", 3)]))
        let model = ConversationsModel(app.phone.app, account: relay.account)
        await model.load()
        let before = relay.asked.count

        await model.markRead(try #require(model.conversations?.first))
        #expect(await relay.seesAnOperation())
        await app.ios.suspends()

        #expect(relay.asked.count == before + 1)
    }

    @Test func aSwipeMarksReadAtOnceThoughTheRelayCannotBeTold() async throws {
        let (phone, _, model) = try await phone()
        let conversation = try #require(model.conversations?.first)

        await model.markRead(conversation)

        #expect(await phone.screen.shows(1))
        #expect(model.conversations?.first { $0.id == "b" }?.unread == 0)
        #expect(model.conversations?.first { $0.id == "b" }?.isPending == true)
    }

    @Test func aConversationCanBeMarkedUnreadAndReadAgain() async throws {
        let (phone, _, model) = try await phone()
        await model.markRead(try #require(model.conversations?.first { $0.id == "c" }))
        #expect(await phone.screen.shows(4))

        await model.markUnread(try #require(model.conversations?.first { $0.id == "c" }))
        #expect(await phone.screen.shows(5))
        #expect(model.conversations?.first { $0.id == "c" }?.isMarkedUnread == true)

        await model.markRead(try #require(model.conversations?.first { $0.id == "c" }))
        #expect(await phone.screen.shows(4))
    }

    @Test func aMarkSetByHandGoesWhenTheConversationIsRead() async throws {
        let (phone, _, model) = try await phone()
        await model.markUnread(try #require(model.conversations?.first { $0.id == "b" }))

        await model.markRead(try #require(model.conversations?.first { $0.id == "b" }))

        #expect(model.conversations?.first { $0.id == "b" }?.isUnread == false)
        #expect(await phone.screen.shows(1))
    }

    @Test func everythingIsReadWithOneTapMutedConversationsToo() async throws {
        let (phone, _, model) = try await phone()

        await model.markAllRead()

        #expect(model.isAllRead)
        #expect(await phone.screen.shows(0))
    }

    @Test func mutingAConversationTakesItOutOfTheBadge() async throws {
        let (phone, _, model) = try await phone()

        await model.setLevel(.none, of: try #require(model.conversations?.first))

        #expect(await phone.screen.shows(1))
        #expect(model.conversations?.map(\.id) == ["c", "a", "b"])
    }

    @Test func anAccountThatWasSignedOutShowsNothing() async throws {
        let (phone, _, model) = try await phone()
        try await phone.app.signOut("alice")

        await model.load()

        #expect(model.account == nil)
        #expect(model.conversations == [])
        #expect(model.problem == nil)
    }

    @Test func aPushShowsWithoutBeingAskedFor() async throws {
        let (phone, relay, model) = try await phone()
        let following = Task { await model.follow() }
        defer { following.cancel() }

        let all = relay.push([("a", 2), ("b", 4), ("c", 1), ("d", 9)], at: 3)
        try await phone.app.handlePush(all)

        while model.conversations?.count != 4, !Task.isCancelled { await Task.yield() }
        #expect(model.conversations?.map(\.id).contains("d") == true)
    }
}
