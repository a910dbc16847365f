//! What reaches APNs, and when.
#![allow(clippy::unwrap_used)]

mod support;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use p256::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use support::{Relay, TOPIC, registration};
use truebadge_relay::{http::RateLimits, planner::Rules};

const MINUTE: u64 = 60_000;

#[tokio::test]
async fn a_read_on_the_desktop_paints_the_badge() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2, 3]).await;
    let _phone = relay.phone("alice").await;
    relay.read("alice", "bob", 3).await;
    assert!(relay.send().await.is_empty(), "the burst may go on");
    let pushes = relay.after(300).await;
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].lane(), "painted");
    assert_eq!(pushes[0].badge(), Some(0));
    assert_eq!(pushes[0].json()["aps"]["content-available"], 1);
}

#[tokio::test]
async fn every_header_of_the_lanes_table_is_sent_over_http_2() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    let silent = relay.after(300).await.remove(0);
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
async fn a_burst_is_one_push_and_lasts_two_seconds_at_most() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut sent = Vec::new();
    for position in 1..=9 {
        relay.items("alice", "bob", &[position]).await;
        for push in relay.after(250).await {
            sent.push((position * 250, push.payload().totals.unread));
        }
    }
    assert_eq!(sent, [(2000, 8)]);
    assert_eq!(relay.after(300).await[0].payload().totals.unread, 9);
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
    assert_eq!(relay.after(MINUTE).await[0].badge(), Some(1));
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
async fn what_one_phone_reads_is_pushed_to_the_account_s_other_phone() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    let mut phone = relay.phone("alice").await;
    let other = relay.mint("alice").await;
    let mut tablet = registration();
    tablet["push_token"] = json!("eeff");
    relay.register(&other, "tablet-1", &tablet).await;
    let path = "/v1/changes?since=0";
    relay.request("GET", path, Some(&other), None).await;
    let read = json!([{ "number": 1, "id": "a", "seen": 1, "kind": "read_up_to",
                        "conversation": "bob", "position": 1 }]);
    phone.operate(read).await;
    let pushes = relay.after(300).await;
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].token, "eeff");
    assert_eq!(pushes[0].badge(), Some(0));
}

#[tokio::test]
async fn two_accounts_of_one_phone_are_painted_as_their_sum() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    relay.items("work", "boss", &[1, 2, 3]).await;
    let mut shared = registration();
    shared["sole_account"] = json!(false);
    for account in ["alice", "work"] {
        let token = relay.mint(account).await;
        relay.register(&token, "phone-1", &shared).await;
        relay
            .request("GET", "/v1/changes?since=0", Some(&token), None)
            .await;
    }
    relay.read("work", "boss", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("painted", Some(4)));
    assert_eq!(
        push.payload().totals.unread,
        2,
        "the totals are the account's own"
    );
}

#[tokio::test]
async fn a_second_account_ends_the_painting_of_one_that_says_it_is_the_only_one() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    let phone = relay.phone("alice").await;
    let mut second = registration();
    second["sole_account"] = json!(false);
    let work = relay.mint("work").await;
    relay.register(&work, "phone-1", &second).await;
    relay.read("alice", "bob", 1).await;
    assert_eq!(relay.after(300).await[0].lane(), "silent");
    relay.register(&phone.token, "phone-1", &second).await;
    relay.read("alice", "bob", 2).await;
    assert_eq!(
        relay.after(300).await[0].lane(),
        "painted",
        "once it knows of the other"
    );
}

#[tokio::test]
async fn an_account_that_takes_no_part_in_the_badge_is_neither_painted_nor_in_the_way() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    relay.items("work", "boss", &[1, 2, 3]).await;
    let phone = relay.phone("alice").await;
    let mut aside = registration();
    aside["sole_account"] = json!(false);
    aside["conditions"]["badges_allowed"] = json!(false);
    let work = relay.mint("work").await;
    relay.register(&work, "phone-1", &aside).await;
    let path = "/v1/changes?since=0";
    relay.request("GET", path, Some(&work), None).await;

    relay.read("alice", "bob", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("painted", Some(1)));
    relay.read("work", "boss", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("silent", None));
    let mut shown = support::item("boss", 4);
    shown["alert"] = json!({ "title": "Boss" });
    relay.events("work", json!([shown])).await;
    let push = relay.after(0).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("alert", None));

    // With two that take part, their sum is painted, still without the third.
    let mut shared = registration();
    shared["sole_account"] = json!(false);
    relay.register(&phone.token, "phone-1", &shared).await;
    relay.items("club", "news", &[1, 2, 3, 4]).await;
    let club = relay.mint("club").await;
    relay.register(&club, "phone-1", &shared).await;
    relay.request("GET", path, Some(&club), None).await;
    relay.read("club", "news", 1).await;
    let pushes = relay.after(300).await;
    let push = pushes.iter().find(|push| push.lane() == "painted").unwrap();
    assert_eq!(push.badge(), Some(4));
}

