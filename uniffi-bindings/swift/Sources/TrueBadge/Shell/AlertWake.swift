/// The extension's part: a wake for one alert, before it is shown.
struct AlertWake: Sendable {
    /// What becomes of the number in the alert, which iOS sets when it shows it.
    enum Number: Equatable, Sendable {
        /// Nobody knows better than the push.
        case asItCame
        /// The icon has the right one; the push's may be older.
        case none
        /// iOS did not confirm the right one: with the extension it may be gone.
        case exactly(Int)
    }

    let badge: TrueBadge
    let settings: any PhoneSettings
    var clock: any Clock<Duration> = ContinuousClock()

    /// Does all that the push asks for, in time.
    func number(for push: PushPayload) async -> Number {
        let now = await within(.seconds(1), clock) { [settings] in
            // An extension can't ask for Background App Refresh.
            await settings.conditions(backgroundRefresh: nil)
        }
        if let now { try? await badge.setConditions(now) }
        guard let outcome = try? await badge.handlePush(push) else { return .asItCame }
        if outcome.shown { return .none }
        guard let newest = try? await badge.badge, newest.isKnown else { return .asItCame }
        return .exactly(newest.badge)
    }
}
