internal import TrueBadgeCore

/// The notifications that iOS shows for the app.
public protocol NotificationList: Sendable {
    /// Those that belong to a conversation.
    func delivered() async throws -> [DeliveredNotification]
    /// Removes these. Returns when they are gone. Calls come one after another.
    func remove(_ identifiers: [String]) async throws
}

final class NotificationsBridge: TrueBadgeCore.DeliveredNotifications {
    private let notifications: any NotificationList
    private let calls = CallsInOrder()

    init(_ notifications: any NotificationList) { self.notifications = notifications }

    func list(reply: NotificationsReply) {
        calls.add { [notifications] in
            do {
                try reply.succeed(notifications: try await notifications.delivered().map(\.core))
            } catch {
                try? reply.fail()
            }
        }
    }

    func remove(identifiers: [String], reply: RemovalReply) {
        calls.add { [notifications] in
            do {
                try await notifications.remove(identifiers)
                try reply.succeed()
            } catch {
                try? reply.fail()
            }
        }
    }
}