#[tokio::test]
async fn accounts_of_which_another_lives_elsewhere_are_not_painted() {
    let relay = Relay::start().await;
    let mut spread = registration();
    spread["sole_account"] = json!(false);
    spread["conditions"]["badges_allowed"] = json!(false);
    for account in ["alice", "work"] {
        relay.items(account, "bob", &[1, 2]).await;
        let token = relay.mint(account).await;
        relay.register(&token, "phone-1", &spread).await;
        let path = "/v1/changes?since=0";
        relay.request("GET", path, Some(&token), None).await;
    }
    relay.read("alice", "bob", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("silent", None));
}

#[tokio::test]
async fn while_apns_takes_nothing_a_hundred_notifications_wait_at_most() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    for _ in 0..500 {
        relay.apns.answer(503, "ServiceUnavailable", Some(3600));
    }
    for position in 1..=105 {
        let mut arrived = support::item("bob", position);
        arrived["alert"] = json!({ "body": position.to_string() });
        relay.events("alice", json!([arrived])).await;
    }
    relay.after(0).await;
    relay.apns.forgive();
    let mut shown = Vec::new();
    for wait in std::iter::once(3_600_000).chain([1; 60]) {
        for push in relay.after(wait).await {
            shown.push(push.json()["aps"]["alert"]["body"].clone());
        }
    }
    assert!(
        !shown.contains(&json!("5")) && shown.contains(&json!("6")),
        "{shown:?}"
    );
    assert!(shown.contains(&json!("105")));
}

#[tokio::test]
async fn nobody_learns_another_s_number_by_using_its_device_id() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    relay.items("mallory", "x", &[1, 2]).await;
    let mut shared = registration();
    shared["sole_account"] = json!(false);
    for (account, push_token) in [("alice", "aabb"), ("mallory", "ccdd")] {
        shared["push_token"] = json!(push_token);
        let token = relay.mint(account).await;
        relay.register(&token, "phone-1", &shared).await;
        relay
            .request("GET", "/v1/changes?since=0", Some(&token), None)
            .await;
    }
    relay.read("mallory", "x", 1).await;
    let push = relay.after(300).await.remove(0);
    assert_eq!((push.lane(), push.badge()), ("silent", None));
}

#[tokio::test]
async fn an_alert_is_shown_with_its_badge_and_its_text_is_not_kept() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let alert = json!({ "title": "Bob", "body": "Canary-Text", "sound": "default" });
    let mut arrived = support::item("bob", 7);
    arrived["alert"] = alert;
    relay.events("alice", json!([arrived, arrived])).await;
    let pushes = relay.after(300).await;
    assert_eq!(
        pushes.len(),
        1,
        "one item, one notification, and no other push for the badge"
    );
    let aps = &pushes[0].json()["aps"];
    assert_eq!(
        aps["alert"],
        json!({ "title": "Bob", "body": "Canary-Text" })
    );
    assert_eq!(
        (&aps["sound"], &aps["badge"]),
        (&json!("default"), &json!(1))
    );
    assert_eq!(
        (&aps["mutable-content"], &aps["thread-id"]),
        (&json!(1), &json!("bob"))
    );
    assert!(aps.get("content-available").is_none());
    let (conversation, position) = pushes[0].payload().item.unwrap();
    assert_eq!((conversation.as_str(), position.get()), ("bob", 7));
    let route = pushes[0].json()["tb"]["r"].clone();
    assert_ne!(json!(pushes[0].header("apns-collapse-id")), route);
    let path = relay.directory.path().join("relay.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    database
        .query_row(checkpoint, [], |row| row.get::<_, i64>(0))
        .unwrap();
    let file = std::fs::read(path).unwrap();
    assert!(!file.windows(11).any(|window| window == b"Canary-Text"));
}

