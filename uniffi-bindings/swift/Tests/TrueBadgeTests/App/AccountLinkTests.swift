import Testing

@testable import AppModel

@Suite struct AccountLinkTests {
    /// As `truebadge-relay token mint --relay` writes it.
    @Test func aLinkHasAllThatAnAccountNeeds() throws {
        let link = try AccountLink(
            " truebadge://add?relay=https%3A%2F%2Frelay.example.com%2Ftb&account=ada%20%2B%20co&token=s%2Bx%3D\n"
        )

        #expect(link.relay == "https://relay.example.com/tb")
        #expect(link.account == "ada + co")
        #expect(link.token == "s+x=")
    }

    @Test(arguments: [
        "", "hello", "https://relay.test/add?relay=https://r.test&account=a&token=t",
        "truebadge://remove?relay=https://r.test&account=a&token=t", "truebadge:add",
    ])
    func whatIsNoLinkIsNone(text: String) {
        #expect(throws: AccountLink.Flaw.noLink) { try AccountLink(text) }
    }

    @Test(arguments: [
        ("truebadge://add", AccountLink.Flaw.missing(.relay)),
        ("truebadge://add?relay=https://r.test&token=t", .missing(.account)),
        ("truebadge://add?relay=https://r.test&account=&token=t", .missing(.account)),
        ("truebadge://add?relay=https://r.test&account=ada", .missing(.token)),
        (
            "truebadge://add?relay=https://r.test&relay=https://evil.test&account=a&token=t",
            .repeated(.relay)
        ),
        ("truebadge://add?relay=https://r.test&account=a&token=t&token=", .repeated(.token)),
    ])
    func whatIsWrongWithALinkIsTold(text: String, flaw: AccountLink.Flaw) {
        #expect(throws: flaw) { try AccountLink(text) }
    }
}
