//! Base + pending operations → what the person should see. Pure.
//!
//! What was read here never comes back because of anything older (S4): an operation stays in the
//! overlay until the base holds it. Operations are laid over one after another, each over what the
//! earlier ones left, as the server will apply them.
//!
//! The base tells counts, not items. So what is shown is exact as long as items only arrive above
//! what was read here; an item that arrives below it, or that another device reads meanwhile, can
//! make the number wrong by as much until the server has confirmed the operation. It is never above the
//! base's.

use truebadge_protocol::{ConversationState, Level, Position, Version};

use crate::simulation::{Bug, is};

/// Something the person did here that the mirror does not hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOperation {
    /// Its number among this device's operations for the account.
    pub number: u64,
    /// The version that the person acted on.
    pub seen: Version,
    /// What was shown before it.
    pub before: Before,
    /// The version at which the server has applied it at the latest, once it said so.
    pub applied: Option<Version>,
    /// What was done.
    pub kind: PendingKind,
}

/// What was shown of a conversation when the person did something with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Before {
    /// Unread items that the read was made from: more than this is new.
    pub unread: u32,
    /// How many of them mentioned the person; none when it was not known, because an earlier pending
    /// read left some items without saying which.
    pub mentions: Option<u32>,
    /// It was marked unread by hand.
    pub marked: bool,
}

/// What the person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingKind {
    /// Read up to a position, after which `remaining` items were left unread.
    ReadUpTo {
        /// The new read marker.
        position: Position,
        /// Items that the person still saw as unread.
        remaining: u32,
    },
    /// Read single items, after which `remaining` were left unread.
    ReadItems {
        /// The last of them. Which they are is known to the outbox, and told to the relay only.
        last: Position,
        /// Items that the person still saw as unread.
        remaining: u32,
    },
    /// Marked unread by hand, or took that back.
    MarkedUnread {
        /// Whether it is marked now.
        marked: bool,
    },
    /// Chose what of the conversation may count.
    SetLevel {
        /// The new level.
        level: Level,
    },
}

impl PendingOperation {
    /// Whether it is known how many of the items that it left mention the person.
    fn leaves_known_mentions(&self) -> bool {
        match self.kind {
            PendingKind::ReadUpTo { remaining, .. } | PendingKind::ReadItems { remaining, .. } => {
                let all_or_none = remaining == 0 || remaining >= self.before.unread;
                let known = self.before.mentions;
                known == Some(0) || (known.is_some() && all_or_none)
            }
            PendingKind::MarkedUnread { .. } | PendingKind::SetLevel { .. } => true,
        }
    }
}

impl PendingKind {
    /// Whether doing this directly after `earlier` makes that one needless.
    pub fn supersedes(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::ReadUpTo { position, .. }, Self::ReadUpTo { position: old, .. }) => {
                position >= old
            }
            (Self::MarkedUnread { .. }, Self::MarkedUnread { .. })
            | (Self::SetLevel { .. }, Self::SetLevel { .. }) => true,
            _ => false,
        }
    }
}

impl Before {
    /// What to remember of the conversation as it is shown with `earlier` operations laid over it.
    ///
    /// An app may know of items that the mirror has not heard of: what it says is left is not new
    /// either when the mirror hears of it.
    pub fn of<'a>(
        shown: &ConversationState,
        earlier: impl IntoIterator<Item = &'a PendingOperation>,
        kind: &PendingKind,
    ) -> Self {
        let unread = match kind {
            PendingKind::ReadUpTo {
                position,
                remaining,
            } if *position >= shown.newest => shown.unread.saturating_add(*remaining),
            PendingKind::ReadUpTo { remaining, .. } | PendingKind::ReadItems { remaining, .. } => {
                shown.unread.max(*remaining)
            }
            PendingKind::MarkedUnread { .. } | PendingKind::SetLevel { .. } => shown.unread,
        };
        let mut earlier = earlier.into_iter();
        let known = shown.mentions == 0 || earlier.all(PendingOperation::leaves_known_mentions);
        Self {
            unread,
            mentions: known.then_some(shown.mentions),
            marked: shown.marked_unread,
        }
    }
}

