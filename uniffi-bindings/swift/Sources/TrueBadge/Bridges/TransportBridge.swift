import Foundation
internal import TrueBadgeCore

/// The core's requests, through an app's transport.
final class TransportBridge: HostTransport {
    private let transport: any Transport

    init(_ transport: any Transport) { self.transport = transport }

    func send(request: HttpRequest, reply: HttpReply) -> any HttpExchange {
        Exchange(
            Task { [transport] in
                do {
                    guard let request = TransportRequest(request) else {
                        throw TransportError.broken
                    }
                    let response = try await transport.send(request)
                    guard response.body.count <= request.responseLimit else {
                        throw TransportError.tooLarge
                    }
                    try reply.succeed(response: try response.core)
                } catch {
                    try? reply.fail(failure: HttpFailure(error))
                }
            })
    }
}

/// A request that is under way: the core cancels its task when it no longer waits.
private final class Exchange: HttpExchange {
    private let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) { self.task = task }

    func cancel() { task.cancel() }
}

extension TransportRequest {
    fileprivate init?(_ core: HttpRequest) {
        guard let method = Method(rawValue: core.method), let url = URL(string: core.url) else {
            return nil
        }
        self.init(
            method: method, url: url, credentials: core.credentials, body: core.body,
            timeout: .milliseconds(core.timeoutMs), responseLimit: Int(core.responseBytes))
    }
}

extension TransportResponse {
    fileprivate var core: HttpResponse {
        get throws {
            guard let status = UInt16(exactly: status) else { throw TransportError.broken }
            return HttpResponse(status: status, retryAfter: retryAfter, body: body)
        }
    }
}

extension HttpFailure {
    fileprivate init(_ error: any Error) {
        self =
            switch error as? TransportError {
            case .noConnection: .noConnection
            case .timedOut: .timedOut
            case .notTrusted: .notTrusted
            case .tooLarge: .tooLarge
            case .broken, nil: .broken
            }
    }
}
