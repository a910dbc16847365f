//! What waits for the relay: nothing of it is lost, whatever becomes of requests and wakes (S3).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Fault, Phone, alice, conversation, position};
use truebadge_engine::{BadgeState, Disposition, EngineError, Process};

/// A phone that was offline for days: so many things were done on it, in fifty conversations.
async fn offline_for_days(operations: u32) -> Phone {
    let phone = Phone::synced().await;
    phone.relay.0.lock().unwrap().forgetful = true;
    wait_in_the_outbox(&phone, operations);
    phone
}

/// Puts marks and reads in turn into the outbox at once: one by one, each would wait for the disk.
fn wait_in_the_outbox(phone: &Phone, operations: u32) {
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    let many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?1)
         INSERT INTO operations (account, number, id, conversation, kind, position, marked, seen,
                                 base_unread)
         SELECT 1, x, format('id-%05d', x), 'conversation ' || (x % 50),
                iif(x / 50 % 2, 'read_up_to', 'marked_unread'), x, 1, 0, 0
         FROM n";
    store.execute(many, [operations]).unwrap();
    let next = "UPDATE accounts SET next_operation = ?1 + 1";
    store.execute(next, [operations]).unwrap();
}

fn is_in_order_once(phone: &Phone, operations: usize) -> bool {
    let relay = phone.relay.0.lock().unwrap();
    let ids = relay.in_order.iter().map(|id| id.as_str());
    relay.in_order.len() == operations && ids.is_sorted_by(|a, b| a < b)
}

#[tokio::test]
async fn what_was_done_in_days_offline_is_sent_in_order_in_bounded_batches() {
    let phone = offline_for_days(2_500).await;

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, None);
    assert!(is_in_order_once(&phone, 2_500));
    assert_eq!(phone.relay.0.lock().unwrap().batches, vec![100; 25]);
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn s3_what_was_done_offline_takes_effect_once_also_when_answers_are_lost() {
    let phone = offline_for_days(450).await;
    for _ in 0..4 {
        let faults = [None, Some(Fault::AnswerLost)];
        assert!(!phone.refresh_with_faults(&faults).await.synced);
    }

    assert!(phone.refresh().await.synced);

    assert!(is_in_order_once(&phone, 450));
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn what_was_done_offline_takes_effect_once_also_when_the_relay_finds_a_hole() {
    let phone = offline_for_days(250).await;

    let faults = [None, Some(Fault::Status(409, None))];
    let outcome = phone.refresh_with_faults(&faults).await;

    assert_eq!(outcome.error, None);
    assert!(is_in_order_once(&phone, 250));
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn what_was_done_offline_reaches_a_relay_that_begins_another_history_half_way() {
    let phone = offline_for_days(250).await;
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.epoch = "epoch-2".to_owned();
        (relay.acknowledged, relay.now) = (0, support::Committed::default());
        relay.in_order.clear();
    }

    phone.refresh().await;
    phone.refresh().await;

    // What the old history had confirmed before is gone with it; all else is there, in order.
    assert!(is_in_order_once(&phone, 150));
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn scrolling_through_a_conversation_offline_leaves_one_operation() {
    let phone = Phone::new();
    phone.relay.commit("family", 9, 9);
    phone.refresh().await;

    for read in 1..=9 {
        let badge = phone.read_here("family", read, 9 - u32::try_from(read).unwrap());
        assert_eq!(u64::from(badge.badge), 9 - read);
    }

    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 1);
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn what_the_relay_may_have_is_never_replaced() {
    let phone = Phone::new();
    phone.relay.commit("family", 9, 9);
    phone.refresh().await;
    phone.read_here("family", 4, 5);
    phone.relay.fail(Fault::AnswerLost);
    phone.refresh().await;

    phone.read_here("family", 9, 0);

    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 2);
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 2);
    assert_eq!(phone.relay.truth(), support::unread(0, 0));
}

