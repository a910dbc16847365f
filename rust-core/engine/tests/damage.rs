//! A store that is damaged: the app repairs it in one wake (L2), the extension leaves it as it is
//! (S8).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::fs;

use rusqlite::Connection;
use support::{FakeRelay, Fault, Meanwhile, Phone, RELAY, alice, push, unread};
use truebadge_engine::{EngineError, Process, WakeOutcome};
use truebadge_protocol::{AccountId, BadgePolicy};

/// A phone that has synced and is asleep; its relay has gone on since. Five are unread.
async fn asleep() -> Phone {
    let phone = Phone::new();
    phone.relay.arrive("a", 3);
    phone.refresh().await;
    phone.engine.suspend();
    phone.relay.arrive("b", 2);
    phone
}

/// Changes what the store's file says, as nothing of this code would.
fn plant(phone: &Phone, sql: &str) {
    let store = Connection::open(phone.store()).unwrap();
    store.execute_batch(sql).unwrap();
}

fn overwrite(phone: &Phone, at: usize, with: &[u8]) {
    let mut bytes = fs::read(phone.store()).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    fs::write(phone.store(), bytes).unwrap();
}

fn assert_repaired(outcome: &WakeOutcome, phone: &Phone) {
    assert_eq!(outcome.error, None);
    assert!(outcome.rebuilt && outcome.synced && outcome.shown);
    let truth = u32::try_from(phone.relay.truth().unread).unwrap();
    let set = phone.icon.set.lock().unwrap().clone();
    let older = |shown: &u32| *shown != 3 && *shown != truth;
    assert!(
        !set.iter().any(older),
        "an older truth than before: {set:?}"
    );
    assert_eq!(set.last(), Some(&truth));
}

#[tokio::test]
async fn l2_a_damaged_store_is_repaired_in_one_wake_of_the_app() {
    let damages: [fn(&Phone); 9] = [
        // The versions of the file's format: for writing, for reading.
        |phone| overwrite(phone, 18, &[3]),
        |phone| overwrite(phone, 19, &[3]),
        |phone| fs::write(phone.store(), "this is no database").unwrap(),
        |phone| fs::write(phone.store(), "").unwrap(),
        |phone| fs::remove_file(phone.store()).unwrap(),
        |phone| plant(phone, "DROP TABLE receipts"),
        |phone| plant(phone, "ALTER TABLE accounts DROP COLUMN push_sent"),
        |phone| {
            plant(
                phone,
                "UPDATE accounts SET cursor = -5, route = 'x' || char(0)",
            );
        },
        |phone| plant(phone, "PRAGMA user_version = 77"),
    ];
    for damage in damages {
        let phone = asleep().await;
        damage(&phone);

        let repaired = phone.again(Process::App);
        let outcome = repaired.refresh().await;

        assert_repaired(&outcome, &repaired);
        assert!(!repaired.refresh().await.rebuilt);
    }
}

#[tokio::test]
async fn a_push_that_meets_a_damaged_store_has_everything_fetched() {
    let phone = asleep().await;
    plant(&phone, "UPDATE accounts SET cursor = -5");

    let repaired = phone.again(Process::App);
    let outcome = repaired.push(&phone.relay.push(2, 1)).await;

    assert_repaired(&outcome, &repaired);
}

#[tokio::test]
async fn damage_that_is_met_in_the_middle_of_a_wake_is_repaired_by_the_same_wake() {
    let phone = asleep().await;
    let repaired = phone.again(Process::App);
    let store = phone.store();
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
        let store = Connection::open(store).unwrap();
        store
            .execute_batch("UPDATE accounts SET digest = NULL, cursor = -1")
            .unwrap_err();
        store
            .execute_batch("UPDATE accounts SET cursor = -1")
            .unwrap();
    })));

    let outcome = repaired.refresh().await;

    assert_eq!(outcome.error, None);
    assert!(outcome.rebuilt && outcome.synced);
    assert_eq!(repaired.icon(), Some(5));
}

#[tokio::test]
async fn damage_that_is_met_only_at_the_end_of_a_wake_is_repaired_by_the_same_wake() {
    let phone = asleep().await;
    plant(&phone, "DROP TABLE rejections");

    let repaired = phone.again(Process::App);
    let outcome = repaired.refresh().await;

    assert_repaired(&outcome, &repaired);
    assert!(repaired.engine.accounts().unwrap()[0].complete);
}

