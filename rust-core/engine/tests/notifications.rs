//! Delivered notifications go when what they are about is read elsewhere.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Phone, delivered, position, push, row, unread, version};
use truebadge_engine::{
    Disposition,
    notifications::{Seen, is_read},
};
use truebadge_protocol::{Route, Totals};

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
    phone.centre.delivered.lock().unwrap().extend([
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
    assert_eq!(phone.centre.delivered.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn notifications_of_an_account_that_is_not_here_stay() {
    let phone = Phone::synced().await;
    let mut foreign = delivered("foreign", "family", 1);
    foreign.route = Some(Route::new("somebody else").unwrap());
    phone.centre.delivered.lock().unwrap().push(foreign);

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

#[tokio::test]
async fn a_message_that_the_mirror_has_not_heard_of_keeps_its_notification() {
    let phone = Phone::synced().await;
    // Its alert came while none of our code could run; the mirror still says: all read.
    phone.relay.commit("family", 1, 1);
    let mut news = delivered("family 1", "family", 1);
    news.version = Some(support::version(1));
    let mut reminder = delivered("reminder", "reminders", 1);
    (reminder.route, reminder.position, reminder.version) = (None, None, None);
    phone
        .centre
        .delivered
        .lock()
        .unwrap()
        .extend([news, reminder]);

    assert_eq!(phone.refresh().await.removed, Vec::<String>::new());

    phone.relay.read_elsewhere("family");
    assert_eq!(phone.refresh().await.removed, ["family 1"]);
}

#[tokio::test]
async fn an_alert_for_what_is_read_already_is_shown_and_goes_with_the_next_wake() {
    let phone = Phone::synced().await;
    phone.relay.commit("family", 1, 1);
    phone.relay.read_elsewhere("family");
    phone.refresh().await;
    // The alert was on its way when the message was read. The extension cannot swallow it.
    let row = row("family", 1, 1, 1);
    let late = push(&phone.relay, 1, 0, 1, Some(vec![row]), unread(1, 1));
    let extension = phone.beside(truebadge_engine::Process::Extension);
    let outcome = extension.engine.handle_push(late, support::BUDGET).await;
    assert_eq!(outcome.disposition, Some(Disposition::Stale));
    let shown = delivered("family 1", "family", 1);
    phone.centre.delivered.lock().unwrap().push(shown);

    assert_eq!(phone.refresh().await.removed, ["family 1"]);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn a_single_item_that_was_read_here_takes_its_notification_with_it() {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    let items = (1..=3).map(|item| delivered(&format!("family {item}"), "family", item));
    phone.centre.delivered.lock().unwrap().extend(items);
    let family = support::conversation("family");
    phone
        .engine
        .mark_items_read(&support::alice(), &family, &[position(2)], 2)
        .unwrap();

    let offline = [Some(support::Fault::Lost)];
    let outcome = phone.refresh_with_faults(&offline).await;

    assert_eq!(outcome.removed, ["family 2"]);
}

#[tokio::test]
async fn a_wake_looks_at_a_bounded_number_of_notifications_and_the_next_one_at_the_others() {
    let phone = Phone::synced().await;
    phone.relay.commit("family", 0, 2_000);
    phone.relay.commit("other", 1, 1);
    phone.refresh().await;
    let many = (1..=1_500).map(|item| delivered(&item.to_string(), "family", item));
    phone.centre.delivered.lock().unwrap().extend(many);

    let offline = [Some(support::Fault::Lost)];
    let first = phone.refresh_with_faults(&offline).await.removed.len();
    let second = phone.refresh_with_faults(&offline).await.removed.len();

    assert_eq!((first, second), (1_000, 500));
}

#[test]
fn a_notification_goes_only_on_proof_that_its_item_is_read() {
    let seen = |state, complete, cursor| Seen {
        state,
        complete,
        cursor: version(cursor),
    };
    let read = row("family", 5, 0, 7);
    let at = |number| Some(position(number));

    assert!(
        is_read(&seen(Some(read.clone()), false, 5), at(7), None),
        "the marker passed it"
    );
    assert!(
        !is_read(&seen(Some(read.clone()), true, 5), at(8), None),
        "it may be newer"
    );
    assert!(
        !is_read(&seen(Some(read.clone()), true, 5), None, Some(version(6))),
        "it is newer"
    );
    assert!(is_read(
        &seen(Some(read.clone()), true, 6),
        None,
        Some(version(6))
    ));
    assert!(
        !is_read(&seen(Some(read), false, 6), None, Some(version(6))),
        "mirror is behind"
    );
    assert!(
        !is_read(&seen(None, true, 9), at(1), None),
        "nothing tells that it is known"
    );
    assert!(is_read(&seen(None, true, 9), at(1), Some(version(9))));
    assert!(!is_read(&seen(None, true, 9), at(1), Some(version(10))));
    assert!(!is_read(
        &seen(Some(row("family", 5, 2, 7)), true, 9),
        at(7),
        Some(version(5))
    ));
}
