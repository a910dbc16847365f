//! The notification service extension (docs/PLATFORM.md, rules 11 to 13).

mod common;

use common::{World, alert, rules};
use simphone::*;

const EXTENSION: Process = Process::Extension;

/// Sends an alert to an extension that takes its time; the wake is the answer.
fn begun(world: &mut World) -> Wake {
    world.works_for = None;
    world.alert(5, "one");
    world.last_wake()
}

#[test]
fn an_alert_with_mutable_content_passes_through_the_extension_before_it_is_shown() {
    let mut world = World::new(rules(|_| {}));
    let wake = begun(&mut world);
    assert!(world.saw(&Effect::Launch(EXTENSION)));
    let Why::Extension { notification, .. } = wake.why else {
        panic!("{wake:?}");
    };
    assert!(world.phone.delivered().is_empty());
    assert_eq!(world.phone.badge(), 0);
    assert_eq!(
        world.phone.completed(world.now, wake.id),
        Completion::InTime
    );
    assert_eq!(world.phone.delivered()[0].id, notification);
    assert_eq!(world.phone.badge(), 5);
}

#[test]
fn the_extension_chooses_the_number_that_its_notification_carries() {
    for (chosen, shown) in [(Some(2), 2), (None, 0)] {
        let mut world = World::new(rules(|_| {}));
        let wake = begun(&mut world);
        world.phone.completed_alert(world.now, wake.id, chosen);
        assert_eq!(world.phone.badge(), shown);
        assert_eq!(world.phone.delivered().len(), 1, "but it cannot swallow it");
    }
}

