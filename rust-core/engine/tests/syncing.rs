//! Catching up with the relay: pages, resets, wrong mirrors, credentials, pauses.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use support::{BUDGET, Fault, Meanwhile, Phone, alice};
use truebadge_engine::{Cause, Clock, EngineError, Process, transport::TransportError};
use truebadge_protocol::{ProblemKind, messages::PushTokenEnded};

#[tokio::test]
async fn many_pages_arrive_as_one_truth() {
    let phone = Phone::new();
    phone.relay.0.lock().unwrap().page = 3;
    for number in 0..10 {
        phone.relay.commit(&format!("conversation {number}"), 2, 2);
    }

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    assert!(outcome.badge.unwrap().complete);
    assert_eq!(phone.icon(), Some(20));
    assert!(
        !phone
            .icon
            .set
            .lock()
            .unwrap()
            .iter()
            .any(|set| *set != 0 && *set != 20)
    );
}

#[tokio::test]
async fn an_unfinished_reset_shows_the_servers_total_and_goes_on_in_the_next_wake() {
    let phone = Phone::new();
    phone.relay.0.lock().unwrap().page = 2;
    for number in 0..6 {
        phone.relay.commit(&format!("conversation {number}"), 1, 1);
    }
    phone
        .refresh_with_faults(&[None, None, Some(Fault::Lost)])
        .await;
    assert_eq!(phone.icon(), Some(6));
    assert!(
        phone.engine.conversations(&alice()).unwrap().is_empty(),
        "staged rows are not shown"
    );
    phone.relay.requests();

    let restarted = phone.again(Process::App);
    let outcome = restarted.refresh().await;

    assert!(outcome.synced);
    assert!(phone.relay.requests()[0].contains("since=2"));
    assert_eq!(restarted.engine.conversations(&alice()).unwrap().len(), 6);
    assert_eq!(restarted.icon(), Some(6));
}

#[tokio::test]
async fn a_conversation_that_was_read_during_a_reset_does_not_stay() {
    let phone = Phone::new();
    phone.relay.0.lock().unwrap().page = 2;
    for id in ["a", "b", "c", "d"] {
        phone.relay.commit(id, 1, 1);
    }
    phone
        .refresh_with_faults(&[None, None, Some(Fault::Lost)])
        .await;
    phone.relay.commit("a", 0, 1);

    phone.refresh().await;

    assert_eq!(phone.icon(), Some(3));
    assert_eq!(phone.engine.conversations(&alice()).unwrap().len(), 3);
}

#[tokio::test]
async fn a_mirror_that_diverged_is_fetched_anew_in_the_same_wake() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    store.execute("UPDATE rows SET unread = 9", []).unwrap();
    store
        .execute("UPDATE accounts SET unread = 9, digest = 1", [])
        .unwrap();
    drop(store);

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(2));
    assert_eq!(
        phone.engine.conversations(&alice()).unwrap()[0]
            .state
            .unread,
        2
    );
}

#[tokio::test]
async fn an_answer_that_the_relay_wants_confirmed_is_confirmed_but_not_for_ever() {
    for (wanted, asked) in [(0, 1), (1, 2), (u32::MAX, 4)] {
        let phone = Phone::new();
        phone.refresh().await;
        phone.relay.arrive("general", 1);
        phone.relay.0.lock().unwrap().wants_confirmed = wanted;
        phone.relay.0.lock().unwrap().requests.clear();

        assert!(phone.refresh().await.synced);

        let requests = phone.relay.0.lock().unwrap().requests.clone();
        assert_eq!(requests.len(), asked, "{requests:?}");
        let last = requests.last().unwrap();
        assert!(wanted == 0 || last.contains("since=1"), "{last}");
    }
}

