import Foundation

@testable import TrueBadge

/// What iOS does for an app, in memory; what the app asked of it is counted.
@MainActor final class FakeIOS: HostApplication {
    var allowsBackgroundRefresh = true
    private(set) var tokensAsked = 0
    private(set) var awake: [FakeTime] = []
    private let endings: AsyncStream<Void>
    private let ending: AsyncStream<Void>.Continuation

    init() { (endings, ending) = AsyncStream.makeStream() }

    /// How many of the times awake have not been given back.
    var stillAwake: Int { awake.filter { !$0.ended }.count }

    func askForPushToken() { tokensAsked += 1 }

    func stayAwake(expired: @escaping @MainActor @Sendable () -> Void) -> any TimeAwake {
        let time = FakeTime(expired: expired) { [ending] in ending.yield() }
        awake.append(time)
        return time
    }

    /// Returns when the app has given all of its time back: iOS would suspend it.
    func suspends() async {
        for await _ in endings where stillAwake == 0 { return }
    }

    /// iOS has no more time for the app.
    func timeRunsOut() {
        for time in awake where !time.ended { time.expire() }
    }
}

@MainActor final class FakeTime: TimeAwake {
    private(set) var ended = false
    private let expired: @MainActor @Sendable () -> Void
    private let said: @Sendable () -> Void

    init(
        expired: @escaping @MainActor @Sendable () -> Void,
        ended said: @escaping @Sendable () -> Void
    ) {
        self.expired = expired
        self.said = said
    }

    func end() {
        guard !ended else { return }
        ended = true
        said()
    }

    func expire() {
        expired()
        end()
    }
}

/// Settings that a test changes, or that never answer.
actor FakeSettings: PhoneSettings {
    private var now = PhoneConditions()
    private var silent = false
    private(set) var asked: [Bool?] = []

    func become(_ conditions: PhoneConditions) { now = conditions }
    func fallSilent() { silent = true }

    func conditions(backgroundRefresh: Bool?) async -> PhoneConditions {
        asked.append(backgroundRefresh)
        if silent { await forever() }
        var conditions = now
        conditions.backgroundRefresh = backgroundRefresh
        return conditions
    }
}

/// Background refreshes that a test grants.
actor FakeScheduler: RefreshScheduler {
    private let asks: AsyncStream<Void>
    private let asked: AsyncStream<Void>.Continuation

    init() { (asks, asked) = AsyncStream.makeStream() }

    func ask() { asked.yield() }

    /// Returns when it was asked so often.
    func isAsked(times: Int) async {
        var left = times
        for await _ in asks {
            left -= 1
            if left == 0 { return }
        }
    }
}

/// A background refresh, and how it ended.
final class FakeRefresh: GrantedRefresh {
    private let ends: AsyncStream<Bool>
    private let ended: AsyncStream<Bool>.Continuation
    private let expiries: AsyncStream<@Sendable () -> Void>
    private let expiry: AsyncStream<@Sendable () -> Void>.Continuation

    init() {
        (ends, ended) = AsyncStream.makeStream()
        (expiries, expiry) = AsyncStream.makeStream()
    }

    func whenExpired(_ expired: @escaping @Sendable () -> Void) { expiry.yield(expired) }
    func complete(success: Bool) { ended.yield(success) }

    /// Its time is over.
    func expire() async {
        for await expired in expiries { return expired() }
    }

    /// How it ended.
    func success() async -> Bool? {
        for await success in ends { return success }
        return nil
    }

    /// How it was said to have ended beyond that.
    func saidAgain() async -> [Bool] {
        ended.finish()
        var more: [Bool] = []
        for await success in ends { more.append(success) }
        return more
    }
}

/// A clock on which no time passes until the test says so.
final class FakeClock: Clock, @unchecked Sendable {
    struct Instant: InstantProtocol {
        var offset = Duration.zero
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (one: Instant, other: Instant) -> Bool { one.offset < other.offset }
    }

    /// Guards the rest, which is all that makes this unsafe to send.
    private let turn = NSLock()
    private var time = Instant()
    private var sleepers: [UUID: (Instant, CheckedContinuation<Void, any Error>)] = [:]
    /// One for each that fell asleep.
    private let naps: AsyncStream<Duration>
    private let nap: AsyncStream<Duration>.Continuation

    init() { (naps, nap) = AsyncStream.makeStream() }

    var now: Instant { turn.withLock { time } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let name = UUID()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let begun = turn.withLock {
                    sleepers[name] = (deadline, continuation)
                    return time
                }
                nap.yield(begun.duration(to: deadline))
                if Task.isCancelled { wake(name, .failure(CancellationError())) }
            }
        } onCancel: {
            wake(name, .failure(CancellationError()))
        }
    }

    /// Waits until somebody sleeps for `nap`, and lets it pass.
    func pass(_ nap: Duration) async {
        for await begun in naps where begun == nap { return advance(by: nap) }
    }

    private func advance(by duration: Duration) {
        let due = turn.withLock {
            time = time.advanced(by: duration)
            return sleepers.filter { $0.value.0 <= time }.map(\.key)
        }
        for name in due { wake(name, .success(())) }
    }

    private func wake(_ name: UUID, _ result: Result<Void, any Error>) {
        turn.withLock { sleepers.removeValue(forKey: name) }?.1.resume(with: result)
    }
}

/// Waits until the task is cancelled.
func forever() async {
    let (stream, never) = AsyncStream.makeStream(of: Never.self)
    for await _ in stream {}
    withExtendedLifetime(never) {}
}

/// Requests that are never answered.
final class HangingTransport: Transport {
    let requests: AsyncStream<TransportRequest>
    private let seen: AsyncStream<TransportRequest>.Continuation

    init() { (requests, seen) = AsyncStream.makeStream() }

    func send(_ request: TransportRequest) async throws -> TransportResponse {
        seen.yield(request)
        await forever()
        throw TransportError.broken
    }

    /// Returns when a request is under way.
    func hangs() async {
        for await _ in requests { return }
    }
}
