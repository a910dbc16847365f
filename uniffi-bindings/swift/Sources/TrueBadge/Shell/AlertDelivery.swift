import Foundation

/// Hands an alert back to iOS, exactly once: when its wake ends, or when the extension's time does.
final class AlertDelivery: @unchecked Sendable {
    /// Guards `deliver` and `work`, which are all that makes this unsafe to send. iOS takes the alert
    /// back on any thread.
    private let turn = NSLock()
    private var deliver: ((AlertWake.Number) -> Void)?
    private var work: Task<Void, Never>?

    init(_ deliver: @escaping (AlertWake.Number) -> Void) { self.deliver = deliver }

    /// Starts the wake that says which number the alert gets.
    func start(_ wake: @escaping @Sendable () async -> AlertWake.Number) {
        let work = Task { finish(await wake()) }
        turn.withLock { self.work = work }
    }

    func finish(_ number: AlertWake.Number) {
        let deliver = turn.withLock {
            defer { self.deliver = nil }
            return self.deliver
        }
        deliver?(number)
    }

    /// The extension's time is over: what is under way is given up.
    func expire() {
        turn.withLock { work }?.cancel()
        finish(.asItCame)
    }
}
