//! What the person does on a phone reaches the relay, and the other phones.

use anyhow::Result;
use end_to_end::{Kind, Settings, World};
use serde_json::Value;

crate::for_both_phones![
    a_read_on_the_phone_reaches_the_relay,
    a_read_on_one_phone_clears_the_badge_of_the_other,
    a_conversation_marked_unread_on_the_phone_counts_at_the_relay,
    single_messages_levels_and_a_whole_account_reach_the_relay,
    a_signed_out_account_is_gone_from_the_phone,
];

async fn a_read_on_the_phone_reaches_the_relay(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.say("read alice team 2 1").await?;
    assert_eq!(phone.event("operation").await?["recorded"], true);
    phone.comes_to_show(1).await?;
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

async fn single_messages_levels_and_a_whole_account_reach_the_relay(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=4).await?;
    world.desktop.items("alice", "news", 1..=2).await?;
    phone.shows(6).await?;
    phone.say("read-items alice team 3,1 2").await?;
    phone.shows(4).await?;
    phone.say("level alice news none").await?;
    phone.shows(2).await?;
    phone.say("list").await?;
    let listed = phone.event("conversations").await?;
    assert_eq!(listed["conversations"][0]["id"], "news");
    assert_eq!(listed["conversations"][0]["level"], "none");
    phone.say("read-all alice").await?;
    phone.say("rejected").await?;
    let rejected = phone.event("rejected").await?;
    assert_eq!(rejected["operations"], serde_json::json!([]));
    phone.say("refresh").await?;
    assert_eq!(phone.wake("foreground").await?["error"], Value::Null);
    assert_eq!(phone.badge(), Some(0));
    let state = world.desktop.state("alice").await?;
    assert_eq!(state["totals"]["unread"], 0);
    Ok(())
}

async fn a_signed_out_account_is_gone_from_the_phone(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.say("sign-out alice").await?;
    let recorded = phone.event("operation").await?;
    assert_eq!(
        (&recorded["kind"], &recorded["conversation"]),
        (&"sign-out".into(), &Value::Null)
    );
    phone.say("list").await?;
    let listed = phone.event("conversations").await?;
    assert_eq!(listed["conversations"], serde_json::json!([]));
    phone.say("refresh").await?;
    assert_eq!(phone.wake("foreground").await?["error"], Value::Null);
    assert_eq!(phone.badge(), Some(0));
    Ok(())
}
