//! When iOS wakes the app in the background, and when it does not (docs/PLATFORM.md, rules 1, 2, 4,
//! 5, 7, 8 and 21).

mod common;

use common::{World, rules, silent};
use simphone::*;

const ASLEEP: &str = r#"{"aps":{"badge":1,"content-available":1}}"#;

#[test]
fn a_background_push_starts_an_app_that_is_not_there() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::MemoryPressure);
    assert!(!world.phone.alive(Process::App));
    world.silent("one");
    assert!(world.saw(&Effect::Launch(Process::App)));
    assert_eq!(world.woken_for(), [silent("one")]);
    assert!(world.phone.alive(Process::App) && !world.phone.running(Process::App));
}

#[test]
fn a_background_push_lets_a_frozen_app_go_on() {
    let mut world = World::new(rules(|_| {}));
    world.silent("one");
    assert!(world.saw(&Effect::Resume(Process::App)));
    assert!(!world.saw(&Effect::Launch(Process::App)));
    assert!(world.saw(&Effect::Suspend(Process::App)));
}

#[test]
fn no_more_background_pushes_wake_the_app_than_its_budget_allows() {
    let mut world = World::new(rules(|rules| {
        rules.background.burst = 3;
        rules.background.earns_every = Millis::minutes(20);
    }));
    for _ in 0..60 {
        world.silent("state");
        world.pass(Millis::seconds(55));
    }
    // Three at once, and one more each twenty minutes.
    assert_eq!(world.woken_for().len(), 3 + 2);
}

#[test]
fn a_held_background_push_is_replaced_by_a_newer_one() {
    let mut world = World::new(rules(|rules| {
        rules.background.burst = 1;
        rules.background.earns_every = Millis::minutes(20);
    }));
    for text in ["one", "two", "three"] {
        world.silent(text);
    }
    assert_eq!(world.woken_for(), [silent("one")]);
    world.pass(Millis::minutes(20));
    assert_eq!(world.woken_for(), [silent("one"), silent("three")]);
}

#[test]
fn ios_may_hold_a_background_push_back_although_there_is_budget() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::minutes(30));
    }));
    world.silent("one");
    world.pass(Millis::minutes(29));
    assert!(world.woken_for().is_empty());
    world.pass(Millis::minutes(1));
    assert_eq!(world.woken_for(), [silent("one")]);
}

#[test]
fn a_push_that_comes_through_takes_the_place_of_the_one_that_is_held() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::minutes(30));
        rules.background.launch_delivers_held = false;
    }));
    world.silent("old");
    world.happen(Happening::Open);
    world.silent("new");
    world.pass(Millis::hours(1));
    assert_eq!(world.woken_for(), [silent("new")]);
}

#[test]
fn a_newer_push_is_held_for_its_own_time() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::minutes(30));
    }));
    world.silent("one");
    world.pass(Millis::minutes(20));
    world.silent("two");
    world.pass(Millis::minutes(20));
    assert!(world.woken_for().is_empty());
    world.pass(Millis::minutes(10));
    assert_eq!(world.woken_for(), [silent("two")]);
}

#[test]
fn what_ios_holds_back_for_a_time_does_not_come_earlier_when_low_power_mode_ends() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::minutes(30));
    }));
    world.silent("one");
    world.happen(Happening::LowPower(true));
    world.happen(Happening::LowPower(false));
    assert!(world.woken_for().is_empty());
}

#[test]
fn what_waits_for_low_power_mode_comes_as_soon_as_it_ends() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::minutes(30));
    }));
    world.happen(Happening::LowPower(true));
    world.silent("one");
    world.happen(Happening::LowPower(false));
    assert_eq!(world.woken_for(), [silent("one")]);
}

#[test]
fn a_painted_push_that_may_not_wake_the_app_does_not_do_it_later() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::LowPower(true));
    world.painted(4);
    world.happen(Happening::LowPower(false));
    assert!(world.woken_for().is_empty());
}

#[test]
fn ios_may_throw_a_background_push_away() {
    let mut world = World::new(rules(|rules| rules.background.drops = Chance::ALWAYS));
    world.silent("one");
    world.happen(Happening::Open);
    assert!(world.woken_for().is_empty());
}

#[test]
fn starting_the_app_delivers_the_push_that_is_held() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::hours(9));
    }));
    world.silent("one");
    world.happen(Happening::Open);
    assert_eq!(world.woken_for(), [silent("one")]);
    world.pass(Millis::hours(10));
    assert_eq!(world.woken_for().len(), 1, "and not once more");
}

