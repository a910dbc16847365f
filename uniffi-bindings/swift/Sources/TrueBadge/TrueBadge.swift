import Foundation
internal import TrueBadgeCore

/// Keeps the number on the app's icon true.
///
/// One for each process of the app, over one store. Make it once, tell it the push token, hand every
/// push to ``handlePush(_:within:)``, and call ``refresh(_:within:)`` whenever the app gets to run:
///
/// ```swift
/// let badge = try TrueBadge.create(configuration: configuration, bridges: .system())
/// try await badge.addAccount("alice", relay: relay)
/// try await badge.register(pushToken: deviceToken)
/// try await badge.refresh(.launch)
/// ```
///
/// What the person does (``markRead(_:in:upTo:remaining:)``) shows on the icon at once and is never
/// lost; the relay hears of it at the next refresh.
public actor TrueBadge {
    private let engine: Engine
    private let budget: Duration
    private let grace: Duration
    private let didAct: AsyncStream<Int>.Continuation
    private var newest: BadgeState?
    private var listeners: [UUID: AsyncStream<BadgeState>.Continuation] = [:]

    /// How often the person did something of which the relay must hear, in this process.
    private(set) var actsSoFar = 0
    /// The same whenever it grows; a slow reader gets the newest. For one reader.
    nonisolated let acts: AsyncStream<Int>

    private init(engine: Engine, budget: Duration, grace: Duration) {
        (acts, didAct) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.engine = engine
        self.budget = budget
        self.grace = grace
    }

    deinit {
        for listener in listeners.values { listener.finish() }
        didAct.finish()
    }

    /// Makes the directory of the store where there is none, protected until the first unlock, and
    /// an instance over it. Opens nothing yet.
    public static func create(
        configuration: Configuration, bridges: Bridges
    ) throws -> TrueBadge {
        try create(configuration: configuration, bridges: bridges, grace: .seconds(1))
    }

    /// - Parameter grace: how long after its budget a wake is ended from outside.
    static func create(
        configuration: Configuration, bridges: Bridges, grace: Duration
    ) throws -> TrueBadge {
        try configuration.makeDirectory()
        let engine = try calling {
            try Engine(
                configuration: configuration.core,
                badge: BadgeBridge(bridges.badge),
                delivered: NotificationsBridge(bridges.notifications),
                credentials: CredentialsBridge(bridges.credentials),
                transport: bridges.transport.map(TransportBridge.init))
        }
        return TrueBadge(engine: engine, budget: configuration.budget, grace: grace)
    }

    // MARK: Accounts

    /// Adds an account, or moves it to another relay. It counts from the next refresh on. One that
    /// was signed out can be added again: give its new token to the ``CredentialStore`` afterwards.
    ///
    /// - Parameters:
    ///   - account: the account's name on this phone. No relay sees it: there the token says whose
    ///     requests these are.
    ///   - relay: `https://…`; `http://` only for this very machine.
    public func addAccount(_ account: AccountID, relay: URL) throws {
        try calling {
            try engine.addAccount(account: account.rawValue, relay: relay.absoluteString)
        }
    }

    /// Signs an account out of this phone: all that is here of it goes, its notifications too, and
    /// the badge follows. Needs no network: the relay is told at the app's next refreshes, until it
    /// knows, and then the ``CredentialStore`` is asked to forget the token. Do not remove it before.
    @discardableResult
    public func signOut(_ account: AccountID) throws -> BadgeState {
        try acting { try engine.signOut(account: account.rawValue) }
    }

    /// Says whether an account counts in the badge.
    @discardableResult
    public func setParticipation(_ participates: Bool, of account: AccountID) throws -> BadgeState {
        try acting {
            try engine.setParticipation(account: account.rawValue, participates: participates)
        }
    }

    /// The accounts on this phone, in the order in which they were added.
    public var accounts: [Account] {
        get throws { try calling { try engine.accounts().map(Account.init) } }
    }

    /// An account's conversations that have something to show.
    public func conversations(of account: AccountID) throws -> [Conversation] {
        try calling { try engine.conversations(account: account.rawValue).map(Conversation.init) }
    }

    // MARK: The badge

    /// The number that the icon should show.
    public var badge: BadgeState {
        get throws { try changing { try engine.badge() } }
    }

    /// The badge now, and each change of it from now on. A slow reader gets the newest.
    public var badgeStates: AsyncStream<BadgeState> {
        let (stream, listener) = AsyncStream.makeStream(
            of: BadgeState.self, bufferingPolicy: .bufferingNewest(1))
        let name = UUID()
        listeners[name] = listener
        listener.onTermination = { [weak self] _ in
            Task { [weak self] in await self?.forget(name) }
        }
        if let newest = newest ?? (try? badge) { listener.yield(newest) }
        return stream
    }

    /// Which number the badge shows.
    public var policy: BadgePolicy {
        get throws { try calling { BadgePolicy(try engine.policy()) } }
    }

    /// Chooses which number the badge shows.
    @discardableResult
    public func setPolicy(_ policy: BadgePolicy) throws -> BadgeState {
        try acting { try engine.setPolicy(policy: policy.core) }
    }

    // MARK: What the phone tells

    /// Takes the token that iOS gave the app; `nil` when it gave none. Call it at every launch. The
    /// relays hear of it at the next refresh.
    ///
    /// - Returns: whether they must hear of it, so that a refresh at once is worth it: it is another
    ///   token, or the one that APNs had ended, once more.
    @discardableResult
    public func register(pushToken: Data?) throws -> Bool {
        try calling { try engine.setPushToken(token: pushToken) }
    }

    /// Takes what the phone's settings let through. The relays hear of it at the next refresh.
    public func setConditions(_ conditions: PhoneConditions) throws {
        try calling { try engine.setConditions(conditions: conditions.core) }
    }

    // MARK: Wakes

    /// Does all that a push asks for: sets the badge, removes the notifications that are read, and
    /// fetches what is missing while there is time.
    ///
    /// What goes wrong is in the outcome; it throws only when the task is cancelled
    /// (`CancellationError`) or the core is broken. Call iOS' completion handler afterwards, always.
    ///
    /// - Parameters:
    ///   - payload: the push.
    ///   - budget: the time that it may take; the configuration's without it.
    @discardableResult
    public func handlePush(
        _ payload: PushPayload, within budget: Duration? = nil
    ) async throws -> WakeOutcome {
        try await waking(budget) { [engine] milliseconds, cancellation in
            try await engine.handlePush(
                payload: payload.bytes, budgetMs: milliseconds, cancellation: cancellation)
        }
    }

    /// Sets the badge again, sends what is unsent, and brings every account up to date.
    ///
    /// - Parameters:
    ///   - cause: why the app runs.
    ///   - budget: the time that it may take; the configuration's without it.
    @discardableResult
    public func refresh(
        _ cause: WakeCause, within budget: Duration? = nil
    ) async throws -> WakeOutcome {
        try await waking(budget) { [engine] milliseconds, cancellation in
            try await engine.refresh(
                cause: cause.core, budgetMs: milliseconds, cancellation: cancellation)
        }
    }

    // MARK: What the person does

    /// The person read a conversation up to a position.
    ///
    /// - Parameters:
    ///   - conversation: the conversation.
    ///   - account: the account that it belongs to.
    ///   - position: the newest message that was read.
    ///   - remaining: how many messages after it are still unread.
    @discardableResult
    public func markRead(
        _ conversation: ConversationID, in account: AccountID, upTo position: UInt64,
        remaining: UInt32 = 0
    ) throws -> BadgeState {
        try acting {
            try engine.markRead(
                account: account.rawValue, conversation: conversation.rawValue, upTo: position,
                remaining: remaining)
        }
    }

    /// The person marked a conversation unread by hand, or with `marked: false` took that back.
    @discardableResult
    public func markUnread(
        _ conversation: ConversationID, in account: AccountID, marked: Bool = true
    ) throws -> BadgeState {
        try acting {
            try engine.markUnread(
                account: account.rawValue, conversation: conversation.rawValue, marked: marked)
        }
    }

    /// The person read single messages, 1 to 1,000 at once. A mark that was set by hand stays.
    ///
    /// - Parameters:
    ///   - positions: the messages that were read.
    ///   - conversation: their conversation.
    ///   - account: the account that it belongs to.
    ///   - remaining: how many messages of the conversation are still unread.
    @discardableResult
    public func markItemsRead(
        _ positions: [UInt64], of conversation: ConversationID, in account: AccountID,
        remaining: UInt32 = 0
    ) throws -> BadgeState {
        try acting {
            try engine.markItemsRead(
                account: account.rawValue, conversation: conversation.rawValue,
                positions: positions, remaining: remaining)
        }
    }

    /// The person read all of an account, muted conversations too, up to the newest messages that
    /// this phone knows of: all of it, or nothing.
    @discardableResult
    public func markAllRead(in account: AccountID) throws -> BadgeState {
        try acting { try engine.markAllRead(account: account.rawValue) }
    }

    /// The person chose what of a conversation may count.
    @discardableResult
    public func setLevel(
        _ level: Conversation.Level, of conversation: ConversationID, in account: AccountID
    ) throws -> BadgeState {
        try acting {
            try engine.setLevel(
                account: account.rawValue, conversation: conversation.rawValue, level: level.core)
        }
    }

    /// What relays refused for good of what the person did, and that the app has not taken note of:
    /// the newest 256 of each account, oldest first. It no longer counts.
    public var rejectedOperations: [RejectedOperation] {
        get throws { try calling { try engine.rejectedOperations().map(RejectedOperation.init) } }
    }

    /// Takes note of every rejected operation up to this one.
    public func forgetRejected(upTo operation: RejectedOperation) throws {
        try calling { try engine.forgetRejected(upToSequence: operation.sequence) }
    }

    /// Checks the whole store, makes it anew if it is damaged, and has the next ``refresh(_:within:)``
    /// fetch every account anew and register this phone again. Deletes nothing that the person made.
    ///
    /// - Returns: whether the store was damaged.
    @discardableResult
    public func repair() throws -> Bool {
        try calling { try engine.repair() }
    }

    // MARK: Suspension

    /// Lets go of every file lock. Call it, from any thread, before iOS suspends the app: an app
    /// that holds one in a shared container while it is suspended is killed. Every call throws
    /// ``TrueBadgeError/suspended`` until ``resume()``.
    public nonisolated func suspend() throws {
        try calling { try engine.suspend() }
    }

    /// Works again after ``suspend()``.
    public nonisolated func resume() throws {
        try calling { try engine.resume() }
    }

    // MARK: -

    private func acting(_ call: () throws -> TrueBadgeCore.BadgeState) throws -> BadgeState {
        let state = try changing(call)
        actsSoFar += 1
        didAct.yield(actsSoFar)
        return state
    }

    private func changing(_ call: () throws -> TrueBadgeCore.BadgeState) throws -> BadgeState {
        let state = BadgeState(try calling(call))
        publish(state)
        return state
    }

    /// Swift's task cancellation reaches the core by a `Cancellation`. So does the end of the time,
    /// for a core that its own deadline did not stop.
    private func waking(
        _ budget: Duration?,
        _ call: @Sendable (UInt32, Cancellation) async throws -> TrueBadgeCore.WakeOutcome
    ) async throws -> WakeOutcome {
        let budget = budget ?? self.budget
        do {
            let cancellation = try Cancellation()
            let watch = Task { [grace] in
                try await Task.sleep(for: budget + grace, clock: .continuous)
                try cancellation.cancel()
            }
            defer { watch.cancel() }
            let outcome = try await withTaskCancellationHandler {
                try await call(budget.milliseconds, cancellation)
            } onCancel: {
                try? cancellation.cancel()
            }
            if let badge = outcome.badge { publish(BadgeState(badge)) }
            return WakeOutcome(outcome)
        } catch TrueBadgeCore.TrueBadgeError.Cancelled where !Task.isCancelled {
            throw TrueBadgeError.tryAgain("the time for this wake ran out")
        } catch {
            throw translated(error)
        }
    }

    /// Wakes overlap: one that ends late knows an older badge.
    private func publish(_ state: BadgeState) {
        if let newest, newest.generation > state.generation || newest == state { return }
        newest = state
        for listener in listeners.values { listener.yield(state) }
    }

    private func forget(_ listener: UUID) {
        listeners[listener] = nil
    }
}
