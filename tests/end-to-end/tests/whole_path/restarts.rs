//! Processes end and come back; the badge stays right.

use anyhow::Result;
use end_to_end::{Kind, Settings, World};

crate::for_both_phones![
    a_restart_of_the_relay_is_not_noticed_on_the_phone,
    what_is_read_while_the_relay_is_down_reaches_it_later,
    a_phone_that_is_killed_keeps_what_was_read_on_it,
    every_program_ends_in_good_order_when_asked_to,
];

async fn a_restart_of_the_relay_is_not_noticed_on_the_phone(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    world.stop_relay().await?;
    world.start_relay().await?;
    world.desktop.read("alice", "team", 3).await?;
    phone.shows(0).await?;
    assert_eq!(phone.wake("push").await?["disposition"], "applied");
    Ok(())
}

async fn what_is_read_while_the_relay_is_down_reaches_it_later(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    world.stop_relay().await?;
    phone.say("read alice team 3").await?;
    phone.shows(0).await?; // the person's own reading never waits for a network
    let wake = phone.wake("operation").await?;
    assert_eq!(wake["synced"], false);
    assert!(wake["error"].is_string(), "{wake}");
    world.start_relay().await?;
    phone.say("refresh").await?;
    assert_eq!(phone.wake("foreground").await?["synced"], true);
    let state = world.desktop.state("alice").await?;
    assert_eq!(state["totals"]["unread"], 0);
    assert_eq!(phone.badge(), Some(0));
    Ok(())
}

async fn a_phone_that_is_killed_keeps_what_was_read_on_it(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    world.stop_relay().await?;
    phone.say("read alice team 2 1").await?;
    phone.event("operation").await?; // recorded: from here on nothing may lose it
    phone.process.kill().await?;
    world.start_relay().await?;
    phone.restart().await?;
    assert_eq!(phone.badge(), Some(1));
    let state = world.desktop.state("alice").await?;
    assert_eq!(state["changes"][0]["read_up_to"], 2);
    Ok(())
}

async fn every_program_ends_in_good_order_when_asked_to(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    let mut other = world.phone(&kind, "other", &["alice"]).await?;
    assert!(phone.process.stop().await?.success());
    phone.event("stopped").await?;
    other.say("quit").await?;
    other.event("stopped").await?;
    world.stop().await
}
