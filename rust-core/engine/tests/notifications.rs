//! Delivered notifications go when what they are about is read elsewhere.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Phone, conversation, position, push, row, unread};
use truebadge_engine::{
    DeliveredNotification,
    notifications::{Seen, is_read},
};
use truebadge_protocol::{Route, Totals};

fn delivered(identifier: &str, about: &str, at: u64) -> DeliveredNotification {
    DeliveredNotification {
        identifier: identifier.to_owned(),
        route: Some(Route::new("route-alice").unwrap()),
        conversation: conversation(about),
        position: Some(position(at)),
    }
}

#[tokio::test]
async fn a_read_elsewhere_removes_just_the_notifications_that_are_read() {
    let phone = Phone::synced().await;
    let family = phone.relay.commit("family", 2, 2);
    let work = phone.relay.commit("work", 2, 2);
    let bytes = push(
        &phone.relay,
        1,
        0,
        2,
        Some(vec![family, work]),
        unread(4, 2),
    );
    phone.push(&bytes).await;
    phone.centre.0.lock().unwrap().extend([
        delivered("family 1", "family", 1),
        delivered("family 2", "family", 2),
        delivered("work 1", "work", 1),
        delivered("work 2", "work", 2),
    ]);

    let family = phone.relay.commit("family", 0, 2);
    let work = phone.relay.commit("work", 1, 2);
    let bytes = push(
        &phone.relay,
        2,
        2,
        4,
        Some(vec![family, work]),
        unread(1, 1),
    );
    let outcome = phone.push(&bytes).await;

    assert_eq!(outcome.removed, ["family 1", "family 2", "work 1"]);
    assert_eq!(phone.centre.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn notifications_of_an_account_that_is_not_here_stay() {
    let phone = Phone::synced().await;
    let mut foreign = delivered("foreign", "family", 1);
    foreign.route = Some(Route::new("somebody else").unwrap());
    phone.centre.0.lock().unwrap().push(foreign);

    assert!(phone.refresh().await.removed.is_empty());
}

#[tokio::test]
async fn a_number_that_ios_refuses_is_reported_as_not_shown() {
    let phone = Phone::synced().await;
    phone
        .icon
        .refuses
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let new = phone.relay.commit("a", 1, 1);

    let outcome = phone
        .push(&push(
            &phone.relay,
            1,
            0,
            1,
            Some(vec![new]),
            Totals {
                unread: 1,
                mentions: 0,
                conversations: 1,
            },
        ))
        .await;

    assert!(!outcome.shown);
    assert!(outcome.error.is_some());
    assert_eq!(outcome.badge.unwrap().badge, 1);
}

#[test]
fn a_mirror_that_is_behind_does_not_call_an_item_read_that_it_has_not_seen() {
    let behind = |state| Seen {
        state,
        complete: false,
    };
    let read_to_the_end = row("family", 5, 0, 7);

    assert!(is_read(
        &behind(Some(read_to_the_end.clone())),
        Some(position(7))
    ));
    assert!(!is_read(
        &behind(Some(read_to_the_end.clone())),
        Some(position(8))
    ));
    assert!(!is_read(&behind(Some(read_to_the_end)), None));
    assert!(!is_read(&behind(None), Some(position(1))));
}
