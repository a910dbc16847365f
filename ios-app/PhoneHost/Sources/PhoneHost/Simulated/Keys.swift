import Foundation
import TrueBadge

/// The device tokens that the flags gave, where an iPhone has the Keychain.
actor GivenCredentials: CredentialStore {
    private var tokens: [AccountID: String]

    init(_ accounts: [Options.Account]) {
        tokens = Dictionary(accounts.map { ($0.id, $0.token) }, uniquingKeysWith: { $1 })
    }

    /// A refused token has no successor here: the person would have to sign in.
    func token(for account: AccountID, refused: String?) -> String? {
        tokens[account].flatMap { $0 == refused ? nil : $0 }
    }

    func forget(_ account: AccountID, token: String) {
        if tokens[account] == token { tokens[account] = nil }
    }
}

/// The device id: random, made once, kept in a file where an iPhone has the Keychain.
enum DeviceFile {
    static func id(in store: URL) throws(UsageError) -> String {
        let file = store.appendingPathComponent("device")
        do {
            try FileManager.default.createDirectory(at: store, withIntermediateDirectories: true)
            guard FileManager.default.fileExists(atPath: file.path) else {
                let fresh = UUID().uuidString.lowercased()
                try Data((fresh + "\n").utf8).write(to: file, options: .atomic)
                return fresh
            }
            let text = try String(contentsOf: file, encoding: .utf8)
            let id = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if !id.isEmpty { return id }
        } catch {
            throw UsageError(sentence: "cannot use \(store.path): give another --store")
        }
        throw UsageError(
            sentence: "\(file.path) holds no device id: remove it, and the phone is a new one")
    }
}
