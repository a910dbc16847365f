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
    assert!(!world.killed_something());
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
fn an_app_that_runs_now_and_then_is_not_ended_for_having_been_frozen_before() {
    let lives = Delay::exactly(Millis::hours(2));
    let mut world = World::new(rules(|rules| rules.life.suspended_lives = lives));
    for _ in 0..5 {
        world.pass(Millis::hours(1));
        world.silent("one");
    }
    world.happen(Happening::Open);
    world.pass(Millis::hours(9));
    assert!(world.phone.in_foreground());
    assert!(!world.killed_something());
}

#[test]
fn the_app_is_frozen_a_while_after_the_last_of_its_wakes() {
    let mut world = World::new(rules(|_| {})); // iOS waits for a second
    world.works_for = Some(Millis(200));
    let push = world.push(PushType::Background, &silent("one"));
    for _ in 0..2 {
        world.phone.arrive(world.now, push.clone());
        world.pass(Millis(500));
    }
    world.pass(Millis(699));
    assert!(world.phone.running(Process::App));
    world.pass(Millis(1));
    assert!(!world.phone.running(Process::App));
}

#[test]
fn what_the_app_does_for_the_person_may_end_after_they_left() {
    let mut world = World::new(rules(|_| {}));
    world.happen(Happening::Open);
    let wake = world.last_wake();
    world.happen(Happening::Home);
    assert_eq!(
        world.phone.completed(world.now, wake.id),
        Completion::InTime
    );
    assert!(world.phone.violations().is_empty());
}

#[test]
fn a_wake_of_an_earlier_life_cannot_be_completed() {
    let mut world = World::new(rules(|_| {}));
    world.works_for = None;
    world.silent("one");
    let wake = world.last_wake();
    world.happen(Happening::Crash(Process::App));
    world.happen(Happening::Open);
    assert_eq!(
        world.phone.completed(world.now, wake.id),
        Completion::NotRunning
    );
    assert!(world.phone.violations().is_empty());
}

#[test]
fn what_an_app_is_told_while_it_runs_need_not_be_completed() {
    let mut world = World::new(rules(|rules| rules.background.late_is_killed = true));
    world.works_for = None;
    world.silent("one");
    let push = world.last_wake();
    world.happen(Happening::Network(Path::None));
    world.happen(Happening::Network(Path::Wifi));
    assert_eq!(world.last_wake().why, Why::NetworkBack);
    world.phone.completed(world.now, push.id);
    world.pass(Millis::minutes(1));
    assert!(world.phone.violations().is_empty());
    assert!(world.saw(&Effect::Suspend(Process::App)));
}

#[test]
fn a_phone_that_is_off_gets_nothing() {
    let mut world = World::new(rules(|rules| rules.life.starts_before_unlock = true));
    let push = world.push(PushType::Alert, r#"{"aps":{"badge":7}}"#);
    world.happen(Happening::Restart);
    world.phone.arrive(world.now, push);
    assert_eq!(world.phone.badge(), 0);
    assert!(!world.phone.can_be_painted() && !world.phone.can_be_woken(world.now));
}

#[test]
fn a_restart_loses_the_number_that_ios_had_yet_to_show() {
    let mut world = World::new(rules(|rules| {
        rules.screen.badge_takes = Delay::exactly(Millis::seconds(3));
        rules.screen.badge_lost_at_end = false;
    }));
    world.happen(Happening::Open);
    assert!(world.phone.set_badge(world.now, Process::App, 9).is_ok());
    world.happen(Happening::Restart);
    world.pass(Millis::hours(1));
    assert_eq!(world.phone.badge(), 0);
}

#[test]
fn a_restart_loses_the_push_that_is_held_for_an_app_that_is_not_there() {
    let mut world = World::new(rules(|rules| {
        rules.background.hesitates = Chance::ALWAYS;
        rules.background.holds = Delay::exactly(Millis::hours(1));
        rules.life.starts_before_unlock = true;
    }));
    world.happen(Happening::MemoryPressure);
    world.silent("one");
    world.happen(Happening::Restart);
    world.pass(Millis::hours(3));
    assert!(world.woken_for().is_empty());
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
fn the_token_comes_after_the_connection_and_not_without_it() {
    let takes = Delay::exactly(Millis::seconds(10));
    let mut world = World::fresh(rules(|rules| rules.life.token_takes = takes), 1);
    world.happen(Happening::Open);
    world.phone.register_for_pushes(world.now);
    world.pass(Millis::seconds(9));
    world.happen(Happening::Network(Path::None));
    world.pass(Millis::minutes(1));
    assert_eq!(
        world.phone.token(),
        None,
        "the connection was lost just before"
    );
    world.happen(Happening::Network(Path::Wifi));
    world.pass(Millis::seconds(9));
    assert_eq!(world.phone.token(), None);
    world.pass(Millis::seconds(1));
    assert!(world.phone.token().is_some());
}

#[test]
fn an_app_that_asked_while_there_was_no_network_waits_for_its_token_from_then() {
    let takes = Delay::exactly(Millis::seconds(10));
    let mut world = World::fresh(rules(|rules| rules.life.token_takes = takes), 1);
    world.happen(Happening::Network(Path::None));
    world.happen(Happening::Open);
    world.phone.register_for_pushes(world.now);
    world.pass(Millis::seconds(5));
    world.happen(Happening::Network(Path::Wifi));
    world.pass(Millis::seconds(9));
    assert_eq!(world.phone.token(), None);
    world.pass(Millis::seconds(1));
    assert!(world.phone.token().is_some());
}

#[test]
fn a_token_change_means_nothing_to_an_app_that_has_none() {
    let mut world = World::fresh(rules(|_| {}), 1);
    world.happen(Happening::Open);
    world.happen(Happening::TokenChange);
    world.pass(Millis::minutes(1));
    assert_eq!(world.phone.token(), None);
}

#[test]
fn a_reinstall_ends_all_that_was_owed_to_the_old_one() {
    let mut world = World::new(rules(|rules| {
        rules.life.token_takes = Delay::exactly(Millis::seconds(10));
        rules.background.low_power_discards = false;
    }));
    assert!(world.phone.submit_refresh(world.now, world.now));
    world.happen(Happening::MemoryPressure);
    world.happen(Happening::LowPower(true));
    world.silent("held");
    world.happen(Happening::ForceQuit);
    world.happen(Happening::LowPower(false));
    world.happen(Happening::Reinstall);
    assert!(!world.phone.force_quit());
    world.happen(Happening::Open);
    world.happen(Happening::Home);
    world.pass(Millis::days(1));
    assert!(world.woken_for().is_empty());
    assert!(
        !world
            .wakes(Process::App)
            .iter()
            .any(|wake| wake.why == Why::Refresh)
    );
}

#[test]
fn a_reinstall_throws_away_the_push_that_was_held_and_the_token_that_was_on_its_way() {
    let mut world = World::new(rules(|rules| {
        rules.life.token_takes = Delay::exactly(Millis::seconds(10));
    }));
    world.happen(Happening::MemoryPressure);
    world.happen(Happening::LowPower(true));
    world.silent("held");
    world.happen(Happening::Reinstall);
    world.happen(Happening::Open);
    assert!(world.woken_for().is_empty());
    world.phone.register_for_pushes(world.now);
    world.pass(Millis::seconds(9));
    world.happen(Happening::Reinstall);
    world.happen(Happening::Open);
    world.pass(Millis::minutes(1));
    assert_eq!(world.phone.token(), None, "this one did not ask");
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
