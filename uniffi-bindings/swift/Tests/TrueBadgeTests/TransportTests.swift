import Foundation
import Testing
import TrueBadge

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    @Test func theCoreSyncsThroughURLSession() async throws {
        let phone = try Phone(transport: URLSessionTransport())
        let relay = try RelayDouble()

        try await phone.launch(with: relay)

        #expect(try await phone.app.accounts.first?.isComplete == true)
    }

    @Test func aTransportOfTheAppCarriesEveryRequest() async throws {
        let transport = Scripted { _ in throw TransportError.noConnection }
        let phone = try Phone(transport: transport)
        let relay = try #require(URL(string: "https://relay.example/base/"))
        try await phone.app.addAccount("alice", relay: relay)

        let outcome = try await phone.app.refresh(.launch)

        guard case .tryAgain(let reason) = outcome.error else {
            Issue.record("\(String(describing: outcome.error))")
            return
        }
        #expect(reason.contains("no connection"))
        var requests = transport.requests.makeAsyncIterator()
        let request = try #require(await requests.next())
        #expect(request.method == .put)
        #expect(request.url.absoluteString == "https://relay.example/base/v1/devices/device")
        #expect(request.headers["Authorization"] == "Bearer token of alice")
        #expect(request.headers["Content-Type"] == "application/json")
        #expect(request.timeout > .zero)
    }

    @Test func anAnswerThatIsTooLargeIsRefusedWhoeverReadIt() async throws {
        let transport = Scripted { request in
            TransportResponse(status: 200, body: Data(count: request.responseLimit + 1))
        }
        let phone = try Phone(transport: transport)
        let relay = try #require(URL(string: "https://relay.example"))
        try await phone.app.addAccount("alice", relay: relay)

        guard case .checkSetUp(let reason) = try await phone.app.refresh(.launch).error else {
            Issue.record("an answer without bound was taken")
            return
        }
        #expect(reason.contains("too large"))
    }

    @Test func aCancelledTaskCancelsTheRequestInSwift() async throws {
        let (_, wake, ended) = try await underWay()

        wake.cancel()

        await #expect(throws: CancellationError.self) { try await wake.value }
        var cancelled = ended.makeAsyncIterator()
        #expect(await cancelled.next() == true)
    }

    @Test func signingOutEndsTheRequestThatIsUnderWay() async throws {
        let (phone, wake, ended) = try await underWay()

        try await phone.app.signOut("alice")

        var cancelled = ended.makeAsyncIterator()
        #expect(await cancelled.next() == true)
        wake.cancel()
        _ = await wake.result
    }

    /// A wake whose request is never answered, and whether what ended that was a cancellation.
    private func underWay() async throws -> (Phone, Task<WakeOutcome, any Error>, AsyncStream<Bool>)
    {
        let (ended, ends) = AsyncStream.makeStream(of: Bool.self)
        let transport = Scripted { _ in
            // Only a cancellation ends this.
            do { try await Task.sleep(for: .seconds(3600)) } catch {}
            ends.yield(Task.isCancelled)
            throw TransportError.broken
        }
        let phone = try Phone(transport: transport)
        let relay = try #require(URL(string: "https://relay.example"))
        try await phone.app.addAccount("alice", relay: relay)
        let app = phone.app
        let wake = Task { try await app.refresh(.launch) }
        var requests = transport.requests.makeAsyncIterator()
        _ = await requests.next()
        return (phone, wake, ended)
    }

    @MainActor @Test func aWakeThatWaitsBlocksNeitherItsCallerNorOtherCalls() async throws {
        let app = Late<TrueBadge>()
        let transport = Scripted { _ in
            // Both would wait for ever if the wake held the main actor, or the app.
            await MainActor.run {}
            _ = try await app.value?.accounts
            throw TransportError.noConnection
        }
        let phone = try Phone(transport: transport)
        app.value = phone.app
        let relay = try #require(URL(string: "https://relay.example"))
        try await phone.app.addAccount("alice", relay: relay)

        let outcome = try await phone.app.refresh(.launch)

        #expect(outcome.error != nil)
        var requests = transport.requests.makeAsyncIterator()
        #expect(await requests.next() != nil)
    }

    @Test func aRequestTellsNobodyItsSecrets() throws {
        let url = try #require(URL(string: "https://relay.example/CANARY"))
        let request = TransportRequest(
            method: .put, url: url, credentials: "CANARY", body: Data("CANARY".utf8),
            timeout: .seconds(1))
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(text.contains("PUT"))
            #expect(!text.contains("CANARY"), "\(text)")
        }
    }
}

/// Answers each request as told, and tells what came.
private final class Scripted: Transport {
    typealias Answer = @Sendable (TransportRequest) async throws -> TransportResponse

    let requests: AsyncStream<TransportRequest>
    private let seen: AsyncStream<TransportRequest>.Continuation
    private let answer: Answer

    init(_ answer: @escaping Answer) {
        (requests, seen) = AsyncStream.makeStream(of: TransportRequest.self)
        self.answer = answer
    }

    func send(_ request: TransportRequest) async throws -> TransportResponse {
        seen.yield(request)
        return try await answer(request)
    }
}

/// A value that comes later than what refers to it.
private final class Late<Value: Sendable>: @unchecked Sendable {
    private let turn = NSLock()
    private var held: Value?

    var value: Value? {
        get { turn.withLock { held } }
        set { turn.withLock { held = newValue } }
    }
}
