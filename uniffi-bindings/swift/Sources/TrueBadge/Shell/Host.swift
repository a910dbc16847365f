// What the shell needs of iOS, so that it can be tested without.

/// The app, as iOS sees it.
@MainActor protocol HostApplication: Sendable {
    /// Whether Background App Refresh is on, for the phone and for the app.
    var allowsBackgroundRefresh: Bool { get }
    /// Asks iOS for the push token; it comes, or an error does, later.
    func askForPushToken()
    /// Asks iOS not to suspend the app yet.
    ///
    /// - Parameter expired: what has to be done at once when the time is over; it ends afterwards
    ///   by itself.
    func stayAwake(expired: @escaping @MainActor @Sendable () -> Void) -> any TimeAwake
}

/// Time in which iOS does not suspend the app.
@MainActor protocol TimeAwake: Sendable {
    /// Gives it back. Does nothing the second time.
    func end()
}

/// What the person and the phone let through.
protocol PhoneSettings: Sendable {
    func conditions(backgroundRefresh: Bool?) async -> PhoneConditions
}

/// Background refreshes, which iOS grants when it likes.
protocol RefreshScheduler: Sendable {
    /// Asks for the next one, in the place of what was asked for before.
    func ask() async throws
}

/// A background refresh that iOS granted.
protocol GrantedRefresh: Sendable {
    /// What has to be done when its time is over.
    func whenExpired(_ expired: @escaping @Sendable () -> Void)
    /// Ends it. Once only.
    func complete(success: Bool)
}
