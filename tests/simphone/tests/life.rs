//! Processes, restarts, networks, tokens (docs/PLATFORM.md, rules 4, 14, 15, 17, 18 and 20).

mod common;

use common::{World, rules, silent};
use simphone::*;

#[test]
fn opening_the_app_starts_it_and_wakes_it_without_a_bound() {
    let mut world = World::fresh(rules(|_| {}), 1);
    world.happen(Happening::Open);
    assert!(world.saw(&Effect::Launch(Process::App)));
    let wake = world.last_wake();
    assert_eq!((wake.why, wake.until), (Why::Foreground, Time::NEVER));
    assert!(world.phone.in_foreground());
    world.happen(Happening::Open);
    assert_eq!(world.wakes(Process::App).len(), 1, "it is open already");
}

#[test]
fn an_app_that_the_person_leaves_is_suspended_when_it_is_done() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Open);
    world.happen(Happening::Home);
    assert_eq!(world.last_wake().why, Why::Left);
    assert!(world.phone.running(Process::App));
    world.pass(Millis::seconds(2)); // one to put everything away, one until iOS notices
    assert!(world.saw(&Effect::Suspend(Process::App)));
    assert!(!world.phone.running(Process::App) && world.phone.alive(Process::App));
}

#[test]
fn an_app_that_is_not_done_when_it_is_left_is_frozen_in_the_middle_of_it() {
    let mut world = World::new(rules(|rules| rules.life.leave_time = Millis::seconds(5)));
    world.works_for = None;
    world.happen(Happening::Open);
    world.happen(Happening::Home);
    let wake = world.last_wake();
    world.pass(Millis::seconds(6));
    assert!(world.saw(&Effect::Suspend(Process::App)));
    assert!(world.phone.violations().is_empty(), "that is no fault");
    world.happen(Happening::Open);
    assert_eq!(world.phone.completed(world.now, wake.id), Completion::Late);
}

#[test]
fn an_app_that_is_opened_during_a_background_wake_goes_on_in_front() {
    let mut world = World::new(rules(|rules| rules.background.late_is_killed = true));
    world.works_for = None;
    world.silent("one");
    world.happen(Happening::Open);
    world.pass(Millis::hours(1));
    assert!(world.phone.in_foreground());
    assert!(
        !world
            .log
            .iter()
            .any(|(_, effect)| matches!(effect, Effect::Kill(..)))
    );
}

#[test]
fn a_suspended_app_ends_without_a_word_when_ios_needs_the_memory() {
    let lives = Delay::exactly(Millis::hours(2));
    let mut world = World::new(rules(|rules| rules.life.suspended_lives = lives));
    world.pass(Millis::hours(3));
    assert!(world.saw(&Effect::Kill(Process::App, Death::Memory)));
    assert!(!world.phone.alive(Process::App));

    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::MemoryPressure);
    assert!(world.saw(&Effect::Kill(Process::App, Death::Memory)));
}

#[test]
fn memory_pressure_spares_the_app_in_front() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Open);
    world.happen(Happening::MemoryPressure);
    assert!(world.phone.in_foreground());
}

#[test]
fn a_process_that_is_suspended_with_a_file_lock_is_killed() {
    let killed = |is_killed| {
        let mut world = World::new(rules(|rules| rules.life.lock_is_killed = is_killed));
        world.phone.suspended_with_lock(world.now, Process::App);
        world.pass(Millis::ZERO);
        let violation = Violation::SuspendedWithLock(Process::App);
        assert_eq!(world.phone.violations(), [violation]);
        world.saw(&Effect::Kill(Process::App, Death::LockHeld))
    };
    assert!(killed(true) && !killed(false));
}

#[test]
fn a_process_that_runs_may_hold_file_locks() {
    let mut world = World::new(rules(|rules| rules.life.lock_is_killed = true));
    world.happen(Happening::Open);
    world.phone.suspended_with_lock(world.now, Process::App);
    assert!(world.phone.violations().is_empty());
    assert!(world.phone.alive(Process::App));
}

#[test]
fn a_restart_ends_everything_and_locks_the_phone() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Open);
    world.happen(Happening::Restart);
    assert!(world.saw(&Effect::Kill(Process::App, Death::Restart)));
    assert!(!world.phone.is_on() && !world.phone.has_https() && !world.phone.has_push_path());
    world.pass(Millis::minutes(1));
    assert!(world.phone.is_on() && !world.phone.unlocked());
    assert!(world.phone.has_https() && world.phone.has_push_path());
    world.happen(Happening::Unlock);
    assert!(world.phone.unlocked());
}

#[test]
fn a_phone_that_restarts_is_away_for_apns_and_gets_the_stored_push_later() {
    let mut world = World::new(rules(|rules| rules.life.starts_before_unlock = true));
    world.happen(Happening::Restart);
    world.silent("one");
    world.silent("two");
    assert!(world.woken_for().is_empty());
    world.pass(Millis::minutes(1));
    assert_eq!(world.woken_for(), [silent("two")]);
}

#[test]
fn before_the_first_unlock_a_push_starts_the_app_only_where_the_rules_say_so() {
    let woken = |starts| {
        let mut world = World::new(rules(|rules| rules.life.starts_before_unlock = starts));
        world.happen(Happening::Restart);
        world.pass(Millis::minutes(1));
        world.silent("one");
        let locked = world.woken_for().len();
        world.happen(Happening::Unlock);
        (locked, world.woken_for().len())
    };
    assert_eq!(woken(true), (1, 1));
    assert_eq!(woken(false), (0, 1), "it was held until the unlock");
}

#[test]
fn before_the_first_unlock_a_painted_push_sets_the_number() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Restart);
    world.pass(Millis::minutes(1));
    world.painted(5);
    assert_eq!(world.phone.badge(), 5);
}