#[test]
fn an_alert_without_mutable_content_is_shown_at_once() {
    let mut world = World::new(rules(|_| {}));
    let push = world.push(PushType::Alert, r#"{"aps":{"alert":"Hello","badge":4}}"#);
    world.send(push);
    world.pass(Millis::seconds(1));
    assert!(world.wakes(EXTENSION).is_empty());
    assert_eq!((world.phone.badge(), world.phone.delivered().len()), (4, 1));
}

#[test]
fn an_extension_that_is_late_is_killed_and_the_original_is_shown() {
    let mut world = World::new(rules(|_| {}));
    let wake = begun(&mut world);
    world.pass(Millis::minutes(1));
    assert!(world.saw(&Effect::Kill(EXTENSION, Death::Late)));
    assert_eq!((world.phone.badge(), world.phone.delivered().len()), (5, 1));
    assert_eq!(
        world.phone.completed(world.now, wake.id),
        Completion::NotRunning
    );
}

#[test]
fn an_extension_that_takes_too_much_memory_is_killed_and_the_original_is_shown() {
    let mut world = World::new(rules(|rules| rules.extension.memory = 24 << 20));
    begun(&mut world);
    world.phone.used_memory(world.now, EXTENSION, 24 << 20);
    assert!(world.phone.alive(EXTENSION));
    world
        .phone
        .used_memory(world.now, EXTENSION, (24 << 20) + 1);
    world.pass(Millis::ZERO);
    assert!(world.saw(&Effect::Kill(EXTENSION, Death::Memory)));
    assert_eq!(
        world.phone.violations(),
        [Violation::TooMuchMemory(EXTENSION)]
    );
    assert_eq!((world.phone.badge(), world.phone.delivered().len()), (5, 1));
}

#[test]
fn an_extension_that_dies_while_it_starts_does_nothing_and_the_original_is_shown() {
    let mut world = World::new(rules(|rules| {
        rules.extension.dies_at_start = Chance::ALWAYS;
    }));
    world.alert(5, "one");
    assert!(world.saw(&Effect::Kill(EXTENSION, Death::AtStart)));
    assert!(world.wakes(EXTENSION).is_empty());
    assert_eq!((world.phone.badge(), world.phone.delivered().len()), (5, 1));
}

#[test]
fn alerts_go_through_the_extension_one_after_another() {
    let mut world = World::new(rules(|_| {}));
    let first = begun(&mut world);
    world.alert(6, "two");
    assert_eq!(world.wakes(EXTENSION).len(), 1);
    world.phone.completed(world.now, first.id);
    world.pass(Millis::ZERO);
    let wakes = world.wakes(EXTENSION);
    assert_eq!(wakes.len(), 2);
    world.phone.completed(world.now, wakes[1].id);
    assert_eq!(world.phone.delivered().len(), 2);
    assert_eq!(world.phone.badge(), 6);
}

#[test]
fn the_next_alert_starts_the_extension_again_after_it_was_killed() {
    let mut world = World::new(rules(|_| {}));
    begun(&mut world);
    world.alert(6, "two");
    world.happen(Happening::Crash(EXTENSION));
    assert_eq!(world.wakes(EXTENSION).len(), 2);
    assert!(world.phone.running(EXTENSION));
    assert_eq!(
        world.phone.delivered().len(),
        1,
        "the first one, as it came"
    );
}

#[test]
fn the_extension_stays_frozen_for_a_while_and_then_ends() {
    let mut world = World::new(rules(|_| {}));
    world.alert(5, "one");
    assert!(world.saw(&Effect::Suspend(EXTENSION)));
    assert!(world.phone.alive(EXTENSION) && !world.phone.running(EXTENSION));
    world.alert(6, "two");
    assert!(world.saw(&Effect::Resume(EXTENSION)));
    world.pass(Millis::minutes(2));
    assert!(world.saw(&Effect::Kill(EXTENSION, Death::Idle)));
    assert!(!world.phone.alive(EXTENSION));
}

#[test]
fn the_extension_may_end_at_once() {
    let mut world = World::new(rules(|rules| rules.extension.lingers = Delay::NONE));
    world.alert(5, "one");
    assert!(!world.saw(&Effect::Suspend(EXTENSION)));
    assert!(world.saw(&Effect::Kill(EXTENSION, Death::Idle)));
}

#[test]
fn a_removal_that_the_extension_does_not_wait_for_is_lost_where_the_rules_say_so() {
    for lost in [true, false] {
        let mut world = World::new(rules(|rules| {
            rules.screen.removal_takes = Delay::exactly(Millis::seconds(1));
            rules.screen.removal_lost_at_end = lost;
        }));
        world.alert(1, "old");
        let old = world.phone.delivered()[0].id;
        let wake = begun(&mut world);
        world.phone.remove_delivered(world.now, EXTENSION, &[old]);
        world.phone.completed(world.now, wake.id);
        world.pass(Millis::seconds(5));
        assert_eq!(world.phone.delivered().len(), if lost { 2 } else { 1 });
    }
}

#[test]
fn a_removal_that_the_extension_waits_for_is_done() {
    let mut world = World::new(rules(|rules| {
        rules.screen.removal_takes = Delay::exactly(Millis::seconds(1));
        rules.screen.removal_lost_at_end = true;
    }));
    world.alert(1, "old");
    let old = world.phone.delivered()[0].id;
    let wake = begun(&mut world);
    let gone_at = world.phone.remove_delivered(world.now, EXTENSION, &[old]);
    world.phone.completed(gone_at, wake.id);
    let shown: Vec<_> = world.phone.delivered().iter().map(|one| one.id).collect();
    assert!(!shown.contains(&old) && shown.len() == 1);
}

#[test]
fn the_extension_runs_after_a_force_quit_and_before_the_first_unlock_where_the_rules_say_so() {
    for runs in [true, false] {
        let mut world = World::new(rules(|rules| {
            rules.extension.after_force_quit = runs;
            rules.life.starts_before_unlock = runs;
        }));
        world.happen(Happening::ForceQuit);
        world.alert(5, "one");
        assert_eq!(world.wakes(EXTENSION).len(), usize::from(runs));
        world.happen(Happening::Restart);
        world.pass(Millis::minutes(1));
        world.alert(6, "two");
        assert_eq!(world.wakes(EXTENSION).len(), 2 * usize::from(runs));
        assert_eq!(world.phone.delivered().len(), 2, "shown in any case");
    }
}

#[test]
fn a_reinstall_takes_what_the_extension_had_yet_to_show_with_it() {
    let mut world = World::new(rules(|rules| rules.screen.badge_survives_reinstall = true));
    begun(&mut world);
    world.alert(6, "two");
    world.happen(Happening::Reinstall);
    world.pass(Millis::minutes(1));
    assert!(world.phone.delivered().is_empty());
    assert_eq!(world.phone.badge(), 0);
}

#[test]
fn an_alert_takes_the_name_of_one_that_waits_with_the_same_collapse_id() {
    let mut world = World::new(rules(|_| {}));
    let first = begun(&mut world);
    world.alert(6, "two");
    world.alert(7, "two");
    world.works_for = Some(Millis::seconds(1));
    world.phone.completed(world.now, first.id);
    world.pass(Millis::seconds(9));
    assert_eq!(world.wakes(EXTENSION).len(), 3);
    assert_eq!(world.phone.delivered().len(), 2);
    assert_eq!(world.phone.badge(), 7);
}

#[test]
fn an_alert_may_wake_both_processes_at_once() {
    let mut world = World::new(rules(|_| {}));
    let body = alert(5).replace("{\"aps\":{", "{\"aps\":{\"content-available\":1,");
    let push = world.push(PushType::Alert, &body);
    world.send(push);
    world.pass(Millis::seconds(5));
    assert_eq!(world.wakes(EXTENSION).len(), 1);
    assert_eq!(world.woken_for(), [body]);
}
