import Foundation
import TrueBadge

/// What iOS shows, in memory.
actor Screen: AppIconBadge, NotificationList, CredentialStore {
    struct Refused: Error {}

    /// The app holds the screen, so the directory stays as long as either.
    let directory = ScratchDirectory()
    private(set) var badges: [Int] = []
    private(set) var notifications: [DeliveredNotification] = []
    private(set) var restored: [String] = []
    private(set) var forgotten: [String] = []
    private var refuses = false
    private var tokens = true

    var badge: Int? { badges.last }

    func refuse() { refuses = true }
    func signOut() { tokens = false }
    func show(_ notification: DeliveredNotification) { notifications.append(notification) }

    /// Waits until the icon shows this number: a call that changes it returns before iOS has it.
    func shows(_ number: Int) async -> Bool {
        while badge != number, !Task.isCancelled { await Task.yield() }
        return badge == number
    }

    func setBadge(_ count: Int) throws {
        guard !refuses else { throw Refused() }
        badges.append(count)
    }

    func delivered() -> [DeliveredNotification] { notifications }

    func remove(_ identifiers: [String]) {
        notifications.removeAll { identifiers.contains($0.identifier) }
    }

    func restore(_ identifiers: [String]) {
        restored += identifiers
    }

    func token(for account: AccountID, refused: String?) -> String? {
        tokens ? "token of \(account.rawValue)" : nil
    }

    func forget(_ account: AccountID, token: String) {
        forgotten.append("\(account.rawValue): \(token)")
    }
}

/// A directory that goes when nobody holds it any more.
final class ScratchDirectory: Sendable {
    let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("truebadge-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// A phone with an app on it, and a directory of its own.
struct Phone {
    let screen = Screen()
    let app: TrueBadge

    /// - Parameter credentials: the tokens; without, each account has one.
    init(transport: (any Transport)? = nil, credentials: (any CredentialStore)? = nil) throws {
        app = try TrueBadge.create(
            configuration: Self.configuration(screen.directory.url),
            bridges: TrueBadge.Bridges(
                badge: screen, notifications: screen, credentials: credentials ?? screen,
                transport: transport))
    }

    /// The extension's process, over the same store and the same screen.
    func `extension`() throws -> TrueBadge {
        try TrueBadge.create(
            configuration: Self.configuration(screen.directory.url, process: .extension),
            bridges: TrueBadge.Bridges(badge: screen, notifications: screen, credentials: screen))
    }

    static func configuration(
        _ directory: URL, device: String = "device", process: TrueBadge.Process = .app
    ) -> TrueBadge.Configuration {
        TrueBadge.Configuration(
            directory: directory, device: device, topic: "com.example.app", environment: .sandbox,
            appVersion: "1", process: process)
    }

    /// Signs in and refreshes once, as an app does at its launch.
    func launch(with relays: RelayDouble...) async throws {
        for relay in relays { try await app.addAccount(relay.account, relay: relay.address) }
        let outcome = try await app.refresh(.launch)
        if let error = outcome.error { throw error }
    }
}
