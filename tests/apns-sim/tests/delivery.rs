//! What becomes of pushes, as a pure state machine with given times.

#![allow(clippy::unwrap_used)]

use apns_sim::delivery::{Attached, Delivery, Exchange};
use apns_sim::devices::{App, AttachError, PushToken, Standing};
use apns_sim::headers::{Envelope, Expiration, PushType};
use apns_sim::journal::Outcome;
use apns_sim::limits;
use apns_sim::payload::Payload;
use apns_sim::provider::Push;

const TOPIC: &str = "com.example.app";
const NOW_MS: u64 = 1_780_000_000_000;

fn app(install: &str) -> App {
    App::new(TOPIC, install, &[TOPIC.to_owned()]).unwrap()
}

fn fresh(number: usize) -> PushToken {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    PushToken::from_bytes(bytes)
}

fn push(token: &PushToken, badge: u32) -> Push {
    Push {
        apns_id: format!("push-{badge}"),
        token: token.clone(),
        envelope: Envelope {
            topic: TOPIC.to_owned(),
            push_type: PushType::Alert,
            priority: 10,
            expiration: Expiration::Policy,
            collapse_id: None,
        },
        payload: Payload::parse(format!(r#"{{"aps":{{"badge":{badge}}}}}"#).as_bytes()).unwrap(),
    }
}

fn attach(exchange: &mut Exchange, now_ms: u64) -> Attached {
    exchange.attach(&app("phone"), fresh(1), now_ms).unwrap()
}

fn stored_badge(attached: &Attached) -> Option<u32> {
    attached
        .stored
        .as_ref()
        .and_then(|parcel| parcel.push.payload.badge())
}

/// A phone with a push under way to it.
fn under_way(exchange: &mut Exchange) -> (Attached, Delivery) {
    let attached = attach(exchange, NOW_MS);
    let delivery = exchange.take(push(&attached.token, 1), NOW_MS);
    assert_eq!(delivery.outcome, Outcome::Delivered);
    assert_eq!(delivery.send, Some((attached.session, 1)));
    (attached, delivery)
}

#[test]
fn a_push_that_an_attachment_did_not_hand_over_is_kept_when_the_phone_is_away() {
    let mut exchange = Exchange::default();
    let (attached, delivery) = under_way(&mut exchange);
    exchange.detach(&attached.token, attached.session);
    assert_eq!(exchange.undelivered(&delivery.parcel, NOW_MS), None);
    assert_eq!(stored_badge(&attach(&mut exchange, NOW_MS)), Some(1));
}

#[test]
fn a_push_that_comes_back_undelivered_does_not_take_a_newer_ones_place() {
    let mut exchange = Exchange::default();
    let (attached, delivery) = under_way(&mut exchange);
    exchange.detach(&attached.token, attached.session);
    exchange.take(push(&attached.token, 2), NOW_MS);
    exchange.undelivered(&delivery.parcel, NOW_MS);
    assert_eq!(stored_badge(&attach(&mut exchange, NOW_MS)), Some(2));
}

#[test]
fn a_push_that_comes_back_undelivered_goes_to_the_attachment_that_took_over() {
    let mut exchange = Exchange::default();
    let (first, delivery) = under_way(&mut exchange);
    let second = attach(&mut exchange, NOW_MS);
    exchange.detach(&first.token, first.session);
    let next = exchange.undelivered(&delivery.parcel, NOW_MS);
    assert_eq!(
        next,
        Some(second.session),
        "ending the first left the second attached"
    );
}

#[test]
fn the_end_of_a_token_ends_what_was_kept_for_it() {
    let mut exchange = Exchange::default();
    let (attached, delivery) = under_way(&mut exchange);
    exchange.detach(&attached.token, attached.session);
    exchange.take(push(&attached.token, 2), NOW_MS);
    assert!(exchange.end_token(&attached.token, NOW_MS + 1));
    exchange.undelivered(&delivery.parcel, NOW_MS + 2);
    assert_eq!(exchange.phones()[0].stored, None);
    let standing = exchange.standing(&attached.token, TOPIC);
    assert_eq!(standing, Standing::Dead(NOW_MS + 1));
    assert!(exchange.end_token(&attached.token, NOW_MS + 9));
    let standing = exchange.standing(&attached.token, TOPIC);
    assert_eq!(standing, Standing::Dead(NOW_MS + 1), "it ended once");
}

#[test]
fn what_is_kept_waits_for_thirty_days_at_most() {
    let month = limits::STORAGE_SECONDS * 1_000;
    for (passed, expected) in [(month, Some(1)), (month + 1_000, None)] {
        let mut exchange = Exchange::default();
        let attached = attach(&mut exchange, NOW_MS);
        exchange.detach(&attached.token, attached.session);
        exchange.take(push(&attached.token, 1), NOW_MS);
        let back = attach(&mut exchange, NOW_MS + passed);
        assert_eq!(stored_badge(&back), expected);
    }
}

#[test]
fn an_expiration_beyond_thirty_days_is_cut_to_them() {
    let now = NOW_MS / 1_000;
    let until = |expiration: Expiration| expiration.stored_until(now);
    assert_eq!(until(Expiration::Immediate), None);
    assert_eq!(until(Expiration::At(now)), None);
    assert_eq!(until(Expiration::At(now + 1)), Some(now + 1));
    assert_eq!(
        until(Expiration::At(u64::MAX)),
        Some(now + limits::STORAGE_SECONDS)
    );
    assert_eq!(
        until(Expiration::Policy),
        Some(now + limits::STORAGE_SECONDS)
    );
}

#[test]
fn devices_are_bounded() {
    let mut exchange = Exchange::default();
    for number in 0..limits::DEVICES {
        let app = app(&number.to_string());
        exchange.attach(&app, fresh(number), NOW_MS).unwrap();
    }
    let one_more = exchange.attach(&app("one more"), fresh(limits::DEVICES), NOW_MS);
    assert_eq!(one_more, Err(AttachError::Full));
    let known = exchange.attach(&app("0"), fresh(limits::DEVICES), NOW_MS);
    assert_eq!(known.unwrap().token, fresh(0), "known ones still come back");
}

#[test]
fn the_journal_forgets_the_oldest() {
    let mut exchange = Exchange::default();
    let attached = attach(&mut exchange, NOW_MS);
    let pushes = u32::try_from(limits::JOURNAL).unwrap();
    for badge in 0..=pushes {
        exchange.take(push(&attached.token, badge), NOW_MS);
    }
    let badges: Vec<_> = exchange
        .journal
        .entries()
        .map(|entry| entry.badge)
        .collect();
    assert_eq!(badges.len(), limits::JOURNAL);
    assert_eq!(
        (badges[0], badges[badges.len() - 1]),
        (Some(1), Some(pushes))
    );
}
