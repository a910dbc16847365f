import Foundation

/// A push's payload, as bytes that may cross to another task: what iOS hands over as `userInfo` may
/// not.
public struct PushPayload: Sendable, Hashable {
    /// Its JSON.
    public let bytes: Data

    /// The payload as it came.
    public init(_ bytes: Data) { self.bytes = bytes }

    /// What iOS made of the payload: the part of it that is TrueBadge's. Something that has none
    /// becomes an empty payload, which is malformed.
    public init(userInfo: [AnyHashable: Any]) {
        // Only our part, and with slashes as they came: written out anew, the whole could grow over
        // the 4,096 bytes that APNs allows.
        guard let part = userInfo["tb"], JSONSerialization.isValidJSONObject(["tb": part]),
            let json = try? JSONSerialization.data(
                withJSONObject: ["tb": part], options: .withoutEscapingSlashes)
        else {
            bytes = Data()
            return
        }
        bytes = json
    }
}