#[test]
fn a_force_quit_throws_the_held_push_away() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::hours(9));
    }));
    world.silent("one");
    world.happen(Happening::ForceQuit);
    world.happen(Happening::Open);
    world.pass(Millis::hours(10));
    assert!(world.woken_for().is_empty());
}

#[test]
fn a_kill_throws_the_held_push_away_where_the_rules_say_so() {
    let woken = |discards| {
        let mut world = World::new(rules(|rules| {
            rules.background.hesitates = Chance::ALWAYS;
            rules.background.holds = Delay::exactly(Millis::hours(1));
            rules.background.kill_discards_held = discards;
        }));
        world.silent("one");
        world.happen(Happening::MemoryPressure);
        world.pass(Millis::hours(2));
        world.woken_for().len()
    };
    assert_eq!((woken(true), woken(false)), (0, 1));
}

#[test]
fn after_a_force_quit_no_push_starts_the_app_until_it_is_opened() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::ForceQuit);
    assert!(world.phone.force_quit() && !world.phone.can_be_woken(world.now));
    world.silent("one");
    world.painted(4);
    assert!(world.woken_for().is_empty());
    assert!(!world.phone.alive(Process::App));
    world.happen(Happening::Open);
    world.happen(Happening::Home);
    world.silent("two");
    assert_eq!(world.woken_for(), [silent("two")]);
}

#[test]
fn after_a_force_quit_a_restart_lets_pushes_start_the_app_again() {
    let mut world = World::new(rules(|rules| rules.life.starts_before_unlock = true));
    world.happen(Happening::ForceQuit);
    world.happen(Happening::Restart);
    world.pass(Millis::minutes(1));
    world.silent("one");
    assert_eq!(world.woken_for(), [silent("one")]);
}

#[test]
fn in_low_power_mode_a_background_push_waits_or_is_lost_as_the_rules_say() {
    let woken = |discards| {
        let mut world = World::new(rules(|rules| {
            rules.background.low_power_discards = discards;
        }));
        world.happen(Happening::LowPower(true));
        assert!(!world.phone.conditions().refresh_available());
        world.silent("one");
        assert!(world.woken_for().is_empty());
        world.happen(Happening::LowPower(false));
        world.woken_for().len()
    };
    assert_eq!((woken(true), woken(false)), (0, 1));
}

#[test]
fn with_background_app_refresh_off_a_background_push_waits_or_is_lost_as_the_rules_say() {
    let woken = |discards| {
        let mut world = World::new(rules(|rules| {
            rules.background.refresh_off_discards = discards;
        }));
        world.happen(Happening::BackgroundRefresh(false));
        world.silent("one");
        assert!(world.woken_for().is_empty());
        world.happen(Happening::BackgroundRefresh(true));
        world.woken_for().len()
    };
    assert_eq!((woken(true), woken(false)), (0, 1));
}

#[test]
fn alert_pushes_set_the_number_where_background_pushes_do_not_come() {
    for nothing in [
        Happening::LowPower(true),
        Happening::BackgroundRefresh(false),
    ] {
        let mut world = World::new(rules(|_| {}));
        world.happen(nothing);
        world.painted(4);
        assert_eq!(world.phone.badge(), 4);
        assert!(world.woken_for().is_empty(), "but the app does not run");
    }
}

#[test]
fn a_painted_push_also_wakes_the_app() {
    let mut world = World::new(rules(|_| {}));
    world.painted(1);
    assert_eq!(world.woken_for(), [ASLEEP]);
    assert!(matches!(
        world.wakes(Process::App)[0].why,
        Why::PaintedPush(_)
    ));
}

#[test]
fn a_painted_push_wakes_the_app_without_budget_unless_it_costs_or_has_a_low_priority() {
    let woken = |costs: bool, priority: Priority| {
        let mut world = World::new(rules(|rules| {
            rules.background.burst = 1;
            rules.background.earns_every = Millis::hours(1);
            rules.background.painted_costs = costs;
        }));
        for _ in 0..3 {
            let mut push = world.push(PushType::Alert, ASLEEP);
            push.priority = priority;
            world.send(push);
            world.pass(Millis::minutes(1));
        }
        assert_eq!(world.phone.badge(), 1);
        world.woken_for().len()
    };
    assert_eq!(woken(false, Priority::Immediate), 3);
    assert_eq!(woken(true, Priority::Immediate), 1);
    assert_eq!(woken(false, Priority::PowerAware), 1);
}

#[test]
fn a_push_in_front_of_the_person_costs_nothing() {
    let mut world = World::new(rules(|rules| {
        rules.background.burst = 1;
        rules.background.earns_every = Millis::hours(1);
    }));
    world.happen(Happening::Open);
    for _ in 0..10 {
        world.silent("one");
    }
    assert_eq!(world.woken_for().len(), 10);
    world.happen(Happening::Home);
    assert!(world.phone.can_be_woken(world.now));
}

