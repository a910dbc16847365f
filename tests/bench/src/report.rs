//! What was found: a table for people, JSON for programs, a picture for a page.

mod goals;
mod picture;
mod table;

use serde::Serialize;

pub use goals::{Goal, goals};
pub use picture::svg;
pub use table::table;

use crate::{machine::Machine, statistics::Line, workloads::memory::Memory};

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where it was measured.
    pub machine: Machine,
    /// Rounds that were counted.
    pub rounds: usize,
    /// Changes in a catch-up.
    pub changes: usize,
    /// What each contestant took.
    pub lines: Vec<Line>,
    /// W7.
    pub memory: Memory,
    /// What was to be reached.
    pub goals: Vec<Goal>,
}
