//! Every wake ends by its deadline, whoever does not answer (S9), and no clock stalls it.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use support::{BUDGET, Fault, Meanwhile, Phone, Watch};
use truebadge_engine::{
    AppBadge, Cause, DeliveredNotification, DeliveredNotifications, EngineError, Reply,
};

/// While the next answer is under way, this happens.
fn meanwhile(phone: &Phone, happens: impl FnOnce(&Watch) + Send + 'static) {
    let watch = Arc::clone(&phone.watch);
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || happens(&watch))));
}

#[tokio::test]
async fn s9_a_wake_ends_by_its_deadline_when_the_relay_never_answers() {
    let phone = Phone::synced().await;
    phone.relay.fail(Fault::Never);
    meanwhile(&phone, |watch| watch.advance(BUDGET));

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, Some(EngineError::DeadlineReached));
    assert_eq!(phone.relay.0.lock().unwrap().cancelled, 1);
    assert!(phone.refresh().await.synced, "the next wake goes on");
}

#[tokio::test]
async fn s9_a_second_before_the_deadline_the_network_is_given_up() {
    let phone = Phone::synced().await;
    phone.relay.fail(Fault::Never);
    meanwhile(&phone, |watch| {
        watch.advance(Duration::from_secs(24));
    });

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, Some(EngineError::DeadlineReached));
    assert!(outcome.shown, "the number was set before the network");
}

#[tokio::test]
async fn s9_a_phone_that_slept_through_its_deadline_ends_the_wake_when_it_is_back() {
    let phone = Phone::synced().await;
    phone.relay.fail(Fault::Never);
    meanwhile(&phone, |watch| watch.advance(Duration::from_hours(8)));

    let outcome = phone.refresh().await;

    assert_eq!(outcome.error, Some(EngineError::DeadlineReached));
}

#[tokio::test]
async fn a_wall_clock_that_jumps_by_years_within_a_wake_changes_nothing_about_it() {
    for years in [10, -10] {
        let phone = Phone::synced().await;
        phone.relay.arrive("a", 2);
        meanwhile(&phone, move |watch| {
            watch.set_wall(years * 365 * 86_400_000);
        });

        let outcome = phone.refresh().await;

        assert!(outcome.synced, "{years}");
        assert_eq!(phone.icon(), Some(2));
    }
}

#[tokio::test]
async fn a_pause_of_the_engines_own_is_over_after_a_minute_at_most() {
    let phone = Phone::synced().await;
    for _ in 0..20 {
        phone.relay.fail(Fault::Lost);
        phone.refresh().await;
    }
    phone.relay.arrive("a", 1);
    phone.watch.advance(Duration::from_mins(1));

    let outcome = phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;

    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(1));
}

/// iOS, when it takes every request and answers none.
#[derive(Debug, Default)]
struct Mute {
    badges: Mutex<Vec<(u32, Reply<()>)>>,
    lists: Mutex<Vec<Reply<Vec<DeliveredNotification>>>>,
}

impl AppBadge for Mute {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        self.badges.lock().unwrap().push((badge, reply));
    }
}

impl DeliveredNotifications for Mute {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        self.lists.lock().unwrap().push(reply);
    }

    fn remove(&self, _: Vec<String>, _: Reply<()>) {}

    fn restore(&self, _: Vec<String>, _: Reply<()>) {}
}

#[tokio::test]
async fn s9_a_wake_ends_and_syncs_although_ios_never_answers() {
    let phone = Phone::synced().await;
    let mute = Arc::new(Mute::default());
    phone.watch.in_vain.store(true, Ordering::Relaxed);
    let deaf = phone.with_ios(mute.clone(), mute.clone());
    phone.relay.arrive("a", 2);

    let outcome = deaf.refresh(Cause::Foreground, BUDGET).await;

    assert!(outcome.synced);
    assert!(!outcome.shown);
    assert!(matches!(outcome.error, Some(EngineError::Bridge(_))));
    let last = mute.badges.lock().unwrap().last().map(|(badge, _)| *badge);
    assert_eq!(last, Some(2));
}

#[tokio::test]
async fn a_wake_that_is_dropped_cancels_its_request() {
    let phone = Arc::new(Phone::synced().await);
    phone.relay.fail(Fault::Never);
    let (asked, request) = tokio::sync::oneshot::channel();
    meanwhile(&phone, move |_| asked.send(()).unwrap());
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.refresh().await });
    request.await.unwrap();

    wake.abort();

    assert!(wake.await.unwrap_err().is_cancelled());
    phone.engine.suspend();
    phone.engine.resume();
    assert!(phone.refresh().await.synced, "the flight is free again");
    assert_eq!(phone.relay.0.lock().unwrap().cancelled, 1);
}

#[tokio::test]
async fn s6_a_request_under_way_is_given_up_when_the_app_is_suspended() {
    let phone = Arc::new(Phone::synced().await);
    phone.relay.fail(Fault::Never);
    let (asked, request) = tokio::sync::oneshot::channel();
    meanwhile(&phone, move |_| asked.send(()).unwrap());
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.refresh().await });
    request.await.unwrap();

    phone.engine.suspend();

    phone.until(|_| wake.is_finished()).await;
    assert_eq!(wake.await.unwrap().error, Some(EngineError::Suspended));
    assert_eq!(phone.relay.0.lock().unwrap().cancelled, 1);
    phone.engine.resume();
    assert!(phone.refresh().await.synced, "the next wake goes on");
}

#[tokio::test]
async fn s6_a_relay_is_told_of_a_sign_out_after_the_suspension_that_interrupted_it() {
    let phone = Arc::new(Phone::synced().await);
    phone.engine.sign_out(&support::alice()).unwrap();
    let (under_way, _go_on) = phone.relay.hold();
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.refresh().await });
    under_way.await.unwrap();
    phone.relay.requests();

    phone.engine.suspend();

    phone.until(|_| wake.is_finished()).await;
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
    phone.engine.resume();
    phone.refresh().await;
    assert_eq!(phone.relay.requests(), ["DELETE v1/devices/phone-1?"]);
}

#[tokio::test]
async fn s6_a_host_that_deletes_credentials_slowly_is_not_waited_for_when_the_app_is_suspended() {
    let phone = Arc::new(Phone::synced().await);
    phone.engine.sign_out(&support::alice()).unwrap();
    *phone.keychain.2.lock().unwrap() = Some(Vec::new());
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.refresh().await });
    let is_asked = |phone: &Phone| {
        !phone
            .keychain
            .2
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .is_empty()
    };
    phone.until(|phone| is_asked(phone)).await;

    phone.engine.suspend();

    phone.until(|_| wake.is_finished()).await;
    *phone.keychain.2.lock().unwrap() = None;
    phone.engine.resume();
    assert!(phone.refresh().await.synced, "the next wake goes on");
    assert_eq!(phone.keychain.token(&support::alice()), None);
}
