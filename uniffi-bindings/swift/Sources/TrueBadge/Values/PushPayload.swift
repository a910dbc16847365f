import Foundation

/// A push's payload, as bytes that may cross to another task: what iOS hands over as `userInfo` may
/// not.
public struct PushPayload: Sendable, Hashable {
    /// Its JSON.
    public let bytes: Data

    /// The payload as it came.
    public init(_ bytes: Data) { self.bytes = bytes }

    /// What iOS made of the payload. Something that is no JSON becomes an empty payload, which is
    /// malformed.
    public init(userInfo: [AnyHashable: Any]) {
        guard JSONSerialization.isValidJSONObject(userInfo),
            let json = try? JSONSerialization.data(withJSONObject: userInfo)
        else {
            bytes = Data()
            return
        }
        bytes = json
    }
}
