//! What a relay refuses is told to the app, whatever becomes of answers, pushes and processes (S3).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{future::Future as _, pin::pin, task::Poll, time::Duration};

use support::{Committed, Fault, Phone, alice, conversation, unread};
use truebadge_engine::{Process, RejectedOperation, WakeOutcome};

/// A phone that shows three unread items, of which the person read all. The relay will refuse that.
async fn about_to_be_refused() -> Phone {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.read_here("family", 3, 0);
    phone.relay.0.lock().unwrap().rejects_with = Some("not yours".to_owned());
    phone
}

/// The relay refused it, and its answer was lost.
async fn refused_in_an_answer_that_was_lost() -> Phone {
    let phone = about_to_be_refused().await;
    phone.relay.fail(Fault::AnswerLost);
    assert_eq!(phone.refresh().await.rejected, []);
    phone
}

/// A push tells of an item at work, and acknowledges what the phone did. There is no network.
fn receive_push(phone: &Phone, base: u64) -> u32 {
    phone.relay.arrive("work", 1);
    let bytes = phone.relay.push(1, base);
    phone.engine.receive_push(&bytes).unwrap().badge.badge
}

fn pending(phone: &Phone) -> usize {
    phone.engine.accounts().unwrap()[0].pending
}

fn assert_told_once(outcome: &WakeOutcome, phone: &Phone) {
    assert_eq!(outcome.error, None);
    let [RejectedOperation { reason, .. }] = outcome.rejected.as_slice() else {
        panic!("one was refused: {:?}", outcome.rejected);
    };
    assert_eq!(reason, "not yours");
    assert_eq!(pending(phone), 0);
}

#[tokio::test]
async fn s3_what_was_refused_is_told_also_when_a_push_acknowledges_it_before_it_is_sent_again() {
    let phone = refused_in_an_answer_that_was_lost().await;

    assert_eq!(receive_push(&phone, 1), 4, "the read is not in effect");

    let restarted = phone.again(Process::App);
    assert_told_once(&restarted.refresh().await, &phone);
    assert_eq!(restarted.icon(), Some(4));
}

#[tokio::test]
async fn s3_what_was_refused_is_told_also_when_a_push_with_a_gap_acknowledges_it() {
    let phone = refused_in_an_answer_that_was_lost().await;
    phone.relay.arrive("home", 1);
    receive_push(&phone, 2);

    let restarted = phone.again(Process::App);
    assert_told_once(&restarted.refresh().await, &phone);
    assert_eq!(restarted.icon(), Some(5));
}

#[tokio::test]
async fn s3_what_was_refused_is_told_also_when_changes_acknowledge_it_before_it_is_sent_again() {
    let phone = refused_in_an_answer_that_was_lost().await;

    // The relay wants to be told of the phone first, and the phone asks how far it has counted.
    let outcome = phone
        .refresh_with_faults(&[Some(Fault::Status(409, None))])
        .await;

    assert_told_once(&outcome, &phone);
    assert_eq!(phone.icon(), Some(3));
}

#[tokio::test]
async fn s3_the_next_wake_for_a_push_asks_what_became_of_an_operation() {
    let phone = refused_in_an_answer_that_was_lost().await;
    receive_push(&phone, 1);

    phone.watch.advance(Duration::from_mins(1));
    phone.relay.arrive("work", 1);
    let outcome = phone.push(&phone.relay.push(2, 2)).await;

    assert_told_once(&outcome, &phone);
    assert_eq!(phone.icon(), Some(5));
}

#[tokio::test]
async fn s4_what_a_push_acknowledged_is_shown_once_and_leaves_the_outbox_with_the_next_wake() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.mark_here("home", true);
    phone.relay.fail(Fault::AnswerLost);
    phone.refresh().await;
    assert_eq!(receive_push(&phone, 1), 5);

    // Another device takes the mark back: it is in the mirror, and not laid over it once more.
    phone.relay.read_elsewhere("home");
    let bytes = phone.relay.push(2, 3);
    assert_eq!(phone.engine.receive_push(&bytes).unwrap().badge.badge, 4);
    let views = phone.engine.conversations(&alice()).unwrap();
    assert!(
        views
            .iter()
            .all(|view| !view.pending && view.state.id != conversation("home"))
    );

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(pending(&phone), 0);
    let mut shown = phone.icon.set.lock().unwrap().clone();
    shown.dedup();
    assert_eq!(shown, [3, 4, 5, 4]);
}

