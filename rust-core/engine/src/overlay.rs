//! Base + pending operations → what the person should see. Pure.
//!
//! What was read here never comes back because of anything older (S4): an operation stays in the
//! overlay until the cursor has passed the version at which the server applied it.

use truebadge_protocol::{ConversationState, Position, Version};

/// Something the person did here that the mirror does not hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOperation {
    /// Its number among this device's operations for the account.
    pub number: u64,
    /// The version that the person acted on.
    pub seen: Version,
    /// What the base said was unread then.
    pub base_unread: u32,
    /// How many of those mentioned the person.
    pub base_mentions: u32,
    /// The version at which the server applied it, once it said so.
    pub applied: Option<Version>,
    /// What was done.
    pub kind: PendingKind,
}

/// What the person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingKind {
    /// Read up to a position, after which `remaining` items were left unread.
    ReadUpTo {
        /// The new read marker.
        position: Position,
        /// Items that the person still saw as unread.
        remaining: u32,
    },
    /// Marked unread by hand, or took that back.
    MarkedUnread {
        /// Whether it is marked now.
        marked: bool,
    },
}

/// What the person should see of a conversation. `operations` are its own, in ascending number.
pub fn lay_over<'a>(
    base: &ConversationState,
    operations: impl IntoIterator<Item = &'a PendingOperation>,
) -> ConversationState {
    let mut shown = base.clone();
    let mut marked_here = false;
    for operation in operations {
        if operation
            .applied
            .is_some_and(|version| base.version >= version)
        {
            continue;
        }
        match operation.kind {
            PendingKind::MarkedUnread { marked } => {
                shown.marked_unread = marked;
                marked_here = true;
            }
            PendingKind::ReadUpTo {
                position,
                remaining,
            } => {
                // A mark that is newer than what the person saw is not undone by this read; one
                // that he made here before it is.
                if marked_here || base.version <= operation.seen {
                    shown.marked_unread = false;
                }
                read_up_to(&mut shown, base, operation, position, remaining);
            }
        }
    }
    shown
}

fn read_up_to(
    shown: &mut ConversationState,
    base: &ConversationState,
    operation: &PendingOperation,
    position: Position,
    remaining: u32,
) {
    if base.read_up_to >= position {
        return;
    }
    // What is newer than the position may have arrived since; what is not was read, also when the
    // base learns of it later than the person did.
    let (arrived, mentions_arrived) = if base.newest <= position {
        (0, 0)
    } else {
        (
            base.unread.saturating_sub(operation.base_unread),
            base.mentions.saturating_sub(operation.base_mentions),
        )
    };
    shown.unread = shown.unread.min(remaining.saturating_add(arrived));
    let mentions_remaining = operation.base_mentions.min(remaining);
    shown.mentions = shown
        .mentions
        .min(mentions_remaining.saturating_add(mentions_arrived))
        .min(shown.unread);
    shown.read_up_to = shown.read_up_to.max(position);
}
