#if canImport(UserNotifications)
    import UserNotifications

    /// The number on the app's icon, as iOS keeps it. The app needs the person's permission for
    /// badges, and works from an extension too.
    public struct SystemBadge: AppIconBadge {
        /// The app's own.
        public init() {}

        /// Sets it; zero removes it.
        public func setBadge(_ count: Int) async throws {
            try await UNUserNotificationCenter.current().setBadgeCount(count)
        }
    }
#endif
