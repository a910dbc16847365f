//! How phones attach, and how things are made to go wrong.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{NOW, OTHER_TOPIC, Phone, TOPIC, UNKNOWN_TOKEN, World};
use tokio_tungstenite::tungstenite;

fn outcomes(pushes: &Value) -> Vec<&str> {
    let entries = pushes.as_array().unwrap().iter();
    entries
        .map(|entry| entry["outcome"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_same_app_on_the_same_install_keeps_its_token() {
    let world = World::start().await;
    let first = world.phone("one").await;
    let token = first.token.clone();
    first.leave().await;
    assert_eq!(world.phone("one").await.token, token);
    assert_ne!(world.phone("two").await.token, token);
    let other_app = Phone::attach(&world.running.phones_url, OTHER_TOPIC, "one").await;
    assert_ne!(other_app.token, token);
    assert_eq!(token.len(), 64);
}

#[tokio::test]
async fn a_phone_whose_token_died_gets_a_new_one() {
    let world = World::start().await;
    let first = world.phone("phone").await;
    let dead = first.token.clone();
    let (status, _) = world
        .post(&format!("/control/tokens/{dead}/dead"), &json!(null))
        .await;
    assert_eq!(status, 204);
    first.leave().await;
    let mut phone = world.phone("phone").await;
    assert_ne!(phone.token, dead);
    world.painted(&phone.token, 1).send().await.accepted();
    assert_eq!(phone.push().await["badge"], 1);
    world.painted(&dead, 1).send().await.is(410, "Unregistered");
}

#[tokio::test]
async fn a_second_start_of_the_same_app_takes_over() {
    let world = World::start().await;
    let mut first = world.phone("phone").await;
    let mut second = world.phone("phone").await;
    assert_eq!(first.token, second.token);
    assert_eq!(first.frame().await, None, "the first one is hung up on");
    world.painted(&second.token, 1).send().await.accepted();
    assert_eq!(second.push().await["badge"], 1);
}

#[tokio::test]
async fn a_lost_push_is_accepted_and_never_arrives() {
    let world = World::start().await;
    let mut phone = world.phone("phone").await;
    let fault = json!({ "drop": 1, "push_type": "background", "push_token": phone.token });
    assert_eq!(world.post("/control/faults", &fault).await.0, 200);
    world.painted(&phone.token, 1).send().await.accepted();
    world.silent(&phone.token).send().await.accepted();
    world.painted(&phone.token, 2).send().await.accepted();
    world.silent(&phone.token).send().await.accepted();
    let badges = [phone.push().await, phone.push().await, phone.push().await];
    assert_eq!(
        badges.map(|push| push["badge"].clone()),
        [json!(1), json!(2), json!(null)]
    );
    let pushes = world.get("/control/pushes").await;
    assert_eq!(
        outcomes(&pushes),
        ["delivered", "dropped", "delivered", "delivered"]
    );
}

#[tokio::test]
async fn a_lost_push_is_not_kept_for_a_phone_that_is_away() {
    let world = World::start().await;
    let phone = world.phone("phone").await;
    let token = phone.token.clone();
    phone.leave().await;
    world.post("/control/faults", &json!({ "drop": 1 })).await;
    world.painted(&token, 1).send().await.accepted();
    assert_eq!(world.get("/control/phones").await[0]["stored"], Value::Null);
}

#[tokio::test]
async fn a_doubled_push_arrives_twice() {
    let world = World::start().await;
    let mut phone = world.phone("phone").await;
    world
        .post("/control/faults", &json!({ "duplicate": 1 }))
        .await;
    let answer = world.painted(&phone.token, 1).send().await;
    world.painted(&phone.token, 2).send().await.accepted();
    let frames = [phone.push().await, phone.push().await, phone.push().await];
    let first = answer.apns_id.as_str();
    assert_eq!(
        (&frames[0]["apns_id"], &frames[1]["apns_id"]),
        (&json!(first), &json!(first))
    );
    assert_eq!(frames[2]["badge"], 2);
    let pushes = world.get("/control/pushes").await;
    assert_eq!(outcomes(&pushes), ["duplicated", "delivered"]);
}

#[tokio::test]
async fn faults_tell_what_is_left_of_them_and_can_be_taken_back() {
    let world = World::start().await;
    let mut phone = world.phone("phone").await;
    let (_, planted) = world.post("/control/faults", &json!({ "drop": 2 })).await;
    assert_eq!(planted["faults"][0]["drop"], 2);
    world.silent(&phone.token).send().await.accepted();
    assert_eq!(world.get("/control/faults").await["faults"][0]["drop"], 1);
    let url = format!("{}/control/faults", world.running.phones_url);
    let cleared = reqwest::Client::new().delete(url).send().await.unwrap();
    assert_eq!(
        cleared.json::<Value>().await.unwrap(),
        json!({ "faults": [] })
    );
    world.painted(&phone.token, 9).send().await.accepted();
    assert_eq!(phone.push().await["badge"], 9);
}

#[tokio::test]
async fn the_journal_tells_all_about_a_push_and_why_one_was_refused() {
    let world = World::start().await;
    let phone = world.phone("phone").await;
    let until = NOW + 100;
    let push = world
        .painted(&phone.token, 3)
        .header("apns-collapse-id", "c");
    let taken = push
        .header("apns-expiration", &until.to_string())
        .send()
        .await;
    let refused = world
        .silent(UNKNOWN_TOKEN)
        .without("apns-topic")
        .send()
        .await;
    let pushes = world.get("/control/pushes").await;
    assert_eq!(
        pushes[0],
        json!({ "at_ms": NOW * 1_000, "apns_id": taken.apns_id, "push_token": phone.token,
            "topic": TOPIC, "push_type": "alert", "priority": 10, "collapse_id": "c",
            "expiration": until, "status": 200, "reason": null, "outcome": "delivered",
            "badge": 3, "payload": { "aps": { "badge": 3, "content-available": 1 } } })
    );
    assert_eq!(pushes[1]["apns_id"], refused.apns_id);
    assert_eq!(
        (&pushes[1]["status"], &pushes[1]["reason"]),
        (&json!(400), &json!("MissingTopic"))
    );
    assert_eq!(pushes[1]["outcome"], "refused");
}

async fn refused_attachment(world: &World, path: &str) -> u16 {
    let url = format!("{}{path}", world.running.phones_url.replace("http:", "ws:"));
    match tokio_tungstenite::connect_async(url).await {
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        other => panic!("{path} was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn odd_names_are_refused() {
    let world = World::start().await;
    let long = "x".repeat(65);
    for (path, status) in [
        ("/phones/org.unknown/phone".to_owned(), 404),
        ("/phones/a%20b/phone".to_owned(), 400),
        (format!("/phones/{TOPIC}/{long}"), 400),
        (format!("/phones/{TOPIC}/a%00b"), 400),
        (format!("/phones/{TOPIC}/%ff"), 400),
        (format!("/phones/{TOPIC}"), 404),
    ] {
        assert_eq!(refused_attachment(&world, &path).await, status, "{path}");
    }
    Phone::attach(&world.running.phones_url, TOPIC, &"y".repeat(64)).await;
}

#[tokio::test]
async fn whoever_comes_without_a_websocket_is_told_so() {
    let world = World::start().await;
    let error = world.get(&format!("/phones/{TOPIC}/phone")).await;
    assert!(error["error"].as_str().unwrap().contains("WebSocket"));
}

#[tokio::test]
async fn a_phone_that_talks_too_much_is_hung_up_on() {
    let world = World::start().await;
    let mut phone = world.phone("phone").await;
    phone.say("hello".to_owned()).await;
    world.painted(&phone.token, 1).send().await.accepted();
    assert_eq!(phone.push().await["badge"], 1, "a word does no harm");
    phone.say("x".repeat(100_000)).await;
    assert_eq!(phone.frame().await, None);
}

#[tokio::test]
async fn odd_control_calls_get_a_sentence() {
    let world = World::start().await;
    for (path, body, status) in [
        ("/control/faults", json!({ "lose": 1 }), 400),
        ("/control/faults", json!({ "drop": -1 }), 400),
        ("/control/faults", json!({ "push_token": "zz" }), 400),
        ("/control/faults", json!({ "push_type": "voip" }), 400),
        ("/control/tokens/zz/dead", json!(null), 400),
        ("/control/nothing", json!(null), 404),
    ] {
        let (answer, sentence) = world.post(path, &body).await;
        assert_eq!(answer, status, "{path} {body}");
        assert!(sentence["error"].is_string(), "{path} {body}");
    }
    let path = format!("/control/tokens/{UNKNOWN_TOKEN}/dead");
    assert_eq!(world.post(&path, &json!(null)).await.0, 404);
    let huge = json!({ "push_token": "0".repeat(100_000) });
    assert_eq!(world.post("/control/faults", &huge).await.0, 413);
}

#[tokio::test]
async fn fault_rules_are_bounded() {
    let world = World::start().await;
    for _ in 0..apns_sim::limits::FAULT_RULES {
        assert_eq!(
            world.post("/control/faults", &json!({ "drop": 1 })).await.0,
            200
        );
    }
    assert_eq!(
        world.post("/control/faults", &json!({ "drop": 1 })).await.0,
        409
    );
}

#[tokio::test]
async fn web_pages_neither_look_nor_plant_faults() {
    let world = World::start().await;
    let url = format!("{}/control/pushes", world.running.phones_url);
    let client = reqwest::Client::new();
    for (name, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("host", "evil.example:2198", 403),
        ("origin", "http://localhost:3000", 200),
        ("host", "[::1]:2198", 200),
    ] {
        let response = client.get(&url).header(name, value).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_graceful_stop_says_farewell_to_the_phones() {
    let world = World::start().await;
    let mut phone = world.phone("phone").await;
    let listening = tokio::spawn(async move { phone.frame().await });
    let address = world.running.phones_url.replace("http://", "");
    world.running.shutdown().await;
    assert_eq!(listening.await.unwrap(), None);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