#[test]
fn a_wake_that_is_never_completed_ends_with_a_kill_at_its_deadline() {
    let mut world = World::new(rules(|rules| rules.background.late_is_killed = true));
    world.works_for = None;
    world.silent("one");
    let wake = world.last_wake();
    world.pass(Millis::minutes(1));
    let (killed_at, _) = world.log.last().expect("a kill").clone();
    assert!(world.saw(&Effect::Kill(Process::App, Death::Late)));
    assert_eq!(killed_at, wake.until + Millis(1));
    assert_eq!(
        world.phone.violations(),
        [Violation::CompletedLate(wake.id)]
    );
    assert_eq!(
        world.phone.completed(world.now, wake.id),
        Completion::NotRunning
    );
}

#[test]
fn a_completion_in_the_last_moment_is_in_time() {
    let mut world = World::new(rules(|_| {}));
    world.works_for = None;
    world.silent("one");
    let wake = world.last_wake();
    assert_eq!(wake.until, world.log[0].0 + Millis::seconds(30));
    assert_eq!(
        world.phone.completed(wake.until, wake.id),
        Completion::InTime
    );
    assert!(world.phone.violations().is_empty());
}

#[test]
fn a_completion_that_is_called_twice_is_a_violation() {
    let mut world = World::new(rules(|_| {}));
    world.silent("one");
    let wake = world.last_wake();
    assert_eq!(world.phone.completed(world.now, wake.id), Completion::Twice);
    assert_eq!(
        world.phone.violations(),
        [Violation::CompletedTwice(wake.id)]
    );
}

#[test]
fn slow_wakes_earn_fewer() {
    let wakes_in_a_day = |length| {
        let mut world = World::new(rules(|rules| {
            rules.background.burst = 3;
            rules.background.earns_every = Millis::minutes(20);
            rules.background.slow_wake = Millis::seconds(5);
        }));
        world.works_for = Some(length);
        for _ in 0..24 * 6 {
            world.silent("one");
            world.pass(Millis::minutes(10));
        }
        world.woken_for().len()
    };
    let (fast, slow) = (
        wakes_in_a_day(Millis::seconds(1)),
        wakes_in_a_day(Millis::seconds(20)),
    );
    assert!((70..80).contains(&fast), "{fast}");
    assert!((14..20).contains(&slow), "{slow}");
}

#[test]
fn the_energy_of_a_day_is_used_up_and_is_there_again_the_next_day() {
    let mut world = World::new(rules(|rules| {
        rules.background.energy_a_day = Millis::seconds(60);
        rules.background.slow_wake = Millis::FOREVER;
    }));
    world.works_for = Some(Millis::seconds(20));
    for _ in 0..10 {
        world.silent("one");
        world.pass(Millis::minutes(2));
    }
    assert_eq!(world.woken_for().len(), 3);
    assert_eq!(world.phone.energy_left(world.now), Millis::ZERO);
    world.pass(Millis::days(1));
    assert_eq!(
        world.woken_for().len(),
        4,
        "the one that was held comes after midnight"
    );
}

#[test]
fn the_data_of_a_day_is_used_up_and_is_there_again_the_next_day() {
    let mut world = World::new(rules(|rules| rules.background.data_a_day = 1_000));
    world.phone.moved_data(world.now, Process::App, 1_000);
    world.silent("one");
    assert!(world.woken_for().is_empty());
    world.pass(Millis::days(1));
    assert_eq!(world.woken_for(), [silent("one")]);
}

#[test]
fn each_day_has_its_own_budget() {
    let mut world = World::new(rules(|rules| {
        rules.background.energy_a_day = Millis::seconds(60);
        rules.background.data_a_day = 1_000;
        rules.background.slow_wake = Millis::FOREVER;
    }));
    world.works_for = Some(Millis::seconds(15));
    for day in 1..=3 {
        for _ in 0..2 {
            world.silent("one");
            world.pass(Millis::minutes(2));
            world.phone.moved_data(world.now, Process::App, 400);
        }
        assert_eq!(world.woken_for().len(), 2 * day);
        assert_eq!(world.phone.energy_left(world.now), Millis::seconds(30));
        world.pass(Millis::days(1));
    }
}

#[test]
fn a_wake_that_ended_with_a_kill_cost_its_time_too() {
    let mut world = World::new(rules(|rules| {
        rules.background.energy_a_day = Millis::seconds(60);
        rules.background.late_is_killed = true;
    }));
    world.works_for = None;
    world.silent("one");
    world.pass(Millis::minutes(1));
    let left = Millis(60_000 - 30_001);
    assert_eq!(world.phone.energy_left(world.now), left);
}

