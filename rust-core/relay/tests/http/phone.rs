//! What phones ask and tell.

use serde_json::json;

use crate::{
    problem,
    support::{NOW, PRODUCER, Relay, item, registration},
};

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
