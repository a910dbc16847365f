//! What a conversation is, and what of it counts.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::limits::NUMBER;
use crate::{ConversationId, Position, Version, bounded};

/// What of a conversation may count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every unread item counts.
    #[default]
    All,
    /// Only unread items that mention the person count.
    Mentions,
    /// Nothing counts: the conversation is muted.
    None,
}

impl Level {
    /// The level's number in a push row and in the digest: 0 all, 1 mentions, 2 none.
    pub const fn code(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Mentions => 1,
            Self::None => 2,
        }
    }

    /// The level of a number, or nothing for a number that this version does not know.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::All),
            1 => Some(Self::Mentions),
            2 => Some(Self::None),
            _ => None,
        }
    }
}

/// A conversation's whole state at a version. Changes travel as such states, never as increments,
/// so applying one twice, late or out of order does nothing or the right thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConversationState {
    /// Which conversation.
    pub id: ConversationId,
    /// The account's version at which this became its state.
    pub version: Version,
    /// Unread items, whatever the level says of them.
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))]
    pub unread: u32,
    /// Unread items that mention the person.
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))]
    pub mentions: u32,
    /// The newest item's position; zero when there is none.
    pub newest: Position,
    /// The read marker: items at or below it are read.
    pub read_up_to: Position,
    /// What of it may count.
    #[serde(default)]
    pub level: Level,
    /// Marked unread by hand.
    #[serde(default)]
    pub marked_unread: bool,
    /// The conversation is gone for this account.
    #[serde(default)]
    pub removed: bool,
}

impl ConversationState {
    /// A conversation in which nothing happened yet.
    pub fn empty(id: ConversationId) -> Self {
        Self {
            id,
            version: Version::ZERO,
            unread: 0,
            mentions: 0,
            newest: Position::ZERO,
            read_up_to: Position::ZERO,
            level: Level::All,
            marked_unread: false,
            removed: false,
        }
    }

    /// Whether a mirror must hold it: unread, marked unread, or at a level other than `all`.
    pub fn is_active(&self) -> bool {
        !self.removed
            && (self.unread > 0
                || self.mentions > 0
                || self.marked_unread
                || self.level != Level::All)
    }

    /// What it adds to its account's totals.
    ///
    /// `unread` at level `all`, `mentions` at level `mentions`, nothing at `none`; 1 when it is
    /// marked unread by hand and would otherwise add nothing.
    pub fn counted(&self) -> Totals {
        if self.removed {
            return Totals::ZERO;
        }
        let (items, mentions) = match self.level {
            Level::All => (self.unread, self.mentions),
            Level::Mentions => (self.mentions, self.mentions),
            Level::None => return Totals::ZERO,
        };
        let unread = if items == 0 && self.marked_unread {
            1
        } else {
            items
        };
        Totals {
            unread: u64::from(unread),
            mentions: u64::from(mentions),
            conversations: u64::from(unread > 0),
        }
    }
}

/// What counts, summed over an account's conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Totals {
    /// Items, as each conversation's level lets them count.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub unread: u64,
    /// Items that mention the person.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub mentions: u64,
    /// Conversations with something that counts.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub conversations: u64,
}

impl Totals {
    /// Nothing counts.
    pub const ZERO: Self = Self {
        unread: 0,
        mentions: 0,
        conversations: 0,
    };

    /// Recounts a set of conversations.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a ConversationState>) -> Self {
        states.into_iter().map(ConversationState::counted).sum()
    }

    /// These totals with `new` put in and `old` taken out; never below zero. What is put in and taken
    /// out alike changes nothing, also when the totals do not hold it.
    #[must_use]
    pub fn replacing(self, old: Self, new: Self) -> Self {
        let swap = |sum: u64, old: u64, new: u64| sum.saturating_add(new).saturating_sub(old);
        Self {
            unread: swap(self.unread, old.unread, new.unread),
            mentions: swap(self.mentions, old.mentions, new.mentions),
            conversations: swap(self.conversations, old.conversations, new.conversations),
        }
    }
}

impl Add for Totals {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            unread: self.unread.saturating_add(other.unread),
            mentions: self.mentions.saturating_add(other.mentions),
            conversations: self.conversations.saturating_add(other.conversations),
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::ZERO, Add::add)
    }
}

/// Which of the totals the badge shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BadgePolicy {
    /// Unread items.
    #[default]
    Messages,
    /// Conversations with something unread.
    Conversations,
    /// Unread items that mention the person.
    Mentions,
    /// No badge: always 0.
    Off,
}

impl BadgePolicy {
    /// The number on the app's icon for these totals. At most `u32::MAX`.
    pub fn badge(self, totals: Totals) -> u32 {
        let number = match self {
            Self::Messages => totals.unread,
            Self::Conversations => totals.conversations,
            Self::Mentions => totals.mentions,
            Self::Off => 0,
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}