#[tokio::test]
async fn a_full_outbox_refuses_what_is_new_and_loses_nothing() {
    let phone = Phone::synced().await;
    wait_in_the_outbox(&phone, 10_000);
    let mark = |id: &str| phone.engine.mark_unread(&alice(), &conversation(id), true);

    assert_eq!(mark("one more").unwrap_err(), EngineError::OutboxFull);
    // What takes the place of one that waits still goes: the last that was done there was a read.
    let read = phone.engine.mark_read(
        &alice(),
        &conversation("conversation 7"),
        position(10_000),
        0,
    );
    assert!(read.is_ok());
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 10_000);
}

#[tokio::test]
async fn an_operation_that_app_and_extension_send_at_once_takes_effect_once() {
    let phone = Phone::synced().await;
    let extension = phone.again(Process::Extension);
    phone.mark_here("work", true);
    let (under_way, arrive) = phone.relay.hold();

    let (over, apps_wake) = std::sync::mpsc::channel();

    // The app hands it to the network first, the extension's request is there first, and the app's
    // answer is back first.
    let apps = async {
        let outcome = phone.refresh().await;
        over.send(()).unwrap();
        outcome
    };
    let extensions = async {
        under_way.await.unwrap();
        let answer_waits = support::Meanwhile(Box::new(move || {
            arrive.send(()).unwrap();
            apps_wake.recv().unwrap();
        }));
        phone.relay.0.lock().unwrap().meanwhile = Some(answer_waits);
        extension.refresh().await
    };
    let (apps, extensions) = tokio::join!(apps, extensions);

    assert_eq!((apps.error, extensions.error), (None, None));
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
    assert_eq!(phone.icon(), Some(1));
}

/// Reads single items through the API.
fn read_items(
    phone: &Phone,
    id: &str,
    items: std::ops::RangeInclusive<u64>,
    left: u32,
) -> Result<BadgeState, EngineError> {
    let positions: Vec<_> = items.map(position).collect();
    let engine = &phone.engine;
    engine.mark_items_read(&alice(), &conversation(id), &positions, left)
}

#[tokio::test]
async fn s9_an_outbox_takes_thirty_thousand_single_items() {
    let phone = Phone::synced().await;
    for thousand in 0..30 {
        let items = thousand * 1_000 + 1..=thousand * 1_000 + 1_000;
        read_items(&phone, "family", items, 0).unwrap();
    }

    let one_more = read_items(&phone, "work", 1..=1, 0);

    assert_eq!(one_more.unwrap_err(), EngineError::OutboxFull);
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 30);
    // What says nothing of single items still goes, and once the relay has these, so do others.
    phone.read_here("work", 1, 0);
    assert!(phone.refresh().await.synced);
    assert!(read_items(&phone, "work", 1..=1, 0).is_ok());
}

#[tokio::test]
async fn s9_single_items_are_loaded_for_the_relay_only() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    read_items(&phone, "family", 1..=2, 1).unwrap();
    // Nobody who loads this gets any further.
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    let unreadable = "UPDATE operations SET positions = 'unreadable'";
    assert_eq!(store.execute(unreadable, []).unwrap(), 1);
    drop(store);

    phone.relay.arrive("work", 1);
    let extension = phone.beside(Process::Extension);
    let receipt = extension.engine.receive_push(&phone.relay.push(1, 1));
    assert_eq!(receipt.unwrap().disposition, Disposition::Applied);
    assert_eq!(phone.mark_here("home", true).badge, 3);
    let totals = phone.engine.accounts().unwrap()[0].totals;
    assert_eq!(totals, support::unread(3, 3));
    assert!(phone.engine.conversations(&alice()).is_ok());

    assert!(!extension.refresh().await.synced);
}

#[tokio::test]
async fn which_single_items_were_read_is_kept_when_operations_get_other_numbers() {
    let phone = Phone::new();
    phone.relay.commit("family", 5, 5);
    phone.relay.0.lock().unwrap().acknowledged = 1;
    read_items(&phone, "family", 1..=1, 4).unwrap();
    read_items(&phone, "family", 3..=4, 2).unwrap();
    read_items(&phone, "family", 5..=5, 1).unwrap();

    phone.refresh().await;
    phone.refresh().await;

    let relay = phone.relay.0.lock().unwrap();
    let read = relay.now.read_singly[&conversation("family")].iter();
    assert_eq!(read.copied().collect::<Vec<u64>>(), [1, 3, 4, 5]);
}
