#if canImport(UserNotifications)
    import UserNotifications

    /// The notifications that iOS shows for the app.
    public struct SystemNotifications: NotificationList {
        /// The app's own.
        public init() {}

        /// Those that belong to a conversation.
        public func delivered() async -> [DeliveredNotification] {
            let shown = await UNUserNotificationCenter.current().deliveredNotifications()
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
    }
#endif
