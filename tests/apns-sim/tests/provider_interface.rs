//! What APNs checks of a request, over real HTTP/2 with real signatures.

#![allow(clippy::unwrap_used)]

mod support;

use apns_sim::reason::Reason;
use serde_json::json;
use support::{NOW, OTHER_TOPIC, Phone, Push, UNKNOWN_TOKEN, World, http2_client};

async fn world_with_phone() -> (World, Phone) {
    let world = World::start().await;
    let phone = world.phone("phone").await;
    (world, phone)
}

#[tokio::test]
async fn a_good_silent_push_is_accepted_and_reaches_the_phone_unchanged() {
    let (world, mut phone) = world_with_phone().await;
    let text = r#"{ "aps":{"content-available":1}, "tb":{"z":1,"a":2} }"#;
    let answer = world.silent(&phone.token).body(text).send().await;
    answer.accepted();
    let frame = phone.push().await;
    assert_eq!(frame["payload"], text);
    assert_eq!(frame["apns_id"], answer.apns_id.as_str());
    assert_eq!(
        (&frame["push_type"], &frame["priority"]),
        (&json!("background"), &json!(5))
    );
    assert_eq!(
        (&frame["wake"], &frame["extension"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&frame["badge"], &frame["alert"]),
        (&json!(null), &json!(null))
    );
}

#[tokio::test]
async fn a_painted_push_shows_its_number_and_wakes_the_app() {
    let (world, mut phone) = world_with_phone().await;
    world.painted(&phone.token, 3).send().await.accepted();
    let frame = phone.push().await;
    assert_eq!((&frame["badge"], &frame["wake"]), (&json!(3), &json!(true)));
    assert_eq!(
        (&frame["alert"], &frame["extension"]),
        (&json!(null), &json!(false))
    );
}

#[tokio::test]
async fn an_alert_is_shown_with_its_thread_and_starts_the_extension() {
    let (world, mut phone) = world_with_phone().await;
    let payload = json!({ "aps": {
        "alert": { "title": "Ada", "body": "Lunch?" }, "badge": 4,
        "mutable-content": 1, "thread-id": "conversation-1" } });
    let push = world.push(&phone.token, "alert", "10", &payload);
    push.header("apns-collapse-id", "c1")
        .send()
        .await
        .accepted();
    let frame = phone.push().await;
    assert_eq!(frame["alert"], json!({ "title": "Ada", "body": "Lunch?" }));
    assert_eq!(frame["thread_id"], "conversation-1");
    assert_eq!(frame["collapse_id"], "c1");
    assert_eq!(
        (&frame["badge"], &frame["wake"]),
        (&json!(4), &json!(false))
    );
    assert_eq!(frame["extension"], true);
}

#[tokio::test]
async fn an_alert_may_be_a_plain_string() {
    let (world, mut phone) = world_with_phone().await;
    let push = world.push(
        &phone.token,
        "alert",
        "5",
        &json!({ "aps": { "alert": "Hello" } }),
    );
    push.send().await.accepted();
    assert_eq!(
        phone.push().await["alert"],
        json!({ "title": null, "body": "Hello" })
    );
}

#[tokio::test]
async fn the_providers_apns_id_comes_back_and_is_made_where_it_is_missing() {
    let (world, phone) = world_with_phone().await;
    let id = "8D7C9BF4-4D40-4E30-9BD4-6D0B9B6C6A51";
    let answer = world
        .silent(&phone.token)
        .header("apns-id", id)
        .send()
        .await;
    assert_eq!(answer.apns_id, id);
    assert!(
        answer.unique_id.is_some(),
        "the development environment adds apns-unique-id"
    );
    let (one, other) = (
        world.silent(&phone.token).send().await.apns_id,
        world.silent(&phone.token).send().await.apns_id,
    );
    assert_ne!(one, other);
    assert_eq!(one.len(), 36);
}

/// A mistake: what it is, the push that makes it, the refusal.
type Mistake = (&'static str, Push, u16, &'static str);

async fn each_is_refused(mistakes: Vec<Mistake>) {
    for (what, push, status, reason) in mistakes {
        let answer = push.send().await;
        let got = (answer.status, answer.reason.as_str());
        assert_eq!(got, (status, reason), "{what}");
        assert_eq!(answer.timestamp, None, "{what}");
        assert_eq!(answer.apns_id.len(), 36, "{what}");
    }
}

#[tokio::test]
async fn only_posts_to_a_devices_path_are_served() {
    let (world, phone) = world_with_phone().await;
    let at = |path: &str| world.silent(&phone.token).path(path);
    let get = world.silent(&phone.token).method(reqwest::Method::GET);
    each_is_refused(vec![
        ("no such path", at("/2/device/00"), 404, "BadPath"),
        ("more path", at("/3/device/00/11"), 404, "BadPath"),
        ("another word", at("/3/devices"), 404, "BadPath"),
        ("no token", at("/3/device/"), 400, "MissingDeviceToken"),
        ("no slash", at("/3/device"), 400, "MissingDeviceToken"),
        ("GET", get, 405, "MethodNotAllowed"),
    ])
    .await;
}

#[tokio::test]
async fn a_device_token_must_be_known_and_belong_to_the_topic() {
    let (world, phone) = world_with_phone().await;
    let other = Phone::attach(&world.running.phones_url, OTHER_TOPIC, "phone").await;
    let to = |token: &str| world.silent(token);
    let long = "ab".repeat(101);
    let strange = to(&phone.token).header("apns-topic", "org.x");
    each_is_refused(vec![
        ("not hex", to("xyz0"), 400, "BadDeviceToken"),
        ("half a byte", to("abc"), 400, "BadDeviceToken"),
        ("too long", to(&long), 400, "BadDeviceToken"),
        ("unknown", to(UNKNOWN_TOKEN), 400, "BadDeviceToken"),
        (
            "of another app",
            to(&other.token),
            400,
            "DeviceTokenNotForTopic",
        ),
        ("under no topic of ours", strange, 400, "TopicDisallowed"),
    ])
    .await;
}

#[tokio::test]
async fn each_header_must_be_as_apple_describes_it() {
    let (world, phone) = world_with_phone().await;
    let with = |name: &str, value: &str| world.silent(&phone.token).header(name, value);
    let without = |name: &str| world.silent(&phone.token).without(name);
    let twice = world.silent(&phone.token).also("apns-topic", OTHER_TOPIC);
    let seven = world.painted(&phone.token, 1).header("apns-priority", "7");
    let bare = "8D7C9BF44D404E309BD46D0B9B6C6A51";
    let long = "x".repeat(65);
    each_is_refused(vec![
        ("no topic", without("apns-topic"), 400, "MissingTopic"),
        ("odd topic", with("apns-topic", "a b"), 400, "BadTopic"),
        ("no type", without("apns-push-type"), 400, "InvalidPushType"),
        (
            "odd type",
            with("apns-push-type", "silent"),
            400,
            "InvalidPushType",
        ),
        (
            "voip",
            with("apns-push-type", "voip"),
            400,
            "TopicDisallowed",
        ),
        (
            "urgent silence",
            with("apns-priority", "10"),
            400,
            "BadPriority",
        ),
        (
            "lazy silence",
            with("apns-priority", "1"),
            400,
            "BadPriority",
        ),
        (
            "urgent by default",
            without("apns-priority"),
            400,
            "BadPriority",
        ),
        ("odd priority", seven, 400, "BadPriority"),
        ("no UUID", with("apns-id", "1"), 400, "BadMessageId"),
        ("no hyphens", with("apns-id", bare), 400, "BadMessageId"),
        (
            "odd date",
            with("apns-expiration", "soon"),
            400,
            "BadExpirationDate",
        ),
        (
            "before zero",
            with("apns-expiration", "-1"),
            400,
            "BadExpirationDate",
        ),
        (
            "65 bytes",
            with("apns-collapse-id", &long),
            400,
            "BadCollapseId",
        ),
        (
            "no ASCII",
            with("apns-collapse-id", "\u{e9}"),
            400,
            "BadCollapseId",
        ),
        ("twice", twice, 400, "DuplicateHeaders"),
    ])
    .await;
}

#[tokio::test]
async fn the_payload_must_be_an_object_that_does_what_its_type_says() {
    let (world, phone) = world_with_phone().await;
    let silent = |text: &str| world.silent(&phone.token).body(text.as_bytes());
    let alert = |text: &str| world.painted(&phone.token, 1).body(text.as_bytes());
    let badge = r#"{"aps":{"content-available":1,"badge":0}}"#;
    let sound = r#"{"aps":{"content-available":1,"sound":"x"}}"#;
    let flag = r#"{"aps":{"content-available":true}}"#;
    let wake = r#"{"aps":{"content-available":1}}"#;
    let nothing = r#"{"aps":{"badge":null},"tb":1}"#;
    let bytes = world.silent(&phone.token).body([b'{', 0xff, b'}']);
    each_is_refused(vec![
        ("nothing", silent(""), 400, "PayloadEmpty"),
        ("an empty object", silent("{}"), 400, "PayloadEmpty"),
        ("no JSON", silent("hello"), 400, "PayloadEmpty"),
        ("no object", silent("[1]"), 400, "PayloadEmpty"),
        ("no UTF-8", bytes, 400, "PayloadEmpty"),
        ("too deep", silent(&"[".repeat(4_000)), 400, "PayloadEmpty"),
        (
            "silence for nothing",
            silent(r#"{"aps":{}}"#),
            400,
            "InvalidPushType",
        ),
        (
            "silence, no aps",
            silent(r#"{"tb":1}"#),
            400,
            "InvalidPushType",
        ),
        (
            "aps is a list",
            silent(r#"{"aps":[1]}"#),
            400,
            "InvalidPushType",
        ),
        (
            "silence with a badge",
            silent(badge),
            400,
            "InvalidPushType",
        ),
        (
            "silence with a sound",
            silent(sound),
            400,
            "InvalidPushType",
        ),
        (
            "silence, not the number 1",
            silent(flag),
            400,
            "InvalidPushType",
        ),
        (
            "an alert that only wakes",
            alert(wake),
            400,
            "InvalidPushType",
        ),
        (
            "an alert of nothing",
            alert(nothing),
            400,
            "InvalidPushType",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_provider_must_say_who_it_is() {
    let (world, phone) = world_with_phone().await;
    let with = |value: &str| world.silent(&phone.token).header("authorization", value);
    let huge = format!("bearer {}", "x".repeat(3_000));
    let none = world.silent(&phone.token).without("authorization");
    each_is_refused(vec![
        ("nothing", none, 403, "MissingProviderToken"),
        (
            "no token in it",
            with("bearer "),
            403,
            "MissingProviderToken",
        ),
        ("no bearer", with("basic eA=="), 403, "MissingProviderToken"),
        ("no JWT", with("bearer x.y.z"), 403, "InvalidProviderToken"),
        ("a huge one", with(&huge), 403, "InvalidProviderToken"),
    ])
    .await;
}

#[tokio::test]
async fn an_alert_may_have_any_of_apples_three_priorities() {
    let (world, mut phone) = world_with_phone().await;
    for priority in ["10", "5", "1"] {
        let push = world
            .painted(&phone.token, 1)
            .header("apns-priority", priority);
        push.send().await.accepted();
        assert_eq!(phone.push().await["priority"].to_string(), priority);
    }
    world
        .painted(&phone.token, 1)
        .without("apns-priority")
        .send()
        .await
        .accepted();
    assert_eq!(phone.push().await["priority"], 10);
}

#[tokio::test]
async fn a_payload_of_4096_bytes_fits_and_one_more_does_not() {
    let (world, mut phone) = world_with_phone().await;
    let payload = |size: usize| {
        let frame = r#"{"aps":{"content-available":1},"x":""}"#;
        format!(
            r#"{{"aps":{{"content-available":1}},"x":"{}"}}"#,
            "y".repeat(size - frame.len())
        )
    };
    world
        .silent(&phone.token)
        .body(payload(4_096))
        .send()
        .await
        .accepted();
    assert_eq!(phone.push().await["payload"].as_str().unwrap().len(), 4_096);
    for size in [4_097, 20_000, 1_000_000] {
        let answer = world.silent(&phone.token).body(payload(size)).send().await;
        answer.is(413, "PayloadTooLarge");
    }
    world.silent(&phone.token).send().await.accepted();
}

#[tokio::test]
async fn a_collapse_id_of_64_bytes_is_accepted() {
    let (world, phone) = world_with_phone().await;
    let push = world
        .silent(&phone.token)
        .header("apns-collapse-id", &"x".repeat(64));
    push.send().await.accepted();
}

#[tokio::test]
async fn a_device_token_may_be_written_in_capitals() {
    let (world, mut phone) = world_with_phone().await;
    let capitals = phone.token.to_uppercase();
    world.silent(&capitals).send().await.accepted();
    phone.push().await;
}

#[tokio::test]
async fn a_dead_token_is_refused_with_the_time_of_its_end() {
    let (world, phone) = world_with_phone().await;
    let path = format!("/control/tokens/{}/dead", phone.token);
    world.later(60);
    assert_eq!(world.post(&path, &json!(null)).await.0, 204);
    world.later(60);
    let answer = world.silent(&phone.token).send().await;
    answer.is(410, "Unregistered");
    assert_eq!(answer.timestamp, Some((NOW + 60) * 1_000));
}

#[tokio::test]
async fn every_reason_of_apples_table_can_be_planted() {
    let (world, phone) = world_with_phone().await;
    for reason in Reason::ALL {
        let fault = json!({ "refuse": 1, "reason": reason.to_string() });
        assert_eq!(world.post("/control/faults", &fault).await.0, 200);
        let answer = world.silent(&phone.token).send().await;
        answer.is(reason.status(), &reason.to_string());
        assert_eq!(answer.timestamp.is_some(), reason.status() == 410);
    }
    world.silent(&phone.token).send().await.accepted();
}

#[tokio::test]
async fn a_provider_that_speaks_http_1_is_hung_up_on() {
    let (world, phone) = world_with_phone().await;
    let url = format!("{}/3/device/{}", world.running.provider_url, phone.token);
    let old = reqwest::Client::builder().http1_only().build().unwrap();
    assert!(old.post(url).body("{}").send().await.is_err());
    world
        .silent(&phone.token)
        .client(&http2_client())
        .send()
        .await
        .accepted();
}

#[tokio::test]
async fn a_thousand_pushes_go_over_one_connection_at_once_and_all_arrive() {
    let (world, mut phone) = world_with_phone().await;
    let push = world.silent(&phone.token);
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let push = push.clone();
        sending.spawn(async move {
            for _ in 0..50 {
                push.clone().send().await.accepted();
            }
        });
    }
    for _ in 0..1_000 {
        phone.push().await;
    }
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
}
