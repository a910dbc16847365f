import Foundation
import Testing
import TrueBadge

@testable import AppModel

@MainActor
@Suite(.timeLimit(.minutes(1))) struct OverviewModelTests {
    @Test func aNewPhoneHasNoAccountsAndSaysThatItKnowsNothingYet() async throws {
        let model = OverviewModel(try Phone().app)
        #expect(model.state == nil)

        await model.load()

        #expect(model.accounts.isEmpty)
        #expect(model.state != nil)
        #expect(model.problem == nil)
    }

    @Test func theNumberFollowsPushes() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        let model = OverviewModel(phone.app)
        let following = Task { await model.follow() }
        defer { following.cancel() }

        try await phone.app.handlePush(relay.push([("friends", 3)]))

        while model.state?.badge != 3, !Task.isCancelled { await Task.yield() }
        #expect(model.accounts.first?.unread == 3)
    }

    @Test func anAccountIsReadWithOneSwipe() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3), ("family", 1)]))
        let model = OverviewModel(phone.app)
        await model.load()

        await model.markAllRead(in: try #require(model.accounts.first))

        #expect(model.state?.badge == 0)
        #expect(await phone.screen.shows(0))
    }

    @Test func signingOutTakesTheAccountAndItsNumberAway() async throws {
        let phone = try Phone()
        let (ada, bob) = (try RelayDouble(for: "ada"), try RelayDouble(for: "bob"))
        try await phone.launch(with: ada, bob)
        try await phone.app.handlePush(ada.push([("friends", 3)]))
        try await phone.app.handlePush(bob.push([("work", 2)]))
        let model = OverviewModel(phone.app)
        await model.load()

        await model.signOut(try #require(model.accounts.first))

        #expect(model.accounts.map(\.id) == ["bob"])
        #expect(model.state?.badge == 2)
        #expect(await phone.screen.shows(2))
    }

    @Test func thePolicyAndWhoTakesPartAreThePersonsChoice() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        try await phone.app.handlePush(relay.push([("friends", 3), ("family", 1)]))
        let model = OverviewModel(phone.app)

        await model.setPolicy(.conversations)
        #expect(model.policy == .conversations)
        #expect(model.state?.badge == 2)

        await model.setParticipation(false, of: try #require(model.accounts.first))
        #expect(model.state?.badge == 0)
        #expect(model.accounts.first?.participates == false)
    }

    @Test func offlineIsToldAndWhatIsKnownStays() async throws {
        let phone = try Phone(transport: Down())
        try await phone.app.addAccount("alice", relay: try #require(URL(string: "https://a.test")))
        let model = OverviewModel(phone.app)

        await model.refresh()

        guard case .tryAgain? = model.problem else {
            Issue.record("\(String(describing: model.problem))")
            return
        }
        #expect(model.accounts.count == 1)
        await model.load()
        #expect(model.problem == nil)
    }

    @Test func whatTheRelayRefusedIsShownUntilThePersonSawIt() async throws {
        let phone = try Phone()
        let relay = try RelayDouble { request in
            guard request.method == "POST" else { return nil }
            var answer = RelayDouble.changes(at: 1, reset: false, acknowledged: 1)
            let refused: [String: any Sendable] = ["number": 1, "rejected": "no such conversation"]
            answer["applied"] = [refused]
            return (200, answer)
        }
        try await phone.launch(with: relay)
        try await phone.app.markUnread("nowhere", in: "alice")
        let model = OverviewModel(phone.app)
        await model.refresh()
        #expect(model.rejected.count == 1)

        await model.forgetRejected()

        #expect(model.rejected.isEmpty)
    }

    @Test func inTheBackgroundNothingIsAProblem() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        let model = OverviewModel(phone.app)
        await model.load()
        try phone.app.suspend()

        await model.load()

        #expect(model.problem == nil)
        #expect(model.accounts.count == 1)
    }
}
