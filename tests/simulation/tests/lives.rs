//! What can be said of whole runs.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{collections::BTreeMap, str::FromStr as _, sync::atomic::AtomicBool, thread};

use truebadge_simulation::{
    many::Many,
    planted::Planted,
    run::{Options, run},
    shrink::shrink,
    violation::Property,
};

/// A bug that shows soon, how it is run with it, and the first seed that shows it.
fn zero_when_opened() -> (Options, u64) {
    let options = Options {
        planted: Planted::from_str("zero-when-opened").unwrap(),
        ..Options::default()
    };
    let broken = |seed: &u64| run(*seed, &options).violation.is_some();
    let seed = (0..50).find(broken).unwrap();
    (options, seed)
}

fn told() -> Options {
    Options {
        told: true,
        ..Options::default()
    }
}

#[test]
fn the_same_seed_is_the_same_run_byte_for_byte_on_any_thread() {
    for seed in 0..12 {
        let here = run(seed, &told());
        let there = thread::spawn(move || run(seed, &told())).join().unwrap();
        assert!(here.timeline.len() > 1_000, "a run that is told");
        assert_eq!(here.timeline, there.timeline);
        assert_eq!(here.violation, there.violation);
        assert_eq!(here.tally, there.tally);
    }
}

#[test]
fn the_same_seed_is_the_same_run_whatever_ran_before_it_on_its_thread() {
    let all = |seeds: &mut dyn Iterator<Item = u64>| -> BTreeMap<u64, _> {
        let outcome = |seed| run(seed, &told());
        let told = seeds.map(|seed| (seed, outcome(seed)));
        let told = told.map(|(seed, ran)| (seed, (ran.timeline, ran.violation, ran.tally)));
        told.collect()
    };
    // Some of them lie in files, and some have their store damaged.
    let upwards = all(&mut (146..176));
    let downwards = all(&mut (146..176).rev());
    for (seed, ran) in &upwards {
        assert_eq!(*ran, downwards[seed], "seed {seed}");
    }
    let faults = upwards
        .values()
        .flat_map(|(_, _, tally)| tally.faults.keys());
    assert!(faults.into_iter().any(|fault| fault == "store damaged"));
}

#[test]
fn telling_a_run_changes_nothing_in_it() {
    for seed in 100..106 {
        let quiet = run(seed, &Options::default());
        let told = run(seed, &told());
        assert_eq!(quiet.tally, told.tally);
        assert_eq!(quiet.happened, told.happened);
    }
}

#[test]
fn every_property_holds_in_the_first_seeds() {
    let many = Many {
        first: 0,
        seeds: Some(40),
        time: None,
        jobs: 2,
        failures: 1,
        options: Options::default(),
    };
    let ran = many.run(&AtomicBool::new(false), |_| {});
    assert!(ran.failures.is_empty(), "{:?}", ran.failures);
    assert_eq!(ran.tally.seeds, 40);
    assert!(ran.tally.events > 40 * 200);
    assert!(ran.tally.all_faults() > 0);
    assert!(ran.tally.numbers > 40);
}

#[test]
fn a_planted_bug_is_found_and_the_run_that_shows_it_made_short() {
    let (options, seed) = zero_when_opened();
    let whole = run(seed, &options);
    let (kept, short) = shrink(seed, &options, |_| {});
    assert!(kept.len() <= 6, "{kept:?} is not short");
    let properties = [&whole, &short].map(|outcome| outcome.violation.as_ref().unwrap().property);
    assert_eq!(properties[0], properties[1]);
    assert_ne!(properties[0], Property::Panic);
    // What was printed is what another run with the same places shows.
    let again = Options {
        keep: Some(kept),
        ..options
    };
    assert_eq!(run(seed, &again).violation, short.violation);
}

#[test]
fn a_run_that_goes_on_tells_every_seed_that_failed_up_to_a_limit() {
    let (options, first) = zero_when_opened();
    let many = |seeds, failures| Many {
        first: 0,
        seeds: Some(seeds),
        time: None,
        jobs: 2,
        failures,
        options: options.clone(),
    };
    let seeds = |many: Many| -> Vec<u64> {
        let ran = many.run(&AtomicBool::new(false), |_| {});
        ran.failures.iter().map(|failure| failure.seed).collect()
    };
    let broken = |seed: &u64| run(*seed, &options).violation.is_some();
    let all: Vec<u64> = (0..12).filter(broken).collect();
    assert!(all.len() > 1 && all[0] == first);
    assert_eq!(seeds(many(12, 100)), all);
    // Those that ran when it ended are told too.
    assert!((2..=3).contains(&seeds(many(1_000, 2)).len()));
}

#[test]
fn a_bug_that_was_planted_is_gone_with_the_run() {
    let (_, seed) = zero_when_opened();
    assert_eq!(run(seed, &Options::default()).violation, None);
}

#[test]
fn every_bug_has_a_name_of_its_own_and_there_are_at_least_thirty() {
    let mut names: Vec<String> = Planted::all().iter().map(ToString::to_string).collect();
    assert!(Planted::looked_for().len() >= 30);
    for name in &names {
        assert_eq!(Planted::from_str(name).unwrap().to_string(), *name);
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), Planted::all().len());
    assert!(Planted::from_str("no-such-bug").is_err());
}
