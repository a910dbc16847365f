//! What APNs keeps for a phone that is away: one notification per app, the newest, for a while.

#![allow(clippy::unwrap_used)]

mod support;

use apns_sim::limits;
use serde_json::json;
use support::{NOW, OTHER_TOPIC, Phone, World};

/// A phone that has a token and is away.
async fn away(world: &World) -> String {
    let phone = world.phone("phone").await;
    let token = phone.token.clone();
    phone.leave().await;
    token
}

/// The badges that a phone gets when it attaches, ended by one that is sent afterwards.
async fn badges_on_return(world: &World) -> Vec<u64> {
    const LAST: u32 = 999;
    let mut phone = world.phone("phone").await;
    world.painted(&phone.token, LAST).send().await.accepted();
    let mut badges = Vec::new();
    loop {
        let badge = phone.push().await["badge"].as_u64().unwrap();
        if badge == u64::from(LAST) {
            phone.leave().await;
            return badges;
        }
        badges.push(badge);
    }
}

#[tokio::test]
async fn a_phone_that_was_away_for_three_pushes_gets_only_the_last() {
    let world = World::start().await;
    let token = away(&world).await;
    for badge in [3, 2, 1] {
        world.painted(&token, badge).send().await.accepted();
    }
    assert_eq!(badges_on_return(&world).await, [1]);
    assert_eq!(badges_on_return(&world).await, [0_u64; 0], "delivered once");
}

#[tokio::test]
async fn other_collapse_ids_do_not_make_more_room() {
    let world = World::start().await;
    let token = away(&world).await;
    for (badge, id) in [(3, "a"), (2, "b")] {
        let push = world.painted(&token, badge).header("apns-collapse-id", id);
        push.send().await.accepted();
    }
    assert_eq!(badges_on_return(&world).await, [2]);
}

#[tokio::test]
async fn each_app_has_its_own() {
    let world = World::start().await;
    let token = away(&world).await;
    let other = Phone::attach(&world.running.phones_url, OTHER_TOPIC, "phone").await;
    let other_token = other.token.clone();
    other.leave().await;
    world.painted(&token, 1).send().await.accepted();
    let push = world
        .painted(&other_token, 2)
        .header("apns-topic", OTHER_TOPIC);
    push.send().await.accepted();
    assert_eq!(badges_on_return(&world).await, [1]);
    let mut other = Phone::attach(&world.running.phones_url, OTHER_TOPIC, "phone").await;
    assert_eq!(other.push().await["badge"], 2);
}

#[tokio::test]
async fn expiration_0_is_delivered_now_or_never() {
    let world = World::start().await;
    let token = away(&world).await;
    world.painted(&token, 2).send().await.accepted();
    let now_or_never = world.painted(&token, 1).header("apns-expiration", "0");
    now_or_never.send().await.accepted();
    assert_eq!(
        badges_on_return(&world).await,
        [2],
        "the one kept before is still kept"
    );

    let mut phone = world.phone("phone").await;
    let now_or_never = world
        .painted(&phone.token, 7)
        .header("apns-expiration", "0");
    now_or_never.send().await.accepted();
    assert_eq!(phone.push().await["badge"], 7);
}

#[tokio::test]
async fn a_push_is_kept_until_its_expiration() {
    for (passed, expected) in [(60, vec![1]), (61, vec![])] {
        let world = World::start().await;
        let token = away(&world).await;
        let until = (NOW + 60).to_string();
        let push = world.painted(&token, 1).header("apns-expiration", &until);
        push.send().await.accepted();
        world.later(passed);
        assert_eq!(badges_on_return(&world).await, expected, "after {passed} s");
    }
}

#[tokio::test]
async fn an_expiration_in_the_past_is_not_kept() {
    let world = World::start().await;
    let token = away(&world).await;
    let push = world.painted(&token, 1).header("apns-expiration", "300");
    push.send().await.accepted(); // somebody meant "in five minutes"
    assert_eq!(badges_on_return(&world).await, [0_u64; 0]);
}

#[tokio::test]
async fn nothing_is_kept_for_more_than_thirty_days() {
    for header in [None, Some(u64::MAX.to_string())] {
        for (passed, expected) in [(0, vec![1]), (1, vec![])] {
            // A provider token is too old after 30 days; a phone attaches without one.
            let world = World::start().await;
            let token = away(&world).await;
            let mut push = world.painted(&token, 1);
            if let Some(second) = &header {
                push = push.header("apns-expiration", second);
            }
            push.send().await.accepted();
            world.later(limits::STORAGE_SECONDS + passed);
            let kept = world.get("/control/phones").await[0]["stored"].is_string();
            assert!(kept, "nothing is thrown away before the phone comes");
            let phone = world.phone("phone").await;
            let mut events = world.events;
            let stored = std::iter::from_fn(|| events.try_recv().ok())
                .filter(|event| {
                    matches!(
                        event,
                        apns_sim::Event::Attached {
                            stored: Some(_),
                            ..
                        }
                    )
                })
                .count();
            assert_eq!(
                stored,
                expected.len(),
                "{header:?} after 30 days and {passed} s"
            );
            drop(phone);
        }
    }
}

#[tokio::test]
async fn a_farewell_that_was_answered_means_that_the_phone_is_away() {
    let world = World::start().await;
    for round in 0..20 {
        let token = away(&world).await;
        world.painted(&token, round).send().await.accepted();
        let pushes = world.get("/control/pushes").await;
        assert_eq!(
            pushes.as_array().unwrap().last().unwrap()["outcome"],
            "stored"
        );
    }
}

#[tokio::test]
async fn a_phone_that_vanishes_is_away_as_soon_as_its_connection_is_gone() {
    let mut world = World::start().await;
    let phone = world.phone("phone").await;
    let token = phone.token.clone();
    drop(phone);
    world.someone_left().await;
    world.painted(&token, 5).send().await.accepted();
    assert_eq!(badges_on_return(&world).await, [5]);
}

#[tokio::test]
async fn a_phone_that_does_not_read_counts_as_away_and_gets_the_newest_when_it_comes_back() {
    let mut world = World::start().await;
    let stuck = world.phone_with_little_room("phone").await;
    let mut badge = 0;
    while !world.kept_something().await {
        assert!(
            badge < 20_000,
            "a phone that does not read is not fed for ever"
        );
        for _ in 0..100 {
            badge += 1;
            let payload = json!({ "aps": { "badge": badge }, "x": "x".repeat(4_000) });
            let push = world.push(&stuck.token, "alert", "10", &payload);
            push.send().await.accepted();
        }
    }
    assert!(
        badge > 200,
        "a burst is not taken for a phone that does not read"
    );
    drop(stuck);
    world.someone_left().await;
    assert_eq!(badges_on_return(&world).await, [badge]);
}
