//! The lanes, what they carry, and when: bursts, falls that nobody acknowledged, budgets.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use p256::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use truebadge_relay::{http::RateLimits, planner::Rules};

use crate::{
    MINUTE,
    support::{Relay, TOPIC, registration},
};

#[tokio::test]
async fn a_read_on_the_desktop_paints_the_badge() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2, 3]).await;
    let _phone = relay.phone("alice").await;
    relay.read("alice", "bob", 3).await;
    let pushes = relay.send().await;
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].lane(), "painted");
    assert_eq!(pushes[0].badge(), Some(0));
    assert_eq!(pushes[0].json()["aps"]["content-available"], 1);
}

#[tokio::test]
async fn every_header_of_the_lanes_table_is_sent_over_http_2() {
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    let mut with_others_elsewhere = registration();
    with_others_elsewhere["sole_account"] = json!(false);
    relay
        .register(&phone.token, "phone-1", &with_others_elsewhere)
        .await;
    relay.items("alice", "bob", &[1]).await;
    let silent = relay.after(300).await.remove(0);
    relay
        .register(&phone.token, "phone-1", &registration())
        .await;
    relay.read("alice", "bob", 1).await;
    let painted = relay.after(300).await.remove(0);
    for (push, kind, priority) in [(&silent, "background", "5"), (&painted, "alert", "10")] {
        assert_eq!(push.version, http::Version::HTTP_2);
        assert_eq!(push.token, "aabbccdd");
        assert_eq!(push.header("apns-push-type"), kind);
        assert_eq!(push.header("apns-priority"), priority);
        assert_eq!(push.header("apns-topic"), TOPIC);
        let kept = relay.now() / 1000 + 30 * 24 * 3600;
        assert!(
            push.header("apns-expiration")
                .parse::<u64>()
                .unwrap()
                .abs_diff(kept)
                <= 1
        );
        push.header("apns-id").parse::<uuid::Uuid>().unwrap();
        assert!(push.header("apns-collapse-id").len() <= 64);
    }
    assert_eq!(
        silent.header("apns-collapse-id"),
        painted.header("apns-collapse-id")
    );
    assert_eq!(
        silent.connection, painted.connection,
        "one connection is reused"
    );
    assert_ne!(silent.header("apns-id"), painted.header("apns-id"));
    assert_eq!(silent.json()["aps"], json!({ "content-available": 1 }));
}

#[tokio::test]
async fn the_provider_token_is_signed_and_lives_between_20_and_60_minutes() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut bearers = Vec::new();
    for round in 1..=3_u64 {
        relay.items("alice", "bob", &[round]).await;
        let push = relay.after(39 * MINUTE).await.remove(0);
        bearers.push(push.header("authorization").to_owned());
    }
    assert_eq!(bearers[0], bearers[1]);
    assert_ne!(bearers[1], bearers[2]);
    let key = p256::SecretKey::from_pkcs8_pem(&relay.key).unwrap();
    let public = key.public_key().to_public_key_pem(LineEnding::LF).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_ec_pem(public.as_bytes()).unwrap();
    let token = bearers[0].strip_prefix("bearer ").unwrap();
    let token = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(token.header.kid.as_deref(), Some("KEYID12345"));
    assert_eq!(token.claims["iss"], "TEAMID1234");
}

#[tokio::test]
async fn pushes_are_cumulative_from_the_confirmed_cursor_and_count_up() {
    let relay = Relay::start().await;
    let mut phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    let first = relay.after(300).await.remove(0).payload();
    relay.items("alice", "eve", &[1]).await;
    let second = relay.after(300).await.remove(0).payload();
    assert_eq!((first.counter, second.counter), (1, 2));
    assert_eq!((second.base.get(), second.version.get()), (0, 2));
    assert_eq!(
        second.rows.as_ref().unwrap().len(),
        2,
        "the second repairs the loss of the first"
    );
    phone.sync("2").await;
    phone.sync("").await;
    relay.items("alice", "bob", &[2]).await;
    let third = relay.after(300).await.remove(0).payload();
    assert_eq!((third.base.get(), third.version.get()), (2, 3));
    assert_eq!(third.rows.unwrap().len(), 1);
    assert_eq!(third.totals.unread, 3);
}

#[tokio::test]
async fn a_phone_that_never_synced_gets_no_rows() {
    let relay = Relay::start().await;
    let token = relay.mint("alice").await;
    relay.register(&token, "phone-1", &registration()).await;
    relay.items("alice", "bob", &[1]).await;
    let push = relay.after(300).await.remove(0).payload();
    assert_eq!((push.base.get(), push.rows), (0, None));
}

#[tokio::test]
async fn the_first_change_goes_at_once_and_the_burst_after_it_in_one_push_two_seconds_later_at_most()
 {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut sent = Vec::new();
    for position in 1..=10 {
        relay.items("alice", "bob", &[position]).await;
        for push in relay.after(250).await {
            sent.push((position * 250, push.payload().totals.unread));
        }
    }
    assert_eq!(sent, [(250, 1), (2250, 9)]);
    assert_eq!(relay.after(300).await[0].payload().totals.unread, 10);
}

