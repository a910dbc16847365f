//! What APNs answers when it does not take a push, and a relay that ends in between.

use serde_json::json;

use crate::{
    MINUTE,
    support::{Pushed, Relay, item, registration},
};

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
        let answer = phone.sync("").await;
        assert_eq!(answer["last_push"], 0, "{reason}");
        if answer["confirm"] == true {
            // Otherwise it is pushed once more.
            phone.sync("").await;
        }
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
    let mut shown = item("eve", 1);
    shown["alert"] = json!({ "body": "hello" });
    for account in ["alice", "bob"] {
        relay.events(account, json!([shown])).await;
        relay.items(account, "eve", &[2]).await;
    }
    let pushes = relay.after(300).await;
    assert!(!pushes.is_empty() && pushes.iter().all(|push| push.token == "bb"));
    let sql = "UPDATE devices SET policy = 'messages' WHERE device = 'alice'";
    database.execute(sql, []).unwrap();
    let of_alice = |pushes: Vec<Pushed>| -> Vec<Pushed> {
        pushes
            .into_iter()
            .filter(|push| push.token == "aa")
            .collect()
    };
    assert!(of_alice(relay.after(9 * MINUTE).await).is_empty());
    let pushes = of_alice(relay.after(MINUTE).await);
    assert_eq!((pushes.len(), pushes[0].lane()), (1, "painted"));
    assert_eq!(
        pushes[0].payload().totals.unread,
        2,
        "only its text is lost"
    );
}

#[tokio::test]
async fn nothing_new_is_sent_while_apns_has_asked_for_a_pause() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    relay.apns.answer(429, "TooManyRequests", Some(120));
    relay.items("alice", "bob", &[1]).await;
    assert_eq!(relay.after(300).await.len(), 1);
    relay.items("alice", "bob", &[2]).await;
    let mut shown = item("bob", 3);
    shown["alert"] = json!({ "body": "hello" });
    relay.events("alice", json!([shown])).await;
    assert!(relay.after(119_999).await.is_empty());
    assert!(!relay.after(1).await.is_empty());
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
async fn while_apns_takes_nothing_a_hundred_notifications_wait_at_most() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    for _ in 0..500 {
        relay.apns.answer(503, "ServiceUnavailable", Some(3600));
    }
    for position in 1..=105 {
        let mut arrived = item("bob", position);
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
