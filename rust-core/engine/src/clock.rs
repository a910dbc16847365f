//! Time, given from outside. What is planned is planned in wall time, which survives a kill; how long
//! something took is told by a clock that counts on while the phone sleeps.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{FutureExt, future::BoxFuture};
use rustix::time::{ClockId, clock_gettime};

use crate::simulation::{Bug, is};

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
        now >= self || (self > now.after(longest) && !is(Bug::PauseNeverEnds))
    }
}

/// Tells the time, and waits.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall time now. The person, or the network, may set it to any value at any moment.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment, counted on while the phone sleeps: never back, never in jumps.
    fn elapsed(&self) -> Duration;

    /// Ends when [`Clock::elapsed`] has grown by this much. Needs the engine's runtime.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The device's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Counts on during sleep. Rust's `Instant` does not on Apple's systems, where it reads
/// `CLOCK_UPTIME_RAW`; there `CLOCK_MONOTONIC` does (macOS' manual, `clock_gettime(3)`).
#[cfg(not(target_os = "linux"))]
const COUNTS_ON: ClockId = ClockId::Monotonic;
#[cfg(target_os = "linux")]
const COUNTS_ON: ClockId = ClockId::Boottime;

/// Tokio's timers stand still while the phone sleeps: the clock is looked at this often.
const SLICE: Duration = Duration::from_millis(250);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        Duration::try_from(clock_gettime(COUNTS_ON)).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.elapsed().saturating_add(duration);
        async move {
            loop {
                let left = until.saturating_sub(Self.elapsed());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(SLICE)).await;
            }
        }
        .boxed()
    }
}
