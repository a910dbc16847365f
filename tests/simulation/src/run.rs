//! One seed, from its beginning to its end.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use simphone::Preset;

use crate::{
    planted::Planted,
    tally::Tally,
    violation::{Property, Violation},
    world::World,
};

/// How a seed is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Steps before the closing phase.
    pub events: u32,
    /// How APNs and iOS behave; drawn from the seed without.
    pub preset: Option<Preset>,
    /// Only these places of the plan; all without.
    pub keep: Option<Vec<u32>>,
    /// A bug that is planted.
    pub planted: Planted,
    /// The timeline is kept.
    pub told: bool,
    /// Where the phones' stores lie.
    pub directory: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            events: 200,
            preset: None,
            keep: None,
            planted: Planted::Nothing,
            told: false,
            directory: None,
        }
    }
}

impl Options {
    /// Where the phones' stores lie: in memory, where the system has such a place.
    pub fn directory(&self) -> PathBuf {
        let memory = Path::new("/dev/shm");
        match &self.directory {
            Some(directory) => directory.clone(),
            None if memory.is_dir() => memory.to_owned(),
            None => std::env::temp_dir(),
        }
    }
}

/// What came of a seed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What did not hold, if something did not.
    pub violation: Option<Violation>,
    /// What was tried.
    pub tally: Tally,
    /// How many happenings of the plan there were.
    pub happened: u32,
    /// What happened, if it was to be told.
    pub timeline: String,
}

/// Runs a seed.
pub fn run(seed: u64, options: &Options) -> Outcome {
    options.planted.plant();
    let outcome = run_planted(seed, options);
    Planted::Nothing.plant();
    outcome
}

fn run_planted(seed: u64, options: &Options) -> Outcome {
    let mut world = match World::new(seed, options) {
        Ok(world) => world,
        Err(violation) => {
            return Outcome {
                violation: Some(violation),
                tally: Tally::default(),
                happened: 0,
                timeline: String::new(),
            };
        }
    };
    let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
    let violation = match lived {
        Ok(lived) => lived.err(),
        Err(payload) => Some(Violation::new(Property::Panic, message(payload.as_ref()))),
    };
    let (tally, happened, timeline) = world.end_of_run();
    Outcome {
        violation,
        tally,
        happened,
        timeline,
    }
}

pub(crate) fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
    });
    text.unwrap_or_else(|| "a panic without words".to_owned())
}
