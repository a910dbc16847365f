import Foundation
import Testing

@testable import AppModel

@Suite struct AccountLinkTests {
    @Test func aLinkHasAllThatAnAccountNeeds() throws {
        let link = try #require(
            AccountLink(
                text:
                    " truebadge://add?relay=https%3A%2F%2Frelay.test%2Ftb&account=ada%20b&token=s%2Bx%3D\n"
            ))

        #expect(link.relay == "https://relay.test/tb")
        #expect(link.account == "ada b")
        #expect(link.token == "s+x=")
    }

    @Test(arguments: [
        "", "hello", "https://relay.test/add?relay=https://r.test&account=a&token=t",
        "truebadge://remove?relay=https://r.test&account=a&token=t",
        "truebadge://add", "truebadge://add?relay=https://r.test&account=ada",
        "truebadge://add?relay=https://r.test&account=&token=t",
        "truebadge://add?relay=https://r.test&relay=https://evil.test&account=a&token=t",
    ])
    func whatIsNoLinkIsNone(text: String) {
        #expect(AccountLink(text: text) == nil)
    }
}
