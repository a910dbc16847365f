import Foundation

/// Carries requests to relays: the core's own way, unless an app gives another.
///
/// Every transport keeps one contract, whose cases are in `tests/transport-contract` of the
/// repository: an error status is an answer; redirects are not followed; neither cookies nor answers
/// are kept; no more of a body is read than ``TransportRequest/responseLimit``; the whole exchange
/// ends within ``TransportRequest/timeout``; a cancelled task ends it at once.
public protocol Transport: Sendable {
    /// Sends a request and gives the answer. Throw a ``TransportError`` where there is none;
    /// whatever else is thrown counts as ``TransportError/broken``.
    func send(_ request: TransportRequest) async throws -> TransportResponse
}

/// A request to a relay. Its description shows neither the address nor the credentials.
public struct TransportRequest: Sendable, Hashable {
    /// The method of a request.
    public enum Method: String, Sendable {
        /// Read.
        case get = "GET"
        /// Replace.
        case put = "PUT"
        /// Add.
        case post = "POST"
        /// Remove.
        case delete = "DELETE"
    }

    /// The method.
    public var method: Method
    /// The whole address.
    public var url: URL
    /// The account's device token. Never for a log.
    public var credentials: String
    /// A JSON body.
    public var body: Data?
    /// The whole exchange may take this long.
    public var timeout: Duration
    /// The answer's body may have this many bytes.
    public var responseLimit: Int

    /// A request, with the core's own limit for answers.
    public init(
        method: Method, url: URL, credentials: String, body: Data? = nil, timeout: Duration,
        responseLimit: Int = 4 << 20
    ) {
        self.method = method
        self.url = url
        self.credentials = credentials
        self.body = body
        self.timeout = timeout
        self.responseLimit = responseLimit
    }

    /// The headers to send. What a relay answers is small, so no compression is asked for.
    public var headers: [String: String] {
        var headers = ["Authorization": "Bearer \(credentials)", "Accept-Encoding": "identity"]
        if body != nil { headers["Content-Type"] = "application/json" }
        return headers
    }
}

extension TransportRequest: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Safe to log.
    public var description: String {
        "\(method.rawValue) with \(body.map { "\($0.count) bytes" } ?? "no body")"
    }

    /// Safe to log.
    public var debugDescription: String { description }

    /// Safe to log.
    public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// A relay's answer.
public struct TransportResponse: Sendable, Hashable {
    /// The HTTP status. An error status is an answer too.
    public var status: Int
    /// The header `Retry-After`, as it came.
    public var retryAfter: String?
    /// The body.
    public var body: Data

    /// An answer.
    public init(status: Int, retryAfter: String? = nil, body: Data) {
        self.status = status
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// Why there is no answer.
public enum TransportError: Error, Sendable, Hashable {
    /// No network, no such host, or nobody listens.
    case noConnection
    /// The request's time ran out.
    case timedOut
    /// TLS failed: the certificate is not trusted, or it is not TLS.
    case notTrusted
    /// The answer is larger than it may be.
    case tooLarge
    /// The connection broke, the answer is not HTTP, or anything else.
    case broken
}
