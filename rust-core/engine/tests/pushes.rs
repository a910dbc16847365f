//! What each kind of push does to the badge, the mirror and the network.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{Phone, conversation, push, row, unread};
use truebadge_engine::{Cause, Disposition, EngineError, Process};
use truebadge_protocol::{PushPayload, Totals, push::Aps};

#[tokio::test]
async fn a_read_on_the_desktop_clears_the_badge_without_a_request() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    assert_eq!(phone.icon(), Some(3));
    phone.relay.requests();

    let read = phone.relay.commit("family", 0, 3);
    let outcome = phone
        .push(&push(&phone.relay, 1, 1, 2, Some(vec![read]), Totals::ZERO))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Applied));
    assert!(outcome.shown);
    assert_eq!(phone.icon(), Some(0));
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_push_that_the_relay_would_send_again_is_acknowledged_after_the_badge_is_set() {
    let phone = Phone::synced().await;
    phone.relay.requests();
    let new = phone.relay.commit("family", 2, 2);
    let asking = PushPayload {
        sync_wanted: true,
        ..PushPayload::parse(&push(&phone.relay, 1, 0, 1, Some(vec![new]), unread(2, 1))).unwrap()
    };
    let silent = Aps {
        content_available: true,
        ..Aps::default()
    };

    let outcome = phone.push(&asking.compose(&silent).unwrap()).await;

    assert_eq!(outcome.disposition, Some(Disposition::Applied));
    assert!(outcome.shown && outcome.synced);
    assert_eq!(phone.icon(), Some(2));
    let requests = phone.relay.requests();
    assert!(
        requests.len() == 1 && requests[0].contains("received=1"),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_number_that_a_push_painted_stays_while_no_relay_is_heard() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    assert_eq!(phone.icon(), Some(3));
    // Read on the desktop; iOS paints the number without waking the app.
    phone.icon.set.lock().unwrap().push(0);

    let outcome = phone
        .engine
        .refresh(Cause::Foreground, Duration::from_secs(2))
        .await;

    assert!(outcome.shown && !outcome.synced);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn a_push_that_comes_twice_changes_nothing_the_second_time() {
    let phone = Phone::synced().await;
    let new = phone.relay.commit("family", 2, 2);
    let bytes = push(&phone.relay, 1, 0, 1, Some(vec![new]), unread(2, 1));

    assert_eq!(
        phone.push(&bytes).await.disposition,
        Some(Disposition::Applied)
    );
    let again = phone.push(&bytes).await;

    assert_eq!(again.disposition, Some(Disposition::Stale));
    assert_eq!(phone.icon(), Some(2));
}

#[tokio::test]
async fn the_last_push_repairs_all_that_were_lost_before_it() {
    let phone = Phone::synced().await;
    phone.relay.commit("a", 1, 1);
    let b = phone.relay.commit("b", 4, 4);
    let a = phone.relay.commit("a", 0, 1);
    phone.relay.requests();

    let outcome = phone
        .push(&push(&phone.relay, 3, 0, 3, Some(vec![b, a]), unread(4, 1)))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Applied));
    assert_eq!(phone.icon(), Some(4));
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_late_push_never_brings_an_older_truth_back() {
    let phone = Phone::synced().await;
    let unread_then = phone.relay.commit("family", 3, 3);
    let read_since = phone.relay.commit("family", 0, 3);
    let late = push(&phone.relay, 1, 0, 1, Some(vec![unread_then]), unread(3, 1));
    let newest = push(&phone.relay, 2, 0, 2, Some(vec![read_since]), Totals::ZERO);

    phone.push(&newest).await;
    let outcome = phone.push(&late).await;

    assert_eq!(outcome.disposition, Some(Disposition::Stale));
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn a_push_after_a_hole_shows_its_totals_and_fetches_what_is_missing() {
    let phone = Phone::synced().await;
    phone.relay.commit("a", 5, 5);
    let b = phone.relay.commit("b", 1, 1);

    let outcome = phone
        .push(&push(&phone.relay, 2, 1, 2, Some(vec![b]), unread(6, 2)))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Gap));
    assert!(outcome.synced);
    assert!(outcome.badge.unwrap().complete);
    assert_eq!(phone.icon(), Some(6));
    let shown: Vec<_> = phone.engine.conversations(&support::alice()).unwrap();
    assert_eq!(shown.len(), 2);
}

