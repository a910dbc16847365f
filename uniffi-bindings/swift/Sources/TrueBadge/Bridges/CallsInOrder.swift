/// Makes calls one after another, in the order in which they were added. Tasks alone keep no order,
/// and an older badge must not be set after a newer one.
final class CallsInOrder: Sendable {
    typealias Call = @Sendable () async -> Void

    private let calls: AsyncStream<Call>.Continuation

    init() {
        let (stream, calls) = AsyncStream.makeStream(of: Call.self)
        self.calls = calls
        Task { for await call in stream { await call() } }
    }

    deinit { calls.finish() }

    func add(_ call: @escaping Call) { calls.yield(call) }
}