#[tokio::test]
async fn s3_what_a_push_acknowledged_goes_to_a_history_that_begins_before_the_answer_is_heard() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.mark_here("home", true);
    phone.relay.fail(Fault::AnswerLost);
    phone.refresh().await;
    assert_eq!(receive_push(&phone, 1), 5);
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.epoch = "epoch-2".to_owned();
        (relay.acknowledged, relay.now) = (0, Committed::default());
    }
    phone.relay.commit("family", 1, 1);

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, None);
    assert_eq!(phone.relay.truth(), unread(2, 2));
    assert_eq!((phone.icon(), pending(&phone)), (Some(2), 0));
}

#[tokio::test]
async fn s4_what_a_push_acknowledged_does_not_come_back_while_another_history_is_fetched() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.mark_here("home", true);
    phone.relay.fail(Fault::AnswerLost);
    phone.refresh().await;
    phone.relay.read_elsewhere("home");
    assert_eq!(receive_push(&phone, 1), 4);
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.epoch = "epoch-2".to_owned();
        relay.page = 1;
    }

    // The first page comes, the second does not.
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;
    assert_eq!(phone.icon(), Some(4), "the old history held it");

    assert!(phone.refresh().await.synced);
    let truth = u32::try_from(phone.relay.truth().unread).unwrap();
    assert_eq!((phone.icon(), pending(&phone)), (Some(truth), 0));
}

#[tokio::test]
async fn what_was_refused_is_told_at_each_wake_until_the_app_took_note() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.0.lock().unwrap().rejects_with = Some("not yours".to_owned());
    phone.read_here("family", 3, 0);
    phone.refresh().await;

    let restarted = phone.again(Process::App);
    let rejected = restarted.refresh().await.rejected;

    assert_eq!(rejected, restarted.engine.rejected_operations().unwrap());
    let [refused] = rejected.as_slice() else {
        panic!("one was refused");
    };
    assert_eq!(refused.account, alice());
    assert_eq!(refused.conversation, conversation("family"));
    assert_eq!(refused.reason, "not yours");

    restarted.engine.forget_rejected(refused.sequence).unwrap();
    assert_eq!(restarted.refresh().await.rejected, []);
}

#[tokio::test]
async fn s3_what_was_refused_in_an_answer_that_was_lost_is_told_in_the_next_wake() {
    let phone = about_to_be_refused().await;
    phone.relay.fail(Fault::AnswerLost);
    assert_eq!(phone.refresh().await.rejected, []);

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    let [refused] = outcome.rejected.as_slice() else {
        panic!("one was refused: {:?}", outcome.rejected);
    };
    assert_eq!(refused.reason, "not yours");
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
    assert_eq!(phone.icon(), Some(3));
}

#[tokio::test]
async fn what_was_refused_in_the_extension_is_told_in_the_app() {
    let phone = about_to_be_refused().await;

    let extension = phone.again(Process::Extension);
    let bytes = phone.relay.push(1, 0);
    extension.push(&bytes).await;

    assert_eq!(phone.refresh().await.rejected.len(), 1);
}

#[tokio::test]
async fn s3_what_was_refused_in_a_wake_that_was_cancelled_is_told_in_the_next() {
    let phone = about_to_be_refused().await;
    // Once the relay has answered, iOS lets the wake wait.
    let centre = phone.centre.clone();
    let slow = support::Meanwhile(Box::new(move || centre.answers_slowly()));
    phone.relay.0.lock().unwrap().meanwhile = Some(slow);
    {
        let mut wake = pin!(phone.refresh());
        std::future::poll_fn(|context| {
            assert!(wake.as_mut().poll(context).is_pending());
            context.waker().wake_by_ref();
            match phone.engine.rejected_operations() {
                Ok(rejected) if !rejected.is_empty() => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
        // The wake is dropped here: the host never hears how it ended.
    }
    phone.centre.answers();

    assert_eq!(phone.refresh().await.rejected.len(), 1);
}

#[tokio::test]
async fn what_was_refused_of_an_account_goes_with_it() {
    let phone = about_to_be_refused().await;
    phone.refresh().await;

    phone.engine.sign_out(&alice()).unwrap();

    assert_eq!(phone.engine.rejected_operations().unwrap(), []);
}

#[tokio::test]
async fn what_is_refused_again_after_the_numbers_began_anew_is_told_again() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.0.lock().unwrap().rejects_with = Some("not yours".to_owned());
    phone.read_here("family", 3, 0);
    assert_eq!(phone.refresh().await.rejected.len(), 1);
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.epoch = "epoch-2".to_owned();
        relay.acknowledged = 0;
        relay.refusals.clear();
    }
    phone.refresh().await;

    phone.read_here("family", 3, 0);

    let rejected = phone.refresh().await.rejected;
    let numbers: Vec<_> = rejected.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 1]);
}
