//! What is typed, and what a person reads.

use std::io::{BufReader, Cursor};

use rust_phone::{
    Command, Event, Options,
    command::{LINE_BYTES, next_line},
    console::{in_words, time_of_day},
    event::Painter,
};
use truebadge_engine::Timestamp;
use truebadge_protocol::{AccountId, ConversationId, Level, Position};

fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
    let always = [
        "rust-phone",
        "--relay",
        "http://127.0.0.1:1",
        "--store",
        "s",
        "--topic",
        "t",
    ];
    clap::Parser::try_parse_from(always.iter().chain(arguments))
}

#[test]
fn what_the_person_read_is_a_command() {
    let read = |remaining| Command::Read {
        account: AccountId::new("alice").unwrap(),
        conversation: ConversationId::new("!room:example.com").unwrap(),
        position: Position::new(812).unwrap(),
        remaining,
    };
    let line = "read alice !room:example.com 812";
    assert_eq!(Command::parse(line), Ok(read(0)));
    assert_eq!(Command::parse(&format!("  {line}  2 ")), Ok(read(2)));
}

#[test]
fn everything_that_a_person_does_is_a_command() {
    let account = AccountId::new("a").unwrap();
    let conversation = ConversationId::new("c").unwrap();
    let positions = [3, 1, 2].map(|number| Position::new(number).unwrap());
    for (line, command) in [
        (
            "read-items a c 3,1,2 4",
            Command::ReadItems {
                account: account.clone(),
                conversation: conversation.clone(),
                positions: positions.to_vec(),
                remaining: 4,
            },
        ),
        (
            "read-all a",
            Command::ReadAll {
                account: account.clone(),
            },
        ),
        (
            "level a c mentions",
            Command::Level {
                account: account.clone(),
                conversation,
                level: Level::Mentions,
            },
        ),
        ("sign-out a", Command::SignOut { account }),
        ("rejected", Command::Rejected),
        ("force-quit", Command::ForceQuit),
        ("open", Command::Open),
    ] {
        assert_eq!(Command::parse(line), Ok(command));
    }
}

#[test]
fn a_wrong_line_is_answered_with_a_sentence() {
    for (line, word) in [
        ("", "no command"),
        ("dance", "no command"),
        ("read alice team", "no command"),
        ("read-items alice team 1,,2", "position"),
        ("level alice team loud", "level"),
        ("sign-out", "no command"),
        ("read alice team -1", "position"),
        ("read alice team 9007199254740992", "position"),
        ("read alice team 1 4294967296", "remains"),
        (&format!("unread alice {}", "x".repeat(256)), "name"),
    ] {
        let error = Command::parse(line).unwrap_err();
        assert!(error.contains(word), "{line:?}: {error}");
    }
}

#[test]
fn a_line_without_end_is_skipped_and_the_next_one_is_understood() {
    let mut input = "x".repeat(10 * LINE_BYTES);
    input.push_str("\nlist\n\u{e9}\nquit");
    let mut input = BufReader::with_capacity(64, Cursor::new(input));
    let mut line = || next_line(&mut input).unwrap();
    assert!(line().unwrap().unwrap_err().contains("at most"));
    assert_eq!(line(), Some(Ok("list".to_owned())));
    assert_eq!(line(), Some(Ok("\u{e9}".to_owned())));
    assert_eq!(line(), Some(Ok("quit".to_owned())));
    assert_eq!(line(), None);
}

#[test]
fn a_line_of_exactly_the_bound_is_taken() {
    let line = "y".repeat(LINE_BYTES);
    let mut input = Cursor::new(format!("{line}\nback\n\n"));
    assert_eq!(next_line(&mut input).unwrap(), Some(Ok(line)));
    assert_eq!(next_line(&mut input).unwrap(), Some(Ok("back".to_owned())));
    assert_eq!(next_line(&mut input).unwrap(), Some(Ok(String::new())));
    assert_eq!(next_line(&mut input).unwrap(), None);
}

#[test]
fn accounts_are_given_with_their_tokens_and_the_tokens_are_not_printed() {
    let options = options(&["--account", "a=b=token-1", "--account", "bob=token-2"]).unwrap();
    let account = &options.accounts[0];
    assert_eq!(account.id.as_str(), "a=b");
    assert_eq!(account.token.expose(), "token-1");
    assert!(!format!("{options:?}").contains("token-"));
}

#[test]
fn a_wrong_account_or_policy_is_refused() {
    for wrong in [
        &["--account", "alice"][..],
        &["--account", "alice="],
        &["--account", "=token"],
        &["--account", "a=t", "--policy", "loud"],
        &[],
    ] {
        assert!(options(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_person_reads_what_changed_the_badge() {
    let badge = |by, was| in_words(&Event::Badge { badge: 0, by, was });
    assert_eq!(
        badge(Painter::Core, Some(3)),
        "badge 3 → 0 (set by the core)"
    );
    assert_eq!(badge(Painter::Ios, None), "badge 0 (painted by iOS)");
}

#[test]
fn times_have_milliseconds() {
    assert_eq!(
        time_of_day(Timestamp(86_400_000 + 3_723_004)),
        "01:02:03.004"
    );
}
