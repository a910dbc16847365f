#if canImport(UserNotifications) && canImport(Security)
    extension TrueBadge.Bridges {
        /// iOS' own badge and notifications, and device tokens in the Keychain.
        ///
        /// - Parameter keychainGroup: the Keychain group that the app shares with its extension.
        public static func system(keychainGroup: String? = nil) -> TrueBadge.Bridges {
            TrueBadge.Bridges(
                badge: SystemBadge(), notifications: SystemNotifications(),
                credentials: KeychainCredentials(group: keychainGroup))
        }
    }

    extension TrueBadge {
        /// As ``create(configuration:bridges:)``, with ``Bridges/system(keychainGroup:)``.
        public static func create(configuration: Configuration) throws -> TrueBadge {
            try create(configuration: configuration, bridges: .system())
        }
    }
#endif
