import Foundation
import Testing
import TrueBadge

@Suite(.timeLimit(.minutes(1))) struct OperationTests {
    @Test func whatThePersonReadShowsAtOnceAndIsPending() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3)]))

        let state = try await phone.app.markRead("friends", in: "alice", upTo: 2, remaining: 1)

        #expect(state.badge == 1)
        let conversation = try #require(try await phone.app.conversations(of: "alice").first)
        #expect(conversation.unread == 1)
        #expect(conversation.isPending)
        #expect(try await phone.app.accounts.first?.pending == 1)
    }

    @Test func theRelayConfirmsWhatThePersonReadAndNothingComesBack() async throws {
        let phone = try Phone()
        let relay = try RelayDouble(confirming: ["friends": 3])
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3)]))
        try await phone.app.markRead("friends", in: "alice", upTo: 3)

        let outcome = try await phone.app.refresh(.operation)

        #expect(outcome.error == nil)
        #expect(outcome.synced)
        #expect(await phone.screen.badge == 0)
        #expect(try await phone.app.accounts.first?.pending == 0)
        #expect(try await phone.app.conversations(of: "alice").isEmpty)
    }

    @Test func aConversationCanBeMarkedUnreadByHand() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)

        #expect(try await phone.app.markUnread("friends", in: "alice").badge == 1)
        #expect(try await phone.app.conversations(of: "alice").first?.isMarkedUnread == true)
        #expect(try await phone.app.markUnread("friends", in: "alice", marked: false).badge == 0)
    }

    @Test func singleMessagesLevelsAndWholeAccountsCanBeRead() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3), ("family", 2), ("news", 4)]))
        let app = phone.app

        #expect(
            try await app.markItemsRead([2], of: "friends", in: "alice", remaining: 2).badge == 8)
        #expect(try await app.setLevel(.none, of: "news", in: "alice").badge == 4)
        let news = try await app.conversations(of: "alice").first { $0.id == "news" }
        #expect(news?.level == Conversation.Level.none)
        #expect(try await app.markAllRead(in: "alice").badge == 0)
        #expect(try await app.accounts.first?.pending == 5)
        await #expect(throws: TrueBadgeError.self) {
            try await app.markItemsRead([], of: "friends", in: "alice")
        }
    }

    @Test func whatTheRelayRefusedIsToldUntilTheAppTookNote() async throws {
        let phone = try Phone()
        let relay = try RelayDouble { request in
            guard request.method == "POST" else { return nil }
            var answer = RelayDouble.changes(at: 1, reset: false, acknowledged: 1)
            let refused: [String: any Sendable] = [
                "number": 1, "rejected": "there is no such conversation",
            ]
            answer["applied"] = [refused]
            return (200, answer)
        }
        try await phone.launch(with: relay)
        let app = phone.app
        #expect(try await app.markUnread("friends", in: "alice").badge == 1)

        let outcome = try await app.refresh(.operation)

        let refused = try #require(outcome.rejected.first)
        #expect(refused.account == "alice" && refused.conversation == "friends")
        #expect(refused.reason == "there is no such conversation")
        #expect(try await app.badge.badge == 0)
        #expect(try await app.rejectedOperations == [refused])
        try await app.forgetRejected(upTo: refused)
        #expect(try await app.rejectedOperations.isEmpty)
    }

    @Test func aDamagedStoreIsMadeAnewAndTheBadgeStaysUntilTheRelayWasAsked() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3)]))
        #expect(try await phone.app.repair() == false)
        try phone.app.suspend()
        let file = phone.screen.directory.url.appendingPathComponent("truebadge.sqlite")
        try Data("this is no database".utf8).write(to: file)
        try phone.app.resume()

        #expect(try await phone.app.repair())
        let outcome = try await phone.app.refresh(.foreground)

        #expect(outcome.synced)
        #expect(await phone.screen.badges.allSatisfy { $0 == 0 || $0 == 3 })
        #expect(try await phone.app.accounts.map(\.id) == ["alice"])
    }

    @Test func aSignedOutAccountIsGoneAtOnceAndItsTokenWhenTheRelayKnows() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3)]))

        #expect(try await phone.app.signOut("alice").badge == 0)
        #expect(try await phone.app.accounts.isEmpty)
        #expect(await phone.screen.forgotten.isEmpty)

        try await phone.app.refresh(.foreground)
        #expect(await phone.screen.forgotten == ["alice: token of alice"])
    }

    @Test func thePushTokenAndTheConditionsReachTheRelay() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.app.register(pushToken: Data([0xab, 0x01]))
        try await phone.app.setConditions(PhoneConditions(lowPowerMode: true))
        try await phone.launch(with: relay)

        var requests = relay.requests.makeAsyncIterator()
        let registration = try #require(await requests.next())
        let told = try #require(
            try JSONSerialization.jsonObject(with: registration.body) as? [String: Any])
        #expect(registration.path == "/v1/devices/device")
        #expect(told["push_token"] as? String == "ab01")
        #expect(told["environment"] as? String == "sandbox")
        #expect((told["conditions"] as? [String: Any])?["low_power_mode"] as? Bool == true)
    }

    @Test func everyChangeOfTheBadgeIsTold() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        var states = await phone.app.badgeStates.makeAsyncIterator()
        #expect(await states.next()?.badge == 0)

        try await phone.app.handlePush(relay.push([("friends", 3)]))
        #expect(await states.next()?.badge == 3)
        try await phone.app.markRead("friends", in: "alice", upTo: 3)
        #expect(await states.next()?.badge == 0)
    }

    @Test func theNewestNumberIsSetLastAlsoWhenIOSIsSlow() async throws {
        let icon = SlowIcon()
        let screen = Screen()
        let app = try TrueBadge.create(
            configuration: Phone.configuration(screen.directory.url),
            bridges: TrueBadge.Bridges(badge: icon, notifications: screen, credentials: screen))
        let relay = try RelayDouble()
        try await app.addAccount(relay.account, relay: relay.address)
        try await app.refresh(.launch)

        for number in 1...20 {
            try await app.markUnread(ConversationID(rawValue: "\(number)"), in: "alice")
        }

        var numbers = icon.numbers.makeAsyncIterator()
        var set: [Int] = []
        while let number = await numbers.next() {
            set.append(number)
            if number == 20 { break }
        }
        #expect(set == Array(0...20))
    }
}

/// Takes the longer for a number the older it is.
private final class SlowIcon: AppIconBadge {
    let (numbers, taken) = AsyncStream.makeStream(of: Int.self)

    func setBadge(_ count: Int) async {
        for _ in count..<20 { for _ in 0..<50 { await Task.yield() } }
        taken.yield(count)
    }
}
