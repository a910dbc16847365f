//! What APNs knows of one token.

use std::sync::Arc;

use crate::push::{Environment, Expiration, Notification};
use crate::rules::ApnsRules;
use crate::time::{Millis, Time};

/// A push that was taken, and its place in the order of arrival.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) notification: Notification,
    pub(super) number: u64,
    /// It is not delivered after this moment.
    pub(super) expires: Time,
}

impl Parcel {
    pub(super) fn new(
        notification: Notification,
        number: u64,
        now: Time,
        rules: &ApnsRules,
    ) -> Self {
        let policy = now + rules.stored_for;
        let expires = match notification.expiration {
            Expiration::At(time) => time.min(policy),
            Expiration::Immediate | Expiration::Policy => policy,
        };
        Self {
            notification,
            number,
            expires,
        }
    }

    /// Whether it waits for a phone that is away.
    pub(super) fn is_stored(&self) -> bool {
        self.notification.expiration != Expiration::Immediate
    }
}

/// A token that ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// When APNs learns of it.
    pub(super) known_at: Time,
}

/// One app on one phone.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) topic: Arc<str>,
    pub(super) environment: Environment,
    pub(super) connected: bool,
    pub(super) ended: Option<Ended>,
    pub(super) stored: Option<Parcel>,
    /// No push that keeps the order arrives before this.
    pub(super) ordered_until: Time,
    /// When the bucket of pushes in a row is full again.
    full_at: Time,
}

impl Device {
    pub(super) fn new(topic: Arc<str>, environment: Environment) -> Self {
        Self {
            topic,
            environment,
            connected: true,
            ended: None,
            stored: None,
            ordered_until: Time::ZERO,
            full_at: Time::ZERO,
        }
    }

    /// Takes one push out of the bucket; false when it is empty.
    pub(super) fn takes_one(&mut self, now: Time, rules: &ApnsRules) -> bool {
        let refill = rules.token_refill;
        let whole = Millis(refill.0.saturating_mul(u64::from(rules.token_burst)));
        let full_at = self.full_at.max(now) + refill;
        let fits = full_at <= now + whole;
        if fits {
            self.full_at = full_at;
        }
        fits
    }
}
