import Foundation
import TrueBadge

/// What the person sees of the app without opening it: the number on its icon, and its
/// notifications.
actor HomeScreen {
    /// iOS keeps a bounded number too.
    private static let most = 500

    private struct Shown {
        var identifier: String
        var collapseID: String?
        var about: DeliveredNotification?
    }

    private let console: any Console
    private var badge: Int?
    private var awaiting: [CheckedContinuation<Void, Never>] = []
    /// How often the core has set the badge.
    private(set) var timesSet = 0
    private var shown: [Shown] = []
    /// The last two listings, to restore from.
    private var listings: [[Shown]] = []

    init(console: any Console) { self.console = console }

    /// iOS sets the number that a push carries, without running our code.
    func paint(_ count: Int) { show(count, by: .ios) }

    /// Waits until the icon shows a number, or has been set again since it was set `times` times.
    func shows(_ count: Int, orSetAfter times: Int) async {
        guard badge != count, timesSet <= times else { return }
        await withCheckedContinuation { awaiting.append($0) }
    }

    /// Shows what an alert push carries, in place of one with the same collapse id.
    func deliver(_ push: PushFrame) {
        shown.removeAll { $0.collapseID != nil && $0.collapseID == push.collapseID }
        if shown.count == Self.most { shown.removeFirst() }
        shown.append(
            Shown(
                identifier: push.apnsID, collapseID: push.collapseID,
                about: DeliveredNotification(push)))
        console.emit(.notification(identifier: push.apnsID, conversation: push.threadID))
    }

    private func show(_ count: Int, by painter: Event.Painter) {
        if count != badge { console.emit(.badge(count, by: painter, was: badge)) }
        badge = count
        // What iOS does at 0: all of the app's notifications go.
        if count == 0 { remove(shown.map(\.identifier), by: .ios) }
    }

    private func remove(_ identifiers: [String], by painter: Event.Painter) {
        let gone = shown.map(\.identifier).filter(Set(identifiers).contains)
        shown.removeAll { gone.contains($0.identifier) }
        if !gone.isEmpty { console.emit(.removed(gone, by: painter)) }
    }
}

extension HomeScreen: AppIconBadge {
    func setBadge(_ count: Int) {
        timesSet += 1
        show(count, by: .core)
        for waiting in awaiting { waiting.resume() }
        awaiting = []
    }
}

extension HomeScreen: NotificationList {
    func delivered() -> [DeliveredNotification] {
        let known = shown.filter { $0.about != nil }
        listings = listings.suffix(1) + [known]
        return known.compactMap(\.about)
    }

    func remove(_ identifiers: [String]) { remove(identifiers, by: .core) }

    func restore(_ identifiers: [String]) {
        for identifier in identifiers where !shown.contains(where: { $0.identifier == identifier })
        {
            let known = listings.reversed().joined().first { $0.identifier == identifier }
            guard let known else { continue }
            shown.append(known)
            console.emit(
                .notification(
                    identifier: identifier, conversation: known.about?.conversation.rawValue))
        }
    }
}

extension DeliveredNotification {
    /// Which conversation a push's notification is about; `nil` when it does not say.
    init?(_ push: PushFrame) {
        let payload = try? JSONSerialization.jsonObject(with: Data(push.payload.utf8))
        self.init(
            identifier: push.apnsID, thread: push.threadID ?? "",
            userInfo: payload as? [AnyHashable: Any] ?? [:])
    }
}
