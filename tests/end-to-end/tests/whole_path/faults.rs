//! Pushes are lost, doubled, damaged, or not for us.

use anyhow::Result;
use end_to_end::{Kind, Phone, Settings, World};
use serde_json::{Value, json};

crate::for_both_phones![
    a_lost_push_is_repaired_by_the_rows_of_the_next_one,
    a_clear_whose_push_was_lost_is_sent_again_painted,
    a_doubled_push_changes_nothing_twice,
    a_damaged_payload_leaves_the_badge,
    a_push_of_another_account_leaves_the_badge,
    a_dead_push_token_ends_pushes_and_not_the_badge,
];

async fn a_lost_push_is_repaired_by_the_rows_of_the_next_one(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.wake("push").await?;
    world.apns.push(None).await?;

    world.apns.fault(&json!({ "drop": 1 })).await?;
    world.desktop.read("alice", "team", 3).await?;
    let lost = world.apns.push(None).await?;
    assert_eq!(
        (&lost["status"], &lost["outcome"]),
        (&200.into(), &"dropped".into())
    );
    world.desktop.items("alice", "family", [1]).await?;
    let changed = phone.shows(1).await?;
    assert_eq!(changed["was"], 3);
    let wake = phone.wake("push").await?;
    assert_eq!(
        (&wake["disposition"], &wake["synced"]),
        (&"applied".into(), &true.into()),
        "it is acknowledged afterwards"
    );
    Ok(())
}

async fn a_clear_whose_push_was_lost_is_sent_again_painted(kind: Kind) -> Result<()> {
    let settings = Settings {
        lanes: "silent-first",
        escalate_after: "2s,60s",
        ..Settings::default()
    };
    let mut world = World::start(settings).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.wake("push").await?; // it was acknowledged
    world.apns.push(None).await?;

    world
        .apns
        .fault(&json!({ "drop": 1, "push_type": "background" }))
        .await?;
    world.desktop.read("alice", "team", 3).await?;
    let lost = world.apns.push(None).await?;
    assert_eq!(lost["outcome"], "dropped");
    let cleared = phone.shows(0).await?; // nothing else happened: the relay came back by itself
    assert_eq!(cleared["by"], "ios");
    let again = world.apns.push(None).await?;
    assert_eq!(
        (&again["push_type"], &again["badge"]),
        (&"alert".into(), &0.into())
    );
    Ok(())
}

async fn a_doubled_push_changes_nothing_twice(kind: Kind) -> Result<()> {
    let world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.apns.fault(&json!({ "duplicate": 1 })).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    // Two wakes at a time may end in either order.
    let wakes = [phone.wake("push").await?, phone.wake("push").await?];
    let mut dispositions = wakes.each_ref().map(|wake| wake["disposition"].as_str());
    dispositions.sort_unstable();
    assert_eq!(dispositions, [Some("applied"), Some("stale")]);
    assert_eq!(changes_of_the_badge(&phone), [0, 3]);
    Ok(())
}

async fn a_damaged_payload_leaves_the_badge(kind: Kind) -> Result<()> {
    let (world, mut phone) = three_unread(&kind).await?;
    let aps = json!({ "content-available": 1 });
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    for damaged in [
        json!({ "aps": aps }),
        json!({ "aps": aps, "tb": [] }),
        json!({ "aps": aps, "tb": { "r": 1, "e": {}, "v": -1, "n": "0" } }),
        json!({ "aps": aps, "tb": { "r": "x", "e": "y", "i": 1e300, "p": 0, "v": 0, "n": [0, 0, 0] } }),
        json!({ "aps": aps, "tb": deep }),
    ] {
        assert_eq!(
            world.apns.send_silent(&phone.push_token, &damaged).await?,
            200
        );
        let wake = phone.wake("push").await?;
        assert_eq!(
            (&wake["disposition"], &wake["badge"]),
            (&"malformed".into(), &3.into())
        );
    }
    assert_eq!(changes_of_the_badge(&phone), [0, 3]);
    // What the phone had is still there, and it goes on.
    world.desktop.read("alice", "team", 3).await?;
    phone.shows(0).await?;
    Ok(())
}

async fn a_push_of_another_account_leaves_the_badge(kind: Kind) -> Result<()> {
    let (world, mut phone) = three_unread(&kind).await?;
    let sent = world.apns.pushes().await?;
    let mut foreign = sent[0]["payload"].clone();
    foreign["tb"]["r"] = json!("somebody-else");
    foreign["tb"]["v"] = json!(1_000);
    foreign["tb"]["n"] = json!([0, 0, 0]);
    assert_eq!(
        world.apns.send_silent(&phone.push_token, &foreign).await?,
        200
    );
    let wake = phone.wake("push").await?;
    assert_eq!(
        (&wake["disposition"], &wake["synced"]),
        (&"not_for_us".into(), &false.into())
    );
    assert_eq!(changes_of_the_badge(&phone), [0, 3]);
    Ok(())
}

async fn a_dead_push_token_ends_pushes_and_not_the_badge(kind: Kind) -> Result<()> {
    let (mut world, mut phone) = three_unread(&kind).await?;
    world.apns.push(None).await?;
    world.apns.end_token(&phone.push_token).await?;
    world.desktop.read("alice", "team", 3).await?;
    let refused = world.apns.push(None).await?;
    assert_eq!(
        (&refused["status"], &refused["reason"]),
        (&410.into(), &"Unregistered".into())
    );
    phone.say("refresh").await?;
    phone.shows(0).await?;
    Ok(())
}

async fn three_unread(kind: &Kind) -> Result<(World, Phone)> {
    let world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.wake("push").await?;
    Ok((world, phone))
}

/// Every number that the icon showed.
fn changes_of_the_badge(phone: &Phone) -> Vec<u64> {
    let lines = phone.process.all();
    let badges = lines.iter().filter(|line| line["event"] == "badge");
    badges
        .filter_map(|line: &Value| line["badge"].as_u64())
        .collect()
}
