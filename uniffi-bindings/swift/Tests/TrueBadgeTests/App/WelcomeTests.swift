import Testing

@testable import AppModel

@MainActor
@Suite struct WelcomeTests {
    @Test func thePersonIsToldWhyBeforeIOSAsks() async {
        let permission = Permission(answer: .allowed)
        let model = WelcomeModel(permission)
        await model.load()
        #expect(model.isDue)
        #expect(permission.asked.with { $0 } == 0)

        await model.ask()

        #expect(model.status == .allowed)
        #expect(!model.isDue)
    }

    @Test func nobodyIsAskedTwice() async {
        let model = WelcomeModel(Permission(answer: .denied, asked: 1))

        await model.load()

        #expect(model.status == .denied)
        #expect(!model.isDue)
    }
}

/// iOS' settings, and what the person answers.
struct Permission: NotificationPermission {
    let answer: PermissionStatus
    let asked: Guarded<Int>

    init(answer: PermissionStatus, asked: Int = 0) {
        self.answer = answer
        self.asked = Guarded(asked)
    }

    func status() -> PermissionStatus { asked.with { $0 } == 0 ? .undecided : answer }

    func request() -> PermissionStatus {
        asked.with { $0 += 1 }
        return answer
    }
}
