import Foundation
import TrueBadge
import WidgetKit

/// What the widget shows from a moment on.
struct BadgeEntry: TimelineEntry {
    let date: Date
    /// The number; `nil` when it is not known, which is not zero.
    let badge: Int?

    /// What the store of the app says now. The widget opens it as the extension does, which never
    /// makes or repairs it, and leaves no file lock behind.
    static func current(at date: Date) async -> BadgeEntry {
        guard let badge = try? TrueBadge.shared(in: .extension),
            let state = try? await badge.badge
        else { return BadgeEntry(date: date, badge: nil) }
        try? badge.suspend()
        return BadgeEntry(date: date, badge: state.isKnown ? state.badge : nil)
    }
}

/// Gives WidgetKit the number. The app and its extension ask for it anew whenever the number
/// changes; every half hour WidgetKit does by itself, should they have been stopped before.
struct BadgeTimeline: TimelineProvider {
    func placeholder(in context: Context) -> BadgeEntry {
        BadgeEntry(date: .now, badge: 3)
    }

    func getSnapshot(
        in context: Context, completion: @escaping @Sendable (BadgeEntry) -> Void
    ) {
        if context.isPreview { return completion(placeholder(in: context)) }
        Task { completion(await .current(at: .now)) }
    }

    func getTimeline(
        in context: Context, completion: @escaping @Sendable (Timeline<BadgeEntry>) -> Void
    ) {
        Task {
            let now = Date.now
            let entry = await BadgeEntry.current(at: now)
            completion(
                Timeline(entries: [entry], policy: .after(now.addingTimeInterval(30 * 60))))
        }
    }
}
