//! What the person does on a phone reaches the relay, and the other phones.

use anyhow::Result;
use end_to_end::{Kind, Settings, World};

crate::for_both_phones![
    a_read_on_the_phone_reaches_the_relay,
    a_read_on_one_phone_clears_the_badge_of_the_other,
    a_conversation_marked_unread_on_the_phone_counts_at_the_relay,
];

async fn a_read_on_the_phone_reaches_the_relay(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.say("read alice team 2 1").await?;
    phone.shows(1).await?; // before the relay knows
    assert_eq!(phone.event("operation").await?["recorded"], true);
    let wake = phone.wake("operation").await?;
    assert_eq!(
        (&wake["synced"], &wake["error"]),
        (&true.into(), &().into())
    );
    let state = world.desktop.state("alice").await?;
    assert_eq!(state["totals"]["unread"], 1);
    assert_eq!(state["changes"][0]["read_up_to"], 2);
    assert_eq!(phone.badge(), Some(1));
    Ok(())
}

async fn a_read_on_one_phone_clears_the_badge_of_the_other(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut first = world.phone(&kind, "first", &["alice"]).await?;
    let mut second = world.phone(&kind, "second", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    first.shows(3).await?;
    second.shows(3).await?;
    first.say("read alice team 3").await?;
    first.shows(0).await?;
    second.shows(0).await?;
    Ok(())
}

async fn a_conversation_marked_unread_on_the_phone_counts_at_the_relay(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    phone.say("unread alice team").await?;
    phone.shows(1).await?;
    phone.wake("operation").await?;
    let state = world.desktop.state("alice").await?;
    assert_eq!(state["totals"]["unread"], 1);
    assert_eq!(state["changes"][0]["marked_unread"], true);
    world.desktop.read("alice", "team", 1).await?;
    Ok(())
}