#[tokio::test]
async fn a_push_without_rows_shows_its_totals_while_the_relay_cannot_be_reached() {
    let phone = Phone::synced().await;
    phone.relay.commit("a", 7, 7);
    phone.relay.fail(support::Fault::Lost);

    let outcome = phone
        .push(&push(&phone.relay, 1, 0, 1, None, unread(7, 1)))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Gap));
    assert!(!outcome.synced);
    assert!(matches!(outcome.error, Some(EngineError::Transport(_))));
    assert_eq!(phone.icon(), Some(7));
    assert!(!outcome.badge.unwrap().complete);
}

#[tokio::test]
async fn rows_that_do_not_add_up_are_not_applied_and_the_mirror_is_fetched_anew() {
    let phone = Phone::synced().await;
    phone.relay.commit("a", 2, 2);
    let wrong = row("a", 1, 9, 9);

    let outcome = phone
        .push(&push(
            &phone.relay,
            1,
            0,
            1,
            Some(vec![wrong]),
            unread(2, 1),
        ))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Diverged));
    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(2));
    assert!(!phone.icon.set.lock().unwrap().contains(&9));
}

#[tokio::test]
async fn a_push_of_another_history_is_not_believed_before_a_reset() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    phone.relay.0.lock().unwrap().epoch = "epoch-2".to_owned();
    phone.relay.commit("b", 1, 1);

    let outcome = phone
        .push(&push(&phone.relay, 1, 0, 2, None, unread(3, 2)))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::EpochChanged));
    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(3));
}

#[tokio::test]
async fn a_push_for_somebody_else_counts_nothing_and_sets_the_number_that_ios_may_have_painted_over()
 {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    phone.relay.requests();
    // iOS painted the push's number before any of our code ran.
    phone.icon.set.lock().unwrap().push(99);
    let bytes = br#"{"aps":{"badge":99},"tb":{"r":"elsewhere","e":"x","i":1,"p":0,"v":9,"n":[99,0,1],"k":0}}"#;

    let outcome = phone.push(bytes).await;

    assert_eq!(outcome.disposition, Some(Disposition::NotForUs));
    assert_eq!(phone.icon(), Some(2));
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_push_that_tells_nothing_leaves_the_icon_unless_ios_painted_from_it() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    // Painted from an earlier push, while the app did not run.
    phone.icon.set.lock().unwrap().push(5);
    let elsewhere = br#"{"aps":{"content-available":1},"tb":{"r":"elsewhere","e":"x","i":1,"p":0,"v":9,"n":[9,0,1],"k":0}}"#;

    phone.push(elsewhere).await;
    assert_eq!(phone.icon(), Some(5));

    phone.relay.fail(support::Fault::Lost);
    phone.push(br#"{"aps":{"content-available":1}}"#).await;
    assert_eq!(phone.icon(), Some(5), "nobody's, and no relay to ask");
}

#[tokio::test]
async fn garbage_leaves_the_badge_as_it_was_and_causes_a_bounded_number_of_syncs() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    phone.relay.requests();
    let deep = [vec![b'['; 2000], vec![b']'; 2000]].concat();
    let huge = vec![b' '; 5000];
    let hostile: [&[u8]; 8] = [
        b"",
        b"\xff\xfe",
        br#"{"aps":{"badge":{}}}"#,
        br#"{"aps":{"badge":77}}"#,
        br#"{"aps":{"badge":9},"tb":{"r":"route-alice","e":"epoch-1","i":-1,"p":0,"v":9,"n":[9,0,1],"k":0}}"#,
        br#"{"aps":{"badge":9},"tb":{"r":"route-alice","e":"epoch-1","i":1,"p":0,"v":1e99,"n":[9,0,1],"k":0}}"#,
        &deep,
        &huge,
    ];

    for payload in hostile {
        phone.icon.set.lock().unwrap().push(99);
        let outcome = phone.push(payload).await;
        assert_eq!(outcome.disposition, Some(Disposition::Malformed));
        assert_eq!(phone.icon(), Some(2));
    }

    assert_eq!(phone.relay.requests().len(), 1, "one sync, then a pause");
}

