//! Another history begins while the number comes from totals that the old one told, or while the mirror
//! holds what the relay has not answered: what was done here is counted once, until the reset ends (S1).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Committed, Fault, Phone, unread};

/// The relay goes back to what it once had, and sends one row on a page.
fn restore(phone: &Phone, backup: Committed) {
    let mut relay = phone.relay.0.lock().unwrap();
    "epoch-2".clone_into(&mut relay.epoch);
    (relay.now, relay.acknowledged, relay.page) = (backup, 0, 1);
}

fn backup(phone: &Phone) -> Committed {
    phone.relay.0.lock().unwrap().now.clone()
}

/// A phone on which "family" was read, and that was told so with totals whose rows have not all come.
async fn phone_that_shows_what_was_told() -> Phone {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.relay.commit("friends", 5, 5);
    phone.refresh().await;
    let backup = backup(&phone);
    phone.relay.arrive("work", 1);
    phone.read_here("family", 3, 0);
    phone.relay.0.lock().unwrap().page = 1;
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;
    assert_eq!(phone.icon(), Some(6), "these totals hold the read");
    restore(&phone, backup);
    phone
}

#[tokio::test]
async fn s1_what_is_in_the_totals_that_are_shown_is_not_counted_twice_when_another_history_begins()
{
    let phone = phone_that_shows_what_was_told().await;

    // The first page of the reset comes, the second does not.
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;
    assert_eq!(phone.icon(), Some(6));

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.relay.truth(), unread(5, 1));
    assert_eq!(phone.icon(), Some(5));
}

#[tokio::test]
async fn s1_what_is_in_the_totals_that_are_shown_and_is_done_again_is_not_counted_twice() {
    let phone = phone_that_shows_what_was_told().await;
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;

    phone.read_here("family", 3, 0);

    assert_eq!(phone.icon(), Some(6));
}

#[tokio::test]
async fn s4_what_the_mirror_holds_stays_read_while_a_history_without_it_is_fetched() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.relay.commit("friends", 5, 5);
    phone.refresh().await;
    let backup = backup(&phone);
    phone.mark_here("home", true);
    phone.refresh().await;
    phone.read_here("family", 3, 0);
    phone.relay.fail(Fault::AnswerLost);
    phone.refresh().await;
    let push = phone.relay.push(1, 3);
    phone.engine.receive_push(&push).unwrap();
    assert_eq!(
        phone.icon(),
        Some(6),
        "the push held the read, which nothing has answered"
    );
    restore(&phone, backup);

    // The relay misses the number before the read's, is told of the phone, and sends the first page.
    let faults = [None, None, None, Some(Fault::Lost)];
    phone.refresh_with_faults(&faults).await;
    assert_eq!(phone.icon(), Some(6));

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.relay.truth(), unread(5, 1));
    assert_eq!(phone.icon(), Some(5));
}

#[tokio::test]
async fn a_relay_that_was_restored_is_told_of_this_phone_again() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    let registrations = || phone.relay.0.lock().unwrap().registrations.len();
    assert_eq!(registrations(), 1);

    restore(&phone, backup(&phone));

    assert!(phone.refresh().await.synced);
    assert_eq!(
        registrations(),
        2,
        "it may have forgotten what it was told since"
    );
    assert!(phone.refresh().await.synced);
    assert_eq!(registrations(), 2);
}

#[tokio::test]
async fn s2_a_push_of_the_history_that_is_being_fetched_is_newer_than_its_first_page() {
    let phone = Phone::new();
    phone.relay.commit("family", 1, 1);
    phone.relay.commit("friends", 1, 1);
    phone.relay.0.lock().unwrap().page = 1;
    phone
        .refresh_with_faults(&[None, None, Some(Fault::Lost)])
        .await;
    assert_eq!(phone.icon(), Some(2), "what the first page told");
    phone.relay.arrive("family", 3);

    let push = phone.relay.push(1, 0);
    let receipt = phone.engine.receive_push(&push).unwrap();

    assert_eq!((receipt.badge.badge, phone.icon()), (5, Some(5)));
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(5));
}
