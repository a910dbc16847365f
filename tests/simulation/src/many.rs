//! Many seeds on several threads, until enough of them failed, the time is up, or all are done.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use crate::{
    ground::Ground,
    run::{Options, Outcome, run},
    tally::Tally,
    violation::Violation,
};

/// Which seeds.
#[derive(Debug, Clone)]
pub struct Many {
    /// The first.
    pub first: u64,
    /// How many; for ever without.
    pub seeds: Option<u64>,
    /// For how long; for ever without.
    pub time: Option<Duration>,
    /// On how many threads.
    pub jobs: usize,
    /// It ends when so many seeds have failed.
    pub failures: usize,
    /// How each is run.
    pub options: Options,
}

/// A seed that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub violation: Violation,
}

/// What came of them.
#[derive(Debug, Clone, Default)]
pub struct Result {
    /// What was tried.
    pub tally: Tally,
    /// The seeds that failed, the smallest first.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub took: Duration,
    /// How long this process's threads had a core for it, together: what else runs on the machine
    /// makes `took` longer, and not this.
    pub cpu: Duration,
}

impl Many {
    /// Runs them. `progress` is called about twice a second; `stop` ends it early.
    pub fn run(&self, stop: &AtomicBool, mut progress: impl FnMut(&Result)) -> Result {
        let (began, cpu_before) = (Instant::now(), cpu_time());
        let measured = |mut result: Result| {
            result.took = began.elapsed();
            result.cpu = cpu_time().saturating_sub(cpu_before);
            result
        };
        let next = AtomicU64::new(0);
        let over = AtomicBool::new(false);
        let so_far = Mutex::new(Result::default());
        let lock = || so_far.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = || {
            over.load(Ordering::Relaxed)
                || stop.load(Ordering::Relaxed)
                || self.time.is_some_and(|time| began.elapsed() >= time)
        };
        thread::scope(|scope| {
            let worker = || {
                while !ends() {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if self.seeds.is_some_and(|seeds| place >= seeds) {
                        break;
                    }
                    let seed = self.first.wrapping_add(place);
                    let outcome = run(seed, &self.options);
                    lock().add(seed, outcome);
                    if lock().failures.len() >= self.failures.max(1) {
                        over.store(true, Ordering::Relaxed);
                    }
                }
                Ground::remove();
            };
            let workers: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                thread::park_timeout(Duration::from_millis(20));
                let now = lock().clone();
                progress(&measured(now));
            }
        });
        let result = lock().clone();
        measured(result)
    }
}

impl Result {
    /// Steps in a second of wall time, on all cores.
    pub fn events_a_second(&self) -> f64 {
        self.events() / self.took.as_secs_f64().max(0.001)
    }

    /// Schedules of 200 steps, however long the runs were, in a second of one core's time.
    pub fn schedules_a_second_per_core(&self) -> f64 {
        self.events() / 200.0 / self.cpu.as_secs_f64().max(0.001)
    }

    fn events(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate, for people")]
        let events = self.tally.events as f64;
        events
    }

    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.tally += outcome.tally;
        if let Some(violation) = outcome.violation {
            let place = self.failures.partition_point(|one| one.seed < seed);
            self.failures.insert(place, Failure { seed, violation });
        }
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // It counts from zero; a clock that does not is of no use here.
    time.try_into().unwrap_or_default()
}