#[test]
fn opening_the_app_unlocks_the_phone() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Restart);
    world.happen(Happening::Open);
    assert!(
        !world.phone.in_foreground(),
        "a phone that is off does nothing"
    );
    world.pass(Millis::minutes(1));
    world.happen(Happening::Open);
    assert!(world.phone.unlocked() && world.phone.in_foreground());
}

#[test]
fn each_network_lets_through_what_its_name_says() {
    let mut world = World::new(rules(|_| {}));
    for (path, https, apns) in [
        (Path::Wifi, true, true),
        (Path::None, false, false),
        (Path::Cellular, true, true),
        (Path::NoApns, true, false),
        (Path::NoHttps, false, true),
    ] {
        world.happen(Happening::Network(path));
        assert_eq!(
            (world.phone.has_https(), world.phone.has_push_path()),
            (https, apns)
        );
        assert_eq!(world.phone.conditions().path, path);
    }
}

#[test]
fn the_connection_to_apns_takes_a_while_to_come_back_and_https_does_not() {
    let after = Delay::exactly(Millis::seconds(10));
    let mut world = World::new(rules(|rules| rules.life.push_path_after = after));
    world.happen(Happening::Network(Path::None));
    world.happen(Happening::Network(Path::Wifi));
    world.pass(Millis::seconds(9));
    assert!(world.phone.has_https() && !world.phone.has_push_path());
    world.pass(Millis::seconds(1));
    assert!(world.phone.has_push_path());
}

#[test]
fn an_app_that_runs_is_told_that_the_network_is_back_and_a_frozen_one_is_not() {
    let told = |open: bool| {
        let mut world = World::new(rules(|_| {}));
        if open {
            world.happen(Happening::Open);
        }
        world.happen(Happening::Network(Path::NoHttps));
        world.happen(Happening::Network(Path::Wifi));
        world
            .wakes(Process::App)
            .iter()
            .any(|wake| wake.why == Why::NetworkBack)
    };
    assert!(told(true) && !told(false));
}

#[test]
fn an_app_that_runs_is_told_that_low_power_mode_ended() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Open);
    world.happen(Happening::LowPower(true));
    world.happen(Happening::LowPower(false));
    assert_eq!(world.last_wake().why, Why::LowPowerEnded);
}

#[test]
fn the_wall_clock_jumps_and_time_goes_on() {
    let mut world = World::new(rules(|_| {}));
    let before = world.phone.wall(world.now);
    assert_eq!(before, world.now.unix_ms());
    world.happen(Happening::WallClock(-315_360_000_000));
    assert_eq!(world.phone.wall(world.now), before - 315_360_000_000);
    world.happen(Happening::WallClock(i64::MIN));
    assert_eq!(world.phone.wall(world.now), 0);
    world.silent("one");
    assert_eq!(world.woken_for().len(), 1);
}

#[test]
fn the_token_stays_the_same_at_every_launch() {
    let mut world = World::new(rules(|_| {}));
    let token = world.token();
    world.happen(Happening::MemoryPressure);
    world.happen(Happening::Open);
    world.phone.register_for_pushes(world.now);
    world.pass(Millis::minutes(1));
    assert_eq!(world.token(), token);
    let told = world
        .log
        .iter()
        .filter(|(_, effect)| matches!(effect, Effect::TokenIssued { .. }));
    assert_eq!(told.count(), 1);
}

#[test]
fn the_app_learns_its_token_only_with_a_connection_to_apns() {
    let mut world = World::fresh(rules(|_| {}), 1);
    world.happen(Happening::Network(Path::NoApns));
    world.happen(Happening::Open);
    world.phone.register_for_pushes(world.now);
    world.pass(Millis::hours(1));
    assert_eq!(world.phone.token(), None);
    world.happen(Happening::Network(Path::Wifi));
    assert!(world.phone.token().is_some());
}

#[test]
fn a_frozen_app_learns_its_token_when_it_goes_on() {
    let takes = Delay::exactly(Millis::seconds(10));
    let mut world = World::fresh(rules(|rules| rules.life.token_takes = takes), 1);
    world.happen(Happening::Open);
    world.phone.register_for_pushes(world.now);
    world.happen(Happening::Home);
    world.pass(Millis::minutes(1));
    assert_eq!(world.phone.token(), None);
    world.happen(Happening::Open);
    world.pass(Millis::minutes(1));
    assert!(world.phone.token().is_some());
}

#[test]
fn a_token_that_changes_is_told_to_an_app_that_is_there() {
    let mut world = World::new(rules(|_| {}));
    let old = world.token();
    world.happen(Happening::Open);
    world.happen(Happening::TokenChange);
    assert!(world.saw(&Effect::TokenEnded(old)));
    assert_ne!(world.token(), old);
    world.silent("one");
    assert_eq!(world.woken_for(), [silent("one")]);
}

#[test]
fn after_a_reinstall_or_a_restore_there_is_another_token() {
    for anew in [Happening::Reinstall, Happening::RestoreToNewPhone] {
        let mut world = World::new(rules(|_| {}));
        let old = world.token();
        let late = world.push(PushType::Alert, r#"{"aps":{"badge":9}}"#);
        world.happen(anew);
        assert!(world.saw(&Effect::Kill(Process::App, Death::Deleted)));
        assert_eq!(world.phone.token(), None);
        world.happen(Happening::Open);
        world.phone.register_for_pushes(world.now);
        world.pass(Millis::minutes(1));
        assert_ne!(world.token(), old);
        world.phone.arrive(world.now, late);
        assert_eq!(
            world.phone.badge(),
            0,
            "a push for the old token does nothing"
        );
    }
}
