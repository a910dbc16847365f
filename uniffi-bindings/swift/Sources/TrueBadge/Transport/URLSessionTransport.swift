import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Carries requests by `URLSession`, which uses what iOS knows of networks: a VPN of its own for the
/// app, the modem's sleep, HTTP/3. Nothing is kept on disk, and nothing between requests but
/// connections.
public final class URLSessionTransport: Transport {
    private let session: URLSession
    private let exchanges = Exchanges()

    /// A transport with a session of its own.
    public convenience init() { self.init(configuration: .ephemeral) }

    /// - Parameter configuration: for what an app has to choose, such as a proxy; what the contract
    ///   asks for is set on a copy of it.
    public init(configuration: URLSessionConfiguration) {
        let ours = configuration.copy() as? URLSessionConfiguration ?? .ephemeral
        ours.httpCookieStorage = nil
        ours.httpShouldSetCookies = false
        ours.httpCookieAcceptPolicy = .never
        ours.urlCache = nil
        ours.urlCredentialStorage = nil
        ours.requestCachePolicy = .reloadIgnoringLocalCacheData
        #if !canImport(FoundationNetworking)
            ours.waitsForConnectivity = false
        #endif
        session = URLSession(configuration: ours, delegate: exchanges, delegateQueue: nil)
    }

    deinit { session.finishTasksAndInvalidate() }

    /// Sends a request; see ``Transport``.
    public func send(_ request: TransportRequest) async throws -> TransportResponse {
        let task = session.dataTask(with: Self.urlRequest(request))
        // URLSession's own time begins anew with every byte that comes.
        let deadline = Task { [exchanges] in
            try await Task.sleep(for: request.timeout, clock: .continuous)
            exchanges.end(task, .failure(.timedOut))
        }
        defer { deadline.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                exchanges.begin(task, limit: request.responseLimit, continuation)
                // A cancellation that came before there was an exchange found nothing to end.
                if Task.isCancelled { exchanges.end(task, .failure(.broken)) }
            }
        } onCancel: {
            exchanges.end(task, .failure(.broken))
        }
    }

    private static func urlRequest(_ request: TransportRequest) -> URLRequest {
        var ours = URLRequest(
            url: request.url, cachePolicy: .reloadIgnoringLocalCacheData,
            timeoutInterval: max(1, Double(request.timeout.milliseconds) / 1000))
        ours.httpMethod = request.method.rawValue
        ours.httpBody = request.body
        ours.httpShouldHandleCookies = false
        ours.allHTTPHeaderFields = request.headers
        return ours
    }
}

/// The exchanges of one session. An exchange ends once: whoever ends it takes it out of here.
private final class Exchanges: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    typealias Ended = Result<TransportResponse, TransportError>

    private struct Exchange {
        let limit: Int
        let continuation: CheckedContinuation<TransportResponse, any Error>
        var body = Data()
    }

    /// Guards `underWay`, which is all that makes this unsafe to send.
    private let turn = NSLock()
    private var underWay: [Int: Exchange] = [:]

    func begin(
        _ task: URLSessionDataTask, limit: Int,
        _ continuation: CheckedContinuation<TransportResponse, any Error>
    ) {
        turn.withLock {
            underWay[task.taskIdentifier] = Exchange(limit: limit, continuation: continuation)
        }
        task.resume()
    }

    func end(_ task: URLSessionTask, _ ended: Ended) {
        let exchange = turn.withLock { underWay.removeValue(forKey: task.taskIdentifier) }
        guard let exchange else { return }
        task.cancel()
        exchange.continuation.resume(with: ended.mapError { $0 })
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let limit = turn.withLock { underWay[dataTask.taskIdentifier]?.limit }
        if let limit, response.expectedContentLength <= Int64(limit) {
            return completionHandler(.allow)
        }
        completionHandler(.cancel)
        end(dataTask, .failure(.tooLarge))
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let fits = turn.withLock {
            guard let exchange = underWay[dataTask.taskIdentifier],
                exchange.body.count + data.count <= exchange.limit
            else { return false }
            underWay[dataTask.taskIdentifier]?.body.append(data)
            return true
        }
        if !fits { end(dataTask, .failure(.tooLarge)) }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        if let error { return end(task, .failure(TransportError(error))) }
        guard let response = task.response as? HTTPURLResponse else {
            return end(task, .failure(.broken))
        }
        let body = turn.withLock { underWay[task.taskIdentifier]?.body }
        end(task, .success(answer(response, body: body ?? Data())))
    }

    private func answer(_ response: HTTPURLResponse, body: Data) -> TransportResponse {
        TransportResponse(
            status: response.statusCode,
            retryAfter: response.value(forHTTPHeaderField: "Retry-After"), body: body)
    }

    /// There is no password to give: the refusal is the answer. Certificates are left to the system.
    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler:
            @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        #if canImport(FoundationNetworking)
            // There the default is to wait for a password for ever.
            if let refusal = challenge.failureResponse as? HTTPURLResponse {
                end(task, .success(answer(refusal, body: Data())))
            }
        #endif
        completionHandler(.performDefaultHandling, nil)
    }

    /// A redirect is the answer.
    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

extension TransportError {
    /// What `URLSession` says, reduced to what to do about it: its own texts repeat the address.
    fileprivate init(_ error: any Error) {
        self =
            switch (error as? URLError)?.code {
            case .notConnectedToInternet, .cannotFindHost, .cannotConnectToHost, .dnsLookupFailed,
                .internationalRoamingOff, .callIsActive, .dataNotAllowed:
                .noConnection
            case .timedOut: .timedOut
            case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
                .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
                .appTransportSecurityRequiresSecureConnection:
                .notTrusted
            default: .broken
            }
    }
}
