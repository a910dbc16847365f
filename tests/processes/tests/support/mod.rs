//! How long and with which choices a test runs, and what it met.
#![allow(dead_code)] // each test file uses its part

use std::{collections::BTreeMap, path::Path, str::FromStr};

use tempfile::TempDir;

/// A number from the environment.
pub fn number<T: FromStr>(variable: &str, otherwise: T) -> T {
    let Ok(text) = std::env::var(variable) else {
        return otherwise;
    };
    let number = text.parse();
    number.unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}"))
}

/// The seed of all choices.
pub fn seed() -> u64 {
    number("TRUEBADGE_SEED", fastrand::u64(..))
}

/// A folder in memory, where there is such: to wait for a disk takes long and shows nothing here. What
/// a killed process wrote is in the system's hands in either.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// How often what happened.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Once more.
    pub fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// How often.
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Both.
    pub fn and(mut self, other: Self) -> Self {
        for (what, count) in other.0 {
            *self.0.entry(what).or_default() += count;
        }
        self
    }

    /// For whoever reads the test's output.
    pub fn print(&self) {
        for (what, count) in &self.0 {
            println!("{count:8} {what}");
        }
    }
}
