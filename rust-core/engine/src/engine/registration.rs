//! What a relay is told of this phone, and when.

use std::time::Duration;

use truebadge_protocol::messages::DeviceRegistration;
use xxhash_rust::xxh3::xxh3_64;

use super::{Configuration, request::json};
use crate::{
    EngineError, Timestamp,
    store::{Account, Tx},
};

/// The relay is told of this phone at least this often.
const EVERY: Duration = Duration::from_hours(24);

/// What to tell an account's relay now.
pub(super) fn of(
    configuration: &Configuration,
    account: &Account,
    tx: &Tx<'_>,
) -> Result<DeviceRegistration, EngineError> {
    let painting = Painting::of(account, &tx.relays_of_others(account.key)?);
    let mut conditions = tx.conditions()?;
    conditions.badges_allowed &= painting != Painting::Wrong;
    Ok(DeviceRegistration {
        push_token: tx.push_token()?,
        environment: configuration.environment,
        topic: configuration.topic.clone(),
        policy: tx.policy()?,
        sole_account: painting == Painting::ThisAccount,
        conditions,
        app_version: configuration.app_version.clone(),
    })
}

/// Which number a relay can paint for an account without being wrong about the whole app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Painting {
    /// The account's own: no other takes part in the badge.
    ThisAccount,
    /// The sum of all that take part: they all live on its relay.
    AllAccounts,
    /// None: it takes no part itself, or one that does lives on another relay.
    Wrong,
}

impl Painting {
    /// `others` are the relays of the other accounts that take part.
    fn of(account: &Account, others: &[String]) -> Self {
        if !account.participates {
            Self::Wrong
        } else if others.is_empty() {
            Self::ThisAccount
        } else if others.iter().all(|other| *other == account.relay.as_str()) {
            Self::AllAccounts
        } else {
            Self::Wrong
        }
    }
}

/// Whether the relay must be told again: something changed, or a day went by.
pub(super) fn is_due(
    account: &Account,
    registration: &DeviceRegistration,
    now: Timestamp,
) -> Result<bool, EngineError> {
    let told = &account.registration;
    Ok(account.route.is_none()
        || told.fingerprint != Some(fingerprint(registration)?)
        || told.at.after(EVERY).has_come(now, EVERY))
}

/// Differs whenever anything in the registration does. A hash, because the push token is in it.
pub(super) fn fingerprint(registration: &DeviceRegistration) -> Result<String, EngineError> {
    Ok(format!("{:016x}", xxh3_64(&json(registration)?)))
}
