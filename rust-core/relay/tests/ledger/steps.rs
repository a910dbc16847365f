//! What may happen.

use proptest::prelude::*;
use truebadge_protocol::{
    ConversationId, Level, Position,
    messages::{Action, ConversationUpsert, Event},
};

/// Phones of the account.
pub const PHONES: usize = 3;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// The backend reports.
    Events(Vec<Event>),
    /// The backend reports, and does not hear the answer the first time.
    EventsTwice(Vec<Event>),
    /// The backend tells a whole state.
    Upsert(ConversationId, ConversationUpsert),
    /// A phone sends operations: so many that the relay has already, then new ones, perhaps with a
    /// hole before the last of them.
    Operate {
        phone: usize,
        again: usize,
        actions: Vec<Action>,
        hole: bool,
    },
    /// A phone asks for one page.
    Sync { phone: usize, limit: usize },
    /// A phone loses its mirror.
    Forget { phone: usize },
    /// A phone signs out, and in again.
    SignOut { phone: usize },
    /// A phone's device token is replaced.
    Replace { phone: usize },
    /// A backup was restored.
    Restart,
}

pub fn conversation() -> impl Strategy<Value = ConversationId> {
    let name = prop_oneof![Just("a"), Just("b"), Just("c"), Just("ü")];
    name.prop_map(|name| ConversationId::new(name).unwrap())
}

fn position() -> impl Strategy<Value = Position> {
    (0..9_u64).prop_map(|position| Position::new(position).unwrap())
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::All), Just(Level::Mentions), Just(Level::None)]
}

fn positions() -> impl Strategy<Value = Vec<Position>> {
    prop::collection::vec(position(), 0..4)
}

fn event() -> impl Strategy<Value = Event> {
    let arrived = (1..9_u64).prop_map(|position| Position::new(position).unwrap());
    prop_oneof![
        6 => (conversation(), arrived, any::<bool>()).prop_map(|(conversation, position, mention)| {
            Event::Item { conversation, position, mention, alert: None }
        }),
        2 => (conversation(), position())
            .prop_map(|(conversation, up_to)| Event::Read { conversation, up_to }),
        2 => (conversation(), positions())
            .prop_map(|(conversation, positions)| Event::ReadItems { conversation, positions }),
        1 => (conversation(), any::<bool>())
            .prop_map(|(conversation, marked)| Event::MarkedUnread { conversation, marked }),
        1 => (conversation(), level())
            .prop_map(|(conversation, level)| Event::Level { conversation, level }),
        1 => conversation().prop_map(|conversation| Event::Removed { conversation }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (conversation(), position()).prop_map(|(conversation, position)| Action::ReadUpTo {
            conversation,
            position
        }),
        (conversation(), positions()).prop_map(|(conversation, positions)| Action::ReadItems {
            conversation,
            positions
        }),
        (conversation(), any::<bool>()).prop_map(|(conversation, marked)| Action::MarkedUnread {
            conversation,
            marked
        }),
        (conversation(), level()).prop_map(|(conversation, level)| Action::SetLevel {
            conversation,
            level
        }),
    ]
}

fn upsert() -> impl Strategy<Value = ConversationUpsert> {
    (
        0..5_u32,
        0..3_u32,
        position(),
        position(),
        level(),
        any::<bool>(),
    )
        .prop_map(
            |(unread, mentions, newest, read_up_to, level, marked_unread)| ConversationUpsert {
                unread,
                mentions: mentions.min(unread),
                newest,
                read_up_to,
                level,
                marked_unread,
            },
        )
}

pub fn any_step() -> impl Strategy<Value = Step> {
    let phone = || 0..PHONES;
    let events = || prop::collection::vec(event(), 1..6);
    prop_oneof![
        6 => events().prop_map(Step::Events),
        1 => events().prop_map(Step::EventsTwice),
        2 => (conversation(), upsert()).prop_map(|(id, state)| Step::Upsert(id, state)),
        6 => (phone(), 0..3_usize, prop::collection::vec(action(), 0..4), prop::bool::weighted(0.1))
            .prop_map(|(phone, again, actions, hole)| Step::Operate { phone, again, actions, hole }),
        6 => (phone(), 1..4_usize).prop_map(|(phone, limit)| Step::Sync { phone, limit }),
        1 => phone().prop_map(|phone| Step::Forget { phone }),
        1 => phone().prop_map(|phone| Step::SignOut { phone }),
        1 => phone().prop_map(|phone| Step::Replace { phone }),
        1 => Just(Step::Restart),
    ]
}