#[tokio::test]
async fn a_confirmation_that_fails_fails_nothing_else() {
    for fault in [Fault::Lost, Fault::AnswerLost, Fault::Status(500, None)] {
        let phone = Phone::new();
        phone.refresh().await;
        phone.relay.arrive("general", 1);
        phone.relay.0.lock().unwrap().wants_confirmed = 1;
        phone.relay.plan(&[None, Some(fault.clone())]);

        let outcome = phone.refresh().await;

        assert!(outcome.synced, "{fault:?}");
        assert_eq!(outcome.error, None, "{fault:?}");
        assert_eq!(phone.icon(), Some(1));
        // Nor does the next wake of its own have to wait.
        let engine = &phone.engine;
        let next = engine.refresh(Cause::BackgroundRefresh, Duration::from_secs(25));
        assert!(next.await.synced, "{fault:?}");
    }
}

#[tokio::test]
async fn a_relay_that_is_busy_when_a_phone_confirms_is_left_alone_as_long_as_it_says() {
    let phone = Phone::new();
    phone.refresh().await;
    phone.relay.arrive("general", 1);
    phone.relay.0.lock().unwrap().wants_confirmed = 1;
    let busy = Fault::Status(429, Some(Duration::from_mins(10)));
    phone.relay.plan(&[None, Some(busy)]);

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    assert_eq!(outcome.error, None);
    assert_eq!(phone.icon(), Some(1));
    let engine = &phone.engine;
    let of_its_own = || engine.refresh(Cause::BackgroundRefresh, Duration::from_secs(25));
    assert!(!of_its_own().await.synced);
    phone.watch.advance(Duration::from_mins(10));
    assert!(of_its_own().await.synced);
}

#[tokio::test]
async fn an_answer_is_confirmed_only_once_ios_has_its_number() {
    for refuses in [false, true] {
        let phone = Phone::new();
        phone.refresh().await;
        phone.relay.arrive("general", 1);
        phone.relay.0.lock().unwrap().wants_confirmed = 1;
        phone.relay.0.lock().unwrap().requests.clear();
        phone.icon.refuses.store(refuses, Ordering::Relaxed);
        let (relay, asked_before) = (Arc::clone(&phone.relay), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&asked_before);
        *phone.icon.meanwhile.lock().unwrap() = Some(Meanwhile(Box::new(move || {
            let asked = relay.0.lock().unwrap().requests.len();
            seen.store(asked, Ordering::Relaxed);
        })));

        assert!(phone.refresh().await.synced);

        assert_eq!(asked_before.load(Ordering::Relaxed), 1, "before the number");
        let asked = phone.relay.0.lock().unwrap().requests.len();
        assert_eq!(asked, if refuses { 1 } else { 2 }, "refused: {refuses}");
    }
}

#[tokio::test]
async fn a_push_token_that_apns_ended_is_asked_for_again_and_told_again_once_an_hour() {
    let phone = Phone::new();
    assert!(phone.engine.set_push_token(Some("00ff")).unwrap());
    phone.refresh().await;
    assert!(!phone.engine.set_push_token(Some("00ff")).unwrap());
    let ends = || {
        phone.relay.0.lock().unwrap().push_token_ended = Some(PushTokenEnded::BadDeviceToken);
    };
    ends();
    assert!(phone.refresh().await.push_token_wanted);
    assert!(!phone.refresh().await.push_token_wanted, "once");
    let view = phone.engine.accounts().unwrap().remove(0);
    assert_eq!(view.push_token_ended, Some(PushTokenEnded::BadDeviceToken));

    assert!(phone.engine.set_push_token(Some("00ff")).unwrap());
    phone.refresh().await;

    assert_eq!(phone.relay.0.lock().unwrap().registrations.len(), 2);
    assert_eq!(phone.engine.accounts().unwrap()[0].push_token_ended, None);
    ends();
    assert!(!phone.refresh().await.push_token_wanted);
    phone.watch.advance(Duration::from_hours(1));
    assert!(phone.refresh().await.push_token_wanted);
}

#[tokio::test]
async fn an_account_says_when_its_relay_was_last_heard() {
    let phone = Phone::new();
    let heard = || phone.engine.accounts().unwrap()[0].synced_at;
    assert_eq!(heard(), None);

    phone.refresh().await;
    let then = phone.watch.now();
    assert_eq!(heard(), Some(then));

    phone.watch.advance(Duration::from_hours(1));
    phone.refresh_with_faults(&[Some(Fault::Lost)]).await;
    assert_eq!(heard(), Some(then), "an answer that was lost is none");
}

