import Foundation
import Testing
import TrueBadge

@Suite(.timeLimit(.minutes(1))) struct PushTests {
    @Test func aPushSetsTheBadge() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)

        let outcome = try await phone.app.handlePush(relay.push([("friends", 2), ("family", 1)]))

        #expect(outcome.disposition == .applied)
        #expect(outcome.shown)
        #expect(outcome.error == nil)
        #expect(await phone.screen.badge == 3)
        let conversations = try await phone.app.conversations(of: "alice")
        #expect(conversations.map(\.id) == ["family", "friends"])
        #expect(conversations.map(\.unread) == [1, 2])
    }

    @Test func aReadOnTheDesktopClearsTheBadgeAndItsNotification() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        await phone.screen.show(
            DeliveredNotification(
                identifier: "1", conversation: "friends", route: relay.route, position: 2,
                version: 2))
        try await phone.app.handlePush(relay.push([("friends", 2)]))
        #expect(await phone.screen.notifications.count == 1)

        let outcome = try await phone.app.handlePush(relay.push([("friends", 0)], at: 3))

        #expect(await phone.screen.badge == 0)
        #expect(outcome.removed == ["1"])
        #expect(await phone.screen.notifications.isEmpty)
    }

    @Test func aNotificationThatCameBeforeItsPushIsNotTakenForRead() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        await phone.screen.show(
            DeliveredNotification(
                identifier: "later", conversation: "family", route: relay.route, position: 1,
                version: 3))

        try await phone.app.handlePush(relay.push([("friends", 2)], at: 2))
        #expect(await phone.screen.notifications.map(\.identifier) == ["later"])
    }

    @Test(arguments: [
        "", "not JSON", "[]", "{}", #"{"tb":7}"#, #"{"tb":{"r":"route-of-alice","v":-1}}"#,
        String(repeating: "[", count: 4000), String(repeating: "x", count: 5000),
    ])
    func aMalformedPayloadKeepsTheBadge(_ payload: String) async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 2)]))

        let outcome = try await phone.app.handlePush(
            PushPayload(Data(payload.utf8)), within: .seconds(2))

        #expect(outcome.disposition == .malformed)
        #expect(outcome.badge?.badge == 2)
        // Whether it is set again depends on what iOS may have painted from it.
        #expect(Set(await phone.screen.badges.dropFirst()) == [2])
    }

    @Test func aPushForAnAccountThatIsNotOnThisPhoneChangesNothing() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        let stranger = try RelayDouble(for: "mallory")

        let outcome = try await phone.app.handlePush(stranger.push([("friends", 9)]))

        #expect(outcome.disposition == .notForUs)
        #expect(outcome.badge?.badge == 0)
    }

    @Test func severalAccountsAddUp() async throws {
        let phone = try Phone()
        let alice = try RelayDouble(for: "alice")
        let work = try RelayDouble(for: "work")
        try await phone.launch(with: alice, work)

        try await phone.app.handlePush(alice.push([("friends", 2)]))
        try await phone.app.handlePush(work.push([("team", 5), ("boss", 1)]))
        #expect(await phone.screen.badge == 8)
        #expect(try await phone.app.accounts.map(\.unread) == [2, 6])

        #expect(try await phone.app.setPolicy(.conversations).badge == 3)
        #expect(try await phone.app.policy == .conversations)
        #expect(try await phone.app.setParticipation(false, of: "work").badge == 1)
        #expect(try await phone.app.signOut("alice").badge == 0)
        #expect(try await phone.app.accounts.map(\.id) == ["work"])
    }

    @Test func whatIOSMadeOfThePayloadIsThePayload() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        let payload = relay.push([("friends", 4)])
        let userInfo = try #require(
            try JSONSerialization.jsonObject(with: payload.bytes) as? [AnyHashable: Any])

        let outcome = try await phone.app.handlePush(PushPayload(userInfo: userInfo))

        #expect(outcome.disposition == .applied)
        #expect(outcome.badge?.badge == 4)
        let painted = PushPayload(userInfo: ["tb": Date(), "aps": ["badge": 3, "sound": "x"]])
        #expect(painted.bytes == Data(#"{"aps":{"badge":3}}"#.utf8))
        #expect(PushPayload(userInfo: [:]).bytes == Data("{}".utf8))
    }

    @Test func aNotificationTellsItsConversationAccountAndPosition() {
        let ours = DeliveredNotification(
            identifier: "1", thread: "friends",
            userInfo: ["tb": ["r": "route", "v": 9, "a": ["friends", 7]] as [String: Any]])
        #expect(
            ours
                == DeliveredNotification(
                    identifier: "1", conversation: "friends", route: "route", position: 7,
                    version: 9))
        let plain = DeliveredNotification(identifier: "2", thread: "friends", userInfo: [:])
        #expect(plain == DeliveredNotification(identifier: "2", conversation: "friends"))
        let odd = DeliveredNotification(
            identifier: "3", thread: "friends",
            userInfo: ["tb": ["a": ["friends", -1.5]] as [String: Any]])
        #expect(odd?.position == nil)
        #expect(DeliveredNotification(identifier: "4", thread: "", userInfo: [:]) == nil)
    }
}
