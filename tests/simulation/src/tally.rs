//! How much was tried: events, and what was done to the run, by kind.

use std::{collections::BTreeMap, ops::AddAssign};

use serde::{Deserialize, Serialize};

/// What one run, or many, went through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Seeds that were run to their end.
    pub seeds: u64,
    /// Steps: a task went on, a request or an answer or a push arrived, a time came, something
    /// happened.
    pub events: u64,
    /// What was done to them, by kind: lost requests, kills, dropped pushes, …
    pub faults: BTreeMap<String, u64>,
    /// Numbers that our code set and that were held against the truth.
    pub numbers: u64,
}

impl Tally {
    /// One more of a kind.
    pub fn fault(&mut self, kind: &str) {
        match self.faults.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.faults.insert(kind.to_owned(), 1)),
        }
    }

    /// Faults of every kind.
    pub fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.events += other.events;
        self.numbers += other.numbers;
        for (kind, count) in other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}
