//! Notifications, and how long their texts are kept.

use serde_json::json;

use crate::{
    MINUTE,
    support::{Relay, item, registration},
};

#[tokio::test]
async fn an_alert_is_shown_with_its_badge_and_its_text_is_not_kept() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let alert = json!({ "title": "Bob", "body": "Canary-Text", "sound": "default" });
    let mut arrived = item("bob", 7);
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
    let mut arrived = item("bob", 1);
    arrived["alert"] = json!({ "body": "hello" });
    let read = json!({ "type": "read", "conversation": "bob", "up_to": 1 });
    relay.events("alice", json!([arrived, read])).await;
    let mut muted = item("noise", 1);
    muted["alert"] = json!({ "body": "hello" });
    let mute = json!({ "type": "level", "conversation": "noise", "level": "none" });
    relay.events("alice", json!([mute, muted])).await;
    assert!(relay.after(MINUTE).await.is_empty());
}

#[tokio::test]
async fn an_alert_that_is_too_long_is_shortened_and_sent() {
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut arrived = item("bob", 1);
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
    let mut arrived = item("bob", 1);
    arrived["alert"] = json!({ "body": "hello", "sound": "\u{1}".repeat(1024) });
    relay.events("alice", json!([arrived])).await;
    let push = relay.after(0).await.remove(0);
    assert!(push.body.len() <= 4096);
    assert_eq!(push.json()["aps"].get("sound"), None);
    assert_eq!(push.json()["aps"]["thread-id"], "bob");
}

#[tokio::test]
async fn the_text_of_a_notification_is_forgotten_after_a_day_also_where_nothing_is_pushed() {
    use std::sync::Arc;
    use truebadge_relay::{clock::Clock, store::sqlite::SqliteStore, tidy};
    let relay = Relay::start().await;
    let _phone = relay.phone("alice").await;
    let mut shown = item("bob", 1);
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
async fn the_text_of_a_notification_goes_with_the_push_token() {
    let relay = Relay::start().await;
    let phone = relay.phone("alice").await;
    let mut shown = item("bob", 1);
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
