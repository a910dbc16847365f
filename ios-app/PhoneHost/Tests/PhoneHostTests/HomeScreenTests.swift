import Foundation
import Testing
import TrueBadge

@testable import PhoneHost

/// Keeps what a phone prints.
private final class Recorder: Console {
    let (lines, yield) = AsyncStream.makeStream(of: String.self)

    func emit(_ event: Event) { yield .yield(event.words) }

    func printed() async -> [String] {
        yield .finish()
        return await lines.reduce(into: []) { $0.append($1) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct HomeScreenTests {
    private let console = Recorder()

    private func alert(_ identifier: String, collapse: String? = nil) throws -> PushFrame {
        let collapse = collapse.map { "\"\($0)\"" } ?? "null"
        let text = """
            {"type":"push","apns_id":"\(identifier)","alert":{"title":"Bob"},\
            "thread_id":"friends","collapse_id":\(collapse),"badge":1,\
            "payload":"{\\"tb\\":{\\"r\\":\\"route\\",\\"a\\":[\\"friends\\",7]}}"}
            """
        return try JSONDecoder().decode(PushFrame.self, from: Data(text.utf8))
    }

    @Test func onlyAChangeOfTheNumberIsPrinted() async {
        let screen = HomeScreen(console: console)
        await screen.setBadge(0)
        await screen.paint(3)
        await screen.setBadge(3)
        await screen.setBadge(0)
        #expect(
            await console.printed() == [
                "badge 0 (set by the core)", "badge 0 → 3 (painted by iOS)",
                "badge 3 → 0 (set by the core)",
            ])
    }

    @Test func whatIsReadIsRemovedByTheCore() async throws {
        let screen = HomeScreen(console: console)
        await screen.deliver(try alert("1"))
        await screen.deliver(try alert("2"))
        #expect(
            await screen.delivered().first
                == DeliveredNotification(
                    identifier: "1", conversation: "friends", route: "route", position: 7))
        await screen.remove(["1", "unknown"])
        #expect(await screen.delivered().map(\.identifier) == ["2"])
        #expect(await console.printed().last == "1 notification removed: they are read")
    }

    @Test func atBadgeZeroIOSDropsAllNotifications() async throws {
        let screen = HomeScreen(console: console)
        await screen.deliver(try alert("1"))
        await screen.deliver(try alert("2"))
        await screen.setBadge(0)
        #expect(await screen.delivered().isEmpty)
        #expect(await console.printed().last == "2 notifications removed: iOS drops all at badge 0")
    }

    @Test func whoWaitsForANumberIsToldWhenTheCoreHasSetOne() async {
        let screen = HomeScreen(console: console)
        let before = await screen.timesSet
        async let told: Void = screen.shows(1, orSetAfter: before)
        await screen.setBadge(2)
        await told
        await screen.shows(1, orSetAfter: before)
        await screen.shows(2, orSetAfter: await screen.timesSet)
        #expect(await screen.timesSet == before + 1)
    }

    @Test func aNotificationReplacesTheOneWithItsCollapseID() async throws {
        let screen = HomeScreen(console: console)
        await screen.deliver(try alert("1", collapse: "same"))
        await screen.deliver(try alert("2", collapse: "same"))
        #expect(await screen.delivered().map(\.identifier) == ["2"])
    }

    @Test func aLineIsJSONOrWordsWithTheTime() {
        let time = Date(timeIntervalSince1970: 3_723.004)
        let event = Event.badge(0, by: .core, was: nil)
        #expect(
            StandardOutput.line(event, at: time, json: true)
                == #"{"at_ms":3723004,"badge":0,"by":"core","event":"badge","was":null}"#)
        #expect(
            StandardOutput.line(event, at: time, json: false)
                == "01:02:03.004  badge 0 (set by the core)")
    }

    @Test func theDeviceIDIsMadeOnceAndKept() throws {
        let store = FileManager.default.temporaryDirectory
            .appendingPathComponent("phone-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: store) }
        let id = try DeviceFile.id(in: store)
        #expect(try DeviceFile.id(in: store) == id)
        try Data("\n".utf8).write(to: store.appendingPathComponent("device"))
        #expect(throws: UsageError.self) { try DeviceFile.id(in: store) }
    }
}
