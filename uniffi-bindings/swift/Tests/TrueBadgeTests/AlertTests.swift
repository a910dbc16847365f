import Foundation
import Testing

@testable import TrueBadge

/// What the notification service extension does with an alert.
@Suite(.timeLimit(.minutes(1))) struct AlertTests {
    private let settings = FakeSettings()

    /// A phone on which the app ran before, and its extension.
    private func wake(_ phone: Phone) throws -> AlertWake {
        AlertWake(badge: try phone.extension(), settings: settings)
    }

    @Test func theExtensionSetsTheBadgeAndTheAlertCarriesNone() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)

        let number = try await wake(phone).number(for: relay.push([("friends", 2)]))

        #expect(number == .none)
        #expect(await phone.screen.badge == 2)
    }

    @Test func aNumberThatIOSDidNotConfirmIsInTheAlert() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.launch(with: relay)
        await phone.screen.refuse()

        let number = try await wake(phone).number(for: relay.push([("friends", 2)]))

        #expect(number == .exactly(2))
    }

    @Test func withoutAStoreTheAlertKeepsThePushsNumber() async throws {
        let relay = try RelayDouble()
        let number = try await wake(Phone()).number(for: relay.push([("friends", 2)]))
        #expect(number == .asItCame)
    }

    @Test func theExtensionTellsWhatItCanKnowOfTheConditions() async throws {
        let phone = try Phone()
        let relay = try RelayDouble()
        try await phone.app.setConditions(PhoneConditions(backgroundRefresh: false))
        try await phone.launch(with: relay)
        #expect(try await relay.registration()?.conditions.backgroundRefresh == false)
        await settings.become(PhoneConditions(lowPowerMode: true))

        _ = try await wake(phone).number(for: relay.push([("friends", 2)]))
        try await phone.app.refresh(.foreground)

        #expect(await settings.asked == [nil])
        let told = try #require(try await relay.registration()?.conditions)
        #expect(!told.backgroundRefresh)
        #expect(told.lowPowerMode)
    }

    @Test func anAlertIsHandedBackOnce() async throws {
        let (numbers, handed) = AsyncStream.makeStream(of: AlertWake.Number.self)
        let delivery = AlertDelivery { handed.yield($0) }
        delivery.start { .exactly(4) }
        var handedBack = numbers.makeAsyncIterator()
        #expect(await handedBack.next() == .exactly(4))

        delivery.expire()
        delivery.finish(.none)
        handed.finish()
        #expect(await handedBack.next() == nil)
    }

    @Test func anAlertWhoseTimeEndsIsHandedBackAsItCame() async throws {
        let (numbers, handed) = AsyncStream.makeStream(of: AlertWake.Number.self)
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let delivery = AlertDelivery { handed.yield($0) }
        delivery.start {
            begin.yield()
            await forever()
            begin.finish()
            return .exactly(4)
        }
        var steps = began.makeAsyncIterator()
        await steps.next()

        delivery.expire()
        // What was under way is given up.
        #expect(await steps.next() == nil)
        handed.finish()
        var all: [AlertWake.Number] = []
        for await number in numbers { all.append(number) }
        #expect(all == [.asItCame])
    }
}