#[tokio::test]
async fn what_the_relay_sent_is_told_apart_from_what_came() {
    let phone = Phone::synced().await;
    phone.relay.arrive("a", 1);
    phone.relay.0.lock().unwrap().last_push = 3;
    phone.push(&phone.relay.push(1, 0)).await;

    phone.refresh().await;

    let pushes = phone.engine.accounts().unwrap()[0].pushes;
    assert_eq!((pushes.received, pushes.sent), (1, 3));
    phone.push(&phone.relay.push(3, 0)).await;
    assert_eq!(phone.engine.accounts().unwrap()[0].pushes.received, 3);
}

#[tokio::test]
async fn a_relay_whose_digest_never_fits_is_asked_a_bounded_number_of_times() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.relay.0.lock().unwrap().digest_lies = true;

    let first = phone.refresh().await;

    assert_eq!(first.error, Some(EngineError::MirrorDiverged));
    assert_eq!(phone.relay.requests().len(), 2, "registered, asked once");
    let next = phone.refresh().await;
    assert_eq!(next.error, Some(EngineError::MirrorDiverged));
    assert_eq!(phone.relay.requests().len(), 1, "asked once in each wake");
    assert_eq!(
        phone.icon(),
        Some(2),
        "the number that the server tells is shown"
    );
}

#[tokio::test]
async fn a_server_restored_from_a_backup_is_followed() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.relay.commit("b", 2, 2);
    phone.refresh().await;
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.epoch = "epoch-2".to_owned();
        relay.now.head = 1;
        relay.now.rows.retain(|id, _| id.as_str() == "a");
    }

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(2));
}

#[tokio::test]
async fn refused_credentials_are_renewed_once() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.relay.0.lock().unwrap().refused_tokens = vec!["stored".to_owned()];

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(1));

    phone
        .relay
        .0
        .lock()
        .unwrap()
        .refused_tokens
        .push("fresh".to_owned());
    let outcome = phone.refresh().await;
    assert_eq!(outcome.error, Some(EngineError::CredentialsRefused));
    assert_eq!(phone.icon(), Some(1));
}

#[tokio::test]
async fn without_credentials_the_badge_stays_and_the_person_is_told_to_sign_in() {
    let phone = Phone::synced().await;
    *phone.keychain.0.lock().unwrap() = None;

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, Some(EngineError::NoCredentials));
    assert!(outcome.shown);
}

