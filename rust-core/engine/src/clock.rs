//! Time, given from outside. Wall time only: `Instant` stops while the phone sleeps.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Unix milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// Whether a moment that was planned at most `longest` ahead has come. A plan that lies further
    /// ahead than that was made by a clock that has since been set back: it counts as come.
    pub fn has_come(self, now: Self, longest: Duration) -> bool {
        now >= self || self > now.after(longest)
    }
}

/// Tells the wall time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The device's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
