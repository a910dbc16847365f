import Foundation
import TrueBadge

/// What an operator gives a person to add an account with, as a link or as a QR code:
///
///     truebadge://add?relay=https://relay.example.com&account=ada&token=…
///
/// Anybody can make such a link, so it only fills in the form: the person adds the account.
struct AccountLink: Hashable {
    /// The scheme that the app registers with iOS.
    static let scheme = "truebadge"

    /// The relay's address.
    let relay: String
    /// The name that is proposed for the account.
    let account: String
    /// The account's device token. Never for a log.
    let token: String

    /// `nil` when it is no link of ours, or something is missing in it or there twice.
    init?(_ url: URL) {
        guard url.scheme?.lowercased() == Self.scheme, url.host()?.lowercased() == "add",
            let items = URLComponents(url: url, resolvingAgainstBaseURL: false)?.queryItems
        else { return nil }
        func only(_ name: String) -> String? {
            let values = items.filter { $0.name == name }.compactMap(\.value)
            return values.count == 1 ? values.first.flatMap { $0.isEmpty ? nil : $0 } : nil
        }
        guard let relay = only("relay"), let account = only("account"), let token = only("token")
        else { return nil }
        (self.relay, self.account, self.token) = (relay, account, token)
    }

    /// What was scanned or pasted, with whatever white space came along.
    init?(text: String) {
        guard let url = URL(string: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            return nil
        }
        self.init(url)
    }
}
