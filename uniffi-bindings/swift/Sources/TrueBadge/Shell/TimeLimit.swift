/// What `work` gives, or `nil` when it takes longer than `limit`, or when the caller was cancelled:
/// then it is cancelled too, and goes on unheard if it does not listen. Whoever must answer iOS in
/// time can't wait for it.
func within<Value: Sendable>(
    _ limit: Duration, _ clock: any Clock<Duration>, _ work: @escaping @Sendable () async -> Value
) async -> Value? {
    let (firsts, first) = AsyncStream.makeStream(
        of: Value?.self, bufferingPolicy: .bufferingOldest(1))
    let working = Task { _ = first.yield(await work()) }
    let watching = Task {
        try await clock.sleep(for: limit)
        first.yield(nil)
    }
    defer {
        working.cancel()
        watching.cancel()
    }
    for await value in firsts { return value }
    return nil
}
