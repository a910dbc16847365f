#if canImport(UserNotifications)
    import Foundation
    import UserNotifications

    /// A notification service extension that does all of the extension's part:
    ///
    /// ```swift
    /// final class NotificationService: BadgeNotificationService {
    ///     override func makeBadge() throws -> TrueBadge {
    ///         try TrueBadge.create(configuration: …)  // with `process: .extension`
    ///     }
    /// }
    /// ```
    open class BadgeNotificationService: UNNotificationServiceExtension {
        private var badge: TrueBadge?
        private var delivery: AlertDelivery?

        /// Override it: makes the badge, with the app's own configuration and `process: .extension`.
        open func makeBadge() throws -> TrueBadge {
            throw TrueBadgeError.fixCall("override makeBadge() in the extension")
        }

        /// Override it to change what the alert shows, before it is shown. Leave its number alone.
        open func adapt(_ content: UNMutableNotificationContent) {}

        /// Sets the badge, removes the notifications that are read, and shows the alert.
        open override func didReceive(
            _ request: UNNotificationRequest,
            withContentHandler contentHandler: @escaping (UNNotificationContent) -> Void
        ) {
            guard let content = request.content.mutableCopy() as? UNMutableNotificationContent
            else { return contentHandler(request.content) }
            adapt(content)
            let delivery = AlertDelivery { number in
                content.apply(number)
                contentHandler(content)
            }
            self.delivery = delivery
            guard let badge = try? makeBadge() else { return delivery.finish(.asItCame) }
            self.badge = badge
            let push = PushPayload(userInfo: request.content.userInfo)
            delivery.start {
                await AlertWake(badge: badge, settings: SystemSettings()).number(for: push)
            }
        }

        /// Shows the alert as it is, with no lock left on the store.
        open override func serviceExtensionTimeWillExpire() {
            try? badge?.suspend()
            delivery?.expire()
        }
    }

    extension UNMutableNotificationContent {
        fileprivate func apply(_ number: AlertWake.Number) {
            switch number {
            case .asItCame: break
            case .none: badge = nil
            case .exactly(let count): badge = NSNumber(value: count)
            }
        }
    }
#endif
