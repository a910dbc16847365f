//! The badge and Notification Centre (docs/PLATFORM.md, rules 6, 9, 10, 11 and 19).

mod common;

use common::{World, rules};
use simphone::*;

const APP: Process = Process::App;

/// A phone that shows three notifications and the number 3, without the extension's doing.
fn with_three(change: impl FnOnce(&mut Rules)) -> World {
    let mut world = World::new(rules(change));
    for number in 1..=3 {
        world.alert(number, &number.to_string());
    }
    assert_eq!((world.phone.badge(), world.phone.delivered().len()), (3, 3));
    world
}

fn ids(world: &World) -> Vec<NotificationId> {
    world.phone.delivered().iter().map(|one| one.id).collect()
}

#[test]
fn a_painted_push_sets_the_number_without_our_code() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::MemoryPressure);
    let push = world.push(PushType::Alert, r#"{"aps":{"badge":7}}"#);
    world.send(push);
    world.pass(Millis::seconds(1));
    assert_eq!(world.phone.badge(), 7);
    assert!(world.saw(&Effect::BadgePainted {
        number: 7,
        by: Painter::Push
    }));
    assert!(!world.phone.alive(APP));
}

#[test]
fn after_a_force_quit_a_painted_push_sets_the_number_where_the_rules_say_so() {
    let badge = |paints| {
        let mut world = World::new(rules(|rules| {
            rules.screen.painted_after_force_quit = paints;
        }));
        world.happen(Happening::ForceQuit);
        assert_eq!(world.phone.can_be_painted(), paints);
        world.painted(7);
        world.phone.badge()
    };
    assert_eq!((badge(true), badge(false)), (7, 0));
}

#[test]
fn after_a_force_quit_an_alert_is_shown_with_its_number_in_any_case() {
    let mut world = World::new(rules(|rules| rules.screen.painted_after_force_quit = false));
    world.happen(Happening::ForceQuit);
    world.alert(2, "one");
    assert_eq!((world.phone.badge(), world.phone.delivered().len()), (2, 1));
}

#[test]
fn in_front_of_the_person_a_push_sets_the_number_where_the_app_says_so() {
    let badge = |paints| {
        let mut world = World::new(rules(|rules| rules.screen.painted_in_front = paints));
        world.happen(Happening::Open);
        world.painted(7);
        world.alert(8, "one");
        world.phone.badge()
    };
    assert_eq!((badge(true), badge(false)), (8, 0));
}

#[test]
fn a_background_push_sets_no_number() {
    let mut world = World::new(rules(|_| {}));
    let push = world.push(
        PushType::Background,
        r#"{"aps":{"badge":7,"content-available":1}}"#,
    );
    world.send(push);
    world.pass(Millis::seconds(1));
    assert_eq!(world.phone.badge(), 0);
}

#[test]
fn our_code_sets_the_number_after_the_time_that_ios_takes() {
    let takes = Delay::exactly(Millis(100));
    let mut world = World::new(rules(|rules| rules.screen.badge_takes = takes));
    world.happen(Happening::Open);
    let at = world.phone.set_badge(world.now, APP, 4).unwrap();
    assert_eq!(at, world.now + Millis(100));
    world.pass(Millis(99));
    assert_eq!(world.phone.badge(), 0);
    world.pass(Millis(1));
    assert_eq!(world.phone.badge(), 4);
    assert!(world.saw(&Effect::BadgePainted {
        number: 4,
        by: Painter::Code(APP)
    }));
}

#[test]
fn numbers_that_our_code_sets_keep_their_order() {
    let takes = Delay::between(Millis(1), Millis::seconds(5));
    let mut world = World::new(rules(|rules| rules.screen.badge_takes = takes));
    world.happen(Happening::Open);
    for number in 1..=50 {
        world.phone.set_badge(world.now, APP, number).unwrap();
    }
    world.pass(Millis::seconds(5));
    assert_eq!(world.phone.badge(), 50);
}

