#if canImport(UserNotifications)
    import Foundation
    import UserNotifications

    /// The notifications that iOS shows for the app.
    public struct SystemNotifications: NotificationList {
        private let listings = Listings()

        /// The app's own.
        public init() {}

        /// Those that belong to a conversation.
        public func delivered() async -> [DeliveredNotification] {
            let shown = await UNUserNotificationCenter.current().deliveredNotifications()
            listings.add(shown.map(\.request))
            return shown.compactMap { notification in
                let content = notification.request.content
                return DeliveredNotification(
                    identifier: notification.request.identifier,
                    thread: content.threadIdentifier, userInfo: content.userInfo)
            }
        }

        /// Removes these, and waits until they are gone, half a second at most: iOS does it later,
        /// and an extension that ends before that may lose it.
        public func remove(_ identifiers: [String]) async {
            let center = UNUserNotificationCenter.current()
            center.removeDeliveredNotifications(withIdentifiers: identifiers)
            for _ in 0..<10 {
                let left = await center.deliveredNotifications().map(\.request.identifier)
                if Set(left).isDisjoint(with: identifiers) { return }
                try? await Task.sleep(for: .milliseconds(50))
            }
        }

        /// Delivers these again under their names, as passively as iOS allows: no sound, no banner,
        /// no number for the icon.
        public func restore(_ identifiers: [String]) async throws {
            for identifier in identifiers {
                guard let content = listings.silentCopy(of: identifier) else { continue }
                let request = UNNotificationRequest(
                    identifier: identifier, content: content, trigger: nil)
                try await UNUserNotificationCenter.current().add(request)
            }
        }
    }

    /// What the last two listings showed.
    private final class Listings: @unchecked Sendable {
        /// Guards `newest` and `older`, which are all that makes this unsafe to send.
        private let turn = NSLock()
        private var newest: [String: UNNotificationContent] = [:]
        private var older: [String: UNNotificationContent] = [:]

        func add(_ requests: [UNNotificationRequest]) {
            let contents = requests.map { ($0.identifier, $0.content) }
            turn.withLock {
                older = newest
                newest = Dictionary(contents, uniquingKeysWith: { $1 })
            }
        }

        func silentCopy(of identifier: String) -> UNMutableNotificationContent? {
            turn.withLock {
                let known = newest[identifier] ?? older[identifier]
                let content = known?.mutableCopy() as? UNMutableNotificationContent
                content?.sound = nil
                content?.badge = nil
                content?.interruptionLevel = .passive
                return content
            }
        }
    }
#endif
