//! What is typed: one command a line, from a reader that never keeps more than a line's bound.

use std::io::{BufRead, Read as _};

use truebadge_protocol::{AccountId, ConversationId, Position};

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
    /// The person marked a conversation unread.
    Unread {
        /// Whose.
        account: AccountId,
        /// Which.
        conversation: ConversationId,
    },
    /// The app came to the foreground.
    Refresh,
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
            ["refresh"] => Ok(Self::Refresh),
            ["away"] => Ok(Self::Away),
            ["back"] => Ok(Self::Back),
            ["list"] => Ok(Self::List),
            ["quit"] => Ok(Self::Quit),
            _ => Err(
                "this is no command: read ACCOUNT CONVERSATION POSITION [REMAINING], \
                      unread ACCOUNT CONVERSATION, refresh, away, back, list or quit"
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
    let number = position.parse().ok().and_then(|n| Position::new(n).ok());
    Ok(Command::Read {
        account: named(account)?,
        conversation: named(conversation)?,
        position: number.ok_or("the position is a number below 2^53")?,
        remaining: remaining
            .parse()
            .map_err(|_| "what remains is a number below 2^32")?,
    })
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