#[tokio::test]
async fn what_was_read_before_the_damage_still_reaches_the_relay() {
    let phone = asleep().await;
    phone.engine.resume();
    phone.read_here("a", 2, 1);
    phone.mark_here("c", true);
    phone.engine.suspend();
    plant(
        &phone,
        "UPDATE rows SET version = -5; UPDATE settings SET value = 'x'",
    );

    let repaired = phone.again(Process::App);
    let outcome = repaired.refresh().await;

    assert_repaired(&outcome, &repaired);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 2);
    assert_eq!(repaired.icon(), Some(4), "1 of a, 2 of b, the mark on c");
    assert_eq!(repaired.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn which_single_items_were_read_before_the_damage_still_reaches_the_relay() {
    let phone = asleep().await;
    phone.engine.resume();
    let items = [support::position(1), support::position(3)];
    let a = support::conversation("a");
    let engine = &phone.engine;
    engine
        .mark_items_read(&support::alice(), &a, &items, 1)
        .unwrap();
    phone.engine.suspend();
    plant(&phone, "UPDATE settings SET value = 'x'");

    let repaired = phone.again(Process::App);
    assert!(repaired.refresh().await.rebuilt);

    let relay = phone.relay.0.lock().unwrap();
    let read = relay.now.read_singly[&a].iter();
    assert_eq!(read.copied().collect::<Vec<u64>>(), [1, 3]);
}

#[tokio::test]
async fn operations_that_can_be_read_are_sent_though_others_cannot() {
    let phone = asleep().await;
    phone.engine.resume();
    phone.read_here("a", 1, 2);
    phone.read_here("b", 2, 0);
    phone.read_here("c", 3, 0);
    phone.engine.suspend();
    plant(
        &phone,
        "UPDATE operations SET position = -1 WHERE position = 2;
         UPDATE operations SET number = 4503599627370496 WHERE position = 3",
    );

    let repaired = phone.again(Process::App);
    let outcome = repaired.refresh().await;

    assert_repaired(&outcome, &repaired);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 2);
}

#[tokio::test]
async fn what_a_relay_refused_is_still_told_to_the_app_after_a_repair() {
    let phone = Phone::synced().await;
    phone.relay.0.lock().unwrap().rejects_with = Some("read_only".to_owned());
    phone.mark_here("a", true);
    assert_eq!(phone.refresh().await.rejected.len(), 1);
    let told = phone.engine.rejected_operations().unwrap();
    phone.engine.suspend();
    plant(&phone, "UPDATE accounts SET cursor = -5");

    let repaired = phone.again(Process::App);
    assert!(repaired.refresh().await.rebuilt);

    assert_eq!(repaired.engine.rejected_operations().unwrap(), told);
}

#[tokio::test]
async fn what_is_read_while_the_store_is_damaged_is_not_lost() {
    let phone = asleep().await;
    plant(&phone, "DROP TABLE operations");

    let repaired = phone.again(Process::App);
    repaired.read_here("a", 3, 0);
    repaired.refresh().await;

    assert_eq!(phone.relay.truth(), unread(2, 1));
    assert_eq!(repaired.icon(), Some(2));
}

#[tokio::test]
async fn accounts_that_cannot_be_read_come_from_the_copy_beside_the_store() {
    let phone = asleep().await;
    phone.engine.resume();
    let bob = AccountId::new("bob").unwrap();
    phone.engine.add_account(&bob, RELAY).unwrap();
    phone.engine.set_participation(&bob, false).unwrap();
    phone.engine.suspend();
    plant(&phone, "UPDATE accounts SET relay = 'http://evil.example/'");

    let repaired = phone.again(Process::App);
    repaired.refresh().await;

    let accounts = repaired.engine.accounts().unwrap();
    assert_eq!(accounts.len(), 2);
    assert!(
        accounts
            .iter()
            .all(|account| account.relay.as_str() == RELAY)
    );
    assert!(accounts[0].participates && !accounts[1].participates);
}

#[tokio::test]
async fn an_account_that_was_signed_out_does_not_come_back_with_a_repair() {
    let phone = asleep().await;
    phone.engine.resume();
    phone.engine.sign_out(&alice()).unwrap();
    phone.engine.suspend();
    fs::write(phone.store(), "this is no database").unwrap();

    let repaired = phone.again(Process::App);
    repaired.refresh().await;

    assert!(repaired.engine.accounts().unwrap().is_empty());
}

#[tokio::test]
async fn the_copy_beside_the_store_holds_neither_tokens_nor_conversations() {
    let phone = asleep().await;
    phone.engine.resume();
    phone.engine.set_push_token(Some("c0ffee")).unwrap();
    phone.read_here("a", 3, 0);
    phone.refresh().await;

    let copy = phone.directory.path().join("truebadge-accounts.json");
    let copy = fs::read_to_string(copy).unwrap();

    assert!(copy.contains("alice") && copy.contains(RELAY));
    for secret in ["c0ffee", "stored", "route-alice", "\"a\""] {
        assert!(!copy.contains(secret), "{secret} in {copy}");
    }
}

#[tokio::test]
async fn after_a_repair_the_badge_stays_as_it_was_until_all_accounts_were_heard_of() {
    let phone = asleep().await;
    phone.engine.resume();
    let bob = AccountId::new("bob").unwrap();
    phone.engine.add_account(&bob, RELAY).unwrap();
    phone.engine.suspend();
    fs::write(phone.store(), "this is no database").unwrap();

    let repaired = phone.again(Process::App);
    repaired.relay.plan(&[None, None, Some(Fault::Lost)]);
    repaired.refresh().await;
    assert_eq!(repaired.icon(), None);

    repaired.engine.set_participation(&bob, false).unwrap();

    assert_eq!(repaired.icon(), Some(5));
}

