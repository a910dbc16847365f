//! What events and operations do to conversations.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use truebadge_protocol::{
    AccountId, ConversationId, ConversationState, DeviceId, Digest, Level, Position, Totals,
    Version,
    messages::{Action, ConversationUpsert, Event, EventsRequest},
};
use truebadge_relay::{
    model::{Ledger, MemoryRows, Outcome, PHONES_ONLY, Phone, READ_AHEAD, READ_SINGLY, Rows, Sums},
    store::{Store, sqlite::SqliteStore},
};

fn id(name: &str) -> ConversationId {
    ConversationId::new(name).unwrap()
}

fn at(position: u64) -> Position {
    Position::new(position).unwrap()
}

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

fn item(position: u64) -> Event {
    Event::Item {
        conversation: id("bob"),
        position: at(position),
        mention: false,
        alert: None,
    }
}

fn read(up_to: u64) -> Event {
    Event::Read {
        conversation: id("bob"),
        up_to: at(up_to),
    }
}

fn read_items(positions: &[u64]) -> Event {
    Event::ReadItems {
        conversation: id("bob"),
        positions: positions.iter().copied().map(at).collect(),
    }
}

fn marked(marked: bool) -> Event {
    Event::MarkedUnread {
        conversation: id("bob"),
        marked,
    }
}

#[derive(Default)]
struct Account {
    sums: Sums,
    rows: MemoryRows,
}

impl Account {
    fn after(events: &[Event]) -> Self {
        let mut account = Self::default();
        for event in events {
            account.apply(event);
        }
        account
    }

    fn apply(&mut self, event: &Event) -> Outcome {
        let mut ledger = Ledger::new(self.sums, &mut self.rows);
        let Ok(outcome) = ledger.event(event);
        self.sums = ledger.sums();
        outcome
    }

    fn act(&mut self, action: &Action, seen: u64) -> Outcome {
        self.act_on("phone", action, seen)
    }

    fn act_on(&mut self, device: &str, action: &Action, seen: u64) -> Outcome {
        let on = Phone {
            device: &DeviceId::new(device).unwrap(),
            seen: version(seen),
        };
        let mut ledger = Ledger::new(self.sums, &mut self.rows);
        let Ok(outcome) = ledger.action(action, on);
        self.sums = ledger.sums();
        outcome
    }

    fn put(&mut self, unread: u32, newest: u64, read_up_to: u64) -> Outcome {
        self.upsert(&ConversationUpsert {
            unread,
            mentions: 0,
            newest: at(newest),
            read_up_to: at(read_up_to),
            level: Level::All,
            marked_unread: false,
        })
    }

    fn put_marked(&mut self) -> Outcome {
        self.upsert(&ConversationUpsert {
            unread: 0,
            mentions: 0,
            newest: at(1),
            read_up_to: at(1),
            level: Level::All,
            marked_unread: true,
        })
    }

    fn upsert(&mut self, state: &ConversationUpsert) -> Outcome {
        let mut ledger = Ledger::new(self.sums, &mut self.rows);
        let Ok(outcome) = ledger.upsert(&id("bob"), state);
        self.sums = ledger.sums();
        outcome
    }

    fn bob(&mut self) -> ConversationState {
        let Ok(found) = self.rows.conversation(&id("bob"));
        found.unwrap().state
    }

    fn unread(&self) -> u64 {
        self.sums.totals.unread
    }
}

fn mark(marked: bool) -> Action {
    Action::MarkedUnread {
        conversation: id("bob"),
        marked,
    }
}

fn read_up_to(position: u64) -> Action {
    Action::ReadUpTo {
        conversation: id("bob"),
        position: at(position),
    }
}

#[test]
fn an_item_at_or_below_the_read_marker_never_counts_whenever_it_arrives() {
    assert_eq!(
        Account::after(&[item(5), read(5), item(3), item(5)]).unread(),
        0
    );
    assert_eq!(Account::after(&[read(5), item(6), item(5)]).unread(), 1);
}

#[test]
fn the_same_position_twice_is_one_item() {
    let mut account = Account::after(&[item(1), item(1)]);
    assert_eq!((account.unread(), account.sums.head), (1, version(1)));
    account.apply(&read_items(&[1]));
    account.apply(&item(1));
    assert_eq!(account.unread(), 0, "also after it was read by itself");
}

#[test]
fn an_item_that_is_read_before_it_arrives_does_not_count() {
    assert_eq!(Account::after(&[read_items(&[4]), item(4)]).unread(), 0);
}

#[test]
fn reading_twice_changes_nothing_and_takes_no_version() {
    let mut account = Account::after(&[item(1), item(2), read(2)]);
    let before = account.sums;
    assert_eq!(account.apply(&read(2)), Outcome::Unchanged);
    assert_eq!(account.apply(&read(1)), Outcome::Unchanged);
    assert_eq!(account.apply(&read_items(&[1, 2])), Outcome::Unchanged);
    assert_eq!(account.sums, before);
}

