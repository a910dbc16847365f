//! Totals and digest, counted anew from what `docs/PROTOCOL.md` says.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::case::{Stop, Verdict};

/// Numbers stay below this.
pub const NUMBER: u64 = 1 << 53;

/// A conversation's state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of the protocol's ConversationState
pub struct Row {
    pub id: String,
    pub version: u64,
    pub unread: u64,
    pub mentions: u64,
    pub newest: u64,
    pub read_up_to: u64,
    pub level: Level,
    pub marked_unread: bool,
    pub removed: bool,
}

/// What of a conversation may count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the protocol's words
pub enum Level {
    #[default]
    All = 0,
    Mentions = 1,
    None = 2,
}

impl Level {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::All),
            Value::String(word) => [Self::All, Self::Mentions, Self::None]
                .into_iter()
                .find(|level| level.word() == word),
            _ => None,
        }
    }
}

/// What counts: unread, mentions, conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the protocol's words
pub struct Totals {
    pub unread: u64,
    pub mentions: u64,
    pub conversations: u64,
}

/// A number of the wire: unsigned, below 2^53, without a fraction.
pub fn number(value: &Value, what: &str) -> Verdict<u64> {
    value
        .as_u64()
        .filter(|number| *number < NUMBER)
        .ok_or_else(|| Stop::failed(format!("{what}: a number below 2^53"), value.to_string()))
}

/// A name of the wire: a text of 1 to so many bytes.
pub fn name(value: &Value, most: usize, what: &str) -> Verdict<String> {
    value
        .as_str()
        .filter(|name| (1..=most).contains(&name.len()) && !name.chars().any(char::is_control))
        .map(str::to_owned)
        .ok_or_else(|| {
            let expected =
                format!("{what}: a text of 1 to {most} bytes, without control characters");
            Stop::failed(expected, value.to_string())
        })
}

fn flag(value: &Value, what: &str) -> Verdict<bool> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        other => Err(Stop::failed(
            format!("{what}: true or false"),
            other.to_string(),
        )),
    }
}

impl Row {
    /// Takes apart a `ConversationState`.
    pub fn read(value: &Value) -> Verdict<Self> {
        let small = |field: &str| -> Verdict<u64> {
            let number = number(&value[field], field)?;
            if u32::try_from(number).is_ok() {
                return Ok(number);
            }
            Err(Stop::failed(
                format!("{field} below 2^32"),
                number.to_string(),
            ))
        };
        let row = Self {
            id: name(&value["id"], 255, "id")?,
            version: number(&value["version"], "version")?,
            unread: small("unread")?,
            mentions: small("mentions")?,
            newest: number(&value["newest"], "newest")?,
            read_up_to: number(&value["read_up_to"], "read_up_to")?,
            level: Level::read(&value["level"]).ok_or_else(|| {
                Stop::failed("level: all, mentions or none", value["level"].to_string())
            })?,
            marked_unread: flag(&value["marked_unread"], "marked_unread")?,
            removed: flag(&value["removed"], "removed")?,
        };
        if row.version == 0 {
            return Err(Stop::failed("a row's version: from 1", "0"));
        }
        if row.mentions > row.unread {
            let seen = format!("{} of {}", row.mentions, row.unread);
            return Err(Stop::failed("mentions: at most unread", seen));
        }
        Ok(row)
    }

    /// "not removed and has unread or mentions above zero, or is marked unread, or has a level other
    /// than all".
    pub fn is_active(&self) -> bool {
        let notable = self.unread > 0 || self.mentions > 0 || self.marked_unread;
        !self.removed && (notable || self.level != Level::All)
    }

    /// What it counts.
    pub fn counted(&self) -> Totals {
        let counts = match self.level {
            _ if self.removed => return Totals::default(),
            Level::None => return Totals::default(),
            Level::All => self.unread,
            Level::Mentions => self.mentions,
        };
        let unread = if counts == 0 && self.marked_unread {
            1
        } else {
            counts
        };
        Totals {
            unread,
            mentions: self.mentions,
            conversations: u64::from(unread > 0),
        }
    }

    /// The hash of its canonical bytes.
    fn hash(&self) -> u64 {
        let mut bytes = Vec::new();
        // What does not fit was refused when the row was read.
        let length = u16::try_from(self.id.len()).unwrap_or(u16::MAX);
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
        bytes.extend(length.to_le_bytes());
        bytes.extend(self.id.as_bytes());
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(small(self.unread));
        bytes.extend(small(self.mentions));
        bytes.extend(self.newest.to_le_bytes());
        bytes.extend(self.read_up_to.to_le_bytes());
        bytes.push(self.level as u8);
        bytes.push(u8::from(self.marked_unread));
        xxh3_64(&bytes)
    }
}

impl Totals {
    /// Takes apart the protocol's `totals`.
    pub fn read(value: &Value) -> Verdict<Self> {
        Ok(Self {
            unread: number(&value["unread"], "totals.unread")?,
            mentions: number(&value["mentions"], "totals.mentions")?,
            conversations: number(&value["conversations"], "totals.conversations")?,
        })
    }

    /// Adds up rows.
    pub fn of<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        rows.into_iter().fold(Self::default(), |sum, row| {
            let more = row.counted();
            Self {
                unread: sum.unread + more.unread,
                mentions: sum.mentions + more.mentions,
                conversations: sum.conversations + more.conversations,
            }
        })
    }

    /// The number on the icon under the policy `messages`, and so on.
    pub fn new(unread: u64, mentions: u64, conversations: u64) -> Self {
        Self {
            unread,
            mentions,
            conversations,
        }
    }
}

/// The digest of rows, as it is written.
pub fn digest<'r>(rows: impl IntoIterator<Item = &'r Row>) -> String {
    let active = rows.into_iter().filter(|row| row.is_active());
    let sum = active.fold(0_u64, |sum, row| sum.wrapping_add(row.hash()));
    format!("{sum:016x}")
}
