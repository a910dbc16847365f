//! The end of a wake (S9).

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};

use crate::{
    Clock,
    simulation::{Bug, is},
};

/// When a wake must have ended: counted from its beginning, also over time in which the phone slept.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    clock: Arc<dyn Clock>,
    at: Duration,
}

impl Deadline {
    /// This long from now.
    pub(crate) fn after(clock: &Arc<dyn Clock>, budget: Duration) -> Self {
        Self {
            at: clock.elapsed().saturating_add(budget),
            clock: Arc::clone(clock),
        }
    }

    /// The same end, but for a reserve.
    pub(crate) fn sooner_by(&self, reserve: Duration) -> Self {
        Self {
            at: self.at.saturating_sub(reserve),
            clock: Arc::clone(&self.clock),
        }
    }

    /// The same end, or this long from now, whichever comes first.
    pub(crate) fn at_most(&self, bound: Duration) -> Self {
        Self {
            at: self.at.min(self.clock.elapsed().saturating_add(bound)),
            clock: Arc::clone(&self.clock),
        }
    }

    /// What is left.
    pub(crate) fn left(&self) -> Duration {
        if is(Bug::DeadlineIgnored) {
            return Duration::from_mins(1);
        }
        self.at.saturating_sub(self.clock.elapsed())
    }

    /// Waits at most `bound`, and never over the deadline. What did not end in time is dropped.
    pub(crate) async fn within<T>(
        &self,
        bound: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let end = self.clock.sleep(bound.min(self.left()));
        match select(pin!(future), end).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}
