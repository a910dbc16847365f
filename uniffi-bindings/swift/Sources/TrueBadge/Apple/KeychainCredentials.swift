#if canImport(Security)
    /// The accounts' device tokens in the Keychain: on this device only, readable after the first
    /// unlock.
    public struct KeychainCredentials: CredentialStore {
        private let keychain: Keychain

        /// - Parameter group: the Keychain group that the app shares with its extension.
        public init(group: String? = nil) {
            keychain = Keychain(service: "dev.truebadge.device-token", group: group)
        }

        /// Keeps an account's token, in the place of an older one. Call it when the person signs in.
        public func save(_ token: String, for account: AccountID) throws {
            try keychain.set(token, as: account.rawValue)
        }

        /// Deletes an account's token, if it still is this one. TrueBadge calls it when a signed-out
        /// account's relay knows.
        public func forget(_ account: AccountID, token: String) throws {
            guard try keychain.text(account.rawValue) == token else { return }
            try keychain.remove(account.rawValue)
        }

        /// The account's token, unless it is the one that the relay refused: then the person must
        /// sign in.
        public func token(for account: AccountID, refused: String?) throws -> String? {
            let token = try keychain.text(account.rawValue)
            return token == refused ? nil : token
        }
    }
#endif