#[tokio::test]
async fn an_account_that_ended_no_longer_counts() {
    let phone = Phone::new();
    phone.relay.commit("a", 4, 4);
    phone.refresh().await;
    phone.relay.fail(Fault::Problem(ProblemKind::Gone));

    let outcome = phone.refresh().await;

    assert_eq!(outcome.signed_out, vec![alice()]);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn after_a_failure_the_background_keeps_the_pause_that_the_relay_asked_for() {
    let phone = Phone::synced().await;
    phone.relay.commit("a", 1, 1);
    phone
        .relay
        .fail(Fault::Status(503, Some(Duration::from_mins(1))));
    let background = || phone.engine.refresh(Cause::BackgroundRefresh, BUDGET);
    phone.relay.requests();

    let failed = background().await;
    assert_eq!(
        failed.error,
        Some(EngineError::Transport(TransportError::Status(503)))
    );
    phone.watch.advance(Duration::from_secs(59));
    assert!(!background().await.synced, "nothing was asked");
    assert_eq!(phone.relay.requests().len(), 1);

    phone.watch.advance(Duration::from_secs(1));
    assert!(background().await.synced);
    assert_eq!(phone.icon(), Some(1));
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_does_not_stall_the_next_sync() {
    let phone = Phone::synced().await;
    phone.watch.set_wall(315_360_000_000);
    phone.relay.fail(Fault::Lost);
    phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;
    phone.watch.set_wall(-315_360_000_000);

    let outcome = phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;

    assert!(outcome.synced);
}

#[tokio::test]
async fn a_pause_that_a_clock_made_which_was_half_an_hour_ahead_is_not_kept() {
    let phone = Phone::synced().await;
    let asked = Some(Duration::from_mins(1));
    phone.relay.fail(Fault::Status(503, asked));
    phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;
    phone.watch.set_wall(-1_800_000);

    let outcome = phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;

    assert!(outcome.synced);
}

#[tokio::test]
async fn with_less_than_three_seconds_no_request_is_begun() {
    let phone = Phone::synced().await;
    phone.relay.requests();

    let outcome = phone
        .engine
        .refresh(Cause::Push, Duration::from_millis(2999))
        .await;

    assert_eq!(phone.relay.requests(), Vec::<String>::new());
    assert!(!outcome.synced);
    assert!(outcome.shown);
}

#[tokio::test]
async fn the_relay_is_told_of_a_new_push_token_once() {
    let phone = Phone::synced().await;
    phone.engine.set_push_token(Some("a1b2")).unwrap();
    phone.refresh().await;
    phone.refresh().await;

    let registrations = phone.relay.0.lock().unwrap().registrations.clone();
    assert_eq!(registrations.len(), 2);
    assert_eq!(registrations[1].push_token.as_deref(), Some("a1b2"));
    assert!(registrations[1].sole_account);
}

#[tokio::test]
async fn an_answer_that_is_not_of_this_protocol_changes_nothing() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    phone.relay.fail(Fault::Status(200, None));

    let outcome = phone.refresh().await;

    assert_eq!(
        outcome.error,
        Some(EngineError::NotUnderstood { status: 200 })
    );
    assert_eq!(phone.icon(), Some(2));
}

#[tokio::test]
async fn a_proxy_that_answers_404_signs_nobody_out() {
    let phone = Phone::new();
    phone.relay.commit("a", 4, 4);
    phone.refresh().await;
    phone.relay.fail(Fault::Status(404, None));

    let outcome = phone.refresh().await;

    assert_eq!(outcome.signed_out, Vec::new());
    assert_eq!(
        outcome.error,
        Some(EngineError::Transport(TransportError::Status(404)))
    );
    assert_eq!(phone.icon(), Some(4));
    assert!(phone.refresh().await.synced);
}

#[tokio::test]
async fn a_reset_that_a_push_has_overtaken_does_not_bring_an_older_truth_back() {
    let phone = std::sync::Arc::new(Phone::new());
    phone.relay.arrive("a", 2);
    phone.refresh().await;
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    store
        .execute("UPDATE accounts SET reset_wanted = 1", [])
        .unwrap();
    drop(store);
    let during = phone.clone();
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
        during.relay.arrive("a", 3);
        during
            .engine
            .receive_push(&during.relay.push(1, 1))
            .unwrap();
    })));
    phone.icon.set.lock().unwrap().clear();

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    assert_eq!(*phone.icon.set.lock().unwrap(), [5, 5]);
    assert_eq!(
        phone.engine.conversations(&alice()).unwrap()[0]
            .state
            .unread,
        5
    );
}

#[tokio::test]
async fn two_processes_that_reset_at_the_same_time_do_not_mix_their_pages() {
    let phone = std::sync::Arc::new(Phone::new());
    phone.relay.0.lock().unwrap().page = 2;
    for id in ["a", "b", "c", "d", "e"] {
        phone.relay.arrive(id, 1);
    }
    phone
        .refresh_with_faults(&[None, None, Some(Fault::Lost)])
        .await;
    let other = phone.again(Process::Extension);
    let (runtime, done) = (
        tokio::runtime::Handle::current(),
        std::sync::mpsc::channel(),
    );
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
        let refreshing = move || runtime.block_on(other.refresh());
        let outcome = std::thread::spawn(refreshing).join().unwrap();
        done.0.send(outcome).unwrap();
    })));

    let outcome = phone.refresh().await;

    assert!(done.1.recv().unwrap().synced);
    assert!(outcome.synced);
    assert_eq!(phone.engine.conversations(&alice()).unwrap().len(), 5);
    assert_eq!(phone.icon(), Some(5));
}
