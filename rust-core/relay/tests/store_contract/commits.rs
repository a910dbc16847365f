//! What the backend reports.

use serde_json::json;
use truebadge_protocol::messages::EventsRequest;
use truebadge_relay::{
    secret::Hash,
    store::{IdempotencyKey, StoreError},
};

use crate::world::{DAY, Make, NOW, account, conversation, item, read, version};

fn events(events: &[serde_json::Value]) -> EventsRequest {
    serde_json::from_value(json!({ "events": events })).unwrap()
}

pub fn events_of_a_call_commit_in_order_and_versions_have_no_holes(make: Make) {
    let world = make(None);
    let committed = world.events(&[
        item("bob", 1),
        read("bob", 1),
        item("bob", 2),
        item("eve", 1),
    ]);
    assert_eq!((committed.head, committed.changed), (version(4), 2));
    assert_eq!(committed.totals.unread, 2);
    let state = serde_json::from_value(json!({ "unread": 7 })).unwrap();
    let committed = world
        .store
        .upsert(&account("alice"), &conversation("mail"), &state, NOW)
        .unwrap();
    assert_eq!((committed.head, committed.changed), (version(5), 1));
    let rows = world.phone("phone").page(1000, &[]);
    assert_eq!(rows.head, version(5));
}

pub fn a_call_that_changes_nothing_takes_no_version(make: Make) {
    let world = make(None);
    let before = world.events(&[item("bob", 1), read("bob", 1)]);
    let again = world.events(&[item("bob", 1), read("bob", 1), read("bob", 0)]);
    assert_eq!((again.head, again.changed), (before.head, 0));
    assert_eq!(world.events(&[]).head, before.head);
}

pub fn an_idempotency_key_is_answered_as_before_for_a_day(make: Make) {
    let world = make(None);
    let alice = account("alice");
    let commit = |key: &str, mark: bool, now: u64| {
        let request = json!({ "type": "marked_unread", "conversation": "bob", "marked": mark });
        let key = IdempotencyKey {
            key: Hash::of(key),
            body: Hash::of(mark.to_string()),
        };
        world
            .store
            .commit_events(&alice, &events(&[request]), Some(&key), now)
    };
    let first = commit("k", true, NOW).unwrap();
    commit("other", false, NOW).unwrap();
    assert_eq!(commit("k", true, NOW + DAY - 1).unwrap(), first);
    assert_eq!(world.events(&[]).head, version(2), "nothing was done twice");
    let reused = commit("k", false, NOW + 1);
    assert!(matches!(reused, Err(StoreError::KeyReused)));
    commit("later", false, NOW + DAY + 1).unwrap();
    assert_eq!(commit("k", true, NOW + DAY + 1).unwrap().head, version(3));
}

pub fn accounts_know_nothing_of_each_other(make: Make) {
    let world = make(None);
    let key = IdempotencyKey {
        key: Hash::of("k"),
        body: Hash::of("body"),
    };
    for name in ["alice", "bob"] {
        let request = events(&[item("team", 1)]);
        let committed = world
            .store
            .commit_events(&account(name), &request, Some(&key), NOW);
        assert_eq!(committed.unwrap().head, version(1));
    }
    world.events_of("bob", &[read("team", 1)]);
    assert_eq!(world.events(&[]).totals.unread, 1);
    let accounts = world.store.accounts().unwrap();
    assert_ne!(accounts[0].epoch, accounts[1].epoch);
}

pub fn calls_at_the_same_time_take_versions_of_their_own(make: Make) {
    let world = make(None);
    let store = world.store.as_ref();
    let alice = account("alice");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let alice = &alice;
            scope.spawn(move || {
                for position in 1..=25 {
                    let request = events(&[item(&format!("c{thread}"), position)]);
                    store.commit_events(alice, &request, None, NOW).unwrap();
                }
            });
        }
    });
    let committed = world.events(&[]);
    assert_eq!(committed.head, version(100));
    assert_eq!(committed.totals.unread, 100);
}
