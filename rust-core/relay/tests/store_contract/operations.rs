//! What the person did on a phone.

use serde_json::{Value, json};
use truebadge_relay::{
    model::{PHONES_ONLY, READ_AHEAD, READ_SINGLY},
    store::StoreError,
};

use crate::world::{Make, item, version};

const UNKNOWN: &str = "there is no such conversation";

fn read_up_to(number: u64, conversation: &str, position: u64) -> Value {
    json!({ "number": number, "id": "o", "seen": 0, "kind": "read_up_to",
            "conversation": conversation, "position": position })
}

fn read_items(number: u64, conversation: &str, positions: &[u64]) -> Value {
    json!({ "number": number, "id": "o", "seen": 0, "kind": "read_items",
            "conversation": conversation, "positions": positions })
}

pub fn each_is_applied_once(make: Make) {
    let world = make(None);
    world.events(&[item("bob", 1), item("bob", 2)]);
    let (mut phone, mut tablet) = (world.phone("phone"), world.phone("tablet"));
    let operations = [read_up_to(1, "bob", 1), read_up_to(2, "bob", 2)];
    let first = phone.operate(&operations).unwrap();
    assert_eq!(first.applied.len(), 2);
    assert_eq!(first.applied[0].version, Some(version(3)));
    let again = phone.operate(&operations).unwrap();
    assert_eq!((again.applied.len(), again.changes.acknowledged), (0, 2));
    assert_eq!(again.changes.head, version(4));
    let other = tablet.operate(&operations[..1]).unwrap();
    assert_eq!(other.changes.acknowledged, 1, "each device counts its own");
    assert_eq!(other.applied[0].version, Some(version(4)));
}

pub fn a_hole_undoes_the_whole_call(make: Make) {
    let world = make(None);
    world.events(&[item("bob", 1)]);
    let mut phone = world.phone("phone");
    let refused = phone.operate(&[read_up_to(1, "bob", 1), read_up_to(3, "bob", 1)]);
    let hole = matches!(
        refused,
        Err(StoreError::Hole {
            expected: 2,
            found: 3
        })
    );
    assert!(hole, "{refused:?}");
    let page = phone.sync(&[]);
    assert_eq!((page.head, page.acknowledged), (version(1), 0));
}

pub fn a_phone_that_has_not_registered_sends_none(make: Make) {
    let world = make(None);
    let mut phone = world.phone("phone");
    phone.token = world.token("unused");
    let early = phone.operate(&[]);
    assert!(matches!(early, Err(StoreError::NotRegistered)));
    phone.sync(&[]); // but it may read
}

pub fn on_what_was_removed_they_are_rejected_and_count_as_done(make: Make) {
    let world = make(None);
    let removed = json!({ "type": "removed", "conversation": "bob" });
    world.events(&[item("bob", 1), removed]);
    let mut phone = world.phone("phone");
    let level = json!({ "number": 1, "id": "o", "seen": 2, "kind": "set_level",
                        "conversation": "bob", "level": "none" });
    let applied = phone.operate(&[level, read_up_to(2, "bob", 1)]).unwrap();
    assert!(applied.applied[0].rejected.is_some() && applied.applied[0].version.is_none());
    assert!(applied.applied[1].rejected.is_none());
    assert_eq!(applied.changes.acknowledged, 2);
}

pub fn what_was_refused_is_told_again_to_who_sends_it_again(make: Make) {
    let world = make(None);
    let removed = json!({ "type": "removed", "conversation": "bob" });
    world.events(&[item("bob", 1), removed]);
    let mut phone = world.phone("phone");
    let level = |number: u64, id: &str| {
        json!({ "number": number, "id": id, "seen": 2, "kind": "set_level",
                "conversation": "bob", "level": "none" })
    };
    let first = phone.operate(&[level(1, "a"), read_up_to(2, "bob", 1)]);
    let refused = first.unwrap().applied.remove(0);
    // The answer was lost, and the backend reports the conversation again meanwhile.
    world.events(&[item("bob", 2)]);
    let again = [level(1, "a"), read_up_to(2, "bob", 1), level(3, "c")];
    let again = phone.operate(&again).unwrap().applied;
    assert_eq!(again[0], refused);
    let others: Vec<u64> = again[1..].iter().map(|outcome| outcome.number).collect();
    assert_eq!(others, [3], "the second was applied, and is skipped");

    let other = phone.operate(&[level(1, "b")]).unwrap().applied;
    assert_eq!(other, [], "another operation with this number");
}

