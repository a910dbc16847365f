//! Accounts that were signed out here, until their relay knows and the host has deleted their
//! credentials.

use rusqlite::{OptionalExtension, Row, params};
use truebadge_protocol::{AccountId, Route};
use url::Url;

use super::{Account, Tx, rows::checked};
use crate::{EngineError, Timestamp};

/// A sign-out of which the relay has yet to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The account's name on this phone, under which the host has its credentials.
    pub account: AccountId,
    /// The relay's address.
    pub relay: Url,
    /// Its name in pushes, which may still come.
    pub route: Option<Route>,
    /// When the person signed out.
    pub since: Timestamp,
    /// Not before this moment is the relay told again by itself.
    pub retry_at: Timestamp,
    /// Failures so far.
    pub failures: u32,
}

impl Tx<'_> {
    /// Removes an account with its rows, operations, receipts and route, and notes that its relay has
    /// to be told. Its key is never used again, so nothing of it can be written afterwards (S7).
    pub fn sign_out(&self, account: &Account, now: Timestamp) -> Result<(), EngineError> {
        self.note_departure(&Departure {
            account: account.account.clone(),
            relay: account.relay.clone(),
            route: account.route.clone(),
            since: now,
            retry_at: Timestamp::default(),
            failures: 0,
        })?;
        self.transaction
            .prepare_cached("DELETE FROM accounts WHERE key = ?1")?
            .execute([account.key])?;
        // What the icon shows holds something of this account, and may not be left as it is.
        self.release_badge()
    }

    /// Notes that a relay has to be told of a sign-out. It is told anew, whatever came before.
    pub(super) fn note_departure(&self, departure: &Departure) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO departures (account, relay, route, since)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                departure.account.as_str(),
                departure.relay.as_str(),
                departure.route.as_ref().map(Route::as_str),
                departure.since.0,
            ])?;
        Ok(())
    }

    /// All departures.
    pub fn departures(&self) -> Result<Vec<Departure>, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT account, relay, route, since, retry_at, failures FROM departures",
        )?;
        let departures = statement.query_map([], read_departure)?;
        Ok(departures.collect::<Result<_, _>>()?)
    }

    /// Whether this departure is still to be told: the account may have been added again.
    pub fn departs(&self, departure: &Departure) -> Result<bool, EngineError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT 1 FROM departures WHERE account = ?1 AND since = ?2")?;
        let found = statement.query_row(
            params![departure.account.as_str(), departure.since.0],
            |_| Ok(()),
        );
        Ok(found.optional()?.is_some())
    }

    /// Notes a failure, and when to try again.
    pub fn postpone_departure(
        &self,
        departure: &Departure,
        retry_at: Timestamp,
    ) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached(
                "UPDATE departures SET retry_at = ?3, failures = failures + 1
                 WHERE account = ?1 AND since = ?2",
            )?
            .execute(params![
                departure.account.as_str(),
                departure.since.0,
                retry_at.0
            ])?;
        Ok(())
    }

    /// Forgets a departure: the relay knows, or never will.
    pub fn end_departure(&self, departure: &Departure) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM departures WHERE account = ?1 AND since = ?2")?
            .execute(params![departure.account.as_str(), departure.since.0])?;
        Ok(())
    }

    /// The person signs in again: the relay must not be told any more that he left.
    pub(super) fn cancel_departure(&self, account: &AccountId) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM departures WHERE account = ?1")?
            .execute([account.as_str()])?;
        Ok(())
    }
}

fn read_departure(row: &Row<'_>) -> rusqlite::Result<Departure> {
    Ok(Departure {
        account: checked(0, AccountId::new(row.get::<_, String>(0)?))?,
        relay: checked(1, Url::parse(&row.get::<_, String>(1)?))?,
        route: row
            .get::<_, Option<String>>(2)?
            .map(|route| checked(2, Route::new(route)))
            .transpose()?,
        since: Timestamp(row.get(3)?),
        retry_at: Timestamp(row.get(4)?),
        failures: row.get(5)?,
    })
}
