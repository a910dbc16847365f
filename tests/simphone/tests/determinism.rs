//! The same seed, the same run.

mod common;

use common::{World, alert, silent};
use proptest::prelude::*;
use simphone::*;

/// Something that can be done to the whole, from a number.
fn step(world: &mut World, choice: u8, amount: u32) {
    let on = amount.is_multiple_of(2);
    let happening = match choice % 22 {
        0 | 1 => Happening::Open,
        2 => Happening::Home,
        3 => Happening::ForceQuit,
        4 => Happening::Restart,
        5 => Happening::Unlock,
        6 => Happening::LowPower(on),
        7 => Happening::BackgroundRefresh(on),
        8 => Happening::BadgesAllowed(on),
        9 => Happening::AlertsAllowed(on),
        10 => Happening::Network(if on { Path::Wifi } else { Path::None }),
        11 => Happening::Network(if on { Path::NoApns } else { Path::NoHttps }),
        12 => Happening::MemoryPressure,
        13 => Happening::Crash(if on { Process::App } else { Process::Extension }),
        14 => Happening::WallClock(i64::from(amount) - 500),
        15 => Happening::Reinstall,
        16 => Happening::TokenChange,
        17 => Happening::ClearNotifications,
        18 => Happening::RestoreToNewPhone,
        _ => return our_code(world, choice, amount),
    };
    world.happen(happening);
}

fn our_code(world: &mut World, choice: u8, amount: u32) {
    let (now, badge) = (world.now, amount % 4);
    match choice % 3 {
        0 => world.phone.register_for_pushes(now),
        1 => _ = world.phone.submit_refresh(now, now),
        _ => _ = world.phone.set_badge(now, Process::App, badge),
    }
    let ids: Vec<_> = world.phone.delivered().iter().map(|one| one.id).collect();
    world.phone.remove_delivered(now, Process::Extension, &ids);
    world.pass(Millis::ZERO);
}

fn send(world: &mut World, choice: u8, amount: u32) {
    if world.phone.token().is_none() {
        return;
    }
    let (push_type, body) = match choice % 3 {
        0 => (PushType::Background, silent(&amount.to_string())),
        1 => (PushType::Alert, alert(amount % 3)),
        _ => (
            PushType::Alert,
            r#"{"aps":{"badge":2,"content-available":1}}"#.to_owned(),
        ),
    };
    let mut push = world.push(push_type, &body);
    push.collapse_id = Some((amount % 5).to_string().into());
    world.send(push);
}

fn run(preset: Preset, seed: u64, steps: &[(u8, u32)]) -> World {
    let mut rules = preset.rules();
    rules.toss_open_questions(seed);
    let mut world = World::fresh(rules, seed);
    for (choice, amount) in steps {
        step(&mut world, *choice, *amount);
        send(&mut world, *choice, *amount);
        world.pass(Millis::seconds(u64::from(*amount)));
    }
    world
}

fn presets() -> impl Strategy<Value = Preset> {
    prop::sample::select(&Preset::ALL)
}

fn steps() -> impl Strategy<Value = Vec<(u8, u32)>> {
    prop::collection::vec((any::<u8>(), 0_u32..1_000), 1..80)
}

proptest! {
    #[test]
    fn the_same_seed_has_the_same_effects(
        preset in presets(), seed in any::<u32>(), steps in steps()
    ) {
        let one = run(preset, seed.into(), &steps);
        let other = run(preset, seed.into(), &steps);
        prop_assert_eq!(one.log, other.log);
        prop_assert_eq!(one.phone.violations(), other.phone.violations());
    }

    #[test]
    fn code_runs_only_in_a_process_that_was_started_and_is_not_frozen(
        preset in presets(), seed in any::<u32>(), steps in steps()
    ) {
        let world = run(preset, seed.into(), &steps);
        let mut alive = [false; 2];
        let mut frozen = [false; 2];
        for (time, effect) in &world.log {
            match effect {
                Effect::Launch(process) => {
                    prop_assert!(!alive[*process as usize], "started twice at {time}");
                    alive[*process as usize] = true;
                    frozen[*process as usize] = false;
                }
                Effect::Wake(Wake { process, until, .. }) => {
                    prop_assert!(alive[*process as usize], "woken while not there at {time}");
                    prop_assert!(!frozen[*process as usize], "woken while frozen at {time}");
                    prop_assert!(until >= time);
                }
                Effect::Suspend(process) => {
                    prop_assert!(alive[*process as usize] && !frozen[*process as usize]);
                    frozen[*process as usize] = true;
                }
                Effect::Resume(process) => {
                    prop_assert!(alive[*process as usize] && frozen[*process as usize]);
                    frozen[*process as usize] = false;
                }
                Effect::Kill(process, _) => {
                    prop_assert!(alive[*process as usize], "killed while not there at {time}");
                    alive[*process as usize] = false;
                }
                _ => {}
            }
        }
        prop_assert_eq!(world.phone.alive(Process::App), alive[0]);
        prop_assert_eq!(world.phone.alive(Process::Extension), alive[1]);
    }

    #[test]
    fn the_icon_and_notification_centre_are_what_the_effects_add_up_to(
        preset in presets(), seed in any::<u32>(), steps in steps()
    ) {
        let world = run(preset, seed.into(), &steps);
        let mut icon = 0;
        let mut shown = std::collections::BTreeSet::new();
        for (_, effect) in &world.log {
            match effect {
                Effect::BadgePainted { number, .. } => icon = *number,
                Effect::NotificationShown(id) => _ = shown.insert(*id),
                Effect::NotificationsRemoved(ids) | Effect::NotificationsDropped(ids) => {
                    for id in ids {
                        prop_assert!(shown.remove(id));
                    }
                }
                _ => {}
            }
        }
        prop_assert_eq!(world.phone.badge(), icon);
        let delivered: std::collections::BTreeSet<_> =
            world.phone.delivered().iter().map(|one| one.id).collect();
        prop_assert_eq!(delivered, shown);
    }

    #[test]
    fn without_overlap_one_background_wake_ends_before_the_next_begins(
        seed in any::<u32>(), steps in steps()
    ) {
        let mut rules = Rules::documented();
        rules.background.wakes_overlap = false;
        let mut world = World::fresh(rules, seed.into());
        world.works_for = None; // our code never calls its completion: only a kill ends a wake
        for (choice, amount) in &steps {
            step(&mut world, *choice, *amount);
            send(&mut world, *choice, *amount);
            world.pass(Millis::seconds(u64::from(*amount)));
        }
        let mut busy_until = Time::ZERO;
        let mut front = false;
        for (time, effect) in &world.log {
            match effect {
                Effect::Wake(Wake { why: Why::Foreground, .. }) => front = true,
                Effect::Wake(Wake { why: Why::Left, .. }) => front = false,
                Effect::Wake(Wake { why: Why::SilentPush(_) | Why::PaintedPush(_), until, .. }) => {
                    prop_assert!(front || *time > busy_until, "a second wake at {time}");
                    busy_until = *until;
                }
                Effect::Kill(Process::App, _) => (busy_until, front) = (Time::ZERO, false),
                _ => {}
            }
        }
    }
}
