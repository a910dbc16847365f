#if canImport(UserNotifications)
    import UserNotifications

    /// The notifications that iOS shows for the app.
    public actor SystemNotifications: NotificationList {
        /// What the last two listings showed, to restore from.
        private var listings: [[String: UNNotificationContent]] = []

        /// The app's own.
        public init() {}

        /// Those that belong to a conversation.
        public func delivered() async -> [DeliveredNotification] {
            let requests = await UNUserNotificationCenter.current().deliveredNotifications()
                .map(\.request)
            let contents = requests.map { ($0.identifier, $0.content) }
            listings = listings.suffix(1) + [Dictionary(contents, uniquingKeysWith: { $1 })]
            return requests.compactMap { request in
                DeliveredNotification(
                    identifier: request.identifier, thread: request.content.threadIdentifier,
                    userInfo: request.content.userInfo)
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

        /// Delivers these again under their names, as passive as iOS allows: no sound, no banner, no
        /// number for the icon.
        public func restore(_ identifiers: [String]) async throws {
            for identifier in identifiers {
                let known = listings.reversed().lazy.compactMap { $0[identifier] }.first
                guard let content = known?.mutableCopy() as? UNMutableNotificationContent else {
                    continue
                }
                content.sound = nil
                content.badge = nil
                content.interruptionLevel = .passive
                let request = UNNotificationRequest(
                    identifier: identifier, content: content, trigger: nil)
                try await UNUserNotificationCenter.current().add(request)
            }
        }
    }
#endif
