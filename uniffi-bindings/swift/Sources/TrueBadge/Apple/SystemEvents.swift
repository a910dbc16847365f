#if canImport(UIKit)
    import Network
    import UIKit

    /// Tells a shell what iOS posts, for as long as the app lives. With or without scenes: UIKit posts
    /// these for the app as a whole.
    @available(iOSApplicationExtension, unavailable)
    struct SystemEvents {
        private static let comingForward = [
            UIApplication.willEnterForegroundNotification,
            // In a launch the one above may not be posted.
            UIApplication.didBecomeActiveNotification,
        ]
        private static let changing = [
            UIApplication.backgroundRefreshStatusDidChangeNotification,
            Notification.Name.NSProcessInfoPowerStateDidChange,
        ]

        private let shell: BadgeShell

        static func tell(_ shell: BadgeShell) {
            let events = SystemEvents(shell: shell)
            events.watchNetwork()
            for name in comingForward { events.on(name) { $0.cameForward() } }
            for name in changing {
                events.on(name) { shell in Task { await shell.conditionsMayHaveChanged() } }
            }
            events.on(UIApplication.didEnterBackgroundNotification) { $0.left() }
            events.on(UIApplication.protectedDataDidBecomeAvailableNotification) { shell in
                Task { await shell.unlocked() }
            }
        }

        /// At once where iOS posts on the main thread: it may suspend the app when this returns.
        private func on(
            _ name: Notification.Name, _ act: @escaping @MainActor @Sendable (BadgeShell) -> Void
        ) {
            _ = NotificationCenter.default.addObserver(forName: name, object: nil, queue: nil) {
                [shell] _ in
                if Thread.isMainThread {
                    MainActor.assumeIsolated { act(shell) }
                } else {
                    Task { @MainActor in act(shell) }
                }
            }
        }

        private func watchNetwork() {
            let (paths, path) = AsyncStream.makeStream(of: Bool.self)
            let monitor = NWPathMonitor()
            monitor.pathUpdateHandler = { path.yield($0.status == .satisfied) }
            monitor.start(queue: DispatchQueue(label: "dev.truebadge.network"))
            Task { [shell] in
                for await isOnline in paths { await shell.networkChanged(isOnline: isOnline) }
                monitor.cancel()
            }
        }
    }
#endif
