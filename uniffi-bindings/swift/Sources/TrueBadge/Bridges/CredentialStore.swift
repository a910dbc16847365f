internal import TrueBadgeCore

/// The accounts' device tokens.
public protocol CredentialStore: Sendable {
    /// An account's token; `nil` when the person must sign in. Throw when it can't be read now, as
    /// before the phone's first unlock.
    ///
    /// - Parameters:
    ///   - account: whose token.
    ///   - refused: the token that the relay no longer takes: give a fresh one.
    func token(for account: AccountID, refused: String?) async throws -> String?
    /// Deletes an account's token, if it still is this one: the account was signed out here, and its
    /// relay knows. Another one belongs to a sign-in since then, and stays.
    func forget(_ account: AccountID, token: String) async throws
}

final class CredentialsBridge: TrueBadgeCore.CredentialProvider {
    private let credentials: any CredentialStore

    init(_ credentials: any CredentialStore) { self.credentials = credentials }

    func credentials(account: String, refused: String?, reply: CredentialsReply) {
        Task { [credentials] in
            do {
                let account = AccountID(rawValue: account)
                try reply.succeed(
                    token: try await credentials.token(for: account, refused: refused))
            } catch {
                try? reply.fail()
            }
        }
    }

    func forget(account: String, credentials token: String, reply: DoneReply) {
        Task { [credentials] in
            do {
                try await credentials.forget(AccountID(rawValue: account), token: token)
                try reply.succeed()
            } catch {
                try? reply.fail()
            }
        }
    }
}