#[tokio::test]
async fn a_store_that_lost_its_accounts_too_leaves_the_icon_alone() {
    let phone = asleep().await;
    fs::write(phone.store(), "this is no database").unwrap();
    fs::write(
        phone.directory.path().join("truebadge-accounts.json"),
        "nor this",
    )
    .unwrap();

    let repaired = phone.again(Process::App);
    let outcome = repaired.refresh().await;

    assert!(outcome.rebuilt);
    assert_eq!(repaired.icon(), None);
    repaired.engine.add_account(&alice(), RELAY).unwrap();
    repaired.refresh().await;
    assert_eq!(repaired.icon(), Some(5));
}

#[tokio::test]
async fn a_damaged_store_is_kept_aside_once_until_an_account_is_signed_out() {
    let phone = asleep().await;
    let aside = phone.directory.path().join("truebadge.sqlite.damaged");
    for times in 0..3 {
        fs::write(phone.store(), format!("no database {times}")).unwrap();
        phone.again(Process::App).refresh().await;
        assert_eq!(
            fs::read_to_string(&aside).unwrap(),
            format!("no database {times}")
        );
    }
    assert_eq!(
        phone.files().len(),
        3,
        "store, copy of accounts, damaged one"
    );

    phone.again(Process::App).engine.sign_out(&alice()).unwrap();

    assert!(!aside.exists());
}

#[tokio::test]
async fn s8_the_extension_leaves_a_damaged_store_and_the_badge_as_they_are() {
    let damages: [fn(&Phone); 3] = [
        |phone| fs::write(phone.store(), "this is no database").unwrap(),
        |phone| plant(phone, "UPDATE accounts SET cursor = -5"),
        |phone| plant(phone, "DROP TABLE receipts"),
    ];
    for damage in damages {
        let phone = asleep().await;
        damage(&phone);
        let before = phone.files();

        let extension = phone.again(Process::Extension);
        let outcome = extension.push(&phone.relay.push(2, 1)).await;

        assert_eq!(outcome.error, Some(EngineError::StoreDamaged));
        assert_eq!((outcome.badge, extension.icon()), (None, None));
        assert_eq!(phone.files(), before);
    }
}

#[tokio::test]
async fn an_extension_that_has_the_store_open_goes_on_in_the_repaired_one() {
    let phone = asleep().await;
    let extension = phone.again(Process::Extension);
    extension.refresh().await;
    overwrite(&phone, 0, &[0xff; 100]);

    let repaired = phone.again(Process::App);
    assert!(repaired.refresh().await.rebuilt);
    let new = phone.relay.commit("c", 1, 1);
    let outcome = extension
        .push(&push(&phone.relay, 1, 2, 3, Some(vec![new]), unread(6, 3)))
        .await;

    assert_eq!(outcome.error, None);
    assert_eq!(extension.icon(), Some(6));
    assert_eq!(repaired.engine.badge().unwrap().badge, 6);
    assert!(!repaired.engine.repair().unwrap(), "the file is whole");
}

#[tokio::test]
async fn repair_finds_damage_that_no_wake_has_met() {
    let phone = asleep().await;
    // An index that only something done in a conversation would read.
    let page = Connection::open(phone.store())
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'operations_by_conversation'",
            [],
            |row| row.get::<_, usize>(0),
        )
        .unwrap();
    overwrite(&phone, (page - 1) * 4096, &[0x55; 16]);

    let repaired = phone.again(Process::App);
    assert!(repaired.engine.repair().unwrap());
    repaired.refresh().await;

    assert_eq!(repaired.icon(), Some(5));
    assert!(!repaired.engine.repair().unwrap());
}

#[tokio::test]
async fn repair_has_a_whole_store_fetched_and_registered_anew() {
    let phone = asleep().await;
    phone.engine.resume();
    phone.relay.requests();

    assert!(!phone.engine.repair().unwrap());
    phone.refresh().await;

    let requests = phone.relay.requests();
    assert!(requests[0].starts_with("PUT v1/devices/"), "{requests:?}");
    assert!(requests[1].contains("since=0"), "{requests:?}");
    assert_eq!(phone.icon(), Some(5));
}

#[test]
fn huge_values_in_a_damaged_store_are_not_read_into_memory() {
    let relay = std::sync::Arc::new(FakeRelay::new());
    let phone = Phone::empty(&relay);
    phone.engine.add_account(&alice(), RELAY).unwrap();
    phone.engine.suspend();
    plant(
        &phone,
        "INSERT INTO settings VALUES ('policy', CAST(zeroblob(100000000) AS TEXT))",
    );

    let repaired = phone.again(Process::App);

    assert_eq!(repaired.engine.policy().unwrap(), BadgePolicy::default());
    assert_eq!(repaired.engine.accounts().unwrap().len(), 1);
}
