//! Every endpoint, and everything that may be wrong with a request.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Answer, NOW, PRODUCER, Relay, item, registration};
use truebadge_relay::{http::RateLimits, planner::Rules};

const EVENTS: &str = "/v1/accounts/alice/events";

#[track_caller]
fn problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let kind = format!("urn:truebadge:problem:{name}");
    assert_eq!(answer.body["type"], kind);
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["detail"].as_str().unwrap().ends_with('.'));
}

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
async fn changes_come_in_pages_each_conversation_once_in_its_newest_state() {
    let relay = Relay::start().await;
    for name in ["a", "b", "c", "a"] {
        relay.items("alice", name, &[relay.now() - NOW + 1]).await;
        relay.after(1).await;
    }
    relay.read("alice", "b", 100).await;
    let token = relay.mint("alice").await;
    let get = async |query: &str| {
        let path = format!("/v1/changes?{query}");
        relay.request("GET", &path, Some(&token), None).await.body
    };
    let first = get("since=0&limit=1").await;
    assert_eq!(
        (&first["reset"], &first["more"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(first["changes"][0]["id"], "c");
    assert_eq!(first["next"], first["changes"][0]["version"]);
    assert_eq!(
        (&first["head"], &first["totals"]["unread"]),
        (&json!(5), &json!(3))
    );
    relay.read("alice", "c", 100).await;
    let epoch = first["epoch"].as_str().unwrap();
    let rest = get(&format!("epoch={epoch}&since={}", first["next"])).await;
    assert_eq!(
        (&rest["reset"], &rest["more"]),
        (&json!(false), &json!(false))
    );
    let ids: Vec<&str> = rest["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["a", "b", "c"],
        "what changed while the pages were read is in the last"
    );
    assert_eq!((&rest["next"], &rest["head"]), (&json!(6), &json!(6)));
    let nothing = get(&format!("epoch={epoch}&since=6")).await;
    assert_eq!(
        (&nothing["reset"], &nothing["changes"]),
        (&json!(false), &json!([]))
    );
}

#[tokio::test]
async fn a_foreign_epoch_or_an_unknown_cursor_starts_a_reset() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    let phone = relay.phone("alice").await;
    let epoch = &phone.epoch;
    for query in [
        "epoch=another&since=1",
        "since=1",
        &format!("epoch={epoch}&since=99"),
    ] {
        let path = format!("/v1/changes?{query}");
        let answer = relay.request("GET", &path, Some(&phone.token), None).await;
        assert_eq!(answer.body["reset"], true, "{query}");
        assert_eq!(answer.body["changes"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn operations_are_applied_once_and_in_order() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2]).await;
    let mut phone = relay.phone("alice").await;
    let read = |number: u64, position: u64| {
        json!({ "number": number, "id": format!("o{number}"), "seen": 2, "kind": "read_up_to",
                "conversation": "bob", "position": position })
    };
    let hole = phone.operate(json!([read(2, 1)])).await;
    problem(&hole, 409, "conflict");
    let answer = phone.operate(json!([read(1, 1), read(2, 2)])).await.body;
    let applied = json!([{ "number": 1, "version": 3 }, { "number": 2, "version": 4 }]);
    assert_eq!(answer["applied"], applied);
    assert_eq!(
        (&answer["acknowledged"], &answer["head"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(answer["changes"][0]["unread"], 0);
    let again = phone.operate(json!([read(2, 2), read(3, 2)])).await.body;
    assert_eq!(again["applied"], json!([{ "number": 3, "version": 4 }]));
    assert_eq!(again["acknowledged"], 3);
    let early = phone.operate(json!([read(0, 1)])).await;
    problem(&early, 400, "malformed");
    assert_eq!(early.body["field"], "operations[0].number");
}

#[tokio::test]
async fn a_phone_that_marks_unread_and_then_reads_before_it_is_online_leaves_no_mark() {
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1]).await;
    relay.items("alice", "carol", &[1]).await;
    let mut phone = relay.phone("alice").await;
    let seen = phone.cursor;
    let mark = |number, conversation: &str, marked| {
        json!({ "number": number, "id": format!("op-{number}"), "seen": seen,
                "kind": "marked_unread", "conversation": conversation, "marked": marked })
    };
    let read = json!({ "number": 3, "id": "op-3", "seen": seen, "kind": "read_up_to",
                       "conversation": "bob", "position": 1 });
    let operations = json!([
        mark(1, "bob", true),
        mark(2, "carol", true),
        read,
        mark(4, "carol", false)
    ]);
    let answer = phone.operate(operations).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let changes = answer.body["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert!(changes.iter().all(|row| row["marked_unread"] == false));
    assert_eq!(answer.body["totals"]["unread"], 1, "carol's item");
}

#[tokio::test]
async fn an_operation_on_a_removed_conversation_is_rejected_and_counts_as_done() {
    let relay = Relay::start().await;
    let removed = json!({ "type": "removed", "conversation": "bob" });
    relay
        .events("alice", json!([item("bob", 1), removed]))
        .await;
    let mut phone = relay.phone("alice").await;
    let mark = json!([{ "number": 1, "id": "a", "seen": 1, "kind": "marked_unread",
                        "conversation": "bob", "marked": true }]);
    let answer = phone.operate(mark).await.body;
    assert_eq!(
        answer["applied"][0]["rejected"],
        "the conversation was removed"
    );
    assert_eq!(answer["acknowledged"], 1);
}

#[tokio::test]
async fn a_phone_that_lost_the_answer_is_told_again_what_was_refused() {
    let relay = Relay::start().await;
    let removed = json!({ "type": "removed", "conversation": "bob" });
    relay
        .events("alice", json!([item("bob", 1), item("eve", 1), removed]))
        .await;
    let mut phone = relay.phone("alice").await;
    let operations = json!([
        { "number": 1, "id": "a", "seen": 3, "kind": "marked_unread",
          "conversation": "bob", "marked": true },
        { "number": 2, "id": "b", "seen": 3, "kind": "read_up_to",
          "conversation": "eve", "position": 1 },
    ]);
    let first = phone.operate(operations.clone()).await.body;
    let again = phone.operate(operations).await.body;
    assert_eq!(again["applied"], json!([first["applied"][0]]));
    assert_eq!(
        again["applied"][0]["rejected"],
        "the conversation was removed"
    );
    assert_eq!(
        (&again["acknowledged"], &again["head"]),
        (&json!(2), &json!(4))
    );
}

#[tokio::test]
async fn what_a_phone_read_before_the_backend_reported_it_does_not_count() {
    let relay = Relay::start().await;
    let mut phone = relay.phone("alice").await;
    let operations = json!([
        { "number": 1, "id": "a", "seen": 0, "kind": "read_up_to",
          "conversation": "bob", "position": 2 },
        { "number": 2, "id": "b", "seen": 0, "kind": "read_items",
          "conversation": "eve", "positions": [1, 3] },
        { "number": 3, "id": "c", "seen": 0, "kind": "set_level",
          "conversation": "noise", "level": "none" },
    ]);
    let answer = phone.operate(operations).await.body;
    let outcomes = answer["applied"].as_array().unwrap();
    assert!(outcomes.iter().all(|outcome| outcome["rejected"].is_null()));
    relay.items("alice", "bob", &[1, 2, 3]).await;
    relay.items("alice", "eve", &[1, 2, 3]).await;
    relay.items("alice", "noise", &[1]).await;
    let totals = &phone.sync("").await["totals"];
    assert_eq!(
        totals,
        &json!({ "unread": 2, "mentions": 0, "conversations": 2 })
    );
}

#[tokio::test]
async fn a_device_token_belongs_to_the_first_phone_that_registers_with_it() {
    let relay = Relay::start().await;
    let token = relay.mint("alice").await;
    let early = json!({ "operations": [] });
    let answer = relay
        .request("POST", "/v1/operations", Some(&token), Some(&early))
        .await;
    problem(&answer, 409, "conflict");
    let first = relay.register(&token, "phone-1", &registration()).await;
    let again = relay.register(&token, "phone-1", &registration()).await;
    assert_eq!(first["route"], again["route"], "registering is idempotent");
    for method in ["PUT", "DELETE"] {
        let body = registration();
        let other = relay
            .request(method, "/v1/devices/phone-2", Some(&token), Some(&body))
            .await;
        problem(&other, 404, "not-found");
    }
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_and_its_phone_is_not_pushed_to() {
    let relay = Relay::start().await;
    let path = "/v1/accounts/alice/device_tokens";
    let minted = relay.request("POST", path, Some(PRODUCER), None).await.body;
    let token = minted["token"].as_str().unwrap();
    relay.register(token, "phone-1", &registration()).await;
    let id = minted["id"].as_str().unwrap();
    let foreign = format!("/v1/accounts/bob/device_tokens/{id}");
    problem(
        &relay
            .request("DELETE", &foreign, Some(PRODUCER), None)
            .await,
        404,
        "not-found",
    );
    let own = format!("{path}/{id}");
    assert_eq!(
        relay
            .request("DELETE", &own, Some(PRODUCER), None)
            .await
            .status,
        204
    );
    problem(
        &relay.request("DELETE", &own, Some(PRODUCER), None).await,
        404,
        "not-found",
    );
    let answer = relay.request("GET", "/v1/changes", Some(token), None).await;
    problem(&answer, 401, "unauthorized");
    relay.items("alice", "bob", &[1]).await;
    assert!(relay.after(1000).await.is_empty());
}

#[tokio::test]
async fn a_phone_whose_token_is_replaced_goes_on_where_it_was() {
    let relay = Relay::start().await;
    let path = "/v1/accounts/alice/device_tokens";
    let minted = relay.request("POST", path, Some(PRODUCER), None).await.body;
    let old = minted["token"].as_str().unwrap();
    let before = relay.register(old, "phone-1", &registration()).await;
    let read = |number: u64| {
        json!({ "operations": [{ "number": number, "id": "o", "seen": 0, "kind": "read_up_to",
                                 "conversation": "bob", "position": number }] })
    };
    relay
        .request("POST", "/v1/operations", Some(old), Some(&read(1)))
        .await;
    let id = minted["id"].as_str().unwrap();
    relay
        .request("DELETE", &format!("{path}/{id}"), Some(PRODUCER), None)
        .await;
    let new = relay.mint("alice").await;
    let after = relay.register(&new, "phone-1", &registration()).await;
    assert_eq!(before["route"], after["route"]);
    let answer = relay
        .request("POST", "/v1/operations", Some(&new), Some(&read(2)))
        .await;
    assert_eq!(
        (answer.status, &answer.body["acknowledged"]),
        (200, &json!(2))
    );
    relay.items("alice", "bob", &[9]).await;
    assert_eq!(relay.after(300).await.len(), 1, "and is pushed to again");
}

#[tokio::test]
async fn after_a_restored_backup_phones_start_anew_and_lose_no_operation() {
    use truebadge_relay::store::Store;
    let relay = Relay::start().await;
    relay.items("alice", "bob", &[1, 2, 3]).await;
    let mut phone = relay.phone("alice").await;
    let epoch = phone.epoch.clone();
    assert_eq!(relay.store.restart_histories().unwrap(), 1);
    let changes = phone.sync("").await;
    assert_ne!(changes["epoch"], epoch);
    assert_eq!(
        (&changes["reset"], &changes["totals"]["unread"]),
        (&json!(true), &json!(3))
    );
    let later = json!([{ "number": 41, "id": "o", "seen": 3, "kind": "read_up_to",
                         "conversation": "bob", "position": 2 }]);
    let answer = phone.operate(later).await.body;
    assert_eq!(
        (&answer["acknowledged"], &answer["totals"]["unread"]),
        (&json!(41), &json!(1))
    );
}

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
