//! What the person does on this phone: seen at once, never lost, in effect exactly once.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Fault, Phone, alice, conversation, position, push, unread};
use truebadge_engine::{Cause, EngineError, Process};
use truebadge_protocol::Level;

#[tokio::test]
async fn a_read_on_the_phone_lowers_the_badge_before_any_network() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.requests();

    let badge = phone.read_here("family", 2, 1);

    assert_eq!(badge.badge, 1);
    assert_eq!(phone.icon(), Some(1));
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_read_on_the_phone_reaches_the_relay_and_leaves_the_outbox() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.read_here("family", 3, 0);

    let outcome = phone
        .engine
        .refresh(Cause::Operation, support::BUDGET)
        .await;

    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(0));
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
    assert!(phone.engine.conversations(&alice()).unwrap().is_empty());
}

#[tokio::test]
async fn s4_what_was_read_here_does_not_come_back_because_of_an_older_push() {
    let phone = Phone::synced().await;
    let two = phone.relay.commit("family", 2, 2);
    phone
        .push(&push(&phone.relay, 1, 0, 1, Some(vec![two]), unread(2, 1)))
        .await;
    phone.read_here("family", 2, 0);
    phone.until(|phone| phone.icon() == Some(0)).await;

    // The relay did not know of the read when it sent this.
    let other = phone.relay.commit("work", 1, 1);
    let bytes = push(&phone.relay, 2, 1, 2, Some(vec![other]), unread(3, 2));
    phone.engine.receive_push(&bytes).unwrap();
    assert_eq!(phone.icon(), Some(1));

    // Nor when it sent this, which only tells totals: whether the read is in them nobody here can say.
    phone.relay.commit("home", 1, 1);
    let bytes = push(&phone.relay, 3, 2, 3, None, unread(4, 3));
    phone.engine.receive_push(&bytes).unwrap();
    assert_eq!(phone.icon(), Some(1), "the number stays where it came from");
    phone.refresh().await;
    assert_eq!(phone.icon(), Some(2));
}

#[tokio::test]
async fn totals_that_may_hold_a_read_of_another_device_do_not_count_it_twice() {
    let phone = Phone::synced().await;
    phone.relay.arrive("family", 2);
    phone.relay.arrive("work", 2);
    phone.refresh().await;
    phone.read_here("family", 2, 0);
    assert_eq!(phone.icon(), Some(2));

    phone.relay.read_elsewhere("family");
    let bytes = push(&phone.relay, 1, 2, 3, None, unread(2, 1));
    phone.engine.receive_push(&bytes).unwrap();

    assert_eq!(
        phone.icon(),
        Some(2),
        "not 2 less the 2 that both have read"
    );
}

#[tokio::test]
async fn an_item_that_arrives_after_the_read_counts() {
    let phone = Phone::synced().await;
    let two = phone.relay.commit("family", 2, 2);
    phone
        .push(&push(&phone.relay, 1, 0, 1, Some(vec![two]), unread(2, 1)))
        .await;
    phone.read_here("family", 2, 0);

    let three = phone.relay.commit("family", 3, 3);
    let bytes = push(&phone.relay, 2, 1, 2, Some(vec![three]), unread(3, 1));
    phone.engine.receive_push(&bytes).unwrap();

    assert_eq!(phone.icon(), Some(1));
}

#[tokio::test]
async fn marking_unread_counts_one_and_is_undone_by_the_next_read() {
    let phone = Phone::synced().await;
    let family = conversation("family");

    assert_eq!(
        phone
            .engine
            .mark_unread(&alice(), &family, true)
            .unwrap()
            .badge,
        1
    );
    assert_eq!(
        phone
            .engine
            .mark_read(&alice(), &family, position(1), 0)
            .unwrap()
            .badge,
        0
    );

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn s3_an_operation_survives_a_kill_and_is_sent_by_the_next_process() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.fail(Fault::Lost);
    phone.read_here("family", 3, 0);
    assert!(!phone.refresh().await.synced);

    let restarted = phone.again(Process::App);
    let outcome = restarted.refresh().await;

    assert!(outcome.synced);
    assert_eq!(restarted.icon(), Some(0));
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
}

#[tokio::test]
async fn s3_an_operation_whose_answer_was_lost_takes_effect_once() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.mark_here("work", true);
    phone.relay.fail(Fault::AnswerLost);

    assert!(!phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(4));
    assert!(phone.refresh().await.synced);

    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.icon(), Some(4));
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn a_refused_operation_is_reported_and_no_longer_counts() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.0.lock().unwrap().rejects_with = Some("not yours".to_owned());
    phone.read_here("family", 3, 0);

    let outcome = phone.refresh().await;

    assert_eq!(outcome.rejected.len(), 1);
    assert_eq!(outcome.rejected[0].reason, "not yours");
    assert_eq!(phone.icon(), Some(3));
}