#[tokio::test]
async fn nobody_is_alerted_to_what_was_read_or_muted() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut arrived = support::item("bob", 1);
    arrived["alert"] = json!({ "body": "hello" });
    let read = json!({ "type": "read", "conversation": "bob", "up_to": 1 });
    relay.events("alice", json!([arrived, read])).await;
    let mut muted = support::item("noise", 1);
    muted["alert"] = json!({ "body": "hello" });
    let mute = json!({ "type": "level", "conversation": "noise", "level": "none" });
    relay.events("alice", json!([mute, muted])).await;
    assert!(relay.after(MINUTE).await.is_empty());
}

#[tokio::test]
async fn an_alert_that_is_too_long_is_shortened_and_sent() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut arrived = support::item("bob", 1);
    arrived["alert"] = json!({ "title": "ü".repeat(500), "subtitle": "\"".repeat(1000),
                               "body": "\u{1F600}".repeat(256) });
    relay.events("alice", json!([arrived])).await;
    let push = relay.after(0).await.remove(0);
    assert!(push.body.len() <= 4096);
    let body = push.json()["aps"]["alert"]["body"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(body.ends_with('…') && body.len() > 100);
    assert_eq!(push.json()["aps"]["alert"]["title"], "ü".repeat(500));
}

#[tokio::test]
async fn an_alert_whose_sound_does_not_fit_is_sent_without_it_and_holds_nobody_up() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut arrived = support::item("bob", 1);
    arrived["alert"] = json!({ "body": "hello", "sound": "\u{1}".repeat(1024) });
    relay.events("alice", json!([arrived])).await;
    let push = relay.after(0).await.remove(0);
    assert!(push.body.len() <= 4096);
    assert_eq!(push.json()["aps"].get("sound"), None);
    assert_eq!(push.json()["aps"]["thread-id"], "bob");
}

#[tokio::test]
async fn a_token_that_apns_ends_is_not_used_again() {
    for (status, reason) in [
        (410, "Unregistered"),
        (400, "BadDeviceToken"),
        (400, "DeviceTokenNotForTopic"),
    ] {
        let relay = Relay::start().await;
        let phone = relay.phone("alice").await;
        relay.apns.answer(status, reason, None);
        relay.items("alice", "bob", &[1]).await;
        assert_eq!(relay.after(300).await.len(), 1);
        relay.read("alice", "bob", 1).await;
        assert!(relay.after(1000 * MINUTE).await.is_empty(), "{reason}");
        let mut fresh = registration();
        fresh["push_token"] = json!("0011");
        relay.register(&phone.token, "phone-1", &fresh).await;
        relay.items("alice", "bob", &[2]).await;
        assert_eq!(relay.after(300).await[0].token, "0011");
    }
}

#[tokio::test]
async fn the_phone_learns_at_its_next_sync_why_its_push_token_ended() {
    for (status, reason, name) in [
        (410, "Unregistered", "unregistered"),
        (410, "ExpiredToken", "unregistered"),
        (400, "BadDeviceToken", "bad_device_token"),
        (400, "DeviceTokenNotForTopic", "device_token_not_for_topic"),
    ] {
        let relay = Relay::start().await;
        let mut phone = relay.phone("alice").await;
        assert_eq!(phone.sync("").await.get("push_token_ended"), None);
        relay.apns.answer(status, reason, None);
        relay.items("alice", "bob", &[1]).await;
        relay.after(300).await;
        for _ in 0..2 {
            assert_eq!(phone.sync("").await["push_token_ended"], name, "{reason}");
        }
        let answer = phone.operate(json!([])).await;
        assert_eq!(answer.body["push_token_ended"], name, "{reason}");
        let mut fresh = registration();
        fresh["push_token"] = json!("0011");
        relay.register(&phone.token, "phone-1", &fresh).await;
        assert_eq!(phone.sync("").await.get("push_token_ended"), None);
    }
}

#[tokio::test]
async fn a_push_token_that_ended_and_is_registered_again_is_tried_once() {
    let relay = Relay::start().await;
    let mut phone = relay.phone("alice").await;
    for position in [1, 3] {
        relay.apns.answer(410, "Unregistered", None);
        relay.items("alice", "bob", &[position]).await;
        assert_eq!(relay.after(300).await.len(), 1);
        relay.items("alice", "bob", &[position + 1]).await;
        assert!(relay.after(1000 * MINUTE).await.is_empty());
        assert_eq!(phone.sync("").await["push_token_ended"], "unregistered");
        relay
            .register(&phone.token, "phone-1", &registration())
            .await;
        assert_eq!(phone.sync("").await.get("push_token_ended"), None);
    }
    relay.items("alice", "bob", &[5]).await;
    assert_eq!(relay.after(300).await.len(), 1, "it is good again");
}

