#if canImport(UserNotifications)
    /// The settings, as iOS tells them.
    struct SystemSettings: PhoneSettings {
        func conditions(backgroundRefresh: Bool?) async -> PhoneConditions {
            await PhoneConditions.current(backgroundRefresh: backgroundRefresh)
        }
    }
#endif