#[tokio::test]
async fn a_push_is_handled_by_the_extension_over_the_store_of_the_app() {
    let phone = Phone::synced().await;
    let extension = phone.again(Process::Extension);
    let new = phone.relay.commit("family", 3, 3);

    let outcome = extension
        .push(&push(&phone.relay, 1, 0, 1, Some(vec![new]), unread(3, 1)))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Applied));
    assert_eq!(extension.icon(), Some(3));
    assert_eq!(phone.engine.badge().unwrap().badge, 3);
}

#[tokio::test]
async fn receipts_ride_on_the_next_request() {
    let phone = Phone::synced().await;
    let a = phone.relay.commit("a", 1, 1);
    phone
        .push(&push(&phone.relay, 41, 0, 1, Some(vec![a]), unread(1, 1)))
        .await;
    phone.relay.requests();

    phone.refresh().await;
    let first = phone.relay.requests();
    phone.refresh().await;
    let second = phone.relay.requests();

    assert!(first[0].ends_with("received=41"), "{first:?}");
    assert!(!second[0].contains("received"), "{second:?}");
}

#[tokio::test]
async fn a_muted_conversation_does_not_count() {
    let phone = Phone::synced().await;
    let mut muted = phone.relay.commit("noise", 50, 50);
    muted.level = truebadge_protocol::Level::None;
    let outcome = phone
        .push(&push(
            &phone.relay,
            1,
            0,
            1,
            Some(vec![muted]),
            Totals::ZERO,
        ))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Applied));
    assert_eq!(phone.icon(), Some(0));
    let shown = phone.engine.conversations(&support::alice()).unwrap();
    assert_eq!(shown[0].state.id, conversation("noise"));
}

#[tokio::test]
async fn a_push_that_names_a_conversation_twice_counts_it_once() {
    let phone = Phone::synced().await;
    phone.relay.commit("a", 1, 1);
    let newest = phone.relay.commit("a", 2, 2);
    let rows = vec![row("a", 1, 1, 1), newest.clone(), newest];

    let outcome = phone
        .push(&push(&phone.relay, 1, 0, 2, Some(rows), unread(2, 1)))
        .await;

    assert_eq!(outcome.disposition, Some(Disposition::Applied));
    assert_eq!(phone.icon(), Some(2));
    phone.relay.requests();
    assert!(phone.refresh().await.synced);
    assert!(
        !phone
            .relay
            .requests()
            .iter()
            .any(|asked| asked.contains("since=0")),
        "no reset"
    );
}

#[tokio::test]
async fn after_a_day_without_an_answer_a_wake_asks_although_nothing_is_missing() {
    let day = Duration::from_hours(24);
    // Also when somebody set the clock back by years meanwhile.
    for set_back in [0, 10 * 365] {
        let phone = Phone::synced().await;
        phone.relay.requests();
        let asked = || {
            let requests = phone.relay.requests();
            requests.iter().any(|one| one.starts_with("GET v1/changes"))
        };
        for counter in 1..=2 {
            phone.relay.arrive("family", 1);
            let outcome = phone.push(&phone.relay.push(counter, 0)).await;
            assert_eq!(outcome.disposition, Some(Disposition::Applied));
            assert!(!asked());
            phone.watch.advance(day / 2);
        }
        phone
            .watch
            .set_wall(-set_back * i64::try_from(day.as_millis()).unwrap());

        phone.relay.arrive("family", 1);
        let outcome = phone.push(&phone.relay.push(3, 0)).await;

        assert_eq!(outcome.disposition, Some(Disposition::Applied));
        assert!(outcome.synced && asked());
    }
}