#[tokio::test]
async fn a_phone_that_lost_its_device_id_leaves_no_word_of_a_dead_push_token() {
    let relay = Relay::start().await;
    let mut old = relay.phone("alice").await;
    let token = relay.mint("alice").await;
    relay.register(&token, "phone-2", &registration()).await;
    assert_eq!(
        old.sync("").await.get("push_token_ended"),
        None,
        "APNs did not end it: it is another registration's"
    );
}

#[tokio::test]
async fn a_busy_apns_is_asked_again_not_before_it_said() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    relay.apns.answer(429, "TooManyRequests", Some(120));
    relay.apns.answer(503, "Shutdown", None);
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await.len(), 1);
    assert!(relay.after(119_999).await.is_empty());
    assert_eq!(relay.after(1).await.len(), 1);
    let pushes = relay.after(2_000).await;
    assert_eq!(pushes.len(), 1);
    assert_eq!(
        pushes[0].payload().counter,
        1,
        "what APNs did not take does not count"
    );
}

#[tokio::test]
async fn a_hole_in_the_counters_is_a_push_that_apns_took_or_may_have_taken() {
    let relay = Relay::start().await;
    let mut phone = relay.phone("alice").await;
    for (status, reason) in [
        (429, "TooManyRequests"),
        (413, "PayloadTooLarge"),
        (403, "InvalidProviderToken"),
    ] {
        relay.apns.answer(status, reason, None);
        relay.items("alice", reason, &[1]).await;
        assert_eq!(relay.after(300).await[0].payload().counter, 1, "{reason}");
        assert_eq!(phone.sync("").await["last_push"], 0, "{reason}");
        relay.after(10 * MINUTE).await;
    }
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await[0].payload().counter, 1);
    assert_eq!(phone.sync("").await["last_push"], 1);
    relay.apns.answer(500, "InternalServerError", None);
    relay.items("alice", "bob", &[2]).await;
    assert_eq!(relay.after(300).await[0].payload().counter, 2);
    assert_eq!(relay.after(MINUTE).await[0].payload().counter, 3);
    assert_eq!(phone.sync("").await["last_push"], 3);
}

#[tokio::test]
async fn a_push_that_was_under_way_when_the_relay_ended_may_have_arrived() {
    use truebadge_relay::store::{Claim, Store};
    let relay = Relay::start().await;
    let mut phone = relay.phone("alice").await;
    let (epoch, token) = (phone.epoch.clone(), phone.token.clone());
    relay.items("alice", "bob", &[1]).await;
    phone.cursor = 0;
    let claimed = relay.store.claim(relay.now() + 300).unwrap();
    assert!(matches!(claimed, Claim::Push(push) if push.key.counter == 1));
    let relay = relay.restart().await;
    assert_eq!(relay.after(300).await[0].payload().counter, 2);
    let path = format!("/v1/changes?epoch={epoch}&since=1");
    let answer = relay.request("GET", &path, Some(&token), None).await;
    assert_eq!(answer.body["last_push"], 2);
}

#[tokio::test]
async fn a_push_that_cannot_be_composed_holds_up_no_other() {
    let relay = Relay::start().await;
    for account in ["alice", "bob"] {
        let token = relay.mint(account).await;
        let mut registered = registration();
        registered["push_token"] = json!(if account == "alice" { "aa" } else { "bb" });
        relay.register(&token, account, &registered).await;
    }
    let database = rusqlite::Connection::open(relay.directory.path().join("relay.db")).unwrap();
    let sql = "UPDATE devices SET policy = 'of a later version' WHERE device = 'alice'";
    database.execute(sql, []).unwrap();
    let mut shown = support::item("eve", 1);
    shown["alert"] = json!({ "body": "hello" });
    for account in ["alice", "bob"] {
        relay.events(account, json!([shown])).await;
        relay.items(account, "eve", &[2]).await;
    }
    let pushes = relay.after(300).await;
    assert!(!pushes.is_empty() && pushes.iter().all(|push| push.token == "bb"));
    let sql = "UPDATE devices SET policy = 'messages' WHERE device = 'alice'";
    database.execute(sql, []).unwrap();
    assert!(relay.after(9 * MINUTE).await.is_empty());
    let pushes = relay.after(MINUTE).await;
    assert_eq!((pushes.len(), pushes[0].lane()), (1, "silent"));
    assert_eq!(
        pushes[0].payload().totals.unread,
        2,
        "only its text is lost"
    );
}

