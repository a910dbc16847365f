import Foundation

/// The app's names, which the build writes into each target's Info.plist from
/// `Config/TrueBadge.xcconfig`: whoever builds the app under another name changes them there only.
enum Identity {
    /// The app's bundle identifier: the topic of its pushes, in its extensions too.
    static var app: String { text("TrueBadgeAppIdentifier") }

    /// The app group that the app and its extensions share: the store's container, and the Keychain
    /// group of the tokens and the device's id. (Each app group is a Keychain group as well, and
    /// needs no team in its name.)
    static var group: String { text("TrueBadgeAppGroup") }

    /// The app's version.
    static var version: String { text("CFBundleShortVersionString") }

    private static func text(_ key: String) -> String {
        guard let text = Bundle.main.object(forInfoDictionaryKey: key) as? String else {
            preconditionFailure("the Info.plist has no \(key)")
        }
        return text
    }
}
