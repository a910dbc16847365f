//! Several accounts on one phone, and what signing out leaves.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Phone, RELAY, alice};
use truebadge_engine::{
    Clock, EngineError, Process,
    store::{Durability, Store},
};
use truebadge_protocol::{AccountId, BadgePolicy};

fn bob() -> AccountId {
    AccountId::new("bob").unwrap()
}

fn add_to_store(phone: &Phone, account: &str, unread: u32) {
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    let sql = "UPDATE accounts SET unread = ?2, conversations = 1, epoch = 'e' WHERE account = ?1";
    assert_eq!(store.execute(sql, (account, unread)).unwrap(), 1);
}

#[tokio::test]
async fn the_badge_is_the_sum_of_the_accounts_that_take_part() {
    let phone = Phone::new();
    phone.engine.add_account(&bob(), RELAY).unwrap();
    add_to_store(&phone, "alice", 3);
    add_to_store(&phone, "bob", 4);

    assert_eq!(
        phone
            .engine
            .set_policy(BadgePolicy::Messages)
            .unwrap()
            .badge,
        7
    );
    assert_eq!(
        phone
            .engine
            .set_policy(BadgePolicy::Conversations)
            .unwrap()
            .badge,
        2
    );
    assert_eq!(phone.engine.set_policy(BadgePolicy::Off).unwrap().badge, 0);
    phone.engine.set_policy(BadgePolicy::Messages).unwrap();
    assert_eq!(
        phone.engine.set_participation(&bob(), false).unwrap().badge,
        3
    );
    assert_eq!(phone.icon(), Some(3));
}

#[tokio::test]
async fn a_relay_without_tls_is_refused_outside_this_machine() {
    let phone = Phone::synced().await;
    for address in [
        "http://relay.example/",
        "ftp://relay.example/",
        "relay.example",
        "https://",
        "https://user:secret@relay.example/",
    ] {
        let error = phone.engine.add_account(&bob(), address).unwrap_err();
        assert!(
            matches!(error, EngineError::InvalidArgument(_)),
            "{address}"
        );
    }
    for address in [
        "http://127.0.0.1:8787",
        "http://[::1]:8787/",
        "https://relay.example/base",
    ] {
        phone.engine.add_account(&bob(), address).unwrap();
    }
}

async fn registration(phone: &Phone) -> truebadge_protocol::messages::DeviceRegistration {
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    let sql = "UPDATE accounts SET registration = NULL, route = NULL";
    store.execute(sql, []).unwrap();
    phone.relay.0.lock().unwrap().registrations.clear();
    // The relay in memory knows one account; only what the first one registers is looked at.
    phone.refresh().await;
    phone.relay.0.lock().unwrap().registrations[0].clone()
}

#[tokio::test]
async fn a_relay_may_paint_only_a_number_that_is_the_whole_apps() {
    let phone = Phone::new();
    let alone = registration(&phone).await;
    assert!(alone.sole_account && alone.conditions.badges_allowed);

    // All of the phone's accounts are on one relay: it can add them up.
    phone.engine.add_account(&bob(), RELAY).unwrap();
    let summed = registration(&phone).await;
    assert!(!summed.sole_account && summed.conditions.badges_allowed);

    // Only this account counts: its own number is the app's.
    phone.engine.set_participation(&bob(), false).unwrap();
    let only = registration(&phone).await;
    assert!(only.sole_account && only.conditions.badges_allowed);

    // Only the other one counts: this one's number must not be painted.
    phone.engine.set_participation(&bob(), true).unwrap();
    phone.engine.set_participation(&alice(), false).unwrap();
    let other = registration(&phone).await;
    assert!(!other.sole_account && !other.conditions.badges_allowed);

    // The other one is on another relay, which this one cannot add up.
    phone.engine.set_participation(&alice(), true).unwrap();
    phone
        .engine
        .add_account(&bob(), "https://elsewhere.example/")
        .unwrap();
    let elsewhere = registration(&phone).await;
    assert!(!elsewhere.sole_account && !elsewhere.conditions.badges_allowed);
}

#[tokio::test]
async fn what_is_not_known_yet_is_not_shown_as_zero() {
    let phone = Phone::new();
    phone.relay.fail(support::Fault::Lost);

    let outcome = phone.refresh().await;

    assert!(!outcome.badge.unwrap().known && !outcome.shown);
    assert_eq!(phone.icon(), None, "the icon may show an earlier truth");
    phone.refresh().await;
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn an_account_that_was_never_heard_of_does_not_stop_the_badge_of_the_others() {
    let phone = Phone::new();
    phone.engine.add_account(&bob(), RELAY).unwrap();
    add_to_store(&phone, "alice", 3);

    let badge = phone.engine.set_participation(&alice(), true).unwrap();

    assert!(badge.known && !badge.complete);
    assert_eq!(phone.icon(), Some(3));
}

fn hold_badge(phone: &Phone) {
    let configuration = support::configuration(phone.directory.path(), Process::App);
    let store = Store::new(&configuration, phone.watch.clone());
    store
        .write(Durability::Refetchable, |tx| {
            tx.hold_badge(phone.watch.now())
        })
        .unwrap();
}

#[tokio::test]
async fn a_held_badge_stays_until_all_accounts_that_take_part_were_heard_of() {
    let phone = Phone::new();
    phone.engine.add_account(&bob(), RELAY).unwrap();
    hold_badge(&phone);
    add_to_store(&phone, "alice", 3);

    phone.engine.set_policy(BadgePolicy::Messages).unwrap();
    assert_eq!(phone.icon(), None, "a part of the sum is an older truth");

    add_to_store(&phone, "bob", 4);
    phone.engine.set_policy(BadgePolicy::Messages).unwrap();
    assert_eq!(phone.icon(), Some(7));

    // It ended for good: an account that joins later holds nothing.
    let carol = AccountId::new("carol").unwrap();
    phone.engine.add_account(&carol, RELAY).unwrap();
    phone.engine.set_policy(BadgePolicy::Conversations).unwrap();
    assert_eq!(phone.icon(), Some(2));
}

#[tokio::test]
async fn a_badge_is_not_held_for_longer_than_a_day_by_an_account_that_is_never_heard_of() {
    let phone = Phone::new();
    phone.engine.add_account(&bob(), RELAY).unwrap();
    hold_badge(&phone);
    add_to_store(&phone, "alice", 3);
    let unreachable = [Some(support::Fault::Lost), Some(support::Fault::Lost)];

    phone.refresh_with_faults(&unreachable).await;
    assert_eq!(phone.icon(), None);

    phone.watch.advance(std::time::Duration::from_hours(25));
    phone.refresh_with_faults(&unreachable).await;
    assert_eq!(phone.icon(), Some(3));
}
