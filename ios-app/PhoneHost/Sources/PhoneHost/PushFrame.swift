import Foundation

/// What apns-sim says to a phone: one JSON text each.
enum APNsFrame: Equatable {
    /// The first one: the app's push token on this phone.
    case registered(pushToken: Data)
    /// A push.
    case push(PushFrame)

    init(_ text: [UInt8]) throws(WebSocketFault) {
        let unknown = WebSocketFault(sentence: "it sent a frame that is not understood")
        guard let raw = try? JSONDecoder().decode(Kind.self, from: Data(text)) else {
            throw unknown
        }
        switch raw.type {
        case "registered":
            guard let token = raw.pushToken.flatMap(Data.init(hexadecimal:)) else { throw unknown }
            self = .registered(pushToken: token)
        case "push":
            guard let push = try? JSONDecoder().decode(PushFrame.self, from: Data(text)) else {
                throw unknown
            }
            self = .push(push)
        default: throw unknown
        }
    }

    private struct Kind: Decodable {
        var type: String
        var pushToken: String?

        enum CodingKeys: String, CodingKey {
            case type
            case pushToken = "push_token"
        }
    }
}

/// A push, as iOS takes it apart.
struct PushFrame: Decodable, Equatable, Sendable {
    /// Its `apns-id`.
    var apnsID: String
    /// The number that iOS paints by itself.
    var badge: UInt32?
    /// Whether iOS shows a notification.
    var isAlert: Bool
    /// What iOS groups the notification by: the conversation.
    var threadID: String?
    /// Notifications with the same one replace each other.
    var collapseID: String?
    /// Whether iOS starts the app.
    var wakes: Bool
    /// Whether iOS starts the notification service extension.
    var startsExtension: Bool
    /// The payload's JSON text.
    var payload: String

    private enum CodingKeys: String, CodingKey {
        case apnsID = "apns_id"
        case badge, alert
        case threadID = "thread_id"
        case collapseID = "collapse_id"
        case wake
        case `extension`, payload
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    init(from decoder: any Decoder) throws {
        let frame = try decoder.container(keyedBy: CodingKeys.self)
        apnsID = try frame.decode(String.self, forKey: .apnsID)
        badge = try frame.decodeIfPresent(UInt32.self, forKey: .badge)
        isAlert = try frame.decodeIfPresent(Anything.self, forKey: .alert) != nil
        threadID = try frame.decodeIfPresent(String.self, forKey: .threadID)
        collapseID = try frame.decodeIfPresent(String.self, forKey: .collapseID)
        wakes = try frame.decodeIfPresent(Bool.self, forKey: .wake) ?? false
        startsExtension = try frame.decodeIfPresent(Bool.self, forKey: .extension) ?? false
        payload = try frame.decode(String.self, forKey: .payload)
    }
}

extension Data {
    /// The bytes of an even number of hexadecimal digits.
    init?(hexadecimal text: String) {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
        self.init(capacity: digits.count / 2)
        for pair in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[pair], let low = digits[pair + 1] else { return nil }
            append(UInt8(high * 16 + low))
        }
    }

    var hexadecimal: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
