//! Provider tokens and APNs' answers.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use truebadge_protocol::messages::PushTokenEnded;
use truebadge_relay::apns::{Answer, Endpoints, ProviderTokens, backoff, generate_key};

const NOW: u64 = 1_780_000_000;
const MINUTE: u64 = 60;

fn tokens() -> ProviderTokens {
    let key = generate_key().unwrap();
    ProviderTokens::new(key.as_bytes(), "KEYID12345", "TEAMID1234").unwrap()
}

#[test]
fn a_provider_token_is_used_for_more_than_20_and_less_than_60_minutes() {
    let mut tokens = tokens();
    let first = tokens.at(NOW).unwrap();
    assert_eq!(tokens.at(NOW + 39 * MINUTE).unwrap(), first);
    assert_ne!(tokens.at(NOW + 40 * MINUTE).unwrap(), first);
}

#[test]
fn a_clock_that_went_back_gets_a_token_of_its_own_time() {
    let mut tokens = tokens();
    let first = tokens.at(NOW).unwrap();
    assert_ne!(tokens.at(NOW - MINUTE).unwrap(), first);
}

#[test]
fn an_expired_token_is_renewed_unless_it_is_too_young() {
    let mut tokens = tokens();
    let first = tokens.at(NOW).unwrap();
    assert!(!tokens.expired(NOW + 19 * MINUTE));
    assert_eq!(tokens.at(NOW + 19 * MINUTE).unwrap(), first);
    assert!(tokens.expired(NOW + 20 * MINUTE));
    assert_ne!(tokens.at(NOW + 20 * MINUTE).unwrap(), first);
}

#[test]
fn what_is_not_a_key_is_refused_without_being_repeated() {
    let error = ProviderTokens::new(b"secret stuff", "K", "T").unwrap_err();
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn apns_reasons_are_understood() {
    let ended = Answer::TokenEnded;
    let again = |reason: &str, after| Answer::Again {
        reason: reason.to_owned(),
        after,
    };
    let unknown = |reason: &str, after| Answer::Unknown {
        reason: reason.to_owned(),
        after,
    };
    let wrong = |reason: &str| Answer::Misconfigured(reason.to_owned());
    let minute = Some(Duration::from_mins(1));
    for (status, reason, answer) in [
        (200, "", Answer::Accepted),
        (400, "BadDeviceToken", ended(PushTokenEnded::BadDeviceToken)),
        (
            400,
            "DeviceTokenNotForTopic",
            ended(PushTokenEnded::DeviceTokenNotForTopic),
        ),
        (410, "Unregistered", ended(PushTokenEnded::Unregistered)),
        (410, "ExpiredToken", ended(PushTokenEnded::Unregistered)),
        (403, "ExpiredProviderToken", Answer::RenewToken),
        (403, "InvalidProviderToken", wrong("InvalidProviderToken")),
        (400, "TopicDisallowed", wrong("TopicDisallowed")),
        (429, "TooManyRequests", again("TooManyRequests", minute)),
        (
            500,
            "InternalServerError",
            unknown("InternalServerError", minute),
        ),
        (503, "", again("status 503", minute)),
        (
            413,
            "PayloadTooLarge",
            Answer::Refused("PayloadTooLarge".to_owned()),
        ),
        (404, "BadPath", Answer::Refused("BadPath".to_owned())),
    ] {
        assert_eq!(
            Answer::of(status, reason, minute),
            answer,
            "{status} {reason}"
        );
    }
}

#[test]
fn waits_double_up_to_a_minute_and_never_vanish() {
    assert_eq!(backoff(0, 1.0), Duration::from_secs(1));
    assert_eq!(backoff(3, 1.0), Duration::from_secs(8));
    assert_eq!(backoff(3, 0.0), Duration::from_secs(4));
    assert_eq!(backoff(u32::MAX, 1.0), Duration::from_mins(1));
}

#[test]
fn cleartext_endpoints_are_for_loopback_only() {
    for good in [
        "https://api.push.apple.com",
        "http://127.0.0.1:2197",
        "http://[::1]:1",
        "http://localhost:1",
    ] {
        assert!(Endpoints::both(good).is_ok(), "{good}");
    }
    for bad in [
        "http://example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "2197",
    ] {
        assert!(Endpoints::both(bad).is_err(), "{bad}");
    }
}