#[tokio::test]
async fn a_phone_that_lost_its_store_does_not_lose_what_is_read_on_it_next() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.relay.0.lock().unwrap().acknowledged = 57;
    // Done before the first sync: the phone numbers from 1, the relay has seen 57 from it.
    phone.read_here("family", 3, 0);

    for _ in 0..2 {
        phone.refresh().await;
    }

    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn a_relay_that_lost_its_history_still_gets_what_was_read_here() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.mark_here("work", true);
    phone.refresh().await;
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.epoch = "epoch-2".to_owned();
        relay.acknowledged = 0;
        relay.operations_applied = 0;
    }
    phone.read_here("family", 3, 0);

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, None);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.icon(), Some(1));
}

#[tokio::test]
async fn an_operation_whose_answer_from_a_new_history_was_lost_takes_effect_once() {
    let phone = Phone::synced().await;
    phone.relay.0.lock().unwrap().epoch = "epoch-2".to_owned();
    phone.mark_here("work", true);
    phone.relay.fail(Fault::AnswerLost);

    assert!(!phone.refresh().await.synced);
    assert!(phone.refresh().await.synced);

    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
    assert_eq!(phone.icon(), Some(1));
}

#[tokio::test]
async fn a_mark_of_a_restored_history_is_not_undone_by_what_was_read_before_it() {
    for asks_first in [false, true] {
        let phone = Phone::new();
        phone.relay.commit("family", 3, 3);
        phone.relay.commit("work", 1, 1);
        phone.refresh().await;
        phone.read_here("family", 3, 0);
        {
            let mut relay = phone.relay.0.lock().unwrap();
            relay.epoch = "epoch-2".to_owned();
            relay.now = relay.past[1].clone(); // "family" only
        }
        // At a version that the phone knows from the other history.
        phone.relay.mark_elsewhere("family");
        if asks_first {
            // The new history is learnt of before the operation is sent.
            phone.relay.fail(Fault::Status(409, None));
        }

        assert!(phone.refresh().await.synced);

        assert_eq!(phone.relay.truth(), unread(1, 1), "the mark stays");
        assert_eq!(phone.icon(), Some(1));
        assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
    }
}

#[tokio::test]
async fn after_a_restore_the_phone_shows_a_mark_as_its_relay_will() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.relay.mark_elsewhere("family");
    phone.refresh().await;
    assert_eq!(phone.read_here("family", 3, 0).badge, 0);
    phone.relay.0.lock().unwrap().epoch = "epoch-2".to_owned();

    // The phone registers again, and the reset arrives; the operation does not.
    let hole = Some(Fault::Status(409, None));
    phone
        .refresh_with_faults(&[hole, None, None, Some(Fault::Lost)])
        .await;
    let shown = phone.icon();
    assert!(phone.refresh().await.synced);

    assert_eq!((shown, phone.icon()), (Some(1), Some(1)), "its mark stays");
}

#[tokio::test]
async fn an_acknowledgement_that_is_merely_old_does_not_renumber_operations() {
    let phone = Phone::synced().await;
    let family = conversation("family");
    phone.engine.mark_unread(&alice(), &family, true).unwrap();
    phone.refresh().await;
    phone.mark_here("work", true);

    // Sent before the relay had applied the first operation: it acknowledges nothing.
    let home = phone.relay.commit("home", 1, 1);
    let at = home.version.get();
    phone
        .push(&push(
            &phone.relay,
            1,
            at - 1,
            at,
            Some(vec![home]),
            unread(2, 2),
        ))
        .await;
    phone.refresh().await;

    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 2);
    assert_eq!(phone.icon(), Some(3));
}

#[tokio::test]
async fn an_operation_on_an_account_that_is_not_here_is_an_error() {
    let phone = Phone::synced().await;
    let stranger = truebadge_protocol::AccountId::new("bob").unwrap();

    let error = phone
        .engine
        .mark_unread(&stranger, &conversation("x"), true)
        .unwrap_err();

    assert_eq!(error, EngineError::UnknownAccount);
    assert_eq!(phone.engine.badge().unwrap().badge, 0);
}

#[tokio::test]
async fn a_relay_that_forgot_this_phone_is_told_of_it_again_and_gets_the_operation() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.read_here("family", 3, 0);
    phone.relay.fail(Fault::Status(409, None));

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, None);
    assert_eq!(phone.relay.0.lock().unwrap().registrations.len(), 2);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
}

#[tokio::test]
async fn a_push_that_brings_all_it_should_still_sends_what_waits_in_the_outbox() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.read_here("family", 3, 0);

    let work = phone.relay.commit("work", 1, 1);
    let outcome = phone
        .push(&push(&phone.relay, 1, 1, 2, Some(vec![work]), unread(4, 2)))
        .await;

    assert!(outcome.synced);
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.icon(), Some(1));
}

