#if canImport(Security)
    import Foundation

    /// This phone's id: random, in the Keychain, where no backup carries it to another phone.
    public enum KeychainDevice {
        /// The id; made at the first call. Throws ``TrueBadgeError/locked`` before the first unlock:
        /// never take another id then.
        ///
        /// - Parameter group: the Keychain group that the app shares with its extension.
        public static func id(group: String? = nil) throws -> String {
            let keychain = Keychain(service: "dev.truebadge.device", group: group)
            if let id = try keychain.text("device") { return id }
            let fresh = UUID().uuidString.lowercased()
            if try keychain.add(fresh, as: "device") { return fresh }
            // The extension was quicker.
            guard let id = try keychain.text("device") else {
                throw TrueBadgeError.checkSetUp("the Keychain lost the device's id")
            }
            return id
        }
    }
#endif