#[test]
fn some_days_are_poor_and_others_are_not() {
    let world = World::new(rules(|rules| {
        rules.background.poor_day = Chance::per_mille(300);
        rules.background.energy_a_day = Millis::seconds(600);
    }));
    let days = (0..100).map(|day| Time::ZERO + Millis::days(day));
    let poor = days.filter(|day| world.phone.energy_left(*day) == Millis::seconds(60));
    assert!((20..40).contains(&poor.count()));
}

#[test]
fn on_a_poor_day_other_apps_leave_a_tenth_of_the_budget() {
    let world = World::new(rules(|rules| {
        rules.background.poor_day = Chance::ALWAYS;
        rules.background.energy_a_day = Millis::seconds(600);
    }));
    assert_eq!(world.phone.energy_left(world.now), Millis::seconds(60));
}

#[test]
fn two_pushes_overlap_only_where_the_rules_say_so() {
    let begun = |overlap| {
        let mut world = World::new(rules(|rules| rules.background.wakes_overlap = overlap));
        world.works_for = Some(Millis::seconds(20));
        for text in ["one", "two", "three"] {
            let push = world.push(PushType::Background, &silent(text));
            world.send(push);
        }
        world.pass(Millis::seconds(10));
        let at_once = world.woken_for();
        world.pass(Millis::minutes(1));
        (at_once.len(), world.woken_for())
    };
    assert_eq!(begun(true).0, 3);
    assert_eq!(begun(false), (1, vec![silent("one"), silent("three")]));
}

#[test]
fn a_background_refresh_comes_when_ios_likes_and_once() {
    let mut world = World::new(rules(|_| {}));
    let earliest = world.now + Millis::minutes(15);
    assert!(world.phone.submit_refresh(world.now, earliest));
    world.pass(Millis::minutes(24));
    assert!(world.wakes(Process::App).is_empty());
    world.pass(Millis::days(1));
    let wakes = world.wakes(Process::App);
    assert_eq!(wakes.len(), 1);
    assert_eq!(wakes[0].why, Why::Refresh);
}

#[test]
fn a_background_refresh_does_not_come_while_it_must_not() {
    for nothing in [
        Happening::ForceQuit,
        Happening::LowPower(true),
        Happening::BackgroundRefresh(false),
        Happening::Restart,
    ] {
        let mut world = World::new(rules(|_| {}));
        assert!(world.phone.submit_refresh(world.now, world.now));
        world.happen(nothing);
        world.pass(Millis::days(1));
        assert!(world.wakes(Process::App).is_empty(), "{nothing:?}");
    }
}

#[test]
fn a_background_refresh_that_had_to_wait_comes_later() {
    let mut world = World::new(rules(|_| {}));
    assert!(world.phone.submit_refresh(world.now, world.now));
    world.happen(Happening::LowPower(true));
    assert!(
        !world.phone.submit_refresh(world.now, world.now),
        "no new one meanwhile"
    );
    world.pass(Millis::hours(1));
    world.happen(Happening::LowPower(false));
    world.pass(Millis::hours(1));
    assert_eq!(world.wakes(Process::App).len(), 1);
}

#[test]
fn a_background_refresh_takes_the_place_of_one_that_was_asked_for_before() {
    let mut world = World::new(rules(|_| {}));
    for _ in 0..3 {
        assert!(world.phone.submit_refresh(world.now, world.now));
    }
    world.pass(Millis::days(1));
    assert_eq!(world.wakes(Process::App).len(), 1);
}

#[test]
fn a_background_refresh_needs_an_unlocked_phone_and_energy() {
    let mut world = World::new(rules(|rules| rules.life.starts_before_unlock = true));
    assert!(world.phone.submit_refresh(world.now, world.now));
    world.happen(Happening::Restart);
    world.pass(Millis::hours(1));
    assert!(world.wakes(Process::App).is_empty(), "locked");
    world.happen(Happening::Unlock);
    world.pass(Millis::hours(1));
    assert_eq!(world.wakes(Process::App).len(), 1);

    let mut world = World::new(rules(|rules| rules.background.energy_a_day = Millis::ZERO));
    assert!(world.phone.submit_refresh(world.now, world.now));
    world.pass(Millis::days(3));
    assert!(world.wakes(Process::App).is_empty(), "no energy");
}

#[test]
fn a_background_refresh_may_never_come() {
    let mut world = World::new(rules(|rules| {
        rules.background.refresh_comes = Chance::NEVER;
    }));
    assert!(world.phone.submit_refresh(world.now, world.now));
    world.pass(Millis::days(9));
    assert!(world.wakes(Process::App).is_empty());
}
