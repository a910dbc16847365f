//! The badge follows what happens elsewhere.

use anyhow::Result;
use end_to_end::{Kind, Phone, Settings, World};

crate::for_both_phones![
    new_items_raise_the_badge,
    a_read_on_the_desktop_clears_the_badge_through_a_silent_push,
    a_read_on_the_desktop_clears_the_badge_through_a_painted_push,
    two_accounts_on_one_phone_are_summed,
    a_phone_that_starts_shows_what_is_unread,
    the_badge_counts_what_the_person_chose,
];

async fn new_items_raise_the_badge(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    world.desktop.items("alice", "family", [1]).await?;
    phone.shows(4).await?;
    let push = world.apns.push(None).await?;
    assert_eq!(push["status"], 200);
    assert_eq!(push["outcome"], "delivered");
    Ok(())
}

async fn a_read_on_the_desktop_clears_the_badge_through_a_silent_push(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::silent()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(3).await?;
    phone.wake("push").await?; // its acknowledgement is not the answer that tells the next change
    world.desktop.read("alice", "team", 3).await?;
    let cleared = phone.shows(0).await?;
    assert_eq!(
        (&cleared["was"], &cleared["by"]),
        (&3.into(), &"core".into())
    );
    let wake = phone.wake("push").await?;
    assert_eq!(wake["disposition"], "applied");
    for _ in 0..2 {
        // apns-sim's provider side speaks HTTP/2 and nothing else.
        let push = world.apns.push(Some("background")).await?;
        assert_eq!(
            (&push["status"], &push["priority"]),
            (&200.into(), &5.into())
        );
    }
    Ok(())
}

async fn a_read_on_the_desktop_clears_the_badge_through_a_painted_push(kind: Kind) -> Result<()> {
    let mut world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    for badge in [3, 0] {
        if badge == 0 {
            world.desktop.read("alice", "team", 3).await?;
        }
        let shown = phone.shows(badge).await?;
        assert_eq!(shown["by"], "ios", "the relay paints what changes");
        let push = world.apns.push(Some("alert")).await?;
        assert_eq!(
            (&push["badge"], &push["priority"]),
            (&badge.into(), &10.into())
        );
        // The same push repairs the mirror too.
        assert_eq!(phone.wake("push").await?["badge"], badge);
    }
    Ok(())
}

async fn two_accounts_on_one_phone_are_summed(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut phone = world.phone(&kind, "phone", &["work", "home"]).await?;
    world.desktop.items("work", "team", 1..=2).await?;
    phone.shows(2).await?;
    world.desktop.items("home", "family", 1..=3).await?;
    phone.shows(5).await?;
    world.desktop.read("work", "team", 2).await?;
    phone.shows(3).await?;
    world.desktop.read("home", "family", 3).await?;
    phone.shows(0).await?;
    Ok(())
}

async fn a_phone_that_starts_shows_what_is_unread(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    world.desktop.items("alice", "team", 1..=2).await?;
    let mut phone = world.phone(&kind, "phone", &["alice"]).await?;
    assert_eq!(phone.badge(), Some(2));
    phone.say("list").await?;
    let listed = phone.event("conversations").await?;
    let team = &listed["conversations"][0];
    assert_eq!((&team["id"], &team["unread"]), (&"team".into(), &2.into()));
    Ok(())
}

async fn the_badge_counts_what_the_person_chose(kind: Kind) -> Result<()> {
    let world = World::start(Settings::default()).await?;
    let mut setup = world.setup(&kind, "phone", &["alice"]).await?;
    "conversations".clone_into(&mut setup.policy);
    let mut phone = Phone::start(setup).await?;
    world.desktop.items("alice", "team", 1..=3).await?;
    phone.shows(1).await?;
    phone.wake("push").await?; // its acknowledgement is not the answer that tells the next change
    world.desktop.items("alice", "family", 1..=2).await?;
    phone.shows(2).await?;
    phone.wake("push").await?;
    world.desktop.read("alice", "team", 3).await?;
    let painted = phone.shows(1).await?; // the relay paints the same count
    assert_eq!(
        (&painted["by"], &painted["was"]),
        (&"ios".into(), &2.into())
    );
    Ok(())
}
