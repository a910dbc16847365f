// swift-format-ignore-file
// As much of Apple's UserNotifications as the Swift package uses, so that its Apple-only files can
// be type-checked where there is no Xcode. Signatures as in Apple's documentation; no behaviour.
import Foundation

open class UNNotificationContent: NSObject, NSCopying, NSMutableCopying {
    open var threadIdentifier: String { "" }
    open var userInfo: [AnyHashable: Any] { [:] }
    open func copy(with zone: NSZone? = nil) -> Any { self }
    open func mutableCopy(with zone: NSZone? = nil) -> Any { UNMutableNotificationContent() }
}

open class UNNotificationSound: NSObject {}

public enum UNNotificationInterruptionLevel: UInt, Sendable {
    case passive = 0
    case active = 1
    case timeSensitive = 2
    case critical = 3
}

open class UNMutableNotificationContent: UNNotificationContent {
    open var badge: NSNumber?
    open var sound: UNNotificationSound?
    open var interruptionLevel: UNNotificationInterruptionLevel = .active
}

open class UNNotificationTrigger: NSObject {}

open class UNNotificationRequest: NSObject {
    public convenience init(
        identifier: String, content: UNNotificationContent, trigger: UNNotificationTrigger?
    ) { self.init() }
    open var identifier: String { "" }
    open var content: UNNotificationContent { UNNotificationContent() }
}

open class UNNotification: NSObject {
    open var request: UNNotificationRequest { UNNotificationRequest() }
}

public enum UNNotificationSetting: Int, Sendable {
    case notSupported = 0
    case disabled = 1
    case enabled = 2
}

open class UNNotificationSettings: NSObject, @unchecked Sendable {
    open var badgeSetting: UNNotificationSetting { .disabled }
    open var alertSetting: UNNotificationSetting { .disabled }
}

open class UNUserNotificationCenter: NSObject, @unchecked Sendable {
    public class func current() -> UNUserNotificationCenter { UNUserNotificationCenter() }
    open func setBadgeCount(_ newBadgeCount: Int) async throws {}
    open func notificationSettings() async -> UNNotificationSettings { UNNotificationSettings() }
    open func add(_ request: UNNotificationRequest) async throws {}
    open func deliveredNotifications() async -> [UNNotification] { [] }
    open func removeDeliveredNotifications(withIdentifiers identifiers: [String]) {}
}

extension ProcessInfo {
    /// Apple's Foundation has it, Linux' has not.
    public var isLowPowerModeEnabled: Bool { false }
}
