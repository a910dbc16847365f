import Foundation

/// What an operator gives a person to add an account with, as a link or as a QR code
/// (`truebadge-relay token mint --relay` prints one):
///
///     truebadge://add?relay=https://relay.example.com&account=ada&token=…
///
/// Anybody can make such a link, so it only fills in the form: the person adds the account.
struct AccountLink: Hashable {
    /// The scheme that the app registers with iOS.
    static let scheme = "truebadge"

    /// What an account needs, by its name in the link.
    enum Part: String, Sendable {
        case relay
        case account
        case token
    }

    /// What is wrong with a link.
    enum Flaw: Error, Hashable {
        /// It is no link of ours.
        case noLink
        /// This is not in it, or is empty.
        case missing(Part)
        /// This is in it more than once: nobody knows which one is meant.
        case repeated(Part)
    }

    /// The relay's address.
    let relay: String
    /// The name that is proposed for the account.
    let account: String
    /// The account's device token. Never for a log.
    let token: String

    /// What was opened, scanned or pasted, with whatever white space came along.
    init(_ text: String) throws(Flaw) {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let link = URLComponents(string: text), link.scheme?.lowercased() == Self.scheme,
            link.host?.lowercased() == "add"
        else { throw .noLink }
        func only(_ part: Part) throws(Flaw) -> String {
            let values = link.queryItems?.filter { $0.name == part.rawValue } ?? []
            if values.count > 1 { throw .repeated(part) }
            guard let value = values.first?.value, !value.isEmpty else { throw .missing(part) }
            return value
        }
        (relay, account, token) = (try only(.relay), try only(.account), try only(.token))
    }
}
