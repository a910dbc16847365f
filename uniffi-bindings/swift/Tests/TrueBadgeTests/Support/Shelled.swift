import Foundation

@testable import TrueBadge

/// A phone whose app has a shell over an iOS of the test's own.
@MainActor struct Shelled {
    let phone: Phone
    let shell: BadgeShell
    let ios = FakeIOS()
    let settings = FakeSettings()
    let scheduler = FakeScheduler()

    init(
        _ phone: Phone, clock: any Clock<Duration> = ContinuousClock(),
        makeBadge: (@MainActor () throws -> TrueBadge)? = nil,
        networkChanged: @escaping @MainActor (Bool) -> Void = { _ in }
    ) {
        self.phone = phone
        shell = BadgeShell(
            application: ios, settings: settings, scheduler: scheduler, clock: clock,
            makeBadge: makeBadge ?? { phone.app }, networkChanged: networkChanged)
    }

    /// A launched app that knows that nothing is unread.
    static func launched(with relay: RelayDouble) async throws -> Shelled {
        let app = Shelled(try Phone())
        try await app.phone.launch(with: relay)
        app.shell.launched()
        await app.ios.suspends()
        return app
    }

    /// An app in the background, which iOS may suspend.
    static func away(with relay: RelayDouble) async throws -> Shelled {
        let app = try await launched(with: relay)
        app.shell.left()
        await app.ios.suspends()
        return app
    }

    /// An app on its screen whose relay answers nothing, and what it asked for.
    static func hanging(
        clock: any Clock<Duration> = ContinuousClock()
    ) async throws -> (Shelled, HangingTransport) {
        let transport = HangingTransport()
        let app = Shelled(try Phone(transport: transport), clock: clock)
        let relay = try RelayDouble()
        try await app.phone.app.addAccount(relay.account, relay: relay.address)
        return (app, transport)
    }
}

extension RelayDouble {
    /// The next registration of the phone.
    func registration() async throws -> Registration? {
        for await request in requests where request.method == "PUT" {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Registration.self, from: request.body)
        }
        return nil
    }

    struct Registration: Decodable {
        struct Conditions: Decodable {
            let badgesAllowed: Bool
            let alertsAllowed: Bool
            let backgroundRefresh: Bool
            let lowPowerMode: Bool
        }

        let pushToken: String?
        let conditions: Conditions
    }
}

extension RelayDouble {
    /// Waits for something that the person did.
    func seesAnOperation() async -> Bool {
        for await request in requests where request.path.hasPrefix("/v1/operations") { return true }
        return false
    }

    /// Waits for the phone to sign out.
    func seesASignOut() async -> Bool {
        for await request in requests where request.method == "DELETE" { return true }
        return false
    }
}

/// Counts on any thread.
final class Counter: @unchecked Sendable {
    /// Guards `number`, which is all that makes this unsafe to send.
    private let turn = NSLock()
    private var number = 0

    var count: Int { turn.withLock { number } }
    func add() { turn.withLock { number += 1 } }
}