#[tokio::test]
async fn an_unacknowledged_fall_is_painted_again_three_times_and_then_rests() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    let _phone = relay.phone("alice").await;
    relay.read("alice", "bob", 1).await;
    assert_eq!(relay.after(300).await.len(), 1);
    for wait in [MINUTE, 10 * MINUTE, 120 * MINUTE] {
        assert!(relay.after(wait - 1).await.is_empty());
        let again = relay.after(1).await;
        assert_eq!((again.len(), again[0].badge()), (1, Some(0)));
    }
    assert!(relay.after(1000 * MINUTE).await.is_empty());
}

#[tokio::test]
async fn a_phone_that_acknowledges_within_seconds_is_sent_to_again_within_seconds() {
    let relay = Relay::with(Rules::default(), RateLimits::default()).await;
    let mut phone = relay.phone("alice").await;
    for position in 1..=3 {
        relay.items("alice", "bob", &[position]).await;
        let pushes = relay.after(300).await;
        assert_eq!(pushes.len(), 1);
        assert!(pushes[0].payload().sync_wanted);
        assert!(relay.after(2_000).await.is_empty());
        phone.sync(&pushes[0].payload().counter.to_string()).await;
        assert!(
            relay.after(10 * MINUTE).await.is_empty(),
            "it was acknowledged"
        );
    }
    relay.items("alice", "bob", &[4]).await;
    assert_eq!(relay.after(300).await.len(), 1);
    assert!(relay.after(6_999).await.is_empty());
    assert_eq!(relay.after(900).await[0].badge(), Some(4));
}

#[tokio::test]
async fn an_older_number_that_may_still_arrive_is_painted_over() {
    let relay = Relay::with(Rules::default(), RateLimits::default()).await;
    let mut phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await.len(), 1);
    relay.items("alice", "bob", &[2]).await;
    let newer = relay.after(3_000).await;
    let counter = newer[0].payload().counter;
    phone.sync(&counter.to_string()).await;
    let again = relay.after(2 * MINUTE).await;
    assert_eq!((again.len(), again[0].badge()), (1, Some(2)));
    phone.sync("").await;
    assert!(relay.after(10_000 * MINUTE).await.is_empty());
}

#[tokio::test]
async fn what_was_read_here_replaces_the_older_number_that_apns_may_have_stored() {
    let relay = Relay::with(Rules::default(), RateLimits::default()).await;
    let mut phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await[0].badge(), Some(1));
    phone.sync("").await;
    let read = json!([{ "number": 1, "id": "first", "seen": 1, "kind": "read_up_to",
                        "conversation": "bob", "position": 1 }]);
    assert_eq!(phone.operate(read).await.status, 200);
    let replaced = relay.after(2 * MINUTE).await;
    assert_eq!((replaced.len(), replaced[0].badge()), (1, Some(0)));
}

#[tokio::test]
async fn a_receipt_ends_the_repeats() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    let mut phone = relay.phone("alice").await;
    relay.read("alice", "bob", 1).await;
    let counter = relay.after(300).await[0].payload().counter;
    phone.sync(&counter.to_string()).await;
    assert!(relay.after(10_000 * MINUTE).await.is_empty());
}

#[tokio::test]
async fn a_rise_after_an_unacknowledged_fall_is_painted_and_repeated_too() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2, 3]).await;
    let _phone = relay.phone("alice").await;
    relay.read("alice", "bob", 3).await;
    relay.after(300).await;
    relay.items("alice", "bob", &[4]).await;
    let rise = relay.after(300).await;
    assert_eq!((rise[0].lane(), rise[0].badge()), ("painted", Some(1)));
    assert!(relay.after(MINUTE - 1).await.is_empty());
    assert_eq!(relay.after(1).await[0].badge(), Some(1));
    assert_eq!(relay.after(10 * MINUTE).await[0].badge(), Some(1));
    assert_eq!(relay.after(120 * MINUTE).await[0].badge(), Some(1));
    assert!(relay.after(10_000 * MINUTE).await.is_empty());
}

#[tokio::test]
async fn an_unacknowledged_rise_is_painted_again_three_times_and_then_rests() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await.len(), 1);
    for wait in [MINUTE, 10 * MINUTE, 120 * MINUTE] {
        assert!(relay.after(wait - 1).await.is_empty());
        assert_eq!(relay.after(1).await[0].badge(), Some(1));
    }
    assert!(relay.after(10_000 * MINUTE).await.is_empty());
}

#[tokio::test]
async fn an_answer_to_the_phone_makes_a_push_needless() {
    let relay = Relay::start().await;
    let mut phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    phone.sync("").await;
    assert!(relay.after(300).await.is_empty());
    let read = json!([{ "number": 1, "id": "a", "seen": 1, "kind": "read_up_to",
                        "conversation": "bob", "position": 1 }]);
    assert_eq!(phone.operate(read).await.status, 200);
    assert!(relay.after(MINUTE).await.is_empty());
}

#[tokio::test]
async fn over_the_budget_and_unpaintable_waits_for_the_budget() {
    let rules = Rules {
        silent_an_hour: 1,
        ..Rules::default()
    };
    let relay = Relay::with(rules, RateLimits::default()).await;
    let phone = relay.phone("alice").await;
    let mut unpaintable = registration();
    unpaintable["conditions"]["badges_allowed"] = json!(false);
    relay.register(&phone.token, "phone-1", &unpaintable).await;
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await[0].lane(), "silent");
    relay.items("alice", "bob", &[2]).await;
    assert!(relay.after(59 * MINUTE).await.is_empty());
    let late = relay.after(MINUTE).await;
    assert_eq!((late.len(), late[0].payload().totals.unread), (1, 2));
}
