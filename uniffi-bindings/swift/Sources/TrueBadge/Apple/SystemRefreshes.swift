#if canImport(BackgroundTasks)
    import BackgroundTasks

    /// Background refreshes under one identifier, which the app's `Info.plist` permits
    /// (`BGTaskSchedulerPermittedIdentifiers`).
    struct SystemRefreshes: RefreshScheduler {
        let identifier: String

        /// As soon as iOS likes: it decides by how the person uses the app.
        func ask() async throws {
            let request = BGAppRefreshTaskRequest(identifier: identifier)
            // Xcode 27 brings the call that takes the place of `submit`; APPLE_STUBS has it checked
            // without.
            #if compiler(>=6.4) || APPLE_STUBS
                if #available(iOS 27, *) {
                    return try await BGTaskScheduler.shared.submitTaskRequest(request)
                }
            #endif
            try BGTaskScheduler.shared.submit(request)
        }

        /// Says what to do with those that iOS grants. Before the app's launch ends, and once: a second
        /// time under the same identifier ends the app.
        ///
        /// iOS calls the closures on a queue of its own, so they must not be isolated to the main
        /// actor: this is no method of the shell.
        @available(iOSApplicationExtension, unavailable)
        func whenGranted(_ use: @escaping @Sendable (any GrantedRefresh) -> Void) {
            BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
                use(SystemRefresh(task))
            }
        }
    }

    /// Both calls may be made on any thread, which BackgroundTasks does not say of its type.
    private final class SystemRefresh: GrantedRefresh, @unchecked Sendable {
        private let task: BGTask

        init(_ task: BGTask) { self.task = task }

        func whenExpired(_ expired: @escaping @Sendable () -> Void) {
            task.expirationHandler = expired
        }

        func complete(success: Bool) { task.setTaskCompleted(success: success) }
    }
#endif
