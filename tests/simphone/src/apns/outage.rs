//! When APNs answers nothing but 503.

use crate::random::Delay;
use crate::rules::ApnsRules;
use crate::time::{Millis, Time};

/// The outage that is under way or comes next. Outages have a seed of their own, so that they come
/// at the same times whatever is sent.
#[derive(Debug)]
pub(super) struct Outages {
    random: fastrand::Rng,
    gap: Option<Delay>,
    lasts: Delay,
    from: Time,
    until: Time,
}

impl Outages {
    pub(super) fn new(rules: &ApnsRules, seed: u64) -> Self {
        // A draw is a quarter of the way to the longest on average.
        let every = rules.outage_every;
        let gap = (every != Millis::FOREVER)
            .then(|| Delay::between(Millis::ZERO, Millis(every.0.saturating_mul(4))));
        Self {
            random: fastrand::Rng::with_seed(seed),
            gap,
            lasts: rules.outage_lasts,
            from: Time::ZERO,
            until: Time::ZERO,
        }
    }

    /// Whether one is under way.
    pub(super) fn covers(&mut self, now: Time) -> bool {
        let Some(gap) = self.gap else {
            return false;
        };
        while self.until <= now {
            self.from = self.until + gap.draw(&mut self.random);
            self.until = self.from + self.lasts.draw(&mut self.random) + Millis(1);
        }
        self.from <= now
    }

    /// When the one under way ends, or the next one begins.
    pub(super) fn changes_after(&mut self, now: Time) -> Option<Time> {
        let under_way = self.covers(now);
        self.gap?;
        Some(if under_way { self.until } else { self.from })
    }
}
