//! How often the app may be woken in the background (docs/PLATFORM.md, rules 1 and 8).

use std::sync::Arc;

use crate::rules::{BackgroundRules, Rules};
use crate::time::{Millis, Time};

/// What is left of it. A bucket of background pushes that fills by the hour, and two budgets that
/// are new each day.
#[derive(Debug)]
pub(super) struct Budget {
    rules: Arc<Rules>,
    seed: u64,
    /// When the bucket is full again.
    full_at: Time,
    /// The day of which `energy` and `data` tell.
    day: u64,
    energy: Millis,
    data: u64,
}

impl Budget {
    pub(super) fn new(rules: Arc<Rules>, seed: u64) -> Self {
        Self {
            rules,
            seed,
            full_at: Time::ZERO,
            day: 0,
            energy: Millis::ZERO,
            data: 0,
        }
    }

    fn rules(&self) -> &BackgroundRules {
        &self.rules.background
    }

    /// The bucket's whole size, in the time that it takes to fill.
    fn bucket(&self) -> Millis {
        let rules = self.rules();
        Millis(rules.earns_every.0.saturating_mul(u64::from(rules.burst)))
    }

    /// Whether a background push may wake the app now; otherwise when to ask again.
    pub(super) fn allows_push(&self, now: Time) -> Result<(), Time> {
        if !self.allows_running(now) {
            return Err(Time::ZERO + Millis::days(now.day() + 1));
        }
        let paid = self.full_at.max(now) + self.rules().earns_every;
        let fits_at = paid - self.bucket();
        if fits_at <= now { Ok(()) } else { Err(fits_at) }
    }

    /// Whether the day's budgets allow the app to run in the background at all.
    pub(super) fn allows_running(&self, now: Time) -> bool {
        let same_day = now.day() == self.day;
        self.energy_left(now) > Millis::ZERO
            && (!same_day || self.data < self.share(now, self.rules().data_a_day))
    }

    /// How long the app may still run in the background today.
    pub(super) fn energy_left(&self, now: Time) -> Millis {
        let today = self.share(now, self.rules().energy_a_day.0);
        let used = if now.day() == self.day {
            self.energy.0
        } else {
            0
        };
        Millis(today.saturating_sub(used))
    }

    /// What other apps leave of a day's budget. It depends on the day alone, not on what was asked
    /// before.
    fn share(&self, now: Time, whole: u64) -> u64 {
        let mut random = fastrand::Rng::with_seed(self.seed ^ now.day());
        let poor = self.rules().poor_day.happens(&mut random);
        if poor { whole / 10 } else { whole }
    }

    /// A background push wakes the app.
    pub(super) fn pay_push(&mut self, now: Time) {
        self.full_at = self.full_at.max(now) + self.rules().earns_every;
    }

    /// A background wake is over and took so long.
    pub(super) fn pay_run(&mut self, now: Time, length: Millis) {
        self.begin_day(now);
        self.energy = self.energy + length;
        let pushes = length.0 / self.rules().slow_wake.0.max(1);
        let extra = Millis(self.rules().earns_every.0.saturating_mul(pushes));
        self.full_at = self.full_at.max(now) + extra;
    }

    /// So many bytes were moved in the background.
    pub(super) fn pay_data(&mut self, now: Time, bytes: u64) {
        self.begin_day(now);
        self.data = self.data.saturating_add(bytes);
    }

    fn begin_day(&mut self, now: Time) {
        if now.day() != self.day {
            self.day = now.day();
            self.energy = Millis::ZERO;
            self.data = 0;
        }
    }
}
