//! What the app's backend tells.

use serde_json::{Value, json};

use crate::{
    EVENTS, problem,
    support::{PRODUCER, Relay, item},
};

#[tokio::test]
async fn health_says_ok_without_credentials() {
    let relay = Relay::start().await;
    let answer = relay.request("GET", "/healthz", None, None).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("ok")));
}

#[tokio::test]
async fn events_of_one_call_commit_together() {
    let relay = Relay::start().await;
    let answer = relay
        .events(
            "alice",
            json!([item("bob", 1), item("bob", 2), item("eve", 1)]),
        )
        .await;
    assert_eq!(answer["head"], 3);
    assert_eq!(answer["changed"], 2);
    assert_eq!(
        answer["totals"],
        json!({ "unread": 3, "mentions": 0, "conversations": 2 })
    );
    let half = json!({ "events": [item("zed", 1), { "type": "item", "conversation": "zed" }] });
    let refused = relay
        .request("POST", EVENTS, Some(PRODUCER), Some(&half))
        .await;
    problem(&refused, 400, "malformed");
    assert_eq!(relay.events("alice", json!([])).await["head"], 3);
}

#[tokio::test]
async fn an_idempotency_key_answers_the_same_again() {
    let relay = Relay::start().await;
    let key = [("idempotency-key", "k-1")];
    let send = async |body: Value| {
        let body = ("application/json", body.to_string().into_bytes());
        relay
            .raw("POST", EVENTS, Some(PRODUCER), Some(body), &key)
            .await
    };
    let body = json!({ "events": [item("bob", 1)] });
    let first = send(body.clone()).await;
    relay.items("alice", "bob", &[2]).await;
    let second = send(body).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    let other = send(json!({ "events": [item("bob", 3)] })).await;
    problem(&other, 409, "conflict");
    let long = "k".repeat(256);
    let key = [("idempotency-key", long.as_str())];
    let body = ("application/json", b"{\"events\":[]}".to_vec());
    let answer = relay
        .raw("POST", EVENTS, Some(PRODUCER), Some(body), &key)
        .await;
    problem(&answer, 400, "malformed");
}

#[tokio::test]
async fn a_whole_state_takes_a_version_only_when_it_differs() {
    let relay = Relay::start().await;
    let path = "/v1/accounts/alice/conversations/inbox%2Fwork";
    let state = json!({ "unread": 4, "mentions": 1, "level": "mentions" });
    for _ in 0..2 {
        let answer = relay
            .request("PUT", path, Some(PRODUCER), Some(&state))
            .await;
        assert_eq!((answer.status, &answer.body["head"]), (200, &json!(1)));
        assert_eq!(answer.body["totals"]["unread"], 1);
    }
    let mut phone = relay.phone("alice").await;
    phone.cursor = 0;
    assert_eq!(phone.sync("").await["changes"][0]["id"], "inbox/work");
    let impossible = json!({ "unread": 1, "mentions": 2 });
    let answer = relay
        .request("PUT", path, Some(PRODUCER), Some(&impossible))
        .await;
    problem(&answer, 400, "malformed");
    assert_eq!(answer.body["field"], "mentions");
}

#[tokio::test]
async fn the_state_survives_a_restart() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    let token = relay.phone("alice").await.token;
    let relay = relay.restart().await;
    let path = "/v1/changes?since=0";
    let answer = relay.request("GET", path, Some(&token), None).await.body;
    assert_eq!(answer["totals"]["unread"], 2);
    assert_eq!(answer["head"], 2);
}
