import Foundation

/// Does for a ``TrueBadge/TrueBadge`` what iOS expects of an app: asks for the push token, tells the
/// phone's conditions, uses every moment that iOS gives, answers in time, and lets go of the store
/// before iOS suspends the app.
///
/// ``TrueBadgeAppDelegate`` has one and tells it what happens. An app with a delegate of its own makes
/// one itself and calls ``launched()`` and the rest of the methods here.
@MainActor
public final class BadgeShell {
    /// The badge; `nil` until it could be made (never before the phone's first unlock).
    public private(set) var badge: TrueBadge?
    /// Why there is no badge.
    public private(set) var startError: (any Error)?
    /// Why iOS gave no push token, if it gave none. It is asked again at the next launch.
    public private(set) var pushTokenError: (any Error)?
    /// Whether the phone has a network; `nil` until iOS said so.
    public private(set) var isOnline: Bool?
    /// Why iOS plans no background refresh, if it plans none: the identifier is not in the app's
    /// `Info.plist`, or Background App Refresh is off.
    public private(set) var backgroundRefreshError: (any Error)?

    private let application: any HostApplication
    private let settings: any PhoneSettings
    private let scheduler: any RefreshScheduler
    private let clock: any Clock<Duration>
    private let makeBadge: @MainActor () throws -> TrueBadge
    private let started: @MainActor (TrueBadge) -> Void
    private let tellNetwork: @MainActor (_ isOnline: Bool) -> Void

    private var place = Place.unknown
    private var wakes = 0
    private var wasLocked = false
    private var newToken: Data?
    private var conditions: PhoneConditions?
    /// What the relays have not heard of yet, as the cause of a refresh that tells them.
    private var untold: WakeCause?
    /// The refresh that has the relays hear of what the person did, up to this act.
    private var sending: (act: Int, task: Task<Void, Never>)?

    private enum Place {
        /// Launched, for whatever reason.
        case unknown
        case foreground
        /// The person has left.
        case background
    }

    /// How long iOS may take to tell its settings.
    private static let patience = Duration.seconds(1)
    /// When iOS is answered at the latest; it ends apps after about 30 s.
    private static let longest = Duration.seconds(28)

    /// - Parameters:
    ///   - makeBadge: makes the badge; called again at the next wake when it throws.
    ///   - started: hears of the badge as soon as there is one.
    ///   - networkChanged: hears whether the phone has a network, when that changes.
    init(
        application: any HostApplication, settings: any PhoneSettings,
        scheduler: any RefreshScheduler, clock: any Clock<Duration> = ContinuousClock(),
        makeBadge: @escaping @MainActor () throws -> TrueBadge,
        started: @escaping @MainActor (TrueBadge) -> Void = { _ in },
        networkChanged: @escaping @MainActor (_ isOnline: Bool) -> Void = { _ in }
    ) {
        self.application = application
        self.settings = settings
        self.scheduler = scheduler
        self.clock = clock
        self.makeBadge = makeBadge
        self.started = started
        tellNetwork = networkChanged
    }

    // MARK: What happens

    /// The app was launched, by the person or by iOS. What it was launched for comes next.
    public func launched() {
        application.askForPushToken()
        guard let stay = wakeUp() else { return }
        Task { await use(stay) }
    }

    /// The app came to the foreground, or iOS' own question about a permission went away over it: then
    /// only what changed is told.
    public func cameForward() {
        guard place != .foreground else {
            Task { await tellWhatChanged() }
            return
        }
        place = .foreground
        start(.foreground)
    }

    /// The app went to the background. iOS may suspend it as soon as this returns, so the time for
    /// what is left to do is asked for at once.
    public func left() {
        place = .background
        start(.operation)
    }

    /// iOS gave a push token. When it is another one, the relays hear of it at once.
    public func received(pushToken: Data) async {
        pushTokenError = nil
        newToken = pushToken
        await tellWhatChanged()
    }

    /// iOS gave no push token. The one that the relays know stays.
    public func failedToGetPushToken(_ error: any Error) {
        pushTokenError = error
    }

    /// A push came. Answer iOS afterwards, always: this returns in time.
    ///
    /// - Returns: what it did; `nil` when nothing could be done.
    @discardableResult
    public func received(_ push: PushPayload) async -> WakeOutcome? {
        await inTime { try await $0.handlePush(push) }
    }

    /// The app runs for another reason: brings everything up to date.
    ///
    /// - Returns: what it did; `nil` when nothing could be done.
    @discardableResult
    public func refresh(_ cause: WakeCause) async -> WakeOutcome? {
        await inTime { try await $0.refresh(cause) }
    }

    /// Low Power Mode, Background App Refresh or the permissions may have changed. If so, the relays
    /// hear of it at once: what they send depends on it.
    public func conditionsMayHaveChanged() async {
        await tellWhatChanged()
    }

    /// The network path changed.
    public func networkChanged(isOnline: Bool) async {
        let before = self.isOnline
        self.isOnline = isOnline
        if before != isOnline { tellNetwork(isOnline) }
        let cameBack = before == false && isOnline
        if cameBack { await refresh(.networkBack) }
    }

    /// The phone was unlocked: what needed that is done now.
    public func unlocked() async {
        if badge == nil || wasLocked { await refresh(.launch) }
    }

