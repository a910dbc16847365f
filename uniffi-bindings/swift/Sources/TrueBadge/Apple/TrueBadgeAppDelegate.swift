#if canImport(UIKit) && canImport(BackgroundTasks) && canImport(UserNotifications)
    import BackgroundTasks
    import UIKit
    import UserNotifications

    extension BadgeShell {
        /// A shell over iOS. Make it in `application(_:didFinishLaunchingWithOptions:)`, one for the
        /// app: it takes the background refreshes over, and hears by itself of the foreground, the
        /// background, the network, the settings and the first unlock. The push token and the pushes are
        /// left to tell it, and ``launched()``.
        ///
        /// - Parameters:
        ///   - refreshIdentifier: the background refresh task's identifier, one of the `Info.plist`'s
        ///     `BGTaskSchedulerPermittedIdentifiers`.
        ///   - makeBadge: makes the badge; called again at the next wake when it throws.
        ///   - started: hears of the badge as soon as there is one.
        ///   - networkChanged: hears whether the phone has a network, when that changes.
        @available(iOSApplicationExtension, unavailable)
        public convenience init(
            refreshIdentifier: String, makeBadge: @escaping @MainActor () throws -> TrueBadge,
            started: @escaping @MainActor (TrueBadge) -> Void = { _ in },
            networkChanged: @escaping @MainActor (_ isOnline: Bool) -> Void = { _ in }
        ) {
            let refreshes = SystemRefreshes(identifier: refreshIdentifier)
            self.init(
                application: SystemApplication(), settings: SystemSettings(), scheduler: refreshes,
                makeBadge: makeBadge, started: started, networkChanged: networkChanged)
            refreshes.whenGranted { [self] in use($0) }
            SystemEvents.tell(self)
        }
    }

    /// An app delegate that does all of the app's part:
    ///
    /// ```swift
    /// final class AppDelegate: TrueBadgeAppDelegate {
    ///     override func makeBadge() throws -> TrueBadge {
    ///         try TrueBadge.create(configuration: …)
    ///     }
    /// }
    ///
    /// @main struct ExampleApp: App {
    ///     @UIApplicationDelegateAdaptor private var delegate: AppDelegate
    ///     …
    /// }
    /// ```
    @available(iOSApplicationExtension, unavailable)
    @MainActor
    open class TrueBadgeAppDelegate: NSObject, UIApplicationDelegate,
        UNUserNotificationCenterDelegate
    {
        /// The shell that does the work; for ``BadgeShell/perform(_:)`` and ``BadgeShell/refresh(_:)``.
        public private(set) lazy var shell = BadgeShell(
            refreshIdentifier: refreshIdentifier,
            makeBadge: { [unowned self] in try makeBadge() },
            started: { [unowned self] in started($0) },
            networkChanged: { [unowned self] in networkChanged(isOnline: $0) })

        /// The badge; `nil` until it could be made (never before the phone's first unlock).
        public var badge: TrueBadge? { shell.badge }

        /// Why there is no badge.
        public var startError: (any Error)? { shell.startError }

        /// Override it: makes the badge, with the app's own configuration. Called once, or again at
        /// the next wake when it throws.
        open func makeBadge() throws -> TrueBadge {
            throw TrueBadgeError.fixCall("override makeBadge() in the app's delegate")
        }

        /// Override it to hear of the badge as soon as there is one.
        open func started(_ badge: TrueBadge) {}

        /// Override it to hear whether the phone has a network, when that changes. Without one, what the
        /// person does is sent later.
        open func networkChanged(isOnline: Bool) {}

        /// The background refresh task's identifier: the bundle's with `.refresh` after it, unless it is
        /// overridden. It must be one of the `Info.plist`'s `BGTaskSchedulerPermittedIdentifiers`.
        open var refreshIdentifier: String { "\(Bundle.main.bundleIdentifier ?? "app").refresh" }

        /// How a notification is shown while the app is in the foreground. Without a number for the
        /// icon: TrueBadge sets it. One that was delivered before and is put back (it is passive) is only
        /// listed.
        nonisolated open func presentation(
            of notification: UNNotification
        ) -> UNNotificationPresentationOptions {
            notification.request.content.interruptionLevel == .passive
                ? [.list] : [.banner, .list, .sound]
        }

        // MARK: UIApplicationDelegate

        /// Starts everything. Call `super` when you override it.
        open func application(
            _ application: UIApplication,
            didFinishLaunchingWithOptions options: [UIApplication.LaunchOptionsKey: Any]? = nil
        ) -> Bool {
            let center = UNUserNotificationCenter.current()
            if center.delegate == nil { center.delegate = self }
            shell.launched()
            return true
        }

        /// Hands over the push token. Call `super` when you override it.
        open func application(
            _ application: UIApplication,
            didRegisterForRemoteNotificationsWithDeviceToken deviceToken: Data
        ) {
            Task { await shell.received(pushToken: deviceToken) }
        }

        /// Remembers why there is no push token. Call `super` when you override it.
        open func application(
            _ application: UIApplication,
            didFailToRegisterForRemoteNotificationsWithError error: any Error
        ) {
            shell.failedToGetPushToken(error)
        }

        /// Does what a push asks for and answers iOS, once, in time. Call `super` for the pushes that
        /// are not the app's own, and leave the answer to it.
        open func application(
            _ application: UIApplication,
            didReceiveRemoteNotification userInfo: [AnyHashable: Any],
            fetchCompletionHandler completionHandler: @escaping (UIBackgroundFetchResult) -> Void
        ) {
            let push = PushPayload(userInfo: userInfo)
            Task {
                let outcome = await shell.received(push)
                completionHandler(UIBackgroundFetchResult(outcome))
            }
        }

        // MARK: UNUserNotificationCenterDelegate

        /// An alert that comes while the app is in the foreground. Call `super` when you override it.
        nonisolated open func userNotificationCenter(
            _ center: UNUserNotificationCenter, willPresent notification: UNNotification,
            withCompletionHandler completionHandler:
                @escaping @Sendable (UNNotificationPresentationOptions) -> Void
        ) {
            let push = PushPayload(userInfo: notification.request.content.userInfo)
            Task { await shell.received(push) }
            completionHandler(presentation(of: notification))
        }

        /// The person tapped a notification or one of its buttons. Override it to act on that, with
        /// ``BadgeShell/perform(_:)``, and call the handler afterwards.
        nonisolated open func userNotificationCenter(
            _ center: UNUserNotificationCenter, didReceive response: UNNotificationResponse,
            withCompletionHandler completionHandler: @escaping @Sendable () -> Void
        ) {
            completionHandler()
        }
    }

    extension UIBackgroundFetchResult {
        /// What a wake for a push came to, as iOS wants to hear it; `failed` when nothing could be done.
        public init(_ outcome: WakeOutcome?) {
            switch (outcome?.error, outcome?.disposition) {
            case (nil, .applied), (nil, .gap), (nil, .diverged), (nil, .epochChanged):
                self = .newData
            case (nil, .stale), (nil, .notForUs), (nil, .malformed):
                self = .noData
            case (nil, nil), (.some, _):
                self = .failed
            }
        }
    }
#endif
