#if canImport(UserNotifications) && canImport(Security)
    extension TrueBadge.Bridges {
        /// iOS' own badge and notifications, and device tokens in the Keychain.
        ///
        /// - Parameters:
        ///   - keychainGroup: the Keychain group that the app shares with its extension.
        ///   - transport: what carries requests to relays; `nil` for the core's own way.
        public static func system(
            keychainGroup: String? = nil, transport: (any Transport)? = nil
        ) -> TrueBadge.Bridges {
            TrueBadge.Bridges(
                badge: SystemBadge(), notifications: SystemNotifications(),
                credentials: KeychainCredentials(group: keychainGroup), transport: transport)
        }
    }

    extension TrueBadge {
        /// As ``create(configuration:bridges:)``, with ``Bridges/system(keychainGroup:transport:)``.
        public static func create(configuration: Configuration) throws -> TrueBadge {
            try create(configuration: configuration, bridges: .system())
        }
    }
#endif
