//! APNs keeps one push per app for a phone that is away. One is enough.

use anyhow::Result;
use end_to_end::{Kind, Settings, World};

crate::for_both_phones![
    a_phone_that_was_away_for_three_changes_is_right_after_the_last_push,
    a_phone_that_was_away_for_more_than_a_push_can_hold_asks_the_relay,
];

async fn a_phone_that_was_away_for_three_changes_is_right_after_the_last_push(
    kind: Kind,
) -> Result<()> {
    let mut world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    phone.say("away").await?;
    phone.event("away").await?;

    let desktop = world.desktop.clone();
    desktop.items("alice", "team", 1..=3).await?;
    assert_eq!(world.apns.push(None).await?["outcome"], "stored");
    desktop.items("alice", "family", 1..=2).await?;
    assert_eq!(world.apns.push(None).await?["outcome"], "stored");
    desktop.read("alice", "team", 2).await?;
    assert_eq!(world.apns.push(None).await?["outcome"], "stored");

    phone.say("back").await?;
    phone.shows(3).await?;
    let wake = phone.wake("push").await?;
    assert_eq!(
        (&wake["disposition"], &wake["synced"]),
        (&"applied".into(), &true.into())
    );
    // One wake for three changes: the next one is of the next change.
    desktop.read("alice", "team", 3).await?;
    phone.shows(2).await?;
    let lines = phone.process.all();
    let pushes = lines
        .iter()
        .filter(|line| line["event"] == "wake" && line["cause"] == "push");
    assert!(pushes.count() <= 2);
    Ok(())
}

async fn a_phone_that_was_away_for_more_than_a_push_can_hold_asks_the_relay(
    kind: Kind,
) -> Result<()> {
    let mut world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    phone.say("away").await?;
    phone.event("away").await?;
    let item = |room| {
        serde_json::json!({ "type": "item", "position": 1,
                            "conversation": format!("conversation-number-{room:04}") })
    };
    let items: Vec<_> = (0..300).map(item).collect();
    world.desktop.report("alice", &items).await?;
    assert_eq!(world.apns.push(None).await?["outcome"], "stored");
    phone.say("back").await?;
    phone.shows(300).await?;
    let wake = phone.wake("push").await?;
    assert_eq!(
        (&wake["disposition"], &wake["synced"]),
        (&"gap".into(), &true.into())
    );
    Ok(())
}
