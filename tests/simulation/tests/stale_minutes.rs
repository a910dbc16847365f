//! How long badges are wrong, and what can be said of it.

use std::sync::{Arc, atomic::AtomicBool};

use simphone::{App, Environment, Happening, Millis, Path, Phone, Preset, Rules, Time};
use truebadge_simulation::measure::{
    Account, Client, Event, Measurement, OnlyHere, Report, Workload, csv, svg,
};

fn measurement(clients: &[Client]) -> Measurement {
    Measurement {
        seed: 1,
        phones: 12,
        days: 3,
        presets: Preset::ALL.to_vec(),
        clients: clients.to_vec(),
        jobs: 2,
    }
}

const MODELS: [Client; 3] = [Client::SilentOnly, Client::PaintOnce, Client::Limit];

#[allow(clippy::unwrap_used)] // a test that cannot run must fail
fn everything(of: &Measurement) -> [String; 4] {
    let outcomes = of.run(&AtomicBool::new(false), |_, _| {}).unwrap().unwrap();
    let report = Report::new(of, &outcomes);
    [
        report.text(),
        report.json().to_string(),
        csv(&outcomes),
        svg(&report),
    ]
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let mut measurement = measurement(&MODELS);
    let two = everything(&measurement);
    assert_eq!(two, everything(&measurement));
    measurement.jobs = 1;
    assert_eq!(two, everything(&measurement));
    measurement.seed = 2;
    assert_ne!(two, everything(&measurement));
}

#[test]
fn the_real_engine_and_the_real_relay_live_the_same_week_twice() {
    let mut measurement = Measurement {
        phones: 3,
        days: 1,
        ..measurement(&[Client::TrueBadge])
    };
    let two = everything(&measurement);
    measurement.jobs = 1;
    assert_eq!(two, everything(&measurement));
}

#[test]
fn truebadge_is_far_better_than_silent_pushes_and_never_better_than_the_limit() {
    let measurement = Measurement {
        phones: 8,
        days: 2,
        presets: vec![Preset::Documented, Preset::Harsh],
        ..measurement(&Client::ALL)
    };
    let outcomes = measurement
        .run(&AtomicBool::new(false), |_, _| {})
        .unwrap()
        .unwrap();
    let report = Report::new(&measurement, &outcomes);
    for (preset, times) in [(Preset::Documented, 5), (Preset::Harsh, 2)] {
        let of = |client| report.find(preset, client).unwrap();
        let stale = |client| of(client).stale_ms();
        let ours = of(Client::TrueBadge);
        assert!(ours.stale_ms() > stale(Client::Limit), "{preset}");
        assert!(
            ours.stale_ms() * times < stale(Client::SilentOnly),
            "{preset}"
        );
        assert_eq!(
            ours.changes,
            of(Client::Limit).changes,
            "{preset}: another truth"
        );
    }
}

#[test]
fn nobody_is_better_than_the_limit_and_silent_pushes_are_worst() {
    let measurement = measurement(&MODELS);
    let outcomes = measurement
        .run(&AtomicBool::new(false), |_, _| {})
        .unwrap()
        .unwrap();
    let report = Report::new(&measurement, &outcomes);
    for preset in Preset::ALL {
        let stale = |client| report.find(preset, client).unwrap().stale_ms();
        assert!(stale(Client::Limit) < stale(Client::PaintOnce), "{preset}");
        assert!(
            stale(Client::PaintOnce) < stale(Client::SilentOnly),
            "{preset}"
        );
    }
}

#[test]
fn a_measurement_that_is_stopped_gives_nothing() {
    let stopped = measurement(&MODELS).run(&AtomicBool::new(true), |_, _| {});
    assert!(stopped.unwrap().is_none());
}

#[test]
fn people_read_only_what_is_there_and_unread() {
    let workload = Workload::new(3, 7);
    for phone in 0..40 {
        let mut truth = Account::default();
        let mut before = None;
        for (time, event) in workload.script(phone).events {
            assert!(
                before.is_none_or(|before| before <= time),
                "out of order at {time}"
            );
            before = Some(time);
            if let Event::ReadHere {
                conversation,
                up_to,
            } = event
            {
                assert!(up_to <= truth.newest(conversation), "phone {phone}, {time}");
                let oldest = truth.oldest_unread(conversation).unwrap();
                assert!(oldest <= up_to, "phone {phone}, {time}");
            }
            truth.follow(&event);
        }
    }
}

