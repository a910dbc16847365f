import TrueBadge
import UserNotifications
import WidgetKit

/// What iOS runs when an alert comes: it sets the badge from the app's own store, and the widget
/// with it.
final class NotificationService: BadgeNotificationService {
    override func makeBadge() throws -> TrueBadge { try .shared(in: .extension) }

    override func didReceive(
        _ request: UNNotificationRequest,
        withContentHandler contentHandler: @escaping (UNNotificationContent) -> Void
    ) {
        super.didReceive(request) { content in
            WidgetCenter.shared.reloadAllTimelines()
            contentHandler(content)
        }
    }
}
