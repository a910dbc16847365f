//! What is measured, each beside the base that does the same.

mod catch_up;
pub mod memory;
mod pushes;
mod relay;
mod start;
pub mod two;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::measure::Contestant;

/// A directory on some kind of storage.
#[derive(Debug, Clone)]
pub struct Place {
    /// What is said of it in the results: `memory` or `disk`.
    pub name: &'static str,
    /// The directory.
    pub directory: PathBuf,
}

impl Place {
    /// A new directory in it.
    fn directory(&self, name: &str) -> Result<PathBuf> {
        let directory = self.directory.join(name);
        std::fs::create_dir(&directory)?;
        Ok(directory)
    }
}

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// The sizes of account that are compared with each other.
    pub accounts: &'static [usize],
    /// Changes in a catch-up.
    pub changes: usize,
}

/// All of them, or only one workload's, on each of the places.
pub fn all(
    places: &[Place],
    size: Size,
    program: &Path,
    only: Option<&str>,
) -> Result<Vec<Contestant>> {
    let wanted = |workload| only.is_none_or(|only| only == workload);
    let mut contestants = Vec::new();
    for place in places {
        if wanted("W1") {
            contestants.extend(pushes::pushes(place)?);
        }
        if wanted("W2") {
            contestants.extend(catch_up::catch_up(place, size.changes)?);
        }
        if wanted("W3") {
            contestants.extend(start::start(place, program)?);
        }
        if wanted("W4") {
            contestants.extend(two::two(place, program)?);
        }
        if wanted("W5") && place.name == "memory" {
            contestants.extend(pushes::sizes(place, size.accounts)?);
        }
        if wanted("W6") {
            contestants.extend(relay::relay(place)?);
        }
    }
    Ok(contestants)
}

/// How a contestant is called in the results.
fn name(workload: &str, who: &str, place: &Place) -> String {
    format!("{workload} {who} ({})", place.name)
}
