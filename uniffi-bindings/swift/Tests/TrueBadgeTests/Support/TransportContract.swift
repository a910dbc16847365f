import Foundation
import TrueBadge

/// The program `transport-contract`: what every transport must do, and the server that plays it.
final class TransportContract: Sendable {
    /// Where scripts/test says that the Rust programs are.
    static var program: URL? {
        let folder = ProcessInfo.processInfo.environment["TRUEBADGE_BIN_DIR"]
        return folder.map { URL(fileURLWithPath: $0).appendingPathComponent("transport-contract") }
    }

    static let missing =
        "TRUEBADGE_BIN_DIR names no folder with transport-contract: scripts/test swift"

    let cases: [Case]
    private let input = Pipe()
    private let process = Foundation.Process()

    init() throws {
        let output = Pipe()
        process.executableURL = Self.program
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw POSIXError(.EPIPE) }
            line.append(more)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        cases = try decoder.decode([Case].self, from: line)
    }

    /// The program ends with its input.
    deinit { try? input.fileHandleForWriting.close() }
}

extension TransportContract {
    struct Case: Decodable, Sendable {
        let name: String
        let requests: [Request]
        let cancel: Cancel?
        let expected: Expected
    }

    struct Cancel: Decodable, Sendable {
        let arrived: Request
        let gone: Request
    }

    struct Request: Decodable, Sendable {
        let method: String
        let url: String
        let credentials: String
        let body: Body?
        let timeoutMs: Int
    }

    enum Body: Decodable, Sendable {
        case text(String)
        case letters(Int)

        private enum Kind: String, CodingKey { case text, letters }

        init(from decoder: any Decoder) throws {
            let body = try decoder.container(keyedBy: Kind.self)
            if let text = try body.decodeIfPresent(String.self, forKey: .text) {
                self = .text(text)
            } else {
                self = .letters(try body.decode(Int.self, forKey: .letters))
            }
        }

        var bytes: Data {
            switch self {
            case .text(let text): Data(text.utf8)
            case .letters(let number): Data(repeating: UInt8(ascii: "x"), count: number)
            }
        }
    }

    struct Expected: Decodable, Sendable {
        struct Answer: Decodable, Sendable {
            let status: Int
            let retryAfterS: UInt64?
            let body: Body
        }

        let answer: Answer?
        let error: String?
    }
}

extension TransportContract.Request {
    /// `nil`: Foundation does not take the address or the method.
    var ours: TransportRequest? {
        guard let method = TransportRequest.Method(rawValue: method), let url = URL(string: url)
        else { return nil }
        return TransportRequest(
            method: method, url: url, credentials: credentials, body: body?.bytes,
            timeout: .milliseconds(timeoutMs))
    }
}
