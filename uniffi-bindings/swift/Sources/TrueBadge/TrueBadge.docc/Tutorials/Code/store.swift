import Foundation
import TrueBadge

enum Store {
    static let appGroup = "group.com.example.app"
    static let keychainGroup = "ABCDE12345.com.example.app"

    static func open(_ process: TrueBadge.Process) throws -> TrueBadge {
        let container = FileManager.default
            .containerURL(forSecurityApplicationGroupIdentifier: appGroup)
        guard let container else { throw TrueBadgeError.checkSetUp("the app group is missing") }
        return try TrueBadge.create(
            configuration: TrueBadge.Configuration(
                directory: container.appendingPathComponent("TrueBadge"),
                device: try KeychainDevice.id(group: keychainGroup),
                topic: "com.example.app", appVersion: "1.0", process: process),
            bridges: .system(keychainGroup: keychainGroup))
    }
}
