//! What is read elsewhere does not stay in the notification centre.

use anyhow::Result;
use end_to_end::{Kind, Settings, World};

crate::for_both_phones![notifications_of_a_conversation_read_elsewhere_are_removed];

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
