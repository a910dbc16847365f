import Foundation
import TrueBadge

/// The app: what happens goes into TrueBadge, events come out. It takes one thing after another
/// from ``run(_:)``; wakes go on beside.
actor Phone {
    /// What happens to a phone.
    enum Happening: Sendable {
        /// APNs said something.
        case apns(APNsLine.Said)
        /// A launch goes on without APNs from here.
        case noTokenCame
        /// A line was typed, or something that is no command.
        case typed(Result<Command, UsageError>)
        /// A wake ended; without an outcome when it was cancelled or failed as a whole.
        case woken(wake: Int, WakeOutcome?)
        /// A signal to end came.
        case stop
        /// APNs did not answer the farewell in time.
        case farewellOver
    }

    private enum Stage {
        case waitingForToken, launching, launched, ending
    }

    private let options: Options
    private let console: any Console
    private let screen: HomeScreen
    private let device: String
    private var app: TrueBadge
    /// The person swiped the app away: iOS starts it for no push (rule 4 of docs/PLATFORM.md).
    private var isForceQuit = false
    private let say: @Sendable (Happening) -> Void
    private var line: APNsLine?
    private var attached = false
    private var pushToken: Data?
    private var stage = Stage.waitingForToken
    private var held: [Happening] = []
    private var wakes: [Int: Task<Void, Never>] = [:]
    private var wakesBegun = 0
    private var refusals: Set<RejectedOperation> = []

    /// A phone over a store; nothing is sent yet.
    ///
    /// - Parameter say: brings what happens beside to ``run(_:)``.
    init(
        options: Options, console: any Console, say: @escaping @Sendable (Happening) -> Void
    ) throws {
        self.options = options
        self.console = console
        self.say = say
        screen = HomeScreen(console: console)
        device = try DeviceFile.id(in: options.store)
        app = try Self.app(screen, options, device: device)
    }

    /// Tells the app what the flags say. Throws when the store or an account's name is no good.
    func setUp() async throws {
        try await app.setPolicy(options.policy)
        for account in options.accounts {
            try await app.addAccount(account.id, relay: options.relay)
        }
    }

    private static func app(
        _ screen: HomeScreen, _ options: Options, device: String
    ) throws -> TrueBadge {
        try TrueBadge.create(
            configuration: configuration(options, device: device, process: .app),
            bridges: bridges(screen, options))
    }

    private static func configuration(
        _ options: Options, device: String, process: TrueBadge.Process
    ) -> TrueBadge.Configuration {
        TrueBadge.Configuration(
            directory: options.store, device: device, topic: options.topic,
            environment: .sandbox, appVersion: "0.1.0", process: process)
    }

    private static func bridges(_ screen: HomeScreen, _ options: Options) -> TrueBadge.Bridges {
        TrueBadge.Bridges(
            badge: screen, notifications: screen, credentials: GivenCredentials(options.accounts))
    }

    /// Runs until told to quit, and closes the store.
    func run(_ happenings: AsyncStream<Happening>) async {
        begin()
        for await happening in happenings {
            guard await take(happening) else { break }
        }
        line = nil
        await reporting { try app.suspend() }
        console.emit(.stopped)
    }

    /// Attaches to APNs first, to have a token at launch; but waits for it 5 s at most.
    private func begin() {
        guard let apns = options.apns else { return say(.noTokenCame) }
        let say = say
        line = APNsLine(address: apns, topic: options.topic, install: options.install) {
            say(.apns($0))
        }
        later(.seconds(5), .noTokenCame)
    }

    private func later(_ time: Duration, _ happening: Happening) {
        Task { [say] in
            try await Task.sleep(for: time)
            say(happening)
        }
    }

    /// `false`: the phone ends.
    private func take(_ happening: Happening) async -> Bool {
        switch (happening, stage) {
        case (.apns(.away), .ending), (.farewellOver, _): return false
        case (_, .ending): break
        case (.stop, _): return end()
        case (.noTokenCame, .waitingForToken): launch()
        case (.noTokenCame, _): break
        case (.apns(.attached(let token)), _): await registered(token)
        case (.apns(.trouble(let message)), _): console.emit(.error(message))
        case (.woken(let wake, let outcome), .launching):
            wakes[wake] = nil
            launched(outcome)
            let waiting = held
            held = []
            for happening in waiting {
                guard await take(happening) else { return false }
            }
        case (.woken(let wake, let outcome), _):
            wakes[wake] = nil
            report(outcome)
        case (.apns, .launched), (.typed, .launched): return await live(happening)
        case (.apns, _), (.typed, _): held.append(happening)
        }
        return true
    }

    private func live(_ happening: Happening) async -> Bool {
        switch happening {
        case .apns(.push(let push)): await receive(push)
        case .apns(.away):
            attached = false
            console.emit(.away)
        case .typed(.success(.quit)): return end()
        case .typed(.success(let command)): await obey(command)
        case .typed(.failure(let error)): console.emit(.error(error.sentence))
        default: break
        }
        return true
    }

    // MARK: Launch

    /// As at every launch of an app: the token goes to the core. A changed one, to the relays too.
    private func registered(_ token: Data) async {
        console.emit(.attached)
        attached = true
        let changed = token != pushToken
        pushToken = token
        if isForceQuit { return }
        await reporting { try await app.register(pushToken: token) }
        switch stage {
        case .waitingForToken: launch()
        case .launching, .ending: break
        case .launched: if changed { refresh(.foreground) }
        }
    }

    private func launch() {
        stage = .launching
        refresh(.launch)
    }

    private func launched(_ outcome: WakeOutcome?) {
        report(outcome)
        stage = .launched
        console.emit(
            .ready(
                device: device, pushToken: pushToken?.hexadecimal,
                badge: outcome?.badge?.badge ?? 0))
    }

    // MARK: Wakes

    /// What iOS does with a push: it shows, it paints, it wakes.
    private func receive(_ push: PushFrame) async {
        if push.isAlert { await screen.deliver(push) }
        if let badge = push.badge { await screen.paint(Int(badge)) }
        let payload = PushPayload(Data(push.payload.utf8))
        if push.wakes, !isForceQuit {
            wake { [app] in try await app.handlePush(payload) }
        } else if push.startsExtension {
            let screen = screen
            let options = options
            let device = device
            wake {
                // A process of its own on an iPhone: over the same store, gone after the push.
                let ours = try TrueBadge.create(
                    configuration: Self.configuration(
                        options, device: device, process: .extension),
                    bridges: Self.bridges(screen, options))
                return try await ours.handlePush(payload)
            }
        }
    }

    private func refresh(_ cause: WakeCause) {
        wake { [app] in try await app.refresh(cause) }
    }

    private func wake(_ work: @escaping @Sendable () async throws -> WakeOutcome) {
        wakesBegun += 1
        wakes[wakesBegun] = Task { [wake = wakesBegun, say, console] in
            var outcome: WakeOutcome?
            do {
                outcome = try await work()
            } catch is CancellationError {
                // Nobody waits for it any more.
            } catch {
                console.emit(.error(sentence(error)))
            }
            say(.woken(wake: wake, outcome))
        }
    }

    private func report(_ outcome: WakeOutcome?) {
        guard let outcome else { return }
        console.emit(.wake(outcome))
        // Each is told in every wake until `rejected` takes note of it.
        for refused in outcome.rejected where refusals.insert(refused).inserted {
            console.emit(.error("the relay refused an operation: \(refused.reason)"))
        }
    }

    // MARK: Commands

    private func obey(_ command: Command) async {
        if isForceQuit, ![.open, .away, .back].contains(command) {
            return console.emit(.error("the app was force-quit: open it first"))
        }
        switch command {
        case .read(let account, let conversation, let position, let remaining):
            await record("read", account, conversation) {
                try await app.markRead(
                    conversation, in: account, upTo: position, remaining: remaining)
            }
        case .unread(let account, let conversation):
            await record("unread", account, conversation) {
                try await app.markUnread(conversation, in: account)
            }
        case .readItems(let account, let conversation, let positions, let remaining):
            await record("read-items", account, conversation) {
                try await app.markItemsRead(
                    positions, of: conversation, in: account, remaining: remaining)
            }
        case .readAll(let account):
            await record("read-all", account) { try await app.markAllRead(in: account) }
        case .level(let account, let conversation, let level):
            await record("level", account, conversation) {
                try await app.setLevel(level, of: conversation, in: account)
            }
        case .signOut(let account):
            await record("sign-out", account) { try await app.signOut(account) }
        case .rejected: await rejected()
        case .refresh: refresh(.foreground)
        case .forceQuit: await forceQuit()
        case .open: await open()
        case .away: attach(false)
        case .back: attach(true)
        case .list: await list()
        case .quit: break
        }
    }

    /// iOS ends the process with all that it was doing.
    private func forceQuit() async {
        for wake in wakes.values { wake.cancel() }
        isForceQuit = true
        await reporting { try app.suspend() }
        console.emit(.forceQuit)
    }

    /// After a force-quit this is another process, over the same store.
    private func open() async {
        guard isForceQuit else { return refresh(.foreground) }
        isForceQuit = false
        await reporting {
            app = try Self.app(screen, options, device: device)
            try await app.register(pushToken: pushToken)
            refresh(.launch)
        }
    }

    private func record(
        _ kind: String, _ account: AccountID, _ conversation: ConversationID? = nil,
        _ work: () async throws -> BadgeState
    ) async {
        var failure: String?
        do {
            // In the same order always: what the person sees, then that it was recorded.
            let times = await screen.timesSet
            let state = try await work()
            // A number that is not known is not shown.
            if state.isKnown { await screen.shows(state.badge, orSetAfter: times) }
        } catch {
            failure = sentence(error)
        }
        console.emit(
            .operation(kind: kind, account: account, conversation: conversation, error: failure))
        if failure == nil { refresh(.operation) }
    }

    private func attach(_ wanted: Bool) {
        guard let line else {
            let message = "there is no APNs to leave or to come back to: start with --apns"
            return console.emit(.error(message))
        }
        line.want(wanted)
    }

    private func list() async {
        await reporting {
            var all: [Conversation] = []
            for account in try await app.accounts {
                all += try await app.conversations(of: account.id)
            }
            console.emit(.conversations(all))
        }
    }

    private func rejected() async {
        await reporting {
            let refused = try await app.rejectedOperations
            console.emit(.rejected(refused))
            if let last = refused.last { try await app.forgetRejected(upTo: last) }
        }
    }

    // MARK: The end

    /// Says goodbye to APNs, so that what comes from now on is kept there. `true` while its answer is
    /// awaited.
    private func end() -> Bool {
        for wake in wakes.values { wake.cancel() }
        stage = .ending
        line?.want(false)
        later(.seconds(2), .farewellOver)
        return attached
    }

    private func reporting(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            console.emit(.error(sentence(error)))
        }
    }
}

func sentence(_ error: any Error) -> String {
    switch error {
    case let error as UsageError: error.sentence
    case let error as TrueBadgeError: error.sentence
    default: error.localizedDescription
    }
}
