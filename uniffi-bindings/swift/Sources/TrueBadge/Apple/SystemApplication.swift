#if canImport(UIKit)
    import UIKit

    /// The app, as UIKit shows it.
    @available(iOSApplicationExtension, unavailable)
    @MainActor struct SystemApplication: HostApplication {
        var allowsBackgroundRefresh: Bool {
            UIApplication.shared.backgroundRefreshStatus == .available
        }

        func askForPushToken() { UIApplication.shared.registerForRemoteNotifications() }

        func stayAwake(expired: @escaping @MainActor @Sendable () -> Void) -> any TimeAwake {
            BackgroundTime(expired: expired)
        }
    }

    /// A background task of UIKit's: not one of BackgroundTasks', an assertion that keeps the app
    /// from being suspended.
    @available(iOSApplicationExtension, unavailable)
    @MainActor private final class BackgroundTime: TimeAwake {
        private var identifier = UIBackgroundTaskIdentifier.invalid

        init(expired: @escaping @MainActor @Sendable () -> Void) {
            identifier = UIApplication.shared.beginBackgroundTask(withName: "TrueBadge") {
                expired()
                self.end()
            }
        }

        func end() {
            guard identifier != .invalid else { return }
            UIApplication.shared.endBackgroundTask(identifier)
            identifier = .invalid
        }
    }
#endif
