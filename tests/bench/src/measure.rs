//! Contestants take turns in rounds, so that whatever else the machine does meets all of them alike.

use std::time::Duration;

use anyhow::{Context, Result};

/// One thing that is done again and again.
pub struct Contestant {
    /// Its name in the results, such as `W1 engine`.
    pub name: String,
    /// What its ratio is to; none for a base.
    pub base: Option<String>,
    /// How often it runs within a round.
    pub times: usize,
    /// It takes part in every round of which this is a divisor.
    pub every: usize,
    /// Does it once, and tells how long it took.
    pub run: Box<dyn FnMut() -> Result<Duration>>,
}

impl Contestant {
    /// One with a name, what its ratio is to, how often it runs, and what it does.
    pub fn new(
        name: String,
        base: Option<&str>,
        [times, every]: [usize; 2],
        run: impl FnMut() -> Result<Duration> + 'static,
    ) -> Self {
        Self {
            name,
            base: base.map(str::to_owned),
            times,
            every,
            run: Box::new(run),
        }
    }
}

impl std::fmt::Debug for Contestant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Contestant")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a contestant took, round by round.
#[derive(Debug)]
pub struct Taken {
    /// The contestant's name.
    pub name: String,
    /// What its ratio is to.
    pub base: Option<String>,
    /// In nanoseconds; empty for a round in which it took no part.
    pub rounds: Vec<Vec<f64>>,
}

/// Lets them all take turns. The first round is not counted: it warms caches up.
pub fn run(
    contestants: Vec<Contestant>,
    rounds: usize,
    mut after_round: impl FnMut(usize),
) -> Result<Vec<Taken>> {
    let taken = |one: &Contestant| Taken {
        name: one.name.clone(),
        base: one.base.clone(),
        rounds: vec![Vec::new(); rounds],
    };
    let mut results: Vec<Taken> = contestants.iter().map(taken).collect();
    let mut contestants = contestants;
    let count = contestants.len();
    for round in 0..=rounds {
        for turn in 0..count {
            // Nobody always follows the same one.
            let which = (turn + round) % count;
            let one = &mut contestants[which];
            if !round.is_multiple_of(one.every) {
                continue;
            }
            for _ in 0..one.times {
                let time = (one.run)().with_context(|| format!("{} failed", one.name))?;
                if let Some(counted) = round.checked_sub(1) {
                    results[which].rounds[counted].push(nanoseconds(time));
                }
            }
        }
        after_round(round);
    }
    Ok(results)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a double counts nanoseconds exactly for a hundred days"
)]
fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}
