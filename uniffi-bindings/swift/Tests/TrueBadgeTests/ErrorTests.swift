import Foundation
import Testing
@testable import TrueBadge

@Suite(.timeLimit(.minutes(1))) struct ErrorTests {
    @Test func aWrongCallSaysWhichArgumentIsWrong() async throws {
        let app = try Phone().app
        let relay = try #require(URL(string: "https://relay.example"))
        let plain = try #require(URL(string: "http://relay.example"))
        let errors = [
            await thrown { try await app.addAccount("", relay: relay) },
            await thrown { try await app.addAccount("alice", relay: plain) },
            await thrown { try await app.markRead("friends", in: "nobody", upTo: 1) },
            await thrown { try await app.markRead("friends", in: "alice", upTo: .max) },
            await thrown { try await app.register(pushToken: Data()) },
            await thrown { _ = try await app.conversations(of: AccountID(rawValue: "\u{0}")) },
        ]
        for (error, word) in zip(
            errors, ["account", "https", "account", "position", "push token", "account"])
        {
            guard case .fixCall(let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(reason.contains(word))
        }
    }

    @Test func aSuspendedAppIsToldSoUntilItResumes() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        let app = phone.app

        try app.suspend()
        try app.suspend()
        await #expect(throws: TrueBadgeError.suspended) {
            try await app.markRead("friends", in: "alice", upTo: 1)
        }
        let outcome = try await app.handlePush(relay.push([("friends", 1)]))
        #expect(outcome.error == .suspended)
        #expect(outcome.badge == nil)

        try app.resume()
        #expect(try await app.handlePush(relay.push([("friends", 1)])).badge?.badge == 1)
    }

    @Test func anUnreachableRelayIsTriedAgainAndTheBadgeStays() async throws {
        let phone = try Phone()
        let port = try LoopbackServer.unusedPort()
        let nowhere = try #require(URL(string: "http://127.0.0.1:\(port)"))
        try await phone.app.addAccount("alice", relay: nowhere)

        let outcome = try await phone.app.refresh(.foreground)

        guard case .tryAgain = outcome.error else {
            Issue.record("\(String(describing: outcome.error))")
            return
        }
        #expect(!outcome.synced)
        #expect(outcome.badge?.badge == 0)
    }

    @Test func withoutCredentialsThePersonMustSignIn() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        await phone.screen.signOut()
        try await phone.app.addAccount(relay.account, relay: relay.address)

        let outcome = try await phone.app.refresh(.launch)

        guard case .signIn = outcome.error else {
            Issue.record("\(String(describing: outcome.error))")
            return
        }
    }

    @Test func anAccountThatItsRelayEndedIsNamed() async throws {
        let phone = try Phone()
        let relay = try RelayDouble { _ in
            let problem: [String: any Sendable] = [
                "type": "urn:truebadge:problem:not-found", "title": "Not found", "status": 404,
                "detail": "there is no such account",
            ]
            return (404, problem)
        }
        try await phone.app.addAccount(relay.account, relay: relay.address)

        let outcome = try await phone.app.refresh(.launch)

        #expect(outcome.signedOut == ["alice"])
        #expect(try await phone.app.accounts.first?.isSignedOut == true)
    }

    @Test func aBadgeThatIOSRefusesIsReportedAndTheNumberStaysRight() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        await phone.screen.refuse()

        let outcome = try await phone.app.handlePush(relay.push([("friends", 3)]))

        #expect(!outcome.shown)
        guard case .tryAgain = outcome.error else {
            Issue.record("\(String(describing: outcome.error))")
            return
        }
        #expect(try await phone.app.badge.badge == 3)
    }

    @Test func cancellingTheTaskEndsAWakeThatWaitsForTheRelay() async throws {
        let phone = try Phone()
        let held = DispatchSemaphore(value: 0)
        defer { held.signal() }
        let relay = try RelayDouble { _ in
            held.wait()
            return nil
        }
        try await phone.app.addAccount(relay.account, relay: relay.address)
        let app = phone.app

        let wake = Task { try await app.refresh(.launch) }
        var requests = relay.requests.makeAsyncIterator()
        _ = await requests.next()
        wake.cancel()

        await #expect(throws: CancellationError.self) { try await wake.value }
        #expect(try await app.badge.badge == 0)
    }

    @Test func aWakeThatOverrunsItsTimeIsEndedFromOutside() async throws {
        let held = DispatchSemaphore(value: 0)
        defer { held.signal() }
        let relay = try RelayDouble { _ in
            held.wait()
            return nil
        }
        let screen = Screen()
        let budget = Duration.seconds(25)
        let app = try TrueBadge.create(
            configuration: Phone.configuration(screen.directory.url),
            bridges: TrueBadge.Bridges(badge: screen, notifications: screen, credentials: screen),
            grace: .zero - budget)
        try await app.addAccount(relay.account, relay: relay.address)

        await #expect(throws: TrueBadgeError.tryAgain("the time for this wake ran out")) {
            try await app.refresh(.launch, within: budget)
        }
        #expect(try await app.badge.badge == 0)
    }

    @Test(arguments: [
        TrueBadgeError.tryAgain("why"), .locked, .suspended, .signIn("why"), .repair, .storageFull,
        .openApp, .updateApp, .fixCall("why"), .checkSetUp("why"), .internalFailure("why"),
    ])
    func everyErrorTellsAPersonWhatToDo(_ error: TrueBadgeError) throws {
        let description = try #require(error.errorDescription)
        let recovery = try #require(error.recoverySuggestion)
        #expect(description.hasSuffix(".") && description != recovery)
        #expect(recovery.hasSuffix("."))
        #expect(error.localizedDescription == description)
        #expect(!description.contains("why"))
    }

    @Test func aDirectoryThatCannotBeMadeIsASetUpError() {
        let impossible = URL(fileURLWithPath: "/dev/null/store")
        let screen = Screen()
        #expect(throws: TrueBadgeError.checkSetUp("the directory of the store can't be made")) {
            try TrueBadge.create(
                configuration: Phone.configuration(impossible),
                bridges: TrueBadge.Bridges(
                    badge: screen, notifications: screen, credentials: screen))
        }
    }
}

/// The error that a call throws, or `nil`.
private func thrown(_ call: () async throws -> Void) async -> TrueBadgeError? {
    do {
        try await call()
        return nil
    } catch {
        return error as? TrueBadgeError
    }
}