pub fn refusals_are_remembered_for_256_numbers(make: Make) {
    let world = make(None);
    let removed = json!({ "type": "removed", "conversation": "bob" });
    world.events(&[item("bob", 1), removed]);
    let mut phone = world.phone("phone");
    let level = |number: u64| {
        json!({ "number": number, "id": "o", "seen": 2, "kind": "set_level",
                "conversation": "bob", "level": "none" })
    };
    let all: Vec<Value> = (1..=257).map(level).collect();
    for hundred in all[..256].chunks(100) {
        phone.operate(hundred).unwrap();
    }
    let told =
        |phone: &mut crate::world::Phone<'_>| phone.operate(&all[..2]).unwrap().applied.len();
    assert_eq!(told(&mut phone), 2);
    phone.operate(&all[256..]).unwrap();
    assert_eq!(told(&mut phone), 1);
}

/// Two processes of a phone send at once: one that has followed into this history and numbers from 1 again, and
/// one whose request was made before.
pub fn an_operation_of_another_history_takes_no_number_of_this_one(make: Make) {
    let world = make(None);
    world.events(&[item("bob", 1), item("eve", 1)]);
    let mut phone = world.phone("phone");
    phone.operate(&[read_up_to(1, "bob", 1)]).unwrap();

    let epoch = phone.epoch.replace("another".parse().unwrap());
    let late = phone.operate(&[read_up_to(2, "bob", 1)]).unwrap();
    assert!(late.applied.is_empty() && late.changes.reset);
    assert_eq!(late.changes.acknowledged, 1);

    phone.epoch = epoch;
    let next = phone.operate(&[read_up_to(2, "eve", 1)]).unwrap();
    assert_eq!(next.applied.len(), 1, "the number was not taken");
    assert_eq!(next.changes.totals.unread, 0);
}

pub fn what_they_read_before_it_was_reported_does_not_count(make: Make) {
    let world = make(None);
    let mut phone = world.phone("phone");
    let operations = [read_up_to(1, "bob", 2), read_items(2, "eve", &[1, 3])];
    phone.operate(&operations).unwrap();
    world.events(&[1, 2, 3].map(|position| item("bob", position)));
    world.events(&[1, 2, 3].map(|position| item("eve", position)));
    assert_eq!(world.events(&[]).totals.unread, 2);
}

pub fn conversations_that_only_phones_name_are_bounded(make: Make) {
    let world = make(None);
    let mut phone = world.phone("phone");
    let bound = PHONES_ONLY as u64;
    let read = |conversation: u64| read_items(conversation, &format!("c{conversation}"), &[1]);
    let numbers: Vec<u64> = (1..=bound).collect();
    for hundred in numbers.chunks(100) {
        let operations: Vec<Value> = hundred.iter().copied().map(read).collect();
        phone.operate(&operations).unwrap();
    }
    let more = [read(bound + 1), read_up_to(bound + 2, "c1", 1)];
    let applied = phone.operate(&more).unwrap().applied;
    assert_eq!(applied[0].rejected.as_deref(), Some(UNKNOWN));
    assert_eq!(applied[1].rejected, None, "one that is known");
    world.events(&[item("c7", 1), item("c7", 2)]);
    let applied = phone.operate(&[read(bound + 3), read(bound + 4)]).unwrap();
    assert_eq!(applied.applied[0].rejected, None, "c7 left its place");
    assert_eq!(applied.applied[1].rejected.as_deref(), Some(UNKNOWN));
    assert_eq!(
        applied.changes.totals.unread, 1,
        "of c7, the first was read"
    );
}

pub fn items_that_are_read_before_they_are_reported_are_bounded(make: Make) {
    let world = make(None);
    let mut phone = world.phone("phone");
    let bound = READ_AHEAD as u64;
    let positions: Vec<u64> = (1..=1000).collect();
    for number in 1..=bound / 1000 {
        let operation = read_items(number, &format!("c{number}"), &positions);
        phone.operate(&[operation]).unwrap();
    }
    let next = bound / 1000 + 1;
    phone.operate(&[read_items(next, "full", &[1])]).unwrap();
    world.events(&[item("full", 1), item("c1", 1)]);
    assert_eq!(world.events(&[]).totals.unread, 1, "the one too many");
    phone
        .operate(&[read_items(next + 1, "full", &[1, 2])])
        .unwrap();
    world.events(&[item("full", 2)]);
    assert_eq!(world.events(&[]).totals.unread, 0, "there is room again");
}

pub fn items_that_are_read_one_by_one_are_bounded(make: Make) {
    let world = make(None);
    let mut phone = world.phone("phone");
    let positions: Vec<u64> = (1..=READ_SINGLY as u64 + 1).collect();
    for (thousand, number) in positions.chunks(1000).zip(1..) {
        let items: Vec<Value> = thousand.iter().map(|at| item("mail", *at)).collect();
        world.events(&items);
        phone
            .operate(&[read_items(number, "mail", thousand)])
            .unwrap();
    }
    assert_eq!(world.events(&[]).totals.unread, 0);
    let again = world.events(&[item("mail", 1), item("mail", 2)]);
    assert_eq!(again.totals.unread, 1, "only the oldest counts again");
}
