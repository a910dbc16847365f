import Foundation
import TrueBadge

@MainActor struct Session {
    let shell: BadgeShell
    let account: AccountID

    /// The token is from your backend, which had the relay mint it.
    func signIn(relay: URL, token: String) async throws {
        try await shell.badge?.addAccount(account, relay: relay)
        try KeychainCredentials(group: Store.keychainGroup).save(token, for: account)
        await shell.refresh(.foreground)
    }

    func read(_ conversation: ConversationID, upTo position: UInt64) async throws {
        try await shell.badge?.markRead(conversation, in: account, upTo: position)
    }
}
