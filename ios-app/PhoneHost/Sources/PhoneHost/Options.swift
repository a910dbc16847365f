import Foundation
import TrueBadge

/// The flags. Both phones take the same ones.
struct Options: Equatable {
    struct Account: Equatable, Sendable {
        var id: AccountID
        var token: String
    }

    var relay: URL
    var apns: URL?
    var accounts: [Account]
    var store: URL
    var topic: String
    var install = "phone"
    var policy = BadgePolicy.messages
    var json = false

    static let help = """
        A phone without an iPhone: shows the badge that an iPhone would show.

        It uses the Swift package TrueBadge exactly as an app does. It registers with a relay,
        attaches to apns-sim, and prints a line whenever the number on its icon changes. Commands
        come on standard input, one a line:

          read ACCOUNT CONVERSATION POSITION [REMAINING]   the person read up to POSITION
          read-items ACCOUNT CONVERSATION POSITION,… [REMAINING]
                                                           the person read single messages
          read-all ACCOUNT                                 the person read everything
          unread ACCOUNT CONVERSATION                      the person marked it unread
          level ACCOUNT CONVERSATION all|mentions|none     the person chose what of it counts
          sign-out ACCOUNT                                 the person signed out of it here
          rejected                                         what the relay refused, and take note of it
          refresh                                          the app came to the foreground
          force-quit                                       the person swiped the app away: its code
                                                           runs no more until it is opened
          open                                             the person opened it again
          away, back                                       lose and regain the connection to APNs
          list                                             the conversations with something to show
          quit                                             end; SIGTERM and SIGINT do the same

        An account's device token comes from the relay: `truebadge-relay token` makes one.

        Usage: truebadge-phone --relay URL --account ID=DEVICE_TOKEN --store DIR --topic BUNDLE-ID

          --relay URL                  the relay's address, such as http://127.0.0.1:8080
          --apns URL                   where apns-sim lets phones attach, such as
                                       http://127.0.0.1:2198; without it no push comes
          --account ID=DEVICE_TOKEN    an account and its device token; repeat for several
          --store DIR                  where the phone keeps its mirror and its device id; made if
                                       it is not there
          --topic BUNDLE-ID            the app's bundle identifier
          --install NAME               this phone's name at apns-sim; the same name gets the same
                                       push token (default: phone)
          --policy POLICY              what the badge counts: messages, conversations, mentions or
                                       off (default: messages)
          --json                       print one JSON object a line instead of words
          --help                       print this

        Exit code 0: ended as told; 2: wrong flags, or the phone can't be set up.
        """
}

/// A wrong flag or set-up: one sentence that says what to do.
struct UsageError: Error, Equatable {
    let sentence: String
}

extension Options {
    /// Reads the arguments that follow the program's name. `nil`: help was asked for.
    static func parse(_ arguments: [String]) throws(UsageError) -> Options? {
        var values: [String: [String]] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = String(parts[0])
            switch flag {
            case "--help", "-h": return nil
            case "--json" where parts.count == 1: values[flag, default: []].append("")
            case "--relay", "--apns", "--account", "--store", "--topic", "--install", "--policy":
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw UsageError(sentence: "\(flag) needs a value: see --help")
                }
                values[flag, default: []].append(value)
            default: throw UsageError(sentence: "there is no \(argument): see --help")
            }
        }
        return try Options(values)
    }

    private init(_ values: [String: [String]]) throws(UsageError) {
        func one(_ flag: String) throws(UsageError) -> String {
            guard let value = values[flag]?.last, !value.isEmpty else {
                throw UsageError(sentence: "\(flag) is missing: see --help")
            }
            return value
        }
        relay = try Self.address("--relay", try one("--relay"))
        if values["--apns"] != nil { apns = try Self.address("--apns", try one("--apns")) }
        accounts = []
        for text in values["--account"] ?? [] { accounts.append(try Self.account(text)) }
        guard !accounts.isEmpty else {
            throw UsageError(sentence: "--account is missing: see --help")
        }
        store = URL(fileURLWithPath: try one("--store"))
        topic = try one("--topic")
        if values["--install"] != nil { install = try one("--install") }
        if values["--policy"] != nil {
            guard let chosen = BadgePolicy(rawValue: try one("--policy")) else {
                throw UsageError(
                    sentence: "--policy is one of messages, conversations, mentions, off")
            }
            policy = chosen
        }
        json = values["--json"] != nil
    }

    private static func address(_ flag: String, _ text: String) throws(UsageError) -> URL {
        guard let url = URL(string: text), let host = url.host, !host.isEmpty,
            url.scheme == "http" || (url.scheme == "https" && flag == "--relay")
        else {
            throw UsageError(sentence: "\(flag) is an address such as http://127.0.0.1:8080")
        }
        return url
    }

    /// An account's name may hold `=`; a token never does.
    private static func account(_ text: String) throws(UsageError) -> Account {
        guard let equals = text.lastIndex(of: "="), equals > text.startIndex,
            text.index(after: equals) < text.endIndex
        else {
            throw UsageError(sentence: "write --account as ID=DEVICE_TOKEN")
        }
        return Account(
            id: AccountID(rawValue: String(text[..<equals])),
            token: String(text[text.index(after: equals)...]))
    }
}
