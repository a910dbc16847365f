//! What a deterministic simulator needs of the engine. Only with the cargo feature `simulation`, which
//! is off; without it nothing of this is in the program (`scripts/test rules` sees to it).
//!
//! The simulator runs the code that ships: it gives the engine its clock, transport, bridges and
//! [`Spawner`](crate::Spawner), all on one thread. What is left to take in hand is here, and holds for
//! the calling thread only:
//!
//! | call | what it takes in hand |
//! |---|---|
//! | [`seed`] | randomness: operation ids, the pauses of backoff, the generation of a store made anew |
//! | [`hook`] | the points at which the store meets the disk: go on, kill the process, or fail |
//! | [`until_killed`] | what a kill unwinds to |
//! | [`MemoryStore`] | where the stores lie: in memory, so that a life costs little |
//! | [`plant`] | a deliberate bug, to see whether the simulator finds it |
//!
//! ```
//! use truebadge_engine::{EngineError, simulation::{self, Killed, Point, Verdict}};
//!
//! simulation::seed(7);
//! let mut commits = 0;
//! simulation::hook(Some(Box::new(move |point| match point {
//!     // The tenth commit is the last thing that this process does.
//!     Point::Commits => {
//!         commits += 1;
//!         if commits == 10 { Verdict::Kill } else { Verdict::GoOn }
//!     }
//!     _ => Verdict::GoOn,
//! })));
//! // Each poll of a task of the engine, and each call to it:
//! match simulation::until_killed(|| "engine.mark_read(…)") {
//!     Ok(_done) => {}
//!     // Drop the process' tasks, then its engine, and start another one over the same store.
//!     Err(Killed) => {}
//! }
//! simulation::hook(None);
//! ```
//!
//! A kill loses what was not committed, as in a real process: the transaction is rolled back, and no
//! `Drop` of the engine writes anything. Unlike a real one it is never in the middle of what SQLite
//! itself does, which real processes that are killed test (`tests/processes`).
//!
//! No order that the engine takes depends on anything but its inputs: no hash map is iterated, nothing
//! needs a runtime, and who waits for a lock gets it in turn.

mod bugs;
#[cfg(feature = "simulation")]
mod memory;
#[cfg(feature = "simulation")]
mod on;
#[cfg(feature = "simulation")]
mod planted;

pub use bugs::Bug;
#[cfg(feature = "simulation")]
pub use memory::{Commits, MemoryStore};
#[cfg(feature = "simulation")]
pub(crate) use memory::{Connected, connect, in_memory, left_open};
#[cfg(feature = "simulation")]
pub use on::{Hook, Killed, Verdict, hook, seed, until_killed};
#[cfg(feature = "simulation")]
pub(crate) use on::{fill, reach};
#[cfg(feature = "simulation")]
pub(crate) use planted::is;
#[cfg(feature = "simulation")]
pub use planted::{UnknownBug, plant};

/// Where the store meets the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// The store's file is about to be opened: [`EngineError::Locked`](crate::EngineError::Locked)
    /// before the first unlock.
    Opens,
    /// A transaction is about to begin, for reading or for writing:
    /// [`EngineError::Busy`](crate::EngineError::Busy) when another process has the store.
    Begins,
    /// All of a transaction is written and about to be committed: a kill, and a failure such as
    /// [`EngineError::StorageFull`](crate::EngineError::StorageFull), leave what was there before it.
    Commits,
    /// It is committed. It can't fail any more; a kill leaves it.
    Committed,
    /// The accounts' copy beside the store is about to be written. That it fails fails nothing else.
    Keeps,
    /// It is written. It can't fail any more.
    Kept,
    /// A damaged store is about to be replaced by what could be saved of it.
    Rebuilds,
    /// It is replaced. It can't fail any more.
    Rebuilt,
}

/// A connection to the store's file.
#[cfg(not(feature = "simulation"))]
pub(crate) type Connected = rusqlite::Connection;

/// Connects to the store's file.
#[cfg(not(feature = "simulation"))]
pub(crate) fn connect(
    path: &std::path::Path,
    flags: rusqlite::OpenFlags,
) -> rusqlite::Result<Connected> {
    Connected::open_with_flags(path, flags)
}

/// Whether the stores lie in memory: never.
#[cfg(not(feature = "simulation"))]
pub(crate) const fn in_memory() -> bool {
    false
}

/// A connection that another process left open: none ever.
#[cfg(not(feature = "simulation"))]
pub(crate) const fn left_open() -> Option<Connected> {
    None
}

/// Whether the engine has this bug: never.
#[cfg(not(feature = "simulation"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}

/// Takes random bytes from the seed, when there is one: never.
#[cfg(not(feature = "simulation"))]
pub(crate) const fn fill(_: &mut [u8]) -> bool {
    false
}

/// Says that the store has come to a point: nobody listens.
#[cfg(not(feature = "simulation"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it fails")]
pub(crate) const fn reach(_: Point) -> Result<(), crate::EngineError> {
    Ok(())
}
