import Foundation
import Testing

@testable import TrueBadge

/// What the app's shell does at which moment. iOS is the test's own, the core is the real one.
@Suite(.timeLimit(.minutes(1))) @MainActor struct ShellTests {
    // MARK: The push token

    @Test func thePushTokenIsAskedForAtEveryLaunch() async throws {
        let app = try await Shelled.launched(with: RelayDouble())
        #expect(app.ios.tokensAsked == 1)
    }

    @Test func anotherPushTokenIsToldToTheRelayAtOnce() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        #expect(try await relay.registration()?.pushToken == nil)

        await app.shell.received(pushToken: Data([0xca, 0xfe]))

        #expect(try await relay.registration()?.pushToken == "cafe")
    }

    @Test func theSamePushTokenCostsNoRequest() async throws {
        let seen = Counter()
        let relay = try RelayDouble { _ in
            seen.add()
            return nil
        }
        let app = try await Shelled.launched(with: relay)
        await app.shell.received(pushToken: Data([1]))
        let before = seen.count

        await app.shell.received(pushToken: Data([1]))
        #expect(seen.count == before)
    }

    @Test func aPushTokenThatAPNsEndedIsAskedForAgain() async throws {
        let relay = try RelayDouble { request in
            guard request.method == "GET" else { return nil }
            var changes = RelayDouble.changes(at: 1, reset: true)
            changes["push_token_ended"] = "bad_device_token"
            return (200, changes)
        }
        let app = Shelled(try Phone())
        try await app.phone.app.addAccount(relay.account, relay: relay.address)

        await app.shell.refresh(.foreground)
        #expect(app.ios.tokensAsked == 1)
    }

    @Test func whyThereIsNoPushTokenIsRemembered() async throws {
        let app = try await Shelled.launched(with: RelayDouble())
        app.shell.failedToGetPushToken(URLError(.notConnectedToInternet))
        #expect((app.shell.pushTokenError as? URLError)?.code == .notConnectedToInternet)

        await app.shell.received(pushToken: Data([1]))
        #expect(app.shell.pushTokenError == nil)
    }

    // MARK: Conditions

    @Test func everyWakeTellsWhatThePhoneLetsThrough() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        _ = try await relay.registration()
        app.ios.allowsBackgroundRefresh = false
        await app.settings.become(PhoneConditions(alertsAllowed: false, lowPowerMode: true))

        await app.shell.refresh(.foreground)

        let told = try #require(try await relay.registration()?.conditions)
        #expect(told.badgesAllowed)
        #expect(!told.alertsAllowed)
        #expect(!told.backgroundRefresh)
        #expect(told.lowPowerMode)
    }

    @Test func whatChangesMeanwhileIsToldAtOnce() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        _ = try await relay.registration()

        await app.settings.become(PhoneConditions(lowPowerMode: true))
        await app.shell.conditionsMayHaveChanged()
        #expect(try await relay.registration()?.conditions.lowPowerMode == true)

        await app.settings.become(PhoneConditions())
        await app.shell.conditionsMayHaveChanged()
        #expect(try await relay.registration()?.conditions.lowPowerMode == false)
    }

    @Test func settingsThatDoNotAnswerHoldUpNoPush() async throws {
        let clock = FakeClock()
        let app = Shelled(try Phone(), clock: clock)
        let relay = try RelayDouble()
        try await app.phone.launch(with: relay)
        await app.settings.fallSilent()

        async let outcome = app.shell.received(relay.push([("friends", 2)]))
        await clock.pass(.seconds(1))

        #expect(await outcome?.disposition == .applied)
        #expect(await app.phone.screen.badge == 2)
    }

    // MARK: Background refreshes

    @Test func eachWakeAsksForABackgroundRefresh() async throws {
        let app = try await Shelled.launched(with: RelayDouble())
        await app.shell.refresh(.foreground)
        await app.shell.refresh(.backgroundRefresh)
        await app.scheduler.isAsked(times: 3)
    }

    @Test func aBackgroundRefreshIsUsedAndCompletedOnce() async throws {
        let app = try await Shelled.launched(with: RelayDouble())
        let granted = FakeRefresh()

        app.shell.use(granted)

        #expect(await granted.success() == true)
        #expect(await granted.saidAgain().isEmpty)
    }

    @Test func aBackgroundRefreshWhoseTimeEndsIsCompletedOnceWithoutSuccess() async throws {
        let (app, transport) = try await Shelled.hanging()
        let granted = FakeRefresh()

        app.shell.use(granted)
        await transport.hangs()
        await granted.expire()

        #expect(await granted.success() == false)
        await app.ios.suspends()
        #expect(await granted.saidAgain().isEmpty)
    }

    // MARK: Pushes

    @Test func aPushSetsTheBadge() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        let outcome = await app.shell.received(relay.push([("friends", 3)]))
        #expect(outcome?.disposition == .applied)
        #expect(await app.phone.screen.badge == 3)
        #expect(app.ios.stillAwake == 0)
    }

    @Test func iOSIsAnsweredInTimeEvenIfTheCoreIsNot() async throws {
        let clock = FakeClock()
        let (app, transport) = try await Shelled.hanging(clock: clock)

        async let outcome = app.shell.refresh(.foreground)
        await transport.hangs()
        await clock.pass(.seconds(28))

        #expect(await outcome == nil)
        await app.ios.suspends()
    }

    // MARK: Foreground and background

    @Test func anAppThatWasLeftHoldsNoLockWhenIOSSuspendsIt() async throws {
        let app = try await Shelled.away(with: RelayDouble())
        await #expect(throws: TrueBadgeError.suspended) { try await app.phone.app.badge }
    }

    @Test func leavingSendsWhatIsUnsent() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        try await app.phone.app.handlePush(relay.push([("friends", 2)]))
        try await app.phone.app.markRead("friends", in: relay.account, upTo: 2)

        app.shell.left()

        #expect(await relay.seesAnOperation())
        await app.ios.suspends()
    }

    @Test func whatThePersonDidWithANotificationsButtonIsSentOnce() async throws {
        let relay = try RelayDouble(confirming: ["friends": 2])
        let app = try await Shelled.launched(with: relay)
        await app.shell.received(relay.push([("friends", 2)]))
        app.shell.left()
        await app.ios.suspends()
        let before = relay.asked.count

        let account = relay.account
        _ = try await app.shell.perform { try await $0.markRead("friends", in: account, upTo: 2) }
        while app.ios.stillAwake > 0 { await app.ios.suspends() }

        #expect(relay.asked.count == before + 1)
    }

    @Test func whatThePersonDidIsSentAtOnce() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        app.shell.cameForward()
        await app.ios.suspends()
        await app.shell.received(relay.push([("friends", 2)]))

        try await app.phone.app.markRead("friends", in: relay.account, upTo: 2)

        #expect(await relay.seesAnOperation())
    }

    @Test func aPushInTheBackgroundWakesTheBadgeAndLetsGoAgain() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.away(with: relay)

        let outcome = await app.shell.received(relay.push([("friends", 2)]))

        #expect(outcome?.badge?.badge == 2)
        #expect(await app.phone.screen.badge == 2)
        await #expect(throws: TrueBadgeError.suspended) { try await app.phone.app.badge }
        #expect(app.ios.stillAwake == 0)
    }

    @Test func whoComesBackFindsTheBadgeAwakeAtOnce() async throws {
        let app = try await Shelled.away(with: RelayDouble())
        app.shell.cameForward()
        #expect(try await app.phone.app.badge.badge == 0)
        await app.ios.suspends()
        #expect(try await app.phone.app.badge.badge == 0)
    }

    @Test func whoComesBackWhileTheAppIsLeavingIsNotPutToSleep() async throws {
        let app = try await Shelled.launched(with: RelayDouble())
        app.shell.left()
        app.shell.cameForward()
        await app.ios.suspends()
        #expect(try await app.phone.app.badge.badge == 0)
    }

    @Test func comingForwardIsHeardOnce() async throws {
        let app = try await Shelled.launched(with: RelayDouble())
        app.shell.cameForward()
        app.shell.cameForward()
        #expect(app.ios.awake.count == 2)
        await app.ios.suspends()
    }

    @Test func whenTheTimeRunsOutNoLockIsLeftAndTheTimeIsGivenBack() async throws {
        let (app, transport) = try await Shelled.hanging()
        app.shell.left()
        await transport.hangs()

        app.ios.timeRunsOut()

        #expect(app.ios.stillAwake == 0)
        await #expect(throws: TrueBadgeError.suspended) { try await app.phone.app.badge }
    }

    @Test func whenTheTimeOfAnAppThatIOSLaunchedRunsOutNoLockIsLeftEither() async throws {
        let (app, transport) = try await Shelled.hanging()
        let wake = Task { await app.shell.refresh(.backgroundRefresh) }
        await transport.hangs()

        app.ios.timeRunsOut()

        #expect(app.ios.stillAwake == 0)
        await #expect(throws: TrueBadgeError.suspended) { try await app.phone.app.badge }
        wake.cancel()
    }

    @Test func aPermissionThatIsGivenOverTheAppIsToldAtOnce() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        app.shell.cameForward()
        _ = try await relay.registration()

        await app.settings.become(PhoneConditions(badgesAllowed: false))
        app.shell.cameForward()
        #expect(try await relay.registration()?.conditions.badgesAllowed == false)
    }

    @Test func aNotificationsButtonWorksWhileTheAppIsInTheBackground() async throws {
        let relay = try RelayDouble()
        let app = try await Shelled.launched(with: relay)
        await app.shell.received(relay.push([("friends", 2)]))
        app.shell.left()
        await app.ios.suspends()

        let account = relay.account
        let state = try await app.shell.perform {
            try await $0.markRead("friends", in: account, upTo: 2)
        }

        #expect(state.badge == 0)
        #expect(await relay.seesAnOperation())
    }

    // MARK: Network

    @Test func theNetworkIsBackOnlyAfterItWasGone() async throws {
        let seen = Counter()
        let relay = try RelayDouble { _ in
            seen.add()
            return nil
        }
        let app = try await Shelled.launched(with: relay)
        let before = seen.count
        await app.shell.networkChanged(isOnline: true)
        await app.shell.networkChanged(isOnline: false)
        #expect(seen.count == before)

        await app.shell.networkChanged(isOnline: true)
        #expect(seen.count > before)
    }

    @Test func theAppHearsWhetherThereIsANetworkWhenThatChanges() async throws {
        var heard: [Bool] = []
        let app = Shelled(try Phone(), networkChanged: { heard.append($0) })

        for isOnline in [true, true, false, false, true] {
            await app.shell.networkChanged(isOnline: isOnline)
        }

        #expect(heard == [true, false, true])
        #expect(app.shell.isOnline == true)
    }

    // MARK: Before the first unlock

    @Test func beforeTheFirstUnlockIOSIsAnsweredAndNothingIsLost() async throws {
        let relay = try RelayDouble()
        let phone = try Phone()
        try await phone.launch(with: relay)
        _ = try await relay.registration()
        let lock = Lock()
        let app = Shelled(phone) {
            if lock.isLocked { throw TrueBadgeError.locked }
            return phone.app
        }

        app.shell.launched()
        await app.shell.received(pushToken: Data([0xbe, 0xef]))
        #expect(await app.shell.received(relay.push([("friends", 2)])) == nil)
        #expect(app.shell.badge == nil)
        #expect(app.shell.startError as? TrueBadgeError == .locked)
        await #expect(throws: TrueBadgeError.locked) {
            try await app.shell.perform { try await $0.badge }
        }

        lock.isLocked = false
        await app.shell.unlocked()
        #expect(app.shell.badge === phone.app)
        #expect(app.shell.startError == nil)
        #expect(try await relay.registration()?.pushToken == "beef")
    }
}

/// Whether the phone has been unlocked.
@MainActor private final class Lock {
    var isLocked = true
}
