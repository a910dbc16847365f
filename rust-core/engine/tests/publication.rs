//! The number on the icon: the newest is last whoever is slow, and zero spares what is not read.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use support::{Meanwhile, Phone, conversation, delivered, push, unread};
use truebadge_engine::{
    AppBadge, AtZero, Process, Reply,
    store::{Durability, Store},
};
use truebadge_protocol::Totals;

/// A phone with two unread messages in "family" and a muted conversation, a notification of each,
/// and an iOS that drops all notifications at zero.
async fn phone_with_notifications(at_zero: AtZero) -> Phone {
    let mut phone = Phone::new();
    phone.engine = phone.engine_as(|configuration| configuration.at_zero = at_zero);
    phone.relay.commit("family", 2, 2);
    phone.relay.commit("noise", 9, 9);
    phone.relay.mute_elsewhere("noise");
    phone.refresh().await;
    assert_eq!(phone.icon(), Some(2));
    *phone.icon.drops.lock().unwrap() = Some(Arc::clone(&phone.centre));
    phone.centre.delivered.lock().unwrap().extend([
        delivered("family 2", "family", 2),
        delivered("noise 9", "noise", 9),
    ]);
    phone
}

#[tokio::test]
async fn at_zero_the_read_ones_go_first_and_what_ios_drops_with_them_is_delivered_again() {
    let phone = phone_with_notifications(AtZero::Keep).await;
    phone.relay.read_elsewhere("family");

    let outcome = phone.refresh().await;

    assert!(outcome.shown);
    assert_eq!(outcome.removed, ["family 2"]);
    let events = ["remove family 2", "zero", "restore noise 9"];
    assert_eq!(phone.centre.events(), events);
    assert_eq!(phone.centre.shown(), ["noise 9"]);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn nothing_is_delivered_again_when_ios_drops_nothing_at_zero() {
    let phone = phone_with_notifications(AtZero::Keep).await;
    *phone.icon.drops.lock().unwrap() = None;
    phone.relay.read_elsewhere("family");

    phone.refresh().await;

    assert_eq!(phone.centre.events(), ["remove family 2"]);
    assert_eq!(phone.centre.shown(), ["noise 9"]);
}

#[tokio::test]
async fn a_host_that_wants_all_notifications_gone_at_zero_gets_zero_at_once() {
    let phone = phone_with_notifications(AtZero::Clear).await;
    phone.centre.answers_slowly();

    let badge = phone.read_here("family", 2, 0);

    assert_eq!(badge.badge, 0);
    assert_eq!(phone.icon(), Some(0));
    assert_eq!(phone.centre.shown(), Vec::<String>::new());
}

#[tokio::test]
async fn a_read_here_returns_at_once_and_zero_follows_when_the_read_ones_are_gone() {
    let phone = phone_with_notifications(AtZero::Keep).await;
    phone.centre.answers_slowly();

    let badge = phone.read_here("family", 2, 0);

    assert_eq!(badge.badge, 0);
    assert_eq!(phone.icon(), Some(2));
    phone.until(|phone| phone.centre.is_asked()).await;
    phone.centre.answers();
    let restored = |phone: &Phone| phone.centre.shown() == ["noise 9"];
    phone
        .until(|phone| phone.icon() == Some(0) && restored(phone))
        .await;
}

#[tokio::test]
async fn a_zero_that_waits_never_overwrites_a_newer_number() {
    let phone = phone_with_notifications(AtZero::Keep).await;
    phone.centre.answers_slowly();
    phone.read_here("family", 2, 0);
    phone.until(|phone| phone.centre.is_asked()).await;

    phone.mark_here("family", true);

    assert_eq!(phone.icon(), Some(1));
    phone.centre.answers();
    assert!(phone.refresh().await.shown);
    assert_eq!(*phone.icon.set.lock().unwrap().last().unwrap(), 1);
    assert!(!phone.icon.set.lock().unwrap().contains(&0));
}

/// An iOS that takes the first number when the test says so, and all others at once.
#[derive(Debug, Default)]
struct Slow {
    asked: Mutex<Vec<u32>>,
    first: Mutex<Option<Reply<()>>>,
}

impl AppBadge for Slow {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        let mut asked = self.asked.lock().unwrap();
        asked.push(badge);
        if asked.len() > 1 {
            return reply.succeed(());
        }
        *self.first.lock().unwrap() = Some(reply);
    }
}

