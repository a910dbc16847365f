import Foundation
import Testing
import TrueBadge

@Suite(.timeLimit(.minutes(2))) struct TransportContractTests {
    @Test(
        .enabled(if: TransportContract.program != nil, Comment(rawValue: TransportContract.missing))
    )
    func urlSessionKeepsTheContract() async throws {
        let contract = try TransportContract()
        let transport = URLSessionTransport()
        #expect(contract.cases.count > 40)
        for one in contract.cases {
            var expected = words(one.expected)
            if let exception = exceptions[one.name] {
                print("\(one.name): \(exception.instead ?? "skipped"), because \(exception.reason)")
                guard let instead = exception.instead else { continue }
                expected = instead
            }
            let came = try await come(of: one, by: transport)
            #expect(came == expected, "\(one.name)")
        }
    }

    /// What came of a case, in words.
    private func come(
        of one: TransportContract.Case, by transport: URLSessionTransport
    ) async throws -> String {
        let requests = try one.requests.map { try #require($0.ours) }
        if let cancel = one.cancel {
            let sent = Task { try await transport.send(requests[0]) }
            let arrived = try await transport.send(try #require(cancel.arrived.ours))
            #expect(arrived.status == 200)
            sent.cancel()
            await #expect(throws: (any Error).self) { try await sent.value }
            return await end(of: try #require(cancel.gone.ours), by: transport)
        }
        for request in requests.dropLast() { _ = try await transport.send(request) }
        return await end(of: try #require(requests.last), by: transport)
    }

    private func end(of request: TransportRequest, by transport: URLSessionTransport) async
        -> String
    {
        do {
            let answer = try await transport.send(request)
            // As the core reads it: a number of seconds, or nothing.
            let pause = answer.retryAfter.flatMap { text in
                text.utf8.allSatisfy { 48...57 ~= $0 } ? UInt64(text) : nil
            }
            return words(answer.status, pause, answer.body)
        } catch {
            return "\(error)"
        }
    }

    private func words(_ expected: TransportContract.Expected) -> String {
        if let answer = expected.answer {
            return words(answer.status, answer.retryAfterS, answer.body.bytes)
        }
        switch expected.error {
        case "no_connection": return "\(TransportError.noConnection)"
        case "timed_out": return "\(TransportError.timedOut)"
        case "not_trusted": return "\(TransportError.notTrusted)"
        case "too_large": return "\(TransportError.tooLarge)"
        default: return "\(TransportError.broken)"
        }
    }

    private func words(_ status: Int, _ pause: UInt64?, _ body: Data) -> String {
        let shown =
            body.count < 1000 ? String(decoding: body, as: UTF8.self) : "\(body.count) bytes"
        return "\(status), pause \(pause.map(String.init) ?? "none"): \(shown)"
    }
}

/// Where Foundation for Linux differs, and why: what comes instead, or nothing where the case can't be
/// run at all.
#if canImport(FoundationNetworking)
    private let noReason = "all that FoundationNetworking tells is NSURLErrorUnknown"
    private let exceptions: [String: (instead: String?, reason: String)] = [
        "a_head_that_is_cut_off_is_no_answer": (
            nil, "it ends the process (swift-corelibs-foundation issue 5285, mended after 6.0)"
        ),
        "a_certificate_that_nobody_signed_is_not_trusted": ("broken", noReason),
        "a_relay_without_tls_is_not_trusted": ("broken", noReason),
    ]
#else
    private let exceptions: [String: (instead: String?, reason: String)] = [:]
#endif
