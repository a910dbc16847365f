internal import TrueBadgeCore

/// The notifications that iOS shows for the app.
public protocol NotificationList: Sendable {
    /// Those that belong to a conversation.
    func delivered() async throws -> [DeliveredNotification]
    /// Removes these. Returns when they are gone. Calls come one after another.
    func remove(_ identifiers: [String]) async throws
    /// Delivers these again: without a sound, without a banner, without a number for the icon. iOS
    /// dropped them when the badge became 0, though they are not read. Keep what the last two calls
    /// of ``delivered()`` showed for this, and leave out what was in neither.
    func restore(_ identifiers: [String]) async throws
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

    func remove(identifiers: [String], reply: DoneReply) {
        calls.add { [notifications] in
            do {
                try await notifications.remove(identifiers)
                try reply.succeed()
            } catch {
                try? reply.fail()
            }
        }
    }

    func restore(identifiers: [String], reply: DoneReply) {
        calls.add { [notifications] in
            do {
                try await notifications.restore(identifiers)
                try reply.succeed()
            } catch {
                try? reply.fail()
            }
        }
    }
}
