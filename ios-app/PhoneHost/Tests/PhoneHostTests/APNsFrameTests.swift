import Foundation
import Testing

@testable import PhoneHost

@Suite struct APNsFrameTests {
    @Test func theGreetingGivesTheToken() throws {
        let text = #"{"type":"registered","push_token":"00ab","environment":"sandbox"}"#
        #expect(try APNsFrame(Array(text.utf8)) == .registered(pushToken: Data([0, 0xab])))
    }

    @Test func aPushIsTakenApart() throws {
        let text = """
            {"type":"push","apns_id":"1","push_type":"alert","priority":10,"badge":3,\
            "alert":{"title":"Bob","body":"hi"},"thread_id":"friends","collapse_id":"c",\
            "wake":false,"extension":true,"payload":"{\\"tb\\":{}}"}
            """
        guard case .push(let push) = try APNsFrame(Array(text.utf8)) else {
            Issue.record("no push")
            return
        }
        #expect(push.badge == 3)
        #expect(push.isAlert && push.startsExtension && !push.wakes)
        #expect(push.threadID == "friends")
        #expect(push.payload == #"{"tb":{}}"#)
    }

    @Test func aSilentPushShowsAndPaintsNothing() throws {
        let text = """
            {"type":"push","apns_id":"1","push_type":"background","priority":5,"badge":null,\
            "alert":null,"thread_id":null,"wake":true,"extension":false,"payload":"{}"}
            """
        guard case .push(let push) = try APNsFrame(Array(text.utf8)) else {
            Issue.record("no push")
            return
        }
        #expect(push.badge == nil)
        #expect(!push.isAlert && push.wakes && !push.startsExtension)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"type":"other"}"#, #"{"type":"push"}"#, #"{"type":"registered"}"#,
        #"{"type":"registered","push_token":"xyz"}"#, #"{"type":"registered","push_token":"abc"}"#,
        #"{"type":"push","apns_id":"1","badge":-1,"payload":"{}"}"#,
    ])
    func whatApnsSimNeverSaysIsAFault(_ text: String) {
        #expect(throws: WebSocketFault.self) { try APNsFrame(Array(text.utf8)) }
    }
}