#[test]
fn a_lower_read_marker_does_not_bring_items_back() {
    let mut account = Account::after(&[item(1), item(2), item(3), read(3), read(1)]);
    assert_eq!(account.bob().read_up_to, at(3));
    assert_eq!(account.unread(), 0);
}

#[test]
fn a_conversation_marked_unread_counts_one_and_a_read_takes_that_back() {
    let mut account = Account::after(&[item(1), read(1), marked(true)]);
    assert_eq!(account.unread(), 1);
    account.apply(&read(1));
    assert_eq!(account.unread(), 0);
}

#[test]
fn a_report_of_an_older_read_does_not_undo_a_newer_mark() {
    let mut account = Account::after(&[item(10), read(10), marked(true)]);
    assert_eq!(account.apply(&read(3)), Outcome::Unchanged);
    assert_eq!(account.sums.totals.unread, 1);
    account.apply(&read(10));
    assert_eq!(account.sums.totals.unread, 0);
}

#[test]
fn a_read_that_saw_less_than_a_mark_does_not_undo_it() {
    let mut account = Account::after(&[item(1), item(2), marked(true)]);
    assert_eq!(account.sums.head, version(3));
    account.act(&read_up_to(2), 2);
    assert!(account.bob().marked_unread);
    assert_eq!(account.bob().unread, 0, "but what was read is read");
    account.act(&read_up_to(2), 3);
    assert!(!account.bob().marked_unread);
}

#[test]
fn marking_again_what_is_marked_renews_the_mark_without_a_version() {
    let mut account = Account::after(&[item(1), marked(true), item(2)]);
    assert_eq!(account.apply(&marked(true)), Outcome::Unchanged);
    account.act(&read_up_to(2), 2);
    assert!(account.bob().marked_unread);
}

#[test]
fn a_phone_knows_the_mark_that_it_set_itself_until_another_sets_it_again() {
    for clears in [read_up_to(1), mark(false)] {
        let mut account = Account::after(&[item(1), read(1)]);
        account.act_on("phone", &mark(true), 2);
        account.act_on("tablet", &clears, 2);
        assert!(account.bob().marked_unread, "the tablet had not seen it");
        account.act_on("phone", &clears, 2);
        assert!(!account.bob().marked_unread, "the phone set it");

        account.act_on("phone", &mark(true), 2);
        account.act_on("tablet", &mark(true), 2);
        account.act_on("phone", &clears, 2);
        assert!(account.bob().marked_unread, "the tablet set it last");
        account.act_on("tablet", &clears, 2);
        assert!(!account.bob().marked_unread);

        account.act_on("phone", &mark(true), 2);
        account.apply(&marked(true));
        account.act_on("phone", &clears, 2);
        assert!(account.bob().marked_unread, "an event set it last");
    }
}

#[test]
fn a_mark_that_is_gone_is_no_longer_the_phone_s_own() {
    let mut account = Account::after(&[item(1), read(1)]);
    account.act(&mark(true), 2);
    account.apply(&read(1));
    account.put_marked();
    account.act(&read_up_to(1), 2);
    assert!(account.bob().marked_unread, "the backend set this one");
}

#[test]
fn a_removed_conversation_stays_away_until_something_new_arrives() {
    let removed = Event::Removed {
        conversation: id("bob"),
    };
    let mut account = Account::after(&[item(1), item(5), removed, item(5), item(2)]);
    assert!(account.bob().removed);
    assert_eq!(account.unread(), 0);
    let level = Action::SetLevel {
        conversation: id("bob"),
        level: Level::None,
    };
    assert!(matches!(account.act(&level, 3), Outcome::Rejected(_)));
    account.apply(&item(6));
    assert!(!account.bob().removed);
    assert_eq!(account.unread(), 1);
}

#[test]
fn a_whole_state_that_does_not_know_of_a_read_does_not_undo_it() {
    let mut account = Account::default();
    account.put(2, 7, 0);
    account.act(&read_up_to(7), 1);
    assert_eq!(account.put(2, 7, 0), Outcome::Unchanged);
    account.put(3, 8, 0);
    assert_eq!(account.unread(), 1);
}

#[test]
fn a_whole_state_without_positions_is_read_as_a_whole() {
    let mut account = Account::default();
    account.put(4, 0, 0);
    assert_eq!(account.put(4, 0, 0), Outcome::Unchanged);
    account.act(&read_up_to(0), 1);
    assert_eq!(account.unread(), 0);
    account.put(1, 0, 0);
    assert_eq!(account.unread(), 1);
}

