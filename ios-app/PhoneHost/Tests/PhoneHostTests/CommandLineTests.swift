import Foundation
import Testing
import TrueBadge

@testable import PhoneHost

@Suite struct CommandLineTests {
    private let needed = [
        "--relay", "http://127.0.0.1:8080", "--account", "alice=secret", "--store=/tmp/phone",
        "--topic", "com.example.app",
    ]

    @Test func theFlagsSayWhatThePhoneIs() throws {
        let options = try #require(
            try Options.parse(
                needed + [
                    "--account", "a=b=c", "--apns", "http://127.0.0.1:2198", "--install", "mine",
                    "--policy", "mentions", "--json",
                ]))
        #expect(options.relay.absoluteString == "http://127.0.0.1:8080")
        #expect(options.accounts.map(\.id) == ["alice", "a=b"])
        #expect(options.accounts.map(\.token) == ["secret", "c"])
        #expect(options.store.path == "/tmp/phone")
        #expect(options.apns?.port == 2198)
        #expect(options.install == "mine")
        #expect(options.policy == .mentions)
        #expect(options.json)
    }

    @Test func whatIsNotSaidHasADefault() throws {
        let options = try #require(try Options.parse(needed))
        #expect(options.apns == nil)
        #expect(options.install == "phone")
        #expect(options.policy == .messages)
        #expect(!options.json)
        #expect(try Options.parse(["--bogus", "--help"].reversed()) == nil)
    }

    @Test(
        arguments: [
            ([], "--relay"), (["--nothing"], "--nothing"), (["--relay"], "--relay"),
            (["--json=yes"], "--json=yes"), (["--relay", "127.0.0.1:80"], "--relay"),
            (["--relay", "http://h", "--account", "alice"], "--account"),
            (["--relay", "http://h", "--account", "=x"], "--account"),
            (["--relay", "http://h", "--account", "alice="], "--account"),
            (
                ["--relay", "http://h", "--account", "a=b", "--policy", "none", "--store", "s"],
                "--topic"
            ),
        ] as [([String], String)])
    func aWrongFlagIsNamed(_ arguments: [String], _ flag: String) {
        do {
            _ = try Options.parse(arguments)
            Issue.record("accepted")
        } catch {
            #expect(error.sentence.contains(flag))
        }
    }

    @Test func anUnknownPolicyIsRefused() {
        #expect(
            throws: UsageError(
                sentence: "--policy is one of messages, conversations, mentions, off")
        ) {
            try Options.parse(needed + ["--policy", "all"])
        }
    }

    @Test func commandsAreReadAsTheyAreTyped() {
        var lines = CommandLines()
        #expect(commands(lines.receive(Array("read alice fri".utf8))).isEmpty)
        let typed = lines.receive(
            Array(
                "ends 7\n\n  \nread a c 7 2\r\nunread a c\nrefresh\naway\nback\nlist\nquit\n".utf8))
        #expect(
            commands(typed) == [
                .read("alice", "friends", 7, remaining: 0), .read("a", "c", 7, remaining: 2),
                .unread("a", "c"), .refresh, .away, .back, .list, .quit,
            ])
    }

    @Test func everythingThatAPersonDoesIsACommand() {
        var lines = CommandLines()
        let typed = lines.receive(
            Array(
                """
                read-items a c 3,1,2 4
                read-all a
                level a c mentions
                sign-out a
                rejected
                force-quit
                open

                """.utf8))
        #expect(
            commands(typed) == [
                .readItems("a", "c", [3, 1, 2], remaining: 4), .readAll("a"),
                .level("a", "c", .mentions), .signOut("a"), .rejected, .forceQuit, .open,
            ])
    }

    @Test(arguments: [
        "read-items a c 1,,2", "read-items a c", "level a c loud", "sign-out", "rejected a",
        "reed a c 1", "read a c", "read a c x", "read a c -1", "read a c 9007199254740992",
        "read a c 1 4294967296", "unread a", "quit now", String(repeating: "x", count: 1025),
    ])
    func whatIsNoCommandIsSaidInASentence(_ line: String) {
        var lines = CommandLines()
        let typed = lines.receive(Array((line + "\nlist\n").utf8))
        #expect(typed.count == 2)
        #expect(commands(typed) == [.list])
    }

    private func commands(_ typed: [Result<Command, UsageError>]) -> [Command] {
        typed.compactMap { try? $0.get() }
    }
}