#[tokio::test]
async fn a_number_that_the_relay_saw_from_a_lost_store_does_not_swallow_an_operation() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    // The phone was restored from a backup: since then it had sent 57 operations.
    phone.relay.0.lock().unwrap().acknowledged = 57;
    phone.read_here("family", 3, 0);

    phone.refresh().await;
    phone.refresh().await;

    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 1);
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn single_items_are_read_here_at_once_and_then_at_the_relay() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    let positions = [position(3), position(1), position(3)];

    let badge = phone
        .engine
        .mark_items_read(&alice(), &conversation("family"), &positions, 1)
        .unwrap();

    assert_eq!((badge.badge, phone.icon()), (1, Some(1)));
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(1));
    assert_eq!(phone.relay.truth(), unread(1, 1));
    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn one_call_reads_one_to_a_thousand_items() {
    let phone = Phone::synced().await;
    let read = |count: u64| {
        let positions: Vec<_> = (1..=count).map(position).collect();
        phone
            .engine
            .mark_items_read(&alice(), &conversation("family"), &positions, 0)
    };

    assert!(matches!(read(0), Err(EngineError::InvalidArgument(_))));
    assert!(matches!(read(1_001), Err(EngineError::InvalidArgument(_))));
    assert!(read(1_000).is_ok());
}

#[tokio::test]
async fn a_conversation_that_is_muted_here_counts_no_more_also_once_the_relay_knows() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.relay.commit("work", 2, 2);
    phone.refresh().await;

    phone
        .engine
        .set_level(&alice(), &conversation("family"), Level::None)
        .unwrap();

    assert_eq!(phone.icon(), Some(2));
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(2));
    assert_eq!(phone.relay.truth(), unread(2, 1));
}

#[tokio::test]
async fn all_is_read_at_once_marks_and_muted_conversations_too() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.relay.mark_elsewhere("work");
    phone.relay.commit("home", 2, 2);
    phone.relay.mute_elsewhere("home");
    phone.refresh().await;
    assert_eq!(phone.icon(), Some(4));

    let badge = phone.engine.mark_all_read(&alice()).unwrap();

    assert_eq!(badge.badge, 0);
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(0));
    let relay = phone.relay.0.lock().unwrap();
    assert_eq!(relay.operations_applied, 3);
    let nothing =
        |row: &truebadge_protocol::ConversationState| row.unread == 0 && !row.marked_unread;
    assert!(relay.now.rows.values().all(nothing));
}

#[tokio::test]
async fn all_read_again_records_nothing() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;

    phone.engine.mark_all_read(&alice()).unwrap();
    phone.engine.mark_all_read(&alice()).unwrap();

    assert_eq!(phone.engine.accounts().unwrap()[0].pending, 1);
}

#[tokio::test]
async fn a_read_that_the_relay_has_not_counted_yet_stays_read() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.read_here("family", 3, 0);

    // The relay tells of the conversation, and does not know of the read.
    phone.relay.mute_elsewhere("family");
    phone.relay.change_level("family", Level::All);
    let bytes = phone.relay.push(1, 1);
    let receipt = phone.engine.receive_push(&bytes).unwrap();

    assert_eq!(receipt.badge.badge, 0);
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn a_late_item_below_the_read_marker_never_counts() {
    let phone = Phone::new();
    // Items 8 and 9 are there, 7 is late.
    phone.relay.commit("family", 3, 9);
    phone.relay.leave_out("family", 7);
    phone.relay.change_unread("family", 2);
    phone.refresh().await;
    phone.read_here("family", 9, 0);

    // It lies between the old read marker and the new one, and comes before the relay knows of the read.
    phone.relay.arrive_late("family", 7);
    let bytes = phone.relay.push(1, 1);
    let receipt = phone.engine.receive_push(&bytes).unwrap();
    assert_eq!(receipt.badge.badge, 0);

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.relay.truth(), unread(0, 0));
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn s4_a_read_that_saw_less_does_not_undo_a_mark_that_was_set_elsewhere() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.mark_elsewhere("family");
    assert_eq!(phone.read_here("family", 3, 0).badge, 0);

    // Before the relay has the read, and after.
    let bytes = phone.relay.push(1, 1);
    phone.engine.receive_push(&bytes).unwrap();
    assert_eq!(phone.icon(), Some(1));
    assert!(phone.refresh().await.synced);

    assert_eq!(phone.icon(), Some(1));
    assert_eq!(phone.relay.truth(), unread(1, 1));
}

#[tokio::test]
async fn a_mark_that_was_seen_and_read_here_does_not_come_back_with_an_unrelated_change() {
    let phone = Phone::new();
    phone.relay.mark_elsewhere("family");
    phone.refresh().await;
    phone.read_here("family", 1, 0);

    phone.relay.change_level("family", Level::Mentions);
    let bytes = phone.relay.push(1, 1);
    let receipt = phone.engine.receive_push(&bytes).unwrap();

    assert_eq!(receipt.badge.badge, 0);
}

#[tokio::test]
async fn reads_of_two_moments_do_not_hide_what_arrived_after_both() {
    let phone = Phone::new();
    phone.relay.commit("family", 5, 5);
    phone.refresh().await;
    phone.read_here("family", 3, 2);
    // The relay has the first read and the phone does not know it; the second is made meanwhile.
    phone.relay.fail(Fault::AnswerLost);
    phone.refresh().await;
    phone.read_here("family", 5, 0);
    phone.relay.arrive("family", 1);

    let bytes = phone.relay.push(1, 1);
    phone.engine.receive_push(&bytes).unwrap();

    assert_eq!(phone.icon(), Some(1));
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(1));
}
