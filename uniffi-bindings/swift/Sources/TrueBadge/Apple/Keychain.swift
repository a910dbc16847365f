#if canImport(Security)
    import Foundation
    import Security

    /// Texts in the Keychain that stay on this device and can be read after the first unlock.
    struct Keychain: Sendable {
        let service: String
        /// The Keychain group that the app shares with its extension.
        let group: String?

        /// `nil` when there is none. Throws ``TrueBadgeError/locked`` before the first unlock: then
        /// nobody knows whether there is one.
        func text(_ account: String) throws -> String? {
            var found: CFTypeRef?
            let query = item(account, [kSecReturnData as String: true])
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return nil }
            try Self.check(status)
            return (found as? Data).map { String(decoding: $0, as: UTF8.self) }
        }

        /// Adds the text; `false` when there is one already, which stays as it is.
        func add(_ text: String, as account: String) throws -> Bool {
            let attributes = item(account, Self.contents(text))
            let status = SecItemAdd(attributes as CFDictionary, nil)
            if status == errSecDuplicateItem { return false }
            try Self.check(status)
            return true
        }

        /// Adds the text, or puts it in the place of the one that is there.
        func set(_ text: String, as account: String) throws {
            if try add(text, as: account) { return }
            let contents = NSDictionary(dictionary: Self.contents(text))
            try Self.check(
                SecItemUpdate(item(account) as CFDictionary, contents as CFDictionary))
        }

        func remove(_ account: String) throws {
            let status = SecItemDelete(item(account) as CFDictionary)
            if status != errSecItemNotFound { try Self.check(status) }
        }

        private func item(_ account: String, _ more: [String: Any] = [:]) -> NSDictionary {
            var item = more
            item[kSecClass as String] = kSecClassGenericPassword
            item[kSecAttrService as String] = service
            item[kSecAttrAccount as String] = account
            if let group { item[kSecAttrAccessGroup as String] = group }
            return NSDictionary(dictionary: item)
        }

        private static func contents(_ text: String) -> [String: Any] {
            [
                kSecValueData as String: Data(text.utf8),
                kSecAttrAccessible as String:
                    kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
            ]
        }

        private static func check(_ status: OSStatus) throws {
            switch status {
            case errSecSuccess: return
            case errSecInteractionNotAllowed: throw TrueBadgeError.locked
            default: throw TrueBadgeError.checkSetUp("the Keychain refused (\(status))")
            }
        }
    }
#endif
