//! Digest and totals, kept row by row, always equal a recount.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, sample::Index};
use truebadge_protocol::{BadgePolicy, ConversationId, ConversationState, Digest, Level, Totals};

use crate::strategies;

/// A mirror or a relay: rows, and sums that are kept as rows change.
#[derive(Default)]
struct Kept {
    rows: BTreeMap<usize, ConversationState>,
    digest: Digest,
    totals: Totals,
}

impl Kept {
    fn put(&mut self, place: usize, new: ConversationState) {
        let (digest, totals) = (Digest::of_row(&new), new.counted());
        let old = self.rows.insert(place, new);
        let old_digest = old.as_ref().map_or(Digest::EMPTY, Digest::of_row);
        let old_totals = old
            .as_ref()
            .map_or(Totals::ZERO, ConversationState::counted);
        self.digest = self.digest.replacing(old_digest, digest);
        self.totals = self.totals.replacing(old_totals, totals);
    }
}

fn active() -> impl Strategy<Value = ConversationState> {
    strategies::state().prop_map(|state| ConversationState {
        unread: state.unread.max(1),
        removed: false,
        ..state
    })
}

proptest! {
    #[test]
    fn sums_kept_row_by_row_equal_a_recount(
        changes in vec((0..6_usize, strategies::state()), 0..40),
    ) {
        let mut kept = Kept::default();
        for (place, state) in changes {
            kept.put(place, state);
            prop_assert_eq!(kept.digest, Digest::of(kept.rows.values()));
            prop_assert_eq!(kept.totals, Totals::of(kept.rows.values()));
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in vec(strategies::state(), 0..20),
        swaps in vec(any::<(Index, Index)>(), 0..20),
    ) {
        let mut shuffled = rows.clone();
        if !rows.is_empty() {
            for (one, other) in swaps {
                shuffled.swap(one.index(rows.len()), other.index(rows.len()));
            }
        }
        prop_assert_eq!(Digest::of(&rows), Digest::of(&shuffled));
        prop_assert_eq!(Totals::of(&rows), Totals::of(&shuffled));
    }

    #[test]
    fn any_difference_between_active_rows_shows_in_the_digest(
        one in active(),
        other in active(),
        shared in any::<[bool; 8]>(),
    ) {
        // Rows that differ in everything are told apart too easily.
        let other = ConversationState {
            id: if shared[0] { one.id.clone() } else { other.id },
            version: if shared[1] { one.version } else { other.version },
            unread: if shared[2] { one.unread } else { other.unread },
            mentions: if shared[3] { one.mentions } else { other.mentions },
            newest: if shared[4] { one.newest } else { other.newest },
            read_up_to: if shared[5] { one.read_up_to } else { other.read_up_to },
            level: if shared[6] { one.level } else { other.level },
            marked_unread: if shared[7] { one.marked_unread } else { other.marked_unread },
            removed: false,
        };
        let same = Digest::of_row(&one) == Digest::of_row(&other);
        prop_assert_eq!(same, one == other);
    }

    #[test]
    fn what_is_not_active_counts_nothing(state in strategies::state()) {
        if !state.is_active() {
            prop_assert_eq!(state.counted(), Totals::ZERO);
            prop_assert_eq!(Digest::of_row(&state), Digest::EMPTY);
        }
    }

    #[test]
    fn a_badge_is_never_larger_than_ios_takes(totals in strategies::totals()) {
        let badge = u64::from(BadgePolicy::Messages.badge(totals));
        prop_assert_eq!(badge, totals.unread.min(u64::from(u32::MAX)));
    }
}

/// Every conversation with up to three unread items, some of which mention the person.
fn small_conversations() -> impl Iterator<Item = ConversationState> {
    let id = ConversationId::new("general").unwrap();
    let levels = [Level::All, Level::Mentions, Level::None];
    let shapes = levels.into_iter().flat_map(|level| {
        let counts =
            (0..=3).flat_map(|unread| (0..=unread).map(move |mentions| (unread, mentions)));
        counts.flat_map(move |counts| [false, true].map(|marked| (level, counts, marked)))
    });
    shapes.map(
        move |(level, (unread, mentions), marked_unread)| ConversationState {
            level,
            unread,
            mentions,
            marked_unread,
            ..ConversationState::empty(id.clone())
        },
    )
}

#[test]
fn reading_items_never_raises_the_badge() {
    let all: Vec<_> = small_conversations().collect();
    let policies = [
        BadgePolicy::Messages,
        BadgePolicy::Conversations,
        BadgePolicy::Mentions,
    ];
    let mut compared = 0;
    for before in &all {
        // Reading single items leaves a mark set by hand alone, and takes items away.
        let after = all.iter().filter(|after| {
            (after.level, after.marked_unread) == (before.level, before.marked_unread)
                && after.unread <= before.unread
                && after.mentions <= before.mentions
        });
        for after in after {
            compared += 1;
            for policy in policies {
                let (was, is) = (
                    policy.badge(before.counted()),
                    policy.badge(after.counted()),
                );
                assert!(is <= was, "{was} became {is}: {before:?} then {after:?}");
            }
        }
    }
    assert!(compared > 100);
}

#[test]
fn what_is_put_in_and_taken_out_alike_changes_no_totals() {
    let one = Totals {
        unread: 1,
        mentions: 1,
        conversations: 1,
    };
    assert_eq!(Totals::ZERO.replacing(one, one), Totals::ZERO);
    assert_eq!(one.replacing(one, Totals::ZERO), Totals::ZERO);
    assert_eq!(Totals::ZERO.replacing(one, Totals::ZERO), Totals::ZERO);
}
