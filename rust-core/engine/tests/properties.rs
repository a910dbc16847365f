//! Properties of the pure parts, against straightforward reference models.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use truebadge_engine::{
    merge::{Tally, merge},
    overlay::{Before, PendingKind, PendingOperation, lay_over},
};
use truebadge_protocol::{
    ConversationId, ConversationState, Digest, Level, Position, Totals, Version,
};

prop_compose! {
    fn state()(
        id in 0..4u8,
        version in 1..12u64,
        unread in 0..6u32,
        mentions in 0..3u32,
        read_up_to in 0..20u64,
        level in 0..3u8,
        marked_unread: bool,
        removed in proptest::bool::weighted(0.1),
    ) -> ConversationState {
        ConversationState {
            id: ConversationId::new(format!("conversation {id}")).unwrap(),
            version: Version::new(version).unwrap(),
            unread,
            mentions: mentions.min(unread),
            newest: Position::new(read_up_to + u64::from(unread)).unwrap(),
            read_up_to: Position::new(read_up_to).unwrap(),
            level: Level::from_code(level).unwrap(),
            marked_unread,
            removed,
        }
    }
}

type Rows = BTreeMap<ConversationId, ConversationState>;

fn apply(rows: &mut Rows, tally: &mut Tally, change: &ConversationState) {
    let current = rows.get(&change.id).cloned();
    if let Some(row) = merge(current.as_ref(), Version::ZERO, change) {
        tally.replace(current.as_ref(), Some(row));
        rows.insert(row.id.clone(), row.clone());
    }
}

fn applied(changes: &[ConversationState]) -> (Rows, Tally) {
    let (mut rows, mut tally) = (Rows::new(), Tally::default());
    for change in changes {
        apply(&mut rows, &mut tally, change);
    }
    (rows, tally)
}

/// Changes as one server makes them: no two of a conversation have the same version.
fn history() -> impl Strategy<Value = Vec<ConversationState>> {
    proptest::collection::vec(state(), 0..24).prop_map(|mut changes| {
        let mut seen = std::collections::BTreeSet::new();
        changes.retain(|change| seen.insert((change.id.clone(), change.version)));
        changes
    })
}

proptest! {
    #[test]
    fn changes_in_any_order_and_number_lead_to_the_same_rows(
        (history, shuffled) in history().prop_flat_map(|changes| {
            let twice = [changes.clone(), changes.clone()].concat();
            (Just(changes), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(applied(&history), applied(&shuffled));
    }

    #[test]
    fn the_newest_version_of_each_conversation_wins(history in history()) {
        let (rows, _) = applied(&history);
        for row in rows.values() {
            let newest = history.iter().filter(|c| c.id == row.id).map(|c| c.version).max();
            prop_assert_eq!(Some(row.version), newest);
        }
    }

    #[test]
    fn kept_totals_and_digest_equal_a_recount(history in history()) {
        let (rows, tally) = applied(&history);
        prop_assert_eq!(tally.totals, Totals::of(rows.values()));
        prop_assert_eq!(tally.digest, Digest::of(rows.values()));
    }

    #[test]
    fn a_change_at_or_below_the_cursor_is_never_applied(
        current in proptest::option::of(state()), cursor in 0..12u64, change in state()
    ) {
        let cursor = Version::new(cursor).unwrap();
        if change.version <= cursor {
            prop_assert_eq!(merge(current.as_ref(), cursor, &change), None);
        }
    }

    #[test]
    fn reading_never_raises_what_is_shown(
        base in state(), position in 0..30u64, remaining in 0..6u32, seen in 0..12u64
    ) {
        let shown = lay_over(&base, [&read(&base, position, remaining, seen)]);
        prop_assert!(shown.unread <= base.unread);
        prop_assert!(shown.mentions <= shown.unread);
        prop_assert!(shown.read_up_to >= base.read_up_to);
    }

    #[test]
    fn a_read_shows_what_was_left_and_what_arrived_since(
        base in state(), remaining in 0..6u32, arrived in 0..6u32
    ) {
        // The app knows of items that the mirror has not heard of.
        let operation = read(&base, base.newest.get() + 1, remaining, base.version.get());
        let above = remaining + arrived;
        let later = ConversationState {
            unread: base.unread + above,
            newest: Position::new(base.newest.get() + 1 + u64::from(above)).unwrap(),
            ..base.clone()
        };
        let shown = lay_over(&later, [&operation]);
        prop_assert_eq!(shown.unread, above);
    }

    #[test]
    fn what_was_read_before_the_mirror_knew_of_it_does_not_count_once_it_does(
        later in state(), ahead in 0..5u64
    ) {
        let before = ConversationState::empty(later.id.clone());
        let operation = read(&before, later.newest.get() + ahead, 0, 0);
        let shown = lay_over(&later, [&operation]);
        prop_assert_eq!((shown.unread, shown.mentions), (0, 0));
    }

    #[test]
    fn a_read_clears_a_mark_that_was_made_here_before_it(base in state(), seen in 0..12u64) {
        let mark = PendingOperation {
            kind: PendingKind::MarkedUnread { marked: true },
            ..read(&base, 0, 0, seen)
        };
        let shown = lay_over(&base, [&mark, &read(&base, 30, 0, seen)]);
        prop_assert!(!shown.marked_unread);
    }

    #[test]
    fn an_operation_that_the_base_holds_already_changes_nothing(
        base in state(), position in 0..30u64, remaining in 0..6u32
    ) {
        let operation = PendingOperation {
            applied: Some(base.version),
            ..read(&base, position, remaining, 0)
        };
        prop_assert_eq!(lay_over(&base, [&operation]), base);
    }

    #[test]
    fn a_mark_that_is_newer_than_what_was_seen_outlives_the_read(base in state(), seen in 0..12u64) {
        let before = ConversationState { marked_unread: false, ..base.clone() };
        let base = ConversationState { marked_unread: true, removed: false, ..base };
        let shown = lay_over(&base, [&read(&before, 30, 0, seen)]);
        prop_assert_eq!(shown.marked_unread, base.version.get() > seen);
    }
}

fn read(base: &ConversationState, position: u64, remaining: u32, seen: u64) -> PendingOperation {
    let kind = PendingKind::ReadUpTo {
        position: Position::new(position).unwrap(),
        remaining,
    };
    PendingOperation {
        number: 1,
        seen: Version::new(seen).unwrap(),
        before: Before::of(base, [], &kind),
        applied: None,
        kind,
    }
}
