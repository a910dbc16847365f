import Foundation
import TrueBadge

extension TrueBadge {
    /// The one store of the app and its extensions, as each of their processes opens it.
    static func shared(in process: Process) throws -> TrueBadge {
        try create(
            configuration: Configuration(
                directory: try directory, device: KeychainDevice.id(group: Identity.group),
                topic: Identity.app, environment: environment, appVersion: Identity.version,
                process: process),
            bridges: .system(keychainGroup: Identity.group, transport: URLSessionTransport()))
    }

    /// Where the store is: the group's container, which every process of the app can reach.
    private static var directory: URL {
        get throws {
            let container = FileManager.default.containerURL(
                forSecurityApplicationGroupIdentifier: Identity.group)
            guard let container else {
                throw TrueBadgeError.checkSetUp("the app group is missing")
            }
            return container.appending(path: "TrueBadge", directoryHint: .isDirectory)
        }
    }

    /// What Xcode runs on a phone has a token for Apple's sandbox; TestFlight and the App Store have
    /// production's. A relay tries the other one when this is wrong.
    private static var environment: PushEnvironment {
        #if DEBUG
            .sandbox
        #else
            .production
        #endif
    }
}
