//! How long badges are wrong, and what can be said of it.

use std::sync::atomic::AtomicBool;

use simphone::Preset;
use truebadge_simulation::measure::{
    Account, Client, Event, Measurement, Report, Workload, csv, svg,
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