#[test]
fn without_the_permission_nothing_sets_a_number() {
    let mut world = World::new(rules(|_| {}));
    world.painted(3);
    world.happen(Happening::BadgesAllowed(false));
    assert_eq!(world.phone.badge(), 0);
    assert!(!world.phone.can_be_painted());
    world.painted(4);
    assert_eq!(
        world.phone.set_badge(world.now, APP, 5),
        Err(BadgesForbidden)
    );
    assert_eq!(world.phone.badge(), 0);
}

#[test]
fn the_number_from_before_comes_back_with_the_permission_where_the_rules_say_so() {
    let badge = |kept| {
        let mut world = World::new(rules(|rules| rules.screen.badge_kept_while_off = kept));
        world.painted(3);
        world.happen(Happening::BadgesAllowed(false));
        world.happen(Happening::BadgesAllowed(true));
        world.phone.badge()
    };
    assert_eq!((badge(true), badge(false)), (3, 0));
}

#[test]
fn a_push_that_sets_zero_drops_all_notifications_where_the_rules_say_so() {
    for drops in [true, false] {
        let mut world = with_three(|rules| rules.screen.painted_zero_removes_delivered = drops);
        let all = ids(&world);
        world.painted(0);
        assert_eq!(world.phone.delivered().is_empty(), drops);
        assert_eq!(world.saw(&Effect::NotificationsDropped(all)), drops);
    }
}

#[test]
fn setting_zero_drops_all_notifications_where_the_rules_say_so() {
    for drops in [true, false] {
        let mut world = with_three(|rules| rules.screen.zero_removes_delivered = drops);
        world.phone.set_badge(world.now, APP, 0).unwrap();
        assert_eq!(world.phone.delivered().is_empty(), drops);
    }
}

#[test]
fn what_was_dropped_can_be_delivered_again_under_its_name_and_without_a_number() {
    let mut world = with_three(|rules| rules.screen.zero_removes_delivered = true);
    let kept = world.phone.delivered()[1..].to_vec();
    world.phone.set_badge(world.now, APP, 0).unwrap();
    world.phone.deliver_again(world.now, APP, kept.clone());
    assert_eq!(ids(&world), [kept[0].id, kept[1].id]);
    assert_eq!(world.phone.badge(), 0);
    world.phone.deliver_again(world.now, APP, kept);
    assert_eq!(
        world.phone.delivered().len(),
        2,
        "what is shown stays as it is"
    );
}

#[test]
fn removing_notifications_takes_its_time() {
    let takes = Delay::exactly(Millis::seconds(1));
    let mut world = with_three(|rules| rules.screen.removal_takes = takes);
    let first = ids(&world)[0];
    let gone_at = world.phone.remove_delivered(world.now, APP, &[first]);
    world.pass(Millis(999));
    assert_eq!(world.phone.delivered().len(), 3);
    world.pass(Millis(1));
    assert_eq!(gone_at, world.now);
    assert_eq!(world.phone.delivered().len(), 2);
    assert!(world.saw(&Effect::NotificationsRemoved(vec![first])));
}

#[test]
fn what_a_process_asked_for_is_lost_with_it_where_the_rules_say_so() {
    for lost in [true, false] {
        let mut world = with_three(|rules| {
            rules.screen.removal_takes = Delay::exactly(Millis::seconds(1));
            rules.screen.badge_takes = Delay::exactly(Millis::seconds(1));
            rules.screen.removal_lost_at_end = lost;
            rules.screen.badge_lost_at_end = lost;
        });
        let all = ids(&world);
        world.happen(Happening::Open);
        world.phone.remove_delivered(world.now, APP, &all);
        world.phone.set_badge(world.now, APP, 9).unwrap();
        world.happen(Happening::Crash(APP));
        world.pass(Millis::seconds(2));
        assert_eq!(world.phone.delivered().len(), if lost { 3 } else { 0 });
        assert_eq!(world.phone.badge(), if lost { 3 } else { 9 });
    }
}