#[test]
fn a_phone_lives_the_same_week_whoever_else_is_measured() {
    let few = Workload::new(5, 3).script(7);
    assert_eq!(few.events, Workload::new(5, 3).script(7).events);
    assert_ne!(few.events, Workload::new(5, 3).script(8).events);
}

const READ: Event = Event::ReadHere {
    conversation: 0,
    up_to: 1,
};

fn open_phone(path: Path) -> Phone {
    let app = App {
        topic: "com.example.app".into(),
        environment: Environment::Production,
    };
    let mut phone = Phone::new(Arc::new(Rules::documented()), app, 1, Time::ZERO);
    happens(&mut phone, 1, Happening::Network(path));
    happens(&mut phone, 2, Happening::Open);
    phone
}

fn happens(phone: &mut Phone, second: u64, happening: Happening) {
    let now = Time::ZERO + Millis::seconds(second);
    phone.happen(now, happening);
    phone.advance(now);
}

#[test]
fn what_was_read_where_a_request_is_possible_can_be_known() {
    let phone = open_phone(Path::Wifi);
    let mut only_here = OnlyHere::default();
    only_here.happens(&READ, true);
    only_here.passes(&phone, true);
    assert!(only_here.is_nothing());
}

#[test]
fn what_was_read_without_a_network_is_known_once_there_is_one_unless_the_app_was_force_quit() {
    for force_quit in [false, true] {
        let mut phone = open_phone(Path::None);
        let mut only_here = OnlyHere::default();
        only_here.happens(&READ, true);
        only_here.passes(&phone, true);
        assert!(!only_here.is_nothing(), "there is no network");

        happens(&mut phone, 3, Happening::Home);
        let then = if force_quit {
            Happening::ForceQuit
        } else {
            Happening::MemoryPressure
        };
        happens(&mut phone, 60, then);
        happens(&mut phone, 61, Happening::Network(Path::Wifi));
        only_here.passes(&phone, false);
        assert!(!only_here.is_nothing(), "the servers are out");
        only_here.passes(&phone, true);
        assert_eq!(only_here.is_nothing(), !force_quit);

        happens(&mut phone, 62, Happening::Open);
        only_here.passes(&phone, true);
        assert!(only_here.is_nothing(), "the app runs again");
    }
}

#[test]
fn that_badges_are_allowed_again_is_known_once_the_app_runs_or_a_number_is_painted_anyway() {
    let allowed = Event::Phone(Happening::BadgesAllowed(true));
    let mut phone = open_phone(Path::Wifi);
    happens(&mut phone, 3, Happening::ForceQuit);
    let mut only_here = OnlyHere::default();
    only_here.happens(&allowed, false);
    only_here.passes(&phone, true);
    assert!(!only_here.is_nothing());

    let mut painted = only_here;
    painted.happens(&Event::MarkElsewhere(0), true);
    assert!(painted.is_nothing());

    happens(&mut phone, 4, Happening::Open);
    only_here.passes(&phone, true);
    assert!(only_here.is_nothing());
}

#[test]
fn a_goal_that_is_missed_is_named() {
    let measurement = Measurement {
        phones: 2,
        days: 1,
        presets: vec![Preset::Documented],
        ..measurement(&Client::ALL)
    };
    let outcomes = measurement.run(&AtomicBool::new(false), |_, _| {});
    let mut outcomes = outcomes.unwrap().unwrap();
    let ours =
        |outcome: &&mut truebadge_simulation::measure::Outcome| outcome.client == Client::TrueBadge;
    let ours = outcomes.iter_mut().find(ours).unwrap();
    ours.phones[0].too_high_ms += Millis::days(1).0;
    let missed = Report::new(&measurement, &outcomes).missed();
    assert_eq!(
        missed,
        [
            "documented: stale minutes are more than 1.20 times those of limit",
            "documented: stale minutes are more than 0.02 times those of silent-only",
        ]
    );
}
