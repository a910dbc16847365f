import Observation

/// What the person lets the app do with notifications: iOS' settings, on a phone.
protocol NotificationPermission: Sendable {
    /// What was decided so far.
    func status() async -> PermissionStatus
    /// Has iOS ask the person, who can be asked only once.
    func request() async -> PermissionStatus
}

/// What the person decided about notifications.
enum PermissionStatus: Sendable {
    /// Not asked yet.
    case undecided
    /// The icon may have a badge.
    case allowed
    /// Notifications may come, but no badge.
    case withoutBadge
    /// Nothing may come.
    case denied
}

/// The first run: says why the app needs the permission for badges, then has iOS ask.
@available(iOS 17.0, *)
@MainActor @Observable
final class WelcomeModel {
    /// What was decided; `nil` until iOS was asked for it.
    private(set) var status: PermissionStatus?

    private let permission: any NotificationPermission

    init(_ permission: any NotificationPermission) { self.permission = permission }

    /// Whether the explanation has to be shown: iOS asks once, so it is told before.
    var isDue: Bool { status == .undecided }

    /// Reads what was decided: the person can change it in Settings at any time.
    func load() async { status = await permission.status() }

    /// Has iOS ask.
    func ask() async { status = await permission.request() }
}