#[test]
fn a_notification_takes_the_place_of_one_with_the_same_collapse_id() {
    let mut world = World::new(rules(|_| {}));
    world.alert(1, "same");
    let first = ids(&world);
    world.alert(2, "other");
    world.alert(3, "same");
    let now = ids(&world);
    assert_eq!(now.len(), 2);
    assert_eq!(now[1], first[0], "and its name; it is the newest now");
}

#[test]
fn the_oldest_notifications_go_when_there_are_too_many() {
    let mut world = World::new(rules(|rules| rules.screen.delivered_kept = 2));
    for number in 1..=3 {
        world.alert(number, &number.to_string());
    }
    assert_eq!(world.phone.delivered().len(), 2);
    assert!(world.saw(&Effect::NotificationsRemoved(vec![NotificationId(1)])));
}

#[test]
fn the_person_swipes_notifications_away() {
    let mut world = with_three(|_| {});
    let first = ids(&world)[0];
    world.happen(Happening::Dismiss(first));
    assert_eq!(world.phone.delivered().len(), 2);
    world.happen(Happening::ClearNotifications);
    assert!(world.phone.delivered().is_empty());
    assert_eq!(world.phone.badge(), 3, "which changes no number");
}

#[test]
fn without_the_permission_alerts_are_not_shown_but_set_the_number() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::AlertsAllowed(false));
    world.alert(2, "one");
    assert!(world.phone.delivered().is_empty());
    assert!(world.wakes(Process::Extension).is_empty());
    assert_eq!(world.phone.badge(), 2);
}

#[test]
fn the_badge_survives_a_reinstall_where_the_rules_say_so_and_the_notifications_do_not() {
    for survives in [true, false] {
        let mut world = with_three(|rules| rules.screen.badge_survives_reinstall = survives);
        world.happen(Happening::Reinstall);
        assert_eq!(world.phone.badge(), if survives { 3 } else { 0 });
        assert!(world.phone.delivered().is_empty());
    }
}

#[test]
fn a_phone_whose_app_has_no_token_cannot_be_reached_by_a_push() {
    let world = World::fresh(rules(|_| {}), 1);
    assert!(!world.phone.can_be_painted() && !world.phone.can_be_woken(world.now));
    assert!(!world.phone.can_be_reached(world.now));
}

#[test]
fn our_code_cannot_set_a_number_from_a_locked_store() {
    let mut world = World::new(rules(|rules| {
        rules.life.starts_before_unlock = true;
        rules.screen.painted_after_force_quit = false;
        rules.life.restart_ends_force_quit = true;
    }));
    world.happen(Happening::Restart);
    world.pass(Millis::minutes(1));
    assert!(world.phone.can_be_reached(world.now), "it can be painted");
    world.works_for = None;
    world.silent("one");
    world.happen(Happening::Network(Path::NoApns));
    assert!(world.phone.running(APP) && world.phone.has_https());
    assert!(!world.phone.can_be_reached(world.now));
    world.happen(Happening::Unlock);
    assert!(world.phone.can_be_reached(world.now));
}

#[test]
fn a_phone_can_be_reached_when_a_painted_push_or_our_code_could_set_its_number() {
    let mut world = World::new(rules(|rules| rules.screen.painted_after_force_quit = false));
    assert!(world.phone.can_be_reached(world.now));
    world.happen(Happening::ForceQuit);
    assert!(!world.phone.can_be_reached(world.now), "neither one works");
    world.happen(Happening::Open);
    world.happen(Happening::Network(Path::NoApns));
    assert!(
        world.phone.can_be_reached(world.now),
        "our code runs and has a network"
    );
    world.happen(Happening::BadgesAllowed(false));
    assert!(
        !world.phone.can_be_reached(world.now),
        "no number can be set at all"
    );
}
