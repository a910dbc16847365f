import Foundation

/// A value that several tasks use, one at a time.
final class Guarded<Value: Sendable>: @unchecked Sendable {
    /// Guards `value`, which is all that makes this unsafe to send.
    private let turn = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func with<Result>(_ use: (inout Value) throws -> Result) rethrows -> Result {
        try turn.withLock { try use(&value) }
    }
}
