//! What the runs are held against.

use std::fmt;

/// A property of the product; `docs/SIMULATION.md` has the whole sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Property {
    /// Provenance: a number that was set is some committed state with this phone's operations over
    /// it.
    S1,
    /// Monotonic: the state behind the number never gets older.
    S2,
    /// No lost mark.
    S3,
    /// Read your writes.
    S4,
    /// Atomic: rows and sums belong together.
    S5,
    /// Asleep: no lock is left.
    S6,
    /// Fenced: nothing of an account that was signed out.
    S7,
    /// Fail closed: what cannot be read changes nothing.
    S8,
    /// Bounded: every wake ends by its deadline.
    S9,
    /// One undisturbed wake makes the badge true.
    L1,
    /// The same from a damaged store.
    L2,
    /// The relay keeps the protocol's promises: held against the model at every commit.
    Relay,
    /// A push that is owed is sent.
    Pushed,
    /// Nothing panics.
    Panic,
}

impl fmt::Display for Property {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// What was seen instead.
    pub what: String,
}

impl Violation {
    /// A violation.
    pub fn new(property: Property, what: impl Into<String>) -> Self {
        Self {
            property,
            what: what.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.property, self.what)
    }
}
