#if canImport(UserNotifications)
    import Foundation
    import UserNotifications

    extension PhoneConditions {
        /// What the phone's settings let through now.
        ///
        /// - Parameter backgroundRefresh: whether
        ///   `UIApplication.shared.backgroundRefreshStatus` is `.available`; only the main actor may
        ///   ask for it. An extension can't, and says `nil`.
        public static func current(backgroundRefresh: Bool?) async -> PhoneConditions {
            let settings = await UNUserNotificationCenter.current().notificationSettings()
            return PhoneConditions(
                badgesAllowed: settings.badgeSetting == .enabled,
                // Without banners a notification may still show in the list and on the Lock Screen.
                alertsAllowed: [
                    settings.alertSetting, settings.notificationCenterSetting,
                    settings.lockScreenSetting,
                ].contains(.enabled),
                backgroundRefresh: backgroundRefresh,
                lowPowerMode: ProcessInfo.processInfo.isLowPowerModeEnabled)
        }
    }
#endif
