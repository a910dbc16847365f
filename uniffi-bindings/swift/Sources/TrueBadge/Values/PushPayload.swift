import Foundation

/// A push's payload, as bytes that may cross to another task: what iOS hands over as `userInfo` may
/// not.
public struct PushPayload: Sendable, Hashable {
    /// Its JSON.
    public let bytes: Data

    /// The payload as it came.
    public init(_ bytes: Data) { self.bytes = bytes }

    /// What iOS made of the payload: the part of it that is TrueBadge's, and the number that iOS
    /// painted from it. Something without our part is malformed.
    public init(userInfo: [AnyHashable: Any]) {
        // Not the rest, and with slashes as they came: written out anew, the whole could grow over
        // the 4,096 bytes that APNs allows.
        var parts: [String: Any] = [:]
        if let part = userInfo["tb"], JSONSerialization.isValidJSONObject(["tb": part]) {
            parts["tb"] = part
        }
        if let badge = (userInfo["aps"] as? [AnyHashable: Any])?["badge"] as? Int {
            parts["aps"] = ["badge": badge]
        }
        let json = try? JSONSerialization.data(
            withJSONObject: parts, options: .withoutEscapingSlashes)
        bytes = json ?? Data()
    }
}