    /// Runs what the person did outside of the app's screens, with a notification's button for
    /// instance, while the app may be in the background and ``TrueBadge/TrueBadge/suspend()``ed; and
    /// has it sent.
    public func perform<Value: Sendable>(
        _ act: @escaping @Sendable (TrueBadge) async throws -> Value
    ) async throws -> Value {
        guard let stay = wakeUp() else { throw startError ?? TrueBadgeError.locked }
        defer { fallAsleep(stay) }
        let before = await stay.badge.actsSoFar
        let value = try await act(stay.badge)
        let acts = await stay.badge.actsSoFar
        if acts > before { await send(acts) } else { await refresh(.operation) }
        return value
    }

    /// Uses a background refresh and ends it, once, in time.
    nonisolated func use(_ granted: any GrantedRefresh) {
        let work = Task {
            let outcome = await refresh(.backgroundRefresh)
            granted.complete(success: outcome.map { $0.error == nil } ?? false)
        }
        granted.whenExpired { work.cancel() }
    }

    // MARK: Wakes

    /// Time awake with a badge that works.
    private struct Stay {
        let badge: TrueBadge
        let time: any TimeAwake
    }

    /// From here until ``fallAsleep(_:)`` the badge works. `nil` when there is none.
    private func wakeUp() -> Stay? {
        guard let badge = badge ?? make() else { return nil }
        wakes += 1
        try? badge.resume()
        let time = application.stayAwake { [weak self] in self?.runOutOfTime() }
        return Stay(badge: badge, time: time)
    }

    /// In the background the last wake to end lets go of the store.
    private func fallAsleep(_ stay: Stay) {
        wakes -= 1
        if wakes == 0 { suspendUnlessInForeground() }
        stay.time.end()
    }

    /// Not before it is known that the person left: the screens of an app that is just being launched
    /// read the store already.
    private func suspendUnlessInForeground() {
        if place == .background { try? badge?.suspend() }
    }

    /// iOS' time is over: whatever is under way, the process is suspended now, unless it is in front.
    private func runOutOfTime() {
        if place != .foreground { try? badge?.suspend() }
    }

    private func make() -> TrueBadge? {
        do {
            let badge = try makeBadge()
            self.badge = badge
            startError = nil
            sendWhatThePersonDoes(badge.acts)
            started(badge)
            return badge
        } catch {
            startError = error
            return nil
        }
    }

    private func sendWhatThePersonDoes(_ acts: AsyncStream<Int>) {
        Task { [weak self] in
            for await act in acts { await self?.send(act) }
        }
    }

    /// One refresh for each act, whoever asks for it; returns when it has ended. Not cancelled with who
    /// asked first.
    private func send(_ act: Int) async {
        if let sending, sending.act >= act { return await sending.task.value }
        let task = Task { _ = await refresh(.operation) }
        sending = (act, task)
        await task.value
    }

    private func start(_ cause: WakeCause) {
        guard let stay = wakeUp() else { return }
        Task { await use(stay) { try await self.refresh($0, cause) } }
    }

    private func tellWhatChanged() async {
        guard let stay = wakeUp() else { return }
        await use(stay)
    }

    private func inTime(
        _ work: @escaping @Sendable (TrueBadge) async throws -> WakeOutcome
    ) async -> WakeOutcome? {
        guard let stay = wakeUp() else { return nil }
        let outcome = await within(Self.longest, clock) { @MainActor in
            var outcome: WakeOutcome?
            await self.use(stay) { badge in
                outcome = try await work(badge)
                self.heed(outcome)
            }
            return outcome
        }
        return outcome ?? nil
    }

    /// Looks at what is new, does the work, and has the relays hear of what they have not heard of.
    private func use(
        _ stay: Stay, _ work: @MainActor (TrueBadge) async throws -> Void = { _ in }
    ) async {
        defer { fallAsleep(stay) }
        await look(stay.badge)
        // What goes wrong is in the outcome; it throws when the wake was cancelled.
        try? await work(stay.badge)
        if let cause = untold { try? await refresh(stay.badge, cause) }
    }

    private func refresh(_ badge: TrueBadge, _ cause: WakeCause) async throws {
        untold = nil
        heed(try await badge.refresh(cause))
    }

    private func heed(_ outcome: WakeOutcome?) {
        guard let outcome else { return }
        wasLocked = outcome.error == .locked
        if outcome.pushTokenWanted { application.askForPushToken() }
    }

    /// Each wake asks for the next background refresh and tells the phone's conditions.
    private func look(_ badge: TrueBadge) async {
        askForBackgroundRefresh()
        let allowed = application.allowsBackgroundRefresh
        let now = await within(Self.patience, clock) { [settings] in
            await settings.conditions(backgroundRefresh: allowed)
        }
        if let now, (try? await badge.setConditions(now)) != nil {
            if let before = conditions, before != now {
                untold = before.lowPowerMode && !now.lowPowerMode ? .lowPowerModeEnded : .operation
            }
            conditions = now
        }
        if let token = newToken, let mustTell = try? await badge.register(pushToken: token) {
            if mustTell { untold = .launch }
            if newToken == token { newToken = nil }
        }
    }

    /// Nobody waits for it: iOS can be slow to answer.
    private func askForBackgroundRefresh() {
        Task {
            do {
                try await scheduler.ask()
                backgroundRefreshError = nil
            } catch {
                backgroundRefreshError = error
            }
        }
    }
}
