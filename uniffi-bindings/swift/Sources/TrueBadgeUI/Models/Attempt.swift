import TrueBadge

/// Does something, and gives what a person must be told of how it failed.
///
/// A cancelled task failed nobody, and an app in the background is asked again in the foreground.
@MainActor
func attempt(_ work: () async throws -> Void) async -> TrueBadgeError? {
    do {
        try await work()
        return nil
    } catch TrueBadgeError.suspended {
        return nil
    } catch is CancellationError {
        return nil
    } catch {
        return error as? TrueBadgeError ?? .internalFailure(String(describing: error))
    }
}

extension WakeOutcome {
    /// A wake tells what went wrong instead of throwing it; a person who asked for one wants to know.
    func throwing() throws {
        if let error { throw error }
    }
}
