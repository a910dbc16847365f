import UserNotifications

/// iOS' notification settings.
struct SystemPermission: NotificationPermission {
    func status() async -> PermissionStatus {
        let settings = await UNUserNotificationCenter.current().notificationSettings()
        switch settings.authorizationStatus {
        case .notDetermined: return .undecided
        case .denied: return .denied
        default: return settings.badgeSetting == .enabled ? .allowed : .withoutBadge
        }
    }

    func request() async -> PermissionStatus {
        let center = UNUserNotificationCenter.current()
        _ = try? await center.requestAuthorization(options: [.badge, .alert, .sound])
        return await status()
    }
}
