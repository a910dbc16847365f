//! What events and operations do to an account's conversations. No I/O of its own, no clock.
//!
//! [`Ledger`] applies them one by one. It sees the conversations through [`Rows`], which the store
//! implements inside its transaction, so a conversation with many unread items costs no more than
//! one with few.

mod ledger;
mod memory;
mod page;

pub use ledger::{Ledger, Outcome, Phone};
pub use memory::MemoryRows;
pub use page::{PageStart, is_reset};

use truebadge_protocol::{
    ConversationId, ConversationState, DeviceId, Digest, Position, Totals, Version,
};

/// At most so many conversations of an account are kept that only its phones have named
/// (`docs/decisions/0047-phones-may-be-first-within-bounds.md`).
pub const PHONES_ONLY: usize = 10_000;
/// At most so many items of an account are kept that were read before they were reported.
pub const READ_AHEAD: usize = 10_000;
/// Of the items of a conversation that were read one by one above its read marker, the newest so
/// many are kept.
pub const READ_SINGLY: usize = 4096;

/// What an account adds up to. Kept incrementally; a recount gives the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// The newest version.
    pub head: Version,
    /// What counts at `head`.
    pub totals: Totals,
    /// The digest of all active conversations at `head`.
    pub digest: Digest,
}

/// A conversation as the relay keeps it: the state that travels, and what it takes to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// What phones see.
    pub state: ConversationState,
    /// The version at which the person last marked it unread by hand; zero when never.
    pub marked_at: Version,
    /// The device whose operation marked it; none when an event did, or when it is not marked.
    pub marked_by: Option<DeviceId>,
    /// What a backend that counts by itself said. Zero for one that sends items.
    pub told: ToldCounts,
    /// The unread items that are kept for it; they and `told` make up the state's counts.
    pub items: Counted,
    /// The backend has named it, not only a phone.
    pub reported: bool,
}

/// Counts without items, from `PUT …/conversations/{id}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToldCounts {
    /// Unread items.
    pub unread: u32,
    /// Those of them that mention the person.
    pub mentions: u32,
    /// The newest of them; a read up to here ends them all.
    pub newest: Position,
}

impl ToldCounts {
    /// What can still be unread of these counts above a read marker: positions are whole numbers,
    /// so no more than lie between the marker and the newest. A state without positions stays.
    #[must_use]
    pub fn above(self, read_up_to: Position) -> Self {
        if self.newest == Position::ZERO {
            return self;
        }
        let room = self.newest.get().saturating_sub(read_up_to.get());
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let unread = self.unread.min(room);
        let mentions = self.mentions.min(unread);
        Self {
            unread,
            mentions,
            newest: self.newest,
        }
    }
}

impl Conversation {
    /// One in which nothing happened yet.
    pub fn empty(id: ConversationId) -> Self {
        Self {
            state: ConversationState::empty(id),
            marked_at: Version::ZERO,
            marked_by: None,
            told: ToldCounts::default(),
            items: Counted::default(),
            reported: false,
        }
    }
}

/// How many items, and how many of them mention the person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Items.
    pub items: u32,
    /// Those that mention the person.
    pub mentions: u32,
}

impl Counted {
    /// With these too.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            items: self.items.saturating_add(more.items),
            mentions: self.mentions.saturating_add(more.mentions),
        }
    }

    /// Without these.
    #[must_use]
    pub fn without(self, fewer: Self) -> Self {
        Self {
            items: self.items.saturating_sub(fewer.items),
            mentions: self.mentions.saturating_sub(fewer.mentions),
        }
    }
}

/// An account's conversations and the items above their read markers, wherever they are kept.
///
/// Items at or below a read marker are not kept at all. Items above it that were read one by one are
/// kept as read, so that one that is reported again does not count again. Each call tells how the
/// number of unread items changed, so that nobody has to count them.
pub trait Rows {
    /// What can go wrong with them.
    type Error;

    /// A conversation, or nothing when it was never named.
    fn conversation(&mut self, id: &ConversationId) -> Result<Option<Conversation>, Self::Error>;
    /// Keeps a conversation in place of the one with its id.
    fn save(&mut self, conversation: &Conversation) -> Result<(), Self::Error>;
    /// How many conversations only phones have named, counted up to [`PHONES_ONLY`].
    fn phones_only(&mut self) -> Result<usize, Self::Error>;
    /// Keeps an unread item, and returns what it adds: the same position is one item, and mentions
    /// if either did; one that was read already adds nothing.
    fn insert_item(
        &mut self,
        id: &ConversationId,
        position: Position,
        mention: bool,
    ) -> Result<Counted, Self::Error>;
    /// Marks items as read, those also that were not reported yet ([`READ_AHEAD`] of an account), and
    /// returns what was unread of them. Keeps the newest [`READ_SINGLY`] read ones.
    fn read_items(
        &mut self,
        id: &ConversationId,
        positions: &[Position],
    ) -> Result<Counted, Self::Error>;
    /// Forgets every item at or below a position, and returns what was unread of them.
    fn forget_items(
        &mut self,
        id: &ConversationId,
        up_to: Position,
    ) -> Result<Counted, Self::Error>;
}