#[tokio::test]
async fn the_text_of_a_notification_is_forgotten_after_a_day_also_where_nothing_is_pushed() {
    use std::sync::Arc;
    use truebadge_relay::{clock::Clock, store::sqlite::SqliteStore, tidy};
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut shown = support::item("bob", 1);
    shown["alert"] = json!({ "body": "hello" });
    relay.events("alice", json!([shown])).await;
    let path = relay.directory.path().join("relay.db");
    let kept = || {
        let sql = "SELECT count(*) FROM alerts";
        let database = rusqlite::Connection::open(&path).unwrap();
        database
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let (_stop, stopped) = tokio::sync::watch::channel(true);
    for (age, left) in [(24 * 60 * MINUTE - 1, 1), (24 * 60 * MINUTE, 0)] {
        let without_a_key = Arc::new(SqliteStore::open(&path, None).unwrap());
        let then = relay.now() + age;
        tidy::run(without_a_key, Clock::new(move || then), stopped.clone()).await;
        assert_eq!(kept(), left);
    }
}

#[tokio::test]
async fn nothing_new_is_sent_while_apns_has_asked_for_a_pause() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    relay.apns.answer(429, "TooManyRequests", Some(120));
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await.len(), 1);
    relay.items("alice", "bob", &[2]).await;
    let mut shown = support::item("bob", 3);
    shown["alert"] = json!({ "body": "hello" });
    relay.events("alice", json!([shown])).await;
    assert!(relay.after(119_999).await.is_empty());
    assert!(!relay.after(1).await.is_empty());
}

#[tokio::test]
async fn the_text_of_a_notification_goes_with_the_push_token() {
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    let mut shown = support::item("bob", 1);
    shown["alert"] = json!({ "body": "hello" });
    relay.events("alice", json!([shown])).await;
    let mut without = registration();
    without["push_token"] = json!(null);
    relay.register(&phone.token, "phone-1", &without).await;
    relay
        .register(&phone.token, "phone-1", &registration())
        .await;
    let pushes = relay.after(300).await;
    assert!(pushes.iter().all(|push| push.lane() != "alert"));
}

#[tokio::test]
async fn an_expired_provider_token_is_renewed_once_and_sent_again_at_once() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    let before = relay.after(300).await.remove(0);
    relay.items("alice", "bob", &[2]).await;
    relay.apns.answer(403, "ExpiredProviderToken", None);
    let pushes = relay.after(21 * MINUTE).await;
    assert_eq!(pushes.len(), 2);
    assert_eq!(
        pushes[0].header("authorization"),
        before.header("authorization")
    );
    assert_ne!(
        pushes[1].header("authorization"),
        before.header("authorization")
    );
    assert_eq!(pushes[0].payload().counter, pushes[1].payload().counter);
}

#[tokio::test]
async fn pushes_that_are_due_survive_a_restart() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    let token = relay.phone("alice").await.token;
    relay.read("alice", "bob", 1).await;
    let relay = relay.restart().await;
    let pushes = relay.after(300).await;
    assert_eq!((pushes.len(), pushes[0].badge()), (1, Some(0)));
    let relay = relay.restart().await;
    assert_eq!(
        relay.after(MINUTE).await.len(),
        1,
        "so does the fall that is owed"
    );
    relay
        .request("GET", "/v1/changes?since=0", Some(&token), None)
        .await;
    assert!(relay.after(100 * MINUTE).await.is_empty());
}

#[tokio::test]
async fn a_phone_that_signed_out_is_not_pushed_to() {
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    relay.items("alice", "bob", &[1]).await;
    let path = "/v1/devices/phone-1";
    assert_eq!(
        relay
            .request("DELETE", path, Some(&phone.token), None)
            .await
            .status,
        204
    );
    relay.items("alice", "bob", &[2]).await;
    assert!(relay.after(MINUTE).await.is_empty());
    let again = relay
        .request("DELETE", path, Some(&phone.token), None)
        .await;
    assert_eq!(again.status, 204, "signing out twice is signing out");
    let gone = relay
        .request("GET", "/v1/changes", Some(&phone.token), None)
        .await;
    assert_eq!(gone.status, 410);
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
