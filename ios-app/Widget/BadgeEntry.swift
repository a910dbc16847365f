import Foundation
import TrueBadge
import WidgetKit

/// What the widget shows from a moment on.
struct BadgeEntry: TimelineEntry {
    let date: Date
    /// The number; `nil` when it is not known, which is not zero.
    let badge: Int?
    /// When WidgetKit is to ask anew by itself.
    let next: Date

    /// What the store of the app says now. The widget opens it as the extension does, which never
    /// makes or repairs it, and leaves no file lock behind.
    static func current(at date: Date) async -> BadgeEntry {
        do {
            let badge = try TrueBadge.shared(in: .extension)
            defer { try? badge.suspend() }
            let state = try await badge.badge
            return BadgeEntry(
                date: date, badge: state.isKnown ? state.badge : nil, next: date + halfAnHour)
        } catch TrueBadgeError.tryAgain {
            // Another process was writing. (Other errors last: iOS grants a widget a few dozen
            // updates a day.)
            return BadgeEntry(date: date, badge: nil, next: date + aMinute)
        } catch {
            return BadgeEntry(date: date, badge: nil, next: date + halfAnHour)
        }
    }

    private static let aMinute: TimeInterval = 60
    private static let halfAnHour: TimeInterval = 30 * 60
}

/// Gives WidgetKit the number. The app and its extension ask for it anew whenever the number
/// changes; every half hour WidgetKit does by itself, should they have been stopped before, and after a
/// minute when the store was busy.
struct BadgeTimeline: TimelineProvider {
    func placeholder(in context: Context) -> BadgeEntry {
        BadgeEntry(date: .now, badge: 3, next: .distantFuture)
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
            let entry = await BadgeEntry.current(at: .now)
            completion(Timeline(entries: [entry], policy: .after(entry.next)))
        }
    }
}
