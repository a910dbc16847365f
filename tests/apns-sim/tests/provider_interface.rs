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

/// Each of Apple's documented refusals that a request by itself can bring about.
#[tokio::test]
async fn each_mistake_gets_apples_status_and_reason() {
    let (world, phone) = world_with_phone().await;
    let token = phone.token.as_str();
    let other = Phone::attach(&world.running.phones_url, OTHER_TOPIC, "phone").await;
    let silent = || world.silent(token);
    let painted = || world.painted(token, 1);
    let body = |text: &str| silent().body(text.as_bytes().to_vec());
    let alert = |text: &str| painted().body(text.as_bytes().to_vec());
    let get = silent().method(reqwest::Method::GET);
    let cases: Vec<(&str, Push, u16, &str)> = vec![
        (
            "no such path",
            silent().path("/2/device/00"),
            404,
            "BadPath",
        ),
        (
            "more path",
            silent().path("/3/device/00/11"),
            404,
            "BadPath",
        ),
        ("another word", silent().path("/3/devices"), 404, "BadPath"),
        (
            "no token",
            silent().path("/3/device/"),
            400,
            "MissingDeviceToken",
        ),
        ("GET", get, 405, "MethodNotAllowed"),
        (
            "not hex",
            silent().path("/3/device/xyz0"),
            400,
            "BadDeviceToken",
        ),
        (
            "half a byte",
            silent().path("/3/device/abc"),
            400,
            "BadDeviceToken",
        ),
        (
            "unknown",
            world.silent(UNKNOWN_TOKEN),
            400,
            "BadDeviceToken",
        ),
        (
            "another app's",
            world.silent(&other.token),
            400,
            "DeviceTokenNotForTopic",
        ),
        (
            "no topic",
            silent().without("apns-topic"),
            400,
            "MissingTopic",
        ),
        (
            "odd topic",
            silent().header("apns-topic", "a b"),
            400,
            "BadTopic",
        ),
        (
            "strange topic",
            silent().header("apns-topic", "org.x"),
            400,
            "TopicDisallowed",
        ),
        (
            "no type",
            silent().without("apns-push-type"),
            400,
            "InvalidPushType",
        ),
        (
            "odd type",
            silent().header("apns-push-type", "silent"),
            400,
            "InvalidPushType",
        ),
        (
            "voip here",
            silent().header("apns-push-type", "voip"),
            400,
            "TopicDisallowed",
        ),
        (
            "urgent silence",
            silent().header("apns-priority", "10"),
            400,
            "BadPriority",
        ),
        (
            "urgent by default",
            silent().without("apns-priority"),
            400,
            "BadPriority",
        ),
        (
            "odd priority",
            painted().header("apns-priority", "7"),
            400,
            "BadPriority",
        ),
        (
            "no uuid",
            silent().header("apns-id", "1"),
            400,
            "BadMessageId",
        ),
        (
            "odd expiration",
            silent().header("apns-expiration", "soon"),
            400,
            "BadExpirationDate",
        ),
        (
            "past zero",
            silent().header("apns-expiration", "-1"),
            400,
            "BadExpirationDate",
        ),
        (
            "65 bytes",
            silent().header("apns-collapse-id", &"x".repeat(65)),
            400,
            "BadCollapseId",
        ),
        (
            "twice",
            silent().also("apns-topic", OTHER_TOPIC),
            400,
            "DuplicateHeaders",
        ),
        ("nothing", body(""), 400, "PayloadEmpty"),
        ("an empty object", body("{}"), 400, "PayloadEmpty"),
        ("no JSON", body("hello"), 400, "PayloadEmpty"),
        ("no object", body("[1]"), 400, "PayloadEmpty"),
        (
            "no UTF-8",
            silent().body(vec![b'{', 0xff, b'}']),
            400,
            "PayloadEmpty",
        ),
        ("too deep", body(&"[".repeat(4_000)), 400, "PayloadEmpty"),
        (
            "silence that asks for nothing",
            body(r#"{"aps":{}}"#),
            400,
            "InvalidPushType",
        ),
        (
            "silence with a badge",
            body(r#"{"aps":{"content-available":1,"badge":1}}"#),
            400,
            "InvalidPushType",
        ),
        (
            "silence with a sound",
            body(r#"{"aps":{"content-available":1,"sound":"x"}}"#),
            400,
            "InvalidPushType",
        ),
        (
            "an alert of nothing",
            alert(r#"{"aps":{"content-available":1}}"#),
            400,
            "InvalidPushType",
        ),
        (
            "no authorization",
            silent().without("authorization"),
            403,
            "MissingProviderToken",
        ),
        (
            "no token in it",
            silent().header("authorization", "bearer "),
            403,
            "MissingProviderToken",
        ),
        (
            "no bearer",
            silent().header("authorization", "basic eA=="),
            403,
            "MissingProviderToken",
        ),
        (
            "no JWT",
            silent().header("authorization", "bearer x.y.z"),
            403,
            "InvalidProviderToken",
        ),
        (
            "a huge one",
            silent().header("authorization", &format!("bearer {}", "x".repeat(3_000))),
            403,
            "InvalidProviderToken",
        ),
    ];
    for (what, push, status, reason) in cases {
        let answer = push.send().await;
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (status, reason),
            "{what}"
        );
        assert_eq!(answer.timestamp, None, "{what}");
        assert_eq!(answer.apns_id.len(), 36, "{what}");
    }
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
