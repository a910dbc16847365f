internal import TrueBadgeCore

/// The number on the app's icon.
public protocol AppIconBadge: Sendable {
    /// Sets it; zero removes it. Returns when iOS has taken it. Calls come one after another.
    func setBadge(_ count: Int) async throws
}

final class BadgeBridge: TrueBadgeCore.AppBadge {
    private let badge: any AppIconBadge
    private let calls = CallsInOrder()

    init(_ badge: any AppIconBadge) { self.badge = badge }

    func setBadge(count: UInt32, reply: DoneReply) {
        calls.add { [badge] in
            do {
                try await badge.setBadge(Int(count))
                try reply.succeed()
            } catch {
                try? reply.fail()
            }
        }
    }
}
