//! What is read elsewhere does not stay in the notification centre.

use anyhow::Result;
use end_to_end::{Kind, Settings, World};
use serde_json::json;

crate::for_both_phones![
    notifications_of_a_conversation_read_elsewhere_are_removed,
    notifications_of_what_is_still_unread_stay,
];

async fn notifications_of_a_conversation_read_elsewhere_are_removed(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    let desktop = &world.desktop;
    desktop.alert("alice", "team", 1).await?;
    let team = phone.event("notification").await?;
    assert_eq!(team["conversation"], "team");
    desktop.alert("alice", "family", 1).await?;
    let family = phone.event("notification").await?;
    phone.shows(2).await?;

    desktop.read("alice", "team", 1).await?;
    let removed = phone.event("removed").await?;
    let identifiers = removed["identifiers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(identifiers, [team["identifier"].clone()]);
    assert!(!identifiers.contains(&family["identifier"]));
    assert_eq!(phone.badge(), Some(1));
    Ok(())
}

async fn notifications_of_what_is_still_unread_stay(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    let desktop = &world.desktop;
    let mut identifiers = Vec::new();
    for position in 1..=3 {
        desktop.alert("alice", "team", position).await?;
        let shown = phone.event("notification").await?;
        identifiers.push(shown["identifier"].clone());
    }
    desktop.read("alice", "team", 2).await?;
    let removed = phone.event("removed").await?;
    assert_eq!(removed["identifiers"], json!(identifiers[..2]));
    assert_eq!(phone.badge(), Some(1));
    Ok(())
}
