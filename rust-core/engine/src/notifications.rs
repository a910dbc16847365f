//! Which delivered notifications are read now. Pure.

use truebadge_protocol::{ConversationState, Position, Version};

/// What the phone knows of the conversation that a notification belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The conversation as the person should see it; none when the mirror does not hold it.
    pub state: Option<ConversationState>,
    /// The mirror knows all that the server told of.
    pub complete: bool,
    /// The version up to which the mirror knows everything.
    pub cursor: Version,
}

/// Whether a notification about an item of the conversation can go.
///
/// It can when the read marker has passed the item's `position`. Without a marker at hand (a mirror
/// does not hold conversations that are read to the end) it can only when the mirror is known to
/// be newer than the item: when it has reached the `version` that the notification's push told.
/// Otherwise the item may be one that the mirror has not heard of, and the notification stays.
pub fn is_read(seen: &Seen, position: Option<Position>, version: Option<Version>) -> bool {
    let newer = seen.complete && version.is_some_and(|version| version <= seen.cursor);
    let Some(state) = &seen.state else {
        return newer;
    };
    let nothing_unread = state.unread == 0 && state.mentions == 0 && !state.marked_unread;
    state.removed
        || position.is_some_and(|position| position <= state.read_up_to)
        || (newer && nothing_unread)
}
