//! Arbitrary values of the wire's types, with a taste for the largest and the smallest.

use proptest::{collection::vec, option, prelude::*};
use truebadge_protocol::{
    BadgePolicy, ConversationId, ConversationState, Digest, Epoch, Level, Position, PushPayload,
    Route, Totals, Version,
    limits::{ID_BYTES, NUMBER, SHORT_ID_BYTES},
    push::{AlertText, Aps},
};

/// A name of 1 to `bound` bytes in any script, without control characters.
pub fn name(bound: usize) -> impl Strategy<Value = String> {
    // Everything but the two blocks of control characters.
    let letter = prop_oneof![
        proptest::char::range(' ', '~'),
        proptest::char::range('\u{a0}', '\u{10ffff}'),
    ];
    let short = vec(letter, 1..12).prop_map(|letters| letters.into_iter().collect::<String>());
    prop_oneof![9 => short, 1 => Just("x".repeat(bound))]
}

pub fn conversation_id() -> impl Strategy<Value = ConversationId> {
    name(ID_BYTES).prop_map(|name| ConversationId::new(name).unwrap())
}

pub fn epoch() -> impl Strategy<Value = Epoch> {
    name(SHORT_ID_BYTES).prop_map(|name| Epoch::new(name).unwrap())
}

pub fn route() -> impl Strategy<Value = Route> {
    name(SHORT_ID_BYTES).prop_map(|name| Route::new(name).unwrap())
}

pub fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 0..NUMBER, Just(NUMBER - 1)]
}

pub fn version() -> impl Strategy<Value = Version> {
    number().prop_map(|number| Version::new(number).unwrap())
}

pub fn position() -> impl Strategy<Value = Position> {
    number().prop_map(|number| Position::new(number).unwrap())
}

pub fn count() -> impl Strategy<Value = u32> {
    prop_oneof![0..5_u32, any::<u32>(), Just(u32::MAX)]
}

pub fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::All), Just(Level::Mentions), Just(Level::None)]
}

pub fn policy() -> impl Strategy<Value = BadgePolicy> {
    prop_oneof![
        Just(BadgePolicy::Messages),
        Just(BadgePolicy::Conversations),
        Just(BadgePolicy::Mentions),
        Just(BadgePolicy::Off),
    ]
}

pub fn totals() -> impl Strategy<Value = Totals> {
    (number(), number(), number()).prop_map(|(unread, mentions, conversations)| Totals {
        unread,
        mentions,
        conversations,
    })
}

pub fn digest() -> impl Strategy<Value = Digest> {
    any::<u64>().prop_map(Digest::from_bits)
}

pub fn state() -> impl Strategy<Value = ConversationState> {
    let numbers = (version(), count(), count(), position(), position());
    (conversation_id(), numbers, level(), any::<(bool, bool)>()).prop_map(
        |(id, (version, unread, mentions, newest, read_up_to), level, (marked_unread, removed))| {
            ConversationState {
                id,
                version,
                unread,
                mentions,
                newest,
                read_up_to,
                level,
                marked_unread,
                removed,
            }
        },
    )
}

/// A payload that keeps the wire's rules: `base` and every row at or below `version`.
pub fn payload() -> impl Strategy<Value = PushPayload> {
    let rows = option::of(prop_oneof![vec(state(), 0..8), vec(state(), 0..200)]);
    let item = option::of((conversation_id(), position()));
    let numbers = (number(), version(), version(), number());
    let told = (rows, item, any::<bool>());
    ((route(), epoch()), numbers, totals(), told).prop_map(
        |(
            (route, epoch),
            (counter, one, other, acknowledged),
            totals,
            (rows, item, sync_wanted),
        )| {
            let (base, version) = (one.min(other), one.max(other));
            let clamped = |mut row: ConversationState| {
                row.version = row.version.min(version);
                row
            };
            PushPayload {
                route,
                epoch,
                counter,
                base,
                version,
                totals,
                acknowledged,
                rows: rows.map(|rows| rows.into_iter().map(clamped).collect()),
                item,
                sync_wanted,
            }
        },
    )
}

/// An `aps` part whose alert may be far longer than APNs carries.
pub fn aps() -> impl Strategy<Value = Aps> {
    let words = prop_oneof![8 => 0..200_usize, 2 => 0..6000_usize];
    let alert = option::of(words.prop_map(|length| AlertText {
        title: None,
        subtitle: None,
        body: Some("\u{e9}\"".repeat(length / 2)),
    }));
    (alert, option::of(count()), any::<(bool, bool)>()).prop_map(
        |(alert, badge, (content_available, mutable_content))| Aps {
            alert,
            badge,
            sound: None,
            thread_id: None,
            content_available,
            mutable_content,
        },
    )
}
