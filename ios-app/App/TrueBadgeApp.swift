import Observation
import SwiftUI
import TrueBadge
import WidgetKit

/// The app: accounts, conversations, one badge that is right, and why it is what it is.
@main
struct TrueBadgeApp: App {
    @UIApplicationDelegateAdaptor(AppDelegate.self) private var delegate

    var body: some Scene {
        WindowGroup { RootView(delegate: delegate) }
    }
}

/// Everything that iOS asks of an app with a badge is done by the package; this says which store it is
/// about, and has the widget follow.
final class AppDelegate: TrueBadgeAppDelegate {
    /// What the views see of it.
    let start = Start()

    override func makeBadge() throws -> TrueBadge { try .shared(in: .app) }

    override func started(_ badge: TrueBadge) {
        start.badge = badge
        Task {
            for await _ in await badge.badgeStates { WidgetCenter.shared.reloadAllTimelines() }
        }
    }

    override func networkChanged(isOnline: Bool) { start.isOffline = !isOnline }
}

/// Whether there is a badge yet (never before the phone's first unlock), and a network.
@MainActor @Observable
final class Start {
    fileprivate(set) var badge: TrueBadge?
    fileprivate(set) var isOffline = false
}