#[test]
fn a_phone_names_so_many_conversations_first_and_no_more() {
    let level = |name: usize| Action::SetLevel {
        conversation: id(&name.to_string()),
        level: Level::None,
    };
    let mut account = Account::default();
    let phone = DeviceId::new("phone").unwrap();
    let on = Phone {
        device: &phone,
        seen: version(0),
    };
    let mut ledger = Ledger::new(account.sums, &mut account.rows);
    for name in 0..PHONES_ONLY {
        let Ok(outcome) = ledger.action(&level(name), on);
        assert!(outcome.version().is_some());
    }
    account.sums = ledger.sums();
    let refused = Outcome::Rejected("there is no such conversation");
    assert_eq!(account.act(&level(PHONES_ONLY), 0), refused);
    assert_eq!(account.act(&level(7), 0), Outcome::Unchanged);
    account.apply(&Event::Level {
        conversation: id("7"),
        level: Level::None,
    });
    assert!(account.act(&level(PHONES_ONLY), 0).version().is_some());
}

#[test]
fn so_many_items_are_read_before_they_are_reported_and_no_more() {
    let mut account = Account::default();
    let positions: Vec<u64> = (1..=1000).collect();
    for name in 0..READ_AHEAD / 1000 {
        account.apply(&Event::ReadItems {
            conversation: id(&name.to_string()),
            positions: positions.iter().copied().map(at).collect(),
        });
    }
    account.apply(&read_items(&[1]));
    account.apply(&item(1));
    assert_eq!(account.unread(), 1);
    account.apply(&Event::Item {
        conversation: id("0"),
        position: at(1),
        mention: false,
        alert: None,
    });
    account.apply(&read_items(&[2]));
    account.apply(&item(2));
    assert_eq!(account.unread(), 1, "there was room for one more");
}

#[test]
fn of_items_read_one_by_one_the_newest_are_remembered() {
    let mut account = Account::default();
    let positions: Vec<u64> = (1..=READ_SINGLY as u64 + 1).collect();
    for thousand in positions.chunks(1000) {
        for position in thousand {
            account.apply(&item(*position));
        }
        account.apply(&read_items(thousand));
    }
    account.apply(&item(2));
    assert_eq!(account.unread(), 0);
    account.apply(&item(1));
    assert_eq!(account.unread(), 1);
}

fn any_event() -> impl Strategy<Value = Event> {
    let name = prop_oneof![Just("a"), Just("b"), Just("ü")].prop_map(id);
    let position = (1..12_u64).prop_map(at);
    (name, position, any::<bool>(), 0..7_u8, 0..3_u8).prop_map(
        |(conversation, position, flag, kind, code)| match kind {
            0..=2 => Event::Item {
                conversation,
                position,
                mention: flag,
                alert: None,
            },
            3 => Event::Read {
                conversation,
                up_to: position,
            },
            4 => Event::ReadItems {
                conversation,
                positions: vec![position, at(position.get() / 2 + 1)],
            },
            5 if flag => Event::Removed { conversation },
            5 => Event::MarkedUnread {
                conversation,
                marked: code > 0,
            },
            _ => Event::Level {
                conversation,
                level: Level::from_code(code).unwrap(),
            },
        },
    )
}

proptest! {
    #[test]
    fn sums_always_equal_a_recount_and_versions_have_no_holes(
        events in prop::collection::vec(any_event(), 0..60),
    ) {
        let mut account = Account::default();
        let mut head = 0;
        for event in &events {
            if let Some(version) = account.apply(event).version() {
                head += 1;
                prop_assert_eq!(version.get(), head);
            }
            prop_assert_eq!(account.sums.head.get(), head);
            let states: Vec<_> = account.rows.conversations().map(|row| row.state.clone()).collect();
            prop_assert_eq!(account.sums.totals, Totals::of(&states));
            prop_assert_eq!(account.sums.digest, Digest::of(&states));
        }
    }

    #[test]
    fn events_that_come_twice_change_nothing_the_second_time(
        event in any_event(), before in prop::collection::vec(any_event(), 0..30),
    ) {
        let mut account = Account::after(&before);
        account.apply(&event);
        let sums = account.sums;
        prop_assert_eq!(account.apply(&event), Outcome::Unchanged);
        prop_assert_eq!(account.sums, sums);
    }

    #[test]
    fn the_order_in_which_items_and_reads_arrive_does_not_matter(
        positions in prop::collection::vec(1..20_u64, 1..20), marker in 0..20_u64, seed in any::<u64>(),
    ) {
        let mut events: Vec<Event> = positions.iter().map(|position| item(*position)).collect();
        events.push(read(marker));
        let one = Account::after(&events).sums.totals;
        let middle = usize::try_from(seed % events.len() as u64).unwrap();
        events.rotate_left(middle);
        prop_assert_eq!(Account::after(&events).sums.totals, one);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_database_and_the_plain_model_agree(
        calls in prop::collection::vec(prop::collection::vec(any_event(), 1..12), 1..8),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("relay.db"), None).unwrap();
        let account = AccountId::new("alice").unwrap();
        let mut model = Account::default();
        for events in calls {
            for event in &events {
                model.apply(event);
            }
            let committed = store
                .commit_events(&account, &EventsRequest { events }, None, 1)
                .unwrap();
            prop_assert_eq!(committed.head, model.sums.head);
            prop_assert_eq!(committed.totals, model.sums.totals);
        }
    }
}
