//! Everything that may be wrong with a request.

use serde_json::{Value, json};
use truebadge_relay::{http::RateLimits, planner::Rules};

use crate::{
    EVENTS, problem,
    support::{PRODUCER, Relay, item, registration},
};

#[tokio::test]
async fn credentials_that_are_missing_unknown_or_of_the_wrong_kind_are_refused() {
    let relay = Relay::start().await;
    let token = relay.mint("alice").await;
    let body = json!({ "events": [] });
    for wrong in [None, Some("tbp_nobody"), Some("")] {
        let answer = relay.request("POST", EVENTS, wrong, Some(&body)).await;
        problem(&answer, 401, "unauthorized");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    for account in ["alice", "bob", "no-such-account"] {
        let path = format!("/v1/accounts/{account}/events");
        let answer = relay
            .request("POST", &path, Some(&token), Some(&body))
            .await;
        problem(&answer, 403, "forbidden");
    }
    let answer = relay
        .request("GET", "/v1/changes", Some(PRODUCER), None)
        .await;
    problem(&answer, 403, "forbidden");
}

#[tokio::test]
async fn a_removed_account_s_phones_are_told_that_it_ended() {
    use truebadge_relay::store::Store;
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    let alice = truebadge_protocol::AccountId::new("alice").unwrap();
    relay.store.remove_account(&alice).unwrap();
    let answer = relay
        .request("GET", "/v1/changes", Some(&phone.token), None)
        .await;
    problem(&answer, 410, "gone");
}

#[tokio::test]
async fn a_body_that_cannot_be_understood_names_the_field() {
    let relay = Relay::start().await;
    let with = |event: Value| json!({ "events": [item("bob", 1), event] });
    let cases = [
        (json!({ "events": 7 }), "events"),
        (json!({}), "events"),
        (
            with(json!({ "type": "item", "conversation": "bob", "position": -1 })),
            "events[1].position",
        ),
        (
            with(json!({ "type": "item", "conversation": "bob", "position": 1.5 })),
            "events[1].position",
        ),
        (
            with(
                json!({ "type": "item", "conversation": "bob", "position": 9_007_199_254_740_992_u64 }),
            ),
            "events[1].position",
        ),
        (
            with(json!({ "type": "item", "conversation": "bob", "position": 0 })),
            "events[1].position",
        ),
        (
            with(json!({ "type": "item", "conversation": "bob" })),
            "events[1].position",
        ),
        (
            with(json!({ "type": "item", "conversation": "", "position": 1 })),
            "events[1].conversation",
        ),
        (
            with(json!({ "type": "item", "conversation": "x".repeat(256), "position": 1 })),
            "events[1].conversation",
        ),
        (
            with(json!({ "type": "greet", "conversation": "bob" })),
            "events[1].type",
        ),
        (
            with(json!({ "type": "level", "conversation": "bob", "level": "loud" })),
            "events[1].level",
        ),
    ];
    for (body, field) in cases {
        let answer = relay
            .request("POST", EVENTS, Some(PRODUCER), Some(&body))
            .await;
        problem(&answer, 400, "malformed");
        assert_eq!(answer.body["field"], field, "{body}");
    }
    let nested = |event: Value| {
        let mut events = vec![item("bob", 1); 999];
        events.push(event);
        json!({ "events": events })
    };
    let positions =
        |list: Value| json!({ "type": "read_items", "conversation": "bob", "positions": list });
    let mut loud = item("bob", 2);
    loud["alert"] = json!({ "body": "hello", "title": "x".repeat(1025) });
    let mut unwell = item("bob", 2);
    unwell["alert"] = json!({ "body": 7 });
    let long = "x".repeat(70_000);
    for (body, field) in [
        (nested(loud), "events[999].alert.title"),
        (nested(unwell), "events[999].alert.body"),
        (
            nested(positions(json!([1, 2, "3", 4]))),
            "events[999].positions[2]",
        ),
        (
            nested(positions(json!([1, 2, 3, -4]))),
            "events[999].positions[3]",
        ),
        (
            nested(positions(json!(vec![1; 1001]))),
            "events[999].positions",
        ),
        (
            nested(json!({ "type": "read", "conversation": "bob", "up_to": "1" })),
            "events[999].up_to",
        ),
        (
            json!({ "events": [item("bob", 1), { "type": "read", "conversation": long, "up_to": 1 }] }),
            "events[1]",
        ),
    ] {
        let answer = relay
            .request("POST", EVENTS, Some(PRODUCER), Some(&body))
            .await;
        problem(&answer, 400, "malformed");
        assert_eq!(answer.body["field"], field);
    }
    let many = json!({ "events": vec![item("bob", 1); 1001] });
    let answer = relay
        .request("POST", EVENTS, Some(PRODUCER), Some(&many))
        .await;
    problem(&answer, 400, "malformed");
}

#[tokio::test]
async fn an_operation_that_cannot_be_understood_names_the_field() {
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    let good = json!({ "number": 1, "id": "a", "seen": 0, "kind": "read_items",
                       "conversation": "bob", "positions": [1, 2] });
    for (field, value, named) in [
        ("number", json!(-1), "operations[1].number"),
        ("seen", json!("x"), "operations[1].seen"),
        ("id", json!(""), "operations[1].id"),
        ("kind", json!("dance"), "operations[1].kind"),
        ("conversation", json!(7), "operations[1].conversation"),
        ("positions", json!([1, null]), "operations[1].positions[1]"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let body = json!({ "operations": [good, wrong] });
        let path = "/v1/operations";
        let answer = relay
            .request("POST", path, Some(&phone.token), Some(&body))
            .await;
        problem(&answer, 400, "malformed");
        assert_eq!(answer.body["field"], named);
    }
}

#[tokio::test]
async fn what_is_not_json_or_nested_too_deeply_is_malformed() {
    let relay = Relay::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let event = r#"{"type":"item","conversation":"bob","position":1,"x":"#;
    let nested = format!("{{\"events\":[{event}{deep}}}]}}");
    for text in ["", "{", "nul", "{\"events\":[]}x", "\u{feff}{}", &nested] {
        let body = ("application/json", text.as_bytes().to_vec());
        let answer = relay
            .raw("POST", EVENTS, Some(PRODUCER), Some(body), &[])
            .await;
        problem(&answer, 400, "malformed");
    }
    let body = ("application/json", vec![0xff, 0xfe]);
    let answer = relay
        .raw("POST", EVENTS, Some(PRODUCER), Some(body), &[])
        .await;
    problem(&answer, 400, "malformed");
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let relay = Relay::start().await;
    let mut event = item("bob", 1);
    event["colour"] = json!({ "r": [1, 2, 3] });
    let answer = relay.events("alice", json!([event])).await;
    assert_eq!(answer["head"], 1);
}

#[tokio::test]
async fn bodies_that_are_too_large_or_not_json_by_their_type_are_refused() {
    let relay = Relay::start().await;
    let large = ("application/json", vec![b' '; (1 << 20) + 1]);
    let answer = relay
        .raw("POST", EVENTS, Some(PRODUCER), Some(large), &[])
        .await;
    problem(&answer, 413, "too-large");
    let text = ("text/plain", b"{\"events\":[]}".to_vec());
    let answer = relay
        .raw("POST", EVENTS, Some(PRODUCER), Some(text), &[])
        .await;
    problem(&answer, 415, "unsupported-media-type");
    let charset = (
        "application/json; charset=utf-8",
        b"{\"events\":[]}".to_vec(),
    );
    let answer = relay
        .raw("POST", EVENTS, Some(PRODUCER), Some(charset), &[])
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_problems_too() {
    let relay = Relay::start().await;
    // Not what an ended account answers: a phone that asks at a wrong address stays signed in.
    for path in ["/v2/changes", "/v1/devices/", "/v1/changes/", "/"] {
        let answer = relay.request("GET", path, None, None).await;
        problem(&answer, 404, "no-such-path");
    }
    problem(
        &relay.request("PATCH", "/v1/changes", None, None).await,
        405,
        "method-not-allowed",
    );
    let long = format!("/v1/accounts/{}/events", "x".repeat(256));
    let body = json!({ "events": [] });
    let answer = relay
        .request("POST", &long, Some(PRODUCER), Some(&body))
        .await;
    problem(&answer, 400, "malformed");
    assert_eq!(answer.body["field"], "account");
    let bytes = "/v1/accounts/%ff/events";
    problem(
        &relay
            .request("POST", bytes, Some(PRODUCER), Some(&body))
            .await,
        400,
        "malformed",
    );
}

#[tokio::test]
async fn a_query_that_cannot_be_understood_names_the_parameter() {
    let relay = Relay::start().await;
    let token = relay.mint("alice").await;
    let many = (0..257)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    for (query, field) in [
        ("since=-1", "since"),
        ("since=9007199254740992", "since"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("received=1,x", "received"),
        (&format!("received={many}"), "received"),
    ] {
        let path = format!("/v1/changes?{query}");
        let answer = relay.request("GET", &path, Some(&token), None).await;
        problem(&answer, 400, "malformed");
        assert_eq!(answer.body["field"], field, "{query}");
    }
    let path = "/v1/changes?epoch=&since=0&limit=&received=&unknown=1";
    assert_eq!(
        relay.request("GET", path, Some(&token), None).await.status,
        200
    );
}

#[tokio::test]
async fn a_registration_whose_letters_cannot_travel_to_apns_is_refused() {
    let relay = Relay::start().await;
    let token = relay.mint("alice").await;
    for (field, value) in [
        ("push_token", json!("../../v1")),
        ("push_token", json!("")),
        ("push_token", json!("a".repeat(513))),
        ("topic", json!("com.example\r\nx: y")),
        ("topic", json!("")),
        ("environment", json!("moon")),
    ] {
        let mut body = registration();
        body[field] = value;
        let answer = relay
            .request("PUT", "/v1/devices/p", Some(&token), Some(&body))
            .await;
        problem(&answer, 400, "malformed");
        assert_eq!(answer.body["field"], field);
    }
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let limits = RateLimits {
        producer: 1000,
        device: 2,
        stranger: 2,
    };
    let relay = Relay::with(Rules::default(), limits).await;
    let (one, other) = (relay.mint("alice").await, relay.mint("alice").await);
    for token in [&one, &other] {
        for _ in 0..2 {
            let answer = relay.request("GET", "/v1/changes", Some(token), None).await;
            assert_eq!(answer.status, 200);
        }
        let answer = relay.request("GET", "/v1/changes", Some(token), None).await;
        problem(&answer, 429, "too-many-requests");
        assert_eq!(answer.headers["retry-after"], "30");
    }
    relay.after(30_000).await;
    assert_eq!(
        relay
            .request("GET", "/v1/changes", Some(&one), None)
            .await
            .status,
        200
    );
    for status in [401, 401, 429] {
        let answer = relay
            .request("GET", "/v1/changes", Some("guess"), None)
            .await;
        assert_eq!(answer.status, status);
    }
}
