//! Which delivered notifications are read now. Pure.

use truebadge_protocol::{ConversationState, Position};

/// What the phone knows of the conversation that a notification belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The conversation as the person should see it; none when the mirror does not hold it.
    pub state: Option<ConversationState>,
    /// The mirror knows all that the server told of. Only then does "nothing unread" speak of the
    /// newest item too, and only then is a conversation that it does not hold read to its end.
    pub complete: bool,
}

/// Whether a notification about an item of the conversation can go.
pub fn is_read(seen: &Seen, position: Option<Position>) -> bool {
    let Some(state) = &seen.state else {
        return seen.complete;
    };
    let nothing_unread = state.unread == 0 && state.mentions == 0 && !state.marked_unread;
    state.removed
        || (seen.complete && nothing_unread)
        || position.is_some_and(|position| position <= state.read_up_to)
}