#[tokio::test]
async fn s2_a_number_that_ios_takes_after_a_newer_one_of_the_extension_is_not_the_last() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.refresh().await;
    let slow = Arc::new(Slow::default());
    let app = phone.with_ios(slow.clone(), phone.centre.clone());
    // No time for a sync, after which the number is set in any case.
    let short = Duration::from_secs(2);
    let known = phone.relay.push(1, 1);
    let wake = tokio::spawn(async move { app.handle_push(known, short).await });
    phone.until(|_| slow.first.lock().unwrap().is_some()).await;

    phone.relay.arrive("b", 1);
    let extension = phone.beside(Process::Extension);
    extension
        .engine
        .receive_push(&phone.relay.push(2, 1))
        .unwrap();
    assert_eq!(extension.icon(), Some(2));
    slow.first.lock().unwrap().take().unwrap().succeed(());

    assert!(wake.await.unwrap().shown);
    assert_eq!(*slow.asked.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_suspension_does_not_leave_an_old_number_because_zero_waits() {
    let phone = phone_with_notifications(AtZero::Keep).await;
    phone.centre.answers_slowly();
    phone.read_here("family", 2, 0);
    phone.until(|phone| phone.centre.is_asked()).await;

    phone.engine.suspend();

    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn zero_is_shown_although_ios_never_lists_its_notifications() {
    let phone = phone_with_notifications(AtZero::Keep).await;
    phone.centre.answers_slowly();
    phone.watch.in_vain.store(true, Ordering::Relaxed);

    phone.read_here("family", 2, 0);

    phone.until(|phone| phone.icon() == Some(0)).await;
}

#[tokio::test]
async fn a_wake_that_is_dropped_shows_its_zero_all_the_same() {
    let phone = Arc::new(phone_with_notifications(AtZero::Keep).await);
    let family = phone.relay.commit("family", 0, 2);
    let bytes = push(&phone.relay, 1, 3, 4, Some(vec![family]), Totals::ZERO);
    phone.centre.answers_slowly();
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.push(&bytes).await });
    phone.until(|phone| phone.centre.is_asked()).await;

    wake.abort();
    assert!(wake.await.unwrap_err().is_cancelled());
    phone.centre.answers();

    phone.until(|phone| phone.icon() == Some(0)).await;
}

#[tokio::test]
async fn the_newest_number_is_last_when_the_extension_is_quicker_than_the_app() {
    let app = Phone::synced().await;
    let extension = Arc::new(app.beside(Process::Extension));
    let first = app.relay.commit("a", 1, 1);
    let second = app.relay.commit("b", 4, 4);
    let older = push(&app.relay, 1, 0, 1, Some(vec![first]), unread(1, 1));
    let newer = push(&app.relay, 2, 1, 2, Some(vec![second]), unread(5, 2));
    let quicker = Arc::clone(&extension);
    *app.icon.meanwhile.lock().unwrap() = Some(Meanwhile(Box::new(move || {
        quicker.engine.receive_push(&newer).unwrap();
    })));

    let receipt = app.engine.receive_push(&older).unwrap();

    assert_eq!(receipt.badge.badge, 5);
    assert_eq!(*app.icon.set.lock().unwrap(), [0, 5, 1, 5]);
}

#[tokio::test]
async fn a_zero_that_the_extension_showed_meanwhile_is_shown_again_after_the_older_number() {
    let app = Phone::synced().await;
    let extension = Arc::new(app.beside(Process::Extension));
    let arrived = app.relay.commit("a", 1, 1);
    let read = app.relay.commit("a", 0, 1);
    let older = push(&app.relay, 1, 0, 1, Some(vec![arrived]), unread(1, 1));
    let newer = push(&app.relay, 2, 1, 2, Some(vec![read]), Totals::ZERO);
    let quicker = Arc::clone(&extension);
    *app.icon.meanwhile.lock().unwrap() = Some(Meanwhile(Box::new(move || {
        quicker.engine.receive_push(&newer).unwrap();
    })));

    let outcome = app.push(&older).await;

    assert_eq!(outcome.badge.unwrap().badge, 0);
    assert_eq!(app.icon(), Some(0));
    assert_eq!(app.engine.conversations(&support::alice()).unwrap(), []);
    assert_eq!(
        extension
            .engine
            .mark_unread(&support::alice(), &conversation("a"), true)
            .unwrap()
            .badge,
        1
    );
    assert_eq!(app.icon(), Some(1));
}

#[tokio::test]
async fn a_number_of_a_store_that_was_rebuilt_meanwhile_is_followed_although_it_counts_from_the_start()
 {
    let phone = Phone::synced().await;
    let store = phone.store();
    *phone.icon.meanwhile.lock().unwrap() = Some(Meanwhile(Box::new(move || {
        let store = rusqlite::Connection::open(store).unwrap();
        let rebuilt = "UPDATE settings SET value = CASE name WHEN 'generation' THEN 1 ELSE 6 END
                       WHERE name IN ('generation', 'badge')";
        store.execute(rebuilt, []).unwrap();
    })));

    let badge = phone.mark_here("family", true);

    assert_eq!((badge.badge, badge.generation), (6, 1));
    assert_eq!(phone.icon(), Some(6));
}

/// An icon that never comes to rest: whenever it is set, another process commits a newer number.
#[derive(Debug)]
struct Restless {
    store: Store,
    calls: AtomicUsize,
}

impl AppBadge for Restless {
    fn set_badge(&self, _: u32, reply: Reply<()>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let newer = self
            .store
            .write(Durability::Refetchable, |tx| tx.recount_badge());
        assert!(newer.is_ok());
        reply.succeed(());
    }
}

#[tokio::test]
async fn a_call_returns_although_others_are_always_quicker() {
    let phone = Phone::synced().await;
    let restless = Arc::new(Restless {
        store: Store::new(
            &support::configuration(phone.directory.path(), Process::App),
            phone.watch.clone(),
        ),
        calls: AtomicUsize::new(0),
    });
    let engine = phone.with_ios(restless.clone(), phone.centre.clone());

    let badge = engine.mark_unread(&support::alice(), &conversation("family"), true);

    assert_eq!(badge.unwrap().badge, 1);
    assert!(restless.calls.load(Ordering::Relaxed) < 100);
}
