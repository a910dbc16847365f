//! What is typed: one command a line, from a reader that never keeps more than a line's bound.

use std::io::{BufRead, Read as _};

use truebadge_protocol::{AccountId, ConversationId, Level, Position};

/// Longest line, in bytes. The longest names fit twice.
pub const LINE_BYTES: usize = 1024;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The person read up to a position.
    Read {
        /// Whose.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// The new read marker.
        position: Position,
        /// Items above it that are still unread.
        remaining: u32,
    },
    /// The person read single items.
    ReadItems {
        /// Whose.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// Which.
        positions: Vec<Position>,
        /// Items that are still unread.
        remaining: u32,
    },
    /// The person read everything.
    ReadAll {
        /// Whose.
        account: AccountId,
    },
    /// The person marked a conversation unread.
    Unread {
        /// Whose.
        account: AccountId,
        /// Which.
        conversation: ConversationId,
    },
    /// The person chose what of a conversation counts.
    Level {
        /// Whose.
        account: AccountId,
        /// Which.
        conversation: ConversationId,
        /// What counts.
        level: Level,
    },
    /// The person signed out of an account here.
    SignOut {
        /// Which.
        account: AccountId,
    },
    /// Print what the relay refused, and take note of it.
    Rejected,
    /// The app came to the foreground.
    Refresh,
    /// The person swiped the app away: its code runs no more until it is opened.
    ForceQuit,
    /// The person opened the app again.
    Open,
    /// Lose the connection to APNs.
    Away,
    /// Regain it.
    Back,
    /// Print the conversations.
    List,
    /// End.
    Quit,
}

impl Command {
    /// Reads a line's words. The error is one sentence for a person.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["read", account, conversation, position] => read(account, conversation, position, "0"),
            ["read", account, conversation, position, remaining] => {
                read(account, conversation, position, remaining)
            }
            ["unread", account, conversation] => Ok(Self::Unread {
                account: named(account)?,
                conversation: named(conversation)?,
            }),
            ["read-items", account, conversation, positions] => {
                read_items(account, conversation, positions, "0")
            }
            ["read-items", account, conversation, positions, remaining] => {
                read_items(account, conversation, positions, remaining)
            }
            ["read-all", account] => Ok(Self::ReadAll {
                account: named(account)?,
            }),
            ["level", account, conversation, level] => Ok(Self::Level {
                account: named(account)?,
                conversation: named(conversation)?,
                level: match *level {
                    "all" => Level::All,
                    "mentions" => Level::Mentions,
                    "none" => Level::None,
                    _ => return Err("the level is one of all, mentions, none".to_owned()),
                },
            }),
            ["sign-out", account] => Ok(Self::SignOut {
                account: named(account)?,
            }),
            ["rejected"] => Ok(Self::Rejected),
            ["refresh"] => Ok(Self::Refresh),
            ["force-quit"] => Ok(Self::ForceQuit),
            ["open"] => Ok(Self::Open),
            ["away"] => Ok(Self::Away),
            ["back"] => Ok(Self::Back),
            ["list"] => Ok(Self::List),
            ["quit"] => Ok(Self::Quit),
            _ => Err(
                "this is no command: read ACCOUNT CONVERSATION POSITION [REMAINING], \
                      read-items ACCOUNT CONVERSATION POSITION,… [REMAINING], read-all ACCOUNT, \
                      unread ACCOUNT CONVERSATION, level ACCOUNT CONVERSATION LEVEL, \
                      sign-out ACCOUNT, rejected, refresh, force-quit, open, away, back, list or quit"
                    .to_owned(),
            ),
        }
    }
}

fn read(
    account: &str,
    conversation: &str,
    position: &str,
    remaining: &str,
) -> Result<Command, String> {
    Ok(Command::Read {
        account: named(account)?,
        conversation: named(conversation)?,
        position: at(position)?,
        remaining: left(remaining)?,
    })
}

fn read_items(
    account: &str,
    conversation: &str,
    positions: &str,
    remaining: &str,
) -> Result<Command, String> {
    Ok(Command::ReadItems {
        account: named(account)?,
        conversation: named(conversation)?,
        positions: positions.split(',').map(at).collect::<Result<_, _>>()?,
        remaining: left(remaining)?,
    })
}

fn at(position: &str) -> Result<Position, String> {
    let number = position.parse().ok().and_then(|n| Position::new(n).ok());
    number.ok_or_else(|| "the position is a number below 2^53".to_owned())
}

fn left(remaining: &str) -> Result<u32, String> {
    let number = remaining.parse();
    number.map_err(|_| "what remains is a number below 2^32".to_owned())
}

fn named<T: std::str::FromStr<Err = truebadge_protocol::ids::IdError>>(
    text: &str,
) -> Result<T, String> {
    text.parse()
        .map_err(|error| format!("a name is wrong: {error}"))
}

/// Reads the next line: none at the end, an error for one that is too long or no UTF-8. What is too
/// long is skipped, not kept.
pub fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<Result<String, String>>> {
    let mut line = Vec::new();
    let bound = u64::try_from(LINE_BYTES + 1).unwrap_or(u64::MAX);
    input.by_ref().take(bound).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop_if(|byte| *byte == b'\n').is_none() && line.len() > LINE_BYTES {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(format!(
            "a command is at most {LINE_BYTES} bytes long"
        ))));
    }
    let text = String::from_utf8(line).map_err(|_| "a command is UTF-8 text".to_owned());
    Ok(Some(text))
}