/// What the person should see of a conversation. `operations` are its own, in ascending number.
pub fn lay_over<'a>(
    base: &ConversationState,
    operations: impl IntoIterator<Item = &'a PendingOperation>,
) -> ConversationState {
    let mut shown = base.clone();
    let mut marked_here = false;
    for operation in operations {
        let held = |version| base.version >= version;
        if operation.applied.is_some_and(held) {
            continue;
        }
        match &operation.kind {
            PendingKind::ReadUpTo {
                position,
                remaining,
            } => {
                unmark(&mut shown, base, operation, marked_here);
                read_up_to(&mut shown, base, operation.before, *position, *remaining);
            }
            PendingKind::ReadItems { last, remaining } => {
                if *last > base.read_up_to {
                    leave(&mut shown, operation.before, *remaining);
                }
            }
            // The server refuses these on a conversation that is gone.
            PendingKind::MarkedUnread { .. } | PendingKind::SetLevel { .. } if base.removed => {}
            PendingKind::MarkedUnread { marked: true } => {
                shown.marked_unread = true;
                marked_here = true;
            }
            PendingKind::MarkedUnread { marked: false } => {
                unmark(&mut shown, base, operation, marked_here);
            }
            PendingKind::SetLevel { .. } if is(Bug::MutingWaits) => {}
            PendingKind::SetLevel { level } => shown.level = *level,
        }
    }
    shown
}

/// A mark that the person did not see is newer than what was done here, and stays (S4); one that was
/// shown, or that was made here, is taken back. One that others set in place of such a mark looks the
/// same: it is hidden until the server has answered, which keeps it.
fn unmark(
    shown: &mut ConversationState,
    base: &ConversationState,
    operation: &PendingOperation,
    marked_here: bool,
) {
    let seen = marked_here || operation.before.marked || base.version <= operation.seen;
    if seen || is(Bug::OlderReadTakesMark) {
        shown.marked_unread = false;
    }
}

fn read_up_to(
    shown: &mut ConversationState,
    base: &ConversationState,
    before: Before,
    position: Position,
    remaining: u32,
) {
    // A read ends counts without positions wherever it is.
    if base.read_up_to >= position && base.newest > Position::ZERO {
        return;
    }
    if base.newest <= position || is(Bug::ClearHidesWhatCameLater) {
        // All that the base knows of was read, also what it learnt of later than the person did.
        shown.unread = shown.unread.min(remaining);
        let left = before.mentions.unwrap_or(remaining).min(remaining);
        shown.mentions = shown.mentions.min(left);
    } else {
        leave(shown, before, remaining);
        // Positions are whole numbers: no more items than lie between can be unread.
        let room = base.newest.get() - position.get();
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        shown.unread = shown.unread.min(room);
    }
    shown.mentions = shown.mentions.min(shown.unread);
    shown.read_up_to = shown.read_up_to.max(position);
}

/// Leaves what the person left unread, and what is there beyond what there was before.
///
/// Which of the items that were left mention the person is not told: as many as can are taken to, so
/// that no mention is hidden.
fn leave(shown: &mut ConversationState, before: Before, remaining: u32) {
    let arrived = shown.unread.saturating_sub(before.unread);
    let (mentions_left, mentions_arrived) = match before.mentions {
        Some(known) => (known.min(remaining), shown.mentions.saturating_sub(known)),
        None => (remaining, arrived),
    };
    let left = remaining.saturating_add(arrived);
    if is(Bug::RemainingWins) {
        shown.unread = left;
    }
    shown.unread = shown.unread.min(left);
    shown.mentions = shown
        .mentions
        .min(mentions_left.saturating_add(mentions_arrived.min(arrived)))
        .min(shown.unread);
}
