//! The accounts on this phone: how far each mirror is, and what its relay was told.

use rusqlite::{OptionalExtension, Row, params, types::ToSqlOutput};
use truebadge_protocol::{
    AccountId, Digest, Epoch, Route, Totals, Version, messages::PushTokenEnded,
};
use url::Url;

use super::{Tx, rows::checked};
use crate::{
    EngineError, Timestamp,
    engine::relay_address,
    model::{Ahead, Mirror, Told},
};

/// An account's key in the store. Never used again, so whatever still holds the key of an account
/// that was signed out writes nothing (S7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountKey(i64);

impl rusqlite::ToSql for AccountKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

/// An account as the store keeps it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its key.
    pub key: AccountKey,
    /// Its name on this phone. No relay ever sees it.
    pub account: AccountId,
    /// The relay's address.
    pub relay: Url,
    /// Whether it takes part in the badge.
    pub participates: bool,
    /// The relay said that the account has ended.
    pub signed_out: bool,
    /// Its name in pushes; none before the first registration.
    pub route: Option<Route>,
    /// How much of its history the phone knows.
    pub mirror: Mirror,
    /// Pages of which not all have come.
    pub staging: Option<Staging>,
    /// The mirror was found wrong: start over.
    pub reset_wanted: bool,
    /// The number of the next operation.
    pub next_operation: u64,
    /// What the relay was last told of this phone.
    pub registration: Registration,
    /// Not before this moment is the relay asked again by itself.
    pub retry_at: Timestamp,
    /// Failures since the last success.
    pub failures: u32,
    /// Pushes that were sent and pushes that came.
    pub pushes: PushCounters,
    /// APNs ended the push token that the relay has, and why.
    pub push_token_ended: Option<PushTokenEnded>,
}

/// Pushes to this phone for one account, by the counter that each of them carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushCounters {
    /// The counter of the newest that came; 0 before the first.
    pub received: u64,
    /// The counter of the newest that the relay says it sent. Above `received`: pushes were sent and
    /// did not come, or are under way.
    pub sent: u64,
}

/// Several pages of which not all have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staging {
    /// The history that is being fetched.
    pub epoch: Epoch,
    /// The `since` of the next page.
    pub next: Version,
    /// They are a reset, and not what changed since the cursor.
    pub reset: bool,
}

/// What the relay was last told of this phone, and when.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Registration {
    /// A fingerprint of the registration; none when one is due.
    pub fingerprint: Option<String>,
    /// When it was made.
    pub at: Timestamp,
}

impl std::fmt::Debug for Registration {
    /// The fingerprint holds the push token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Registration")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "key, account, relay, participates, signed_out, route, epoch, cursor, unread, \
     mentions, conversations, digest, ahead_epoch, ahead_version, ahead_unread, ahead_mentions, \
     ahead_conversations, ahead_acknowledged, staging_epoch, staging_next, reset_wanted, \
     next_operation, registration, registered_at, retry_at, failures, push_received, push_sent, \
     push_token_ended, staging_reset, ahead_told";

impl Tx<'_> {
    /// All accounts, in the order in which they were added.
    pub fn accounts(&self) -> Result<Vec<Account>, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY key");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let accounts = statement.query_map([], read_account)?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }

    /// The account of this name.
    pub fn account(&self, account: &AccountId) -> Result<Account, EngineError> {
        self.find("account", account.as_str())?
            .ok_or(EngineError::UnknownAccount)
    }

    /// The account of this key, unless it was signed out meanwhile.
    pub fn account_by_key(&self, key: AccountKey) -> Result<Account, EngineError> {
        self.find("key", key)?.ok_or(EngineError::UnknownAccount)
    }

    /// The account that pushes call by this route.
    pub fn account_by_route(&self, route: &Route) -> Result<Option<Account>, EngineError> {
        self.find("route", route.as_str())
    }

    /// Whether an account has no name in pushes yet: one that is called by an unknown name may be it.
    pub fn has_nameless_account(&self) -> Result<bool, EngineError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT 1 FROM accounts WHERE route IS NULL AND signed_out = 0")?;
        Ok(statement.exists([])?)
    }

    fn find(
        &self,
        column: &'static str,
        value: impl rusqlite::ToSql,
    ) -> Result<Option<Account>, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE {column} = ?1");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        Ok(statement.query_row([value], read_account).optional()?)
    }

    /// Adds an account, or takes one that is there as signed in again, at this relay's address. A
    /// sign-out of it that its relay does not know of is not told any more.
    pub fn add_account(&self, account: &AccountId, relay: &Url) -> Result<(), EngineError> {
        let known = self.find("account", account.as_str())?;
        if let Some(mut known) = known.filter(|known| known.relay != *relay) {
            self.leave_relay(&mut known)?;
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO accounts (account, relay) VALUES (?1, ?2)
                 ON CONFLICT (account) DO UPDATE
                 SET relay = excluded.relay, signed_out = 0, registration = NULL, retry_at = 0,
                     failures = 0",
            )?
            .execute(params![account.as_str(), relay.as_str()])?;
        self.cancel_departure(account)
    }

    /// Forgets what one relay knows of this phone and another does not: what the first still sends must
    /// not be taken for the other's.
    fn leave_relay(&self, account: &mut Account) -> Result<(), EngineError> {
        account.route = None;
        account.staging = None;
        account.pushes = PushCounters::default();
        account.push_token_ended = None;
        self.clear_staged(account.key)?;
        self.clear_early(account.key)?;
        self.forget_receipts(account.key)?;
        self.save_account(account)
    }

    /// Writes an account as it is now. Nothing happens when it was removed meanwhile.
    pub fn save_account(&self, account: &Account) -> Result<(), EngineError> {
        let Account {
            mirror, staging, ..
        } = account;
        let ahead = mirror.ahead.as_ref();
        let told = mirror.told();
        let totals = told.map_or(Totals::ZERO, |told| told.totals);
        self.transaction
            .prepare_cached(
                "UPDATE accounts SET participates = ?2, signed_out = ?3, route = ?4, epoch = ?5,
                     cursor = ?6, unread = ?7, mentions = ?8, conversations = ?9, digest = ?10,
                     ahead_epoch = ?11, ahead_version = ?12, ahead_unread = ?13,
                     ahead_mentions = ?14, ahead_conversations = ?15, ahead_acknowledged = ?16,
                     staging_epoch = ?17, staging_next = ?18, reset_wanted = ?19,
                     next_operation = ?20, registration = ?21, registered_at = ?22,
                     retry_at = ?23, failures = ?24, push_received = ?25, push_sent = ?26,
                     push_token_ended = ?27, staging_reset = ?28, ahead_told = ?29
                 WHERE key = ?1",
            )?
            .execute(params![
                account.key,
                account.participates,
                account.signed_out,
                account.route.as_ref().map(Route::as_str),
                mirror.epoch.as_ref().map(Epoch::as_str),
                mirror.cursor.get(),
                mirror.totals.unread,
                mirror.totals.mentions,
                mirror.totals.conversations,
                mirror.digest.bits().cast_signed(),
                ahead.map(|ahead| ahead.epoch.as_str()),
                ahead.map_or(0, |ahead| ahead.version.get()),
                totals.unread,
                totals.mentions,
                totals.conversations,
                told.map_or(0, |told| told.acknowledged),
                staging.as_ref().map(|staging| staging.epoch.as_str()),
                staging.as_ref().map_or(0, |staging| staging.next.get()),
                account.reset_wanted,
                account.next_operation,
                account.registration.fingerprint.as_deref(),
                account.registration.at.0,
                account.retry_at.0,
                account.failures,
                account.pushes.received,
                account.pushes.sent,
                account.push_token_ended.map(reason_text).transpose()?,
                staging.as_ref().is_some_and(|staging| staging.reset),
                told.map(|told| told.version.get()),
            ])?;
        Ok(())
    }

    /// iOS gave a push token, perhaps the same once more: relays that know of a dead one are told.
    pub fn forget_ended_push_token(&self) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached(
                "UPDATE accounts SET push_token_ended = NULL, registration = NULL
                 WHERE push_token_ended IS NOT NULL",
            )?
            .execute([])?;
        Ok(())
    }

    /// Remembers that a push arrived, to tell the relay with the next request.
    pub fn add_receipt(&self, account: AccountKey, counter: u64) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("INSERT OR IGNORE INTO receipts (account, counter) VALUES (?1, ?2)")?
            .execute(params![account, counter])?;
        // Bounded: the newest are what the relay can still use.
        self.transaction
            .prepare_cached("DELETE FROM receipts WHERE account = ?1 AND counter <= ?2 - 256")?
            .execute(params![account, counter.cast_signed()])?;
        Ok(())
    }

    /// Push counters that the relay has not been told of, ascending.
    pub fn receipts(&self, account: AccountKey) -> Result<Vec<u64>, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT counter FROM receipts WHERE account = ?1 ORDER BY counter DESC LIMIT 256",
        )?;
        let counters = statement.query_map([account], |row| row.get(0))?;
        let mut counters = counters.collect::<Result<Vec<_>, _>>()?;
        counters.reverse();
        Ok(counters)
    }

    /// Forgets all receipts: they are for another relay, or another history of it.
    pub fn forget_receipts(&self, account: AccountKey) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM receipts WHERE account = ?1")?
            .execute([account])?;
        Ok(())
    }

    /// Forgets receipts that the relay has.
    pub fn drop_receipts(&self, account: AccountKey, told: &[u64]) -> Result<(), EngineError> {
        let mut statement = self
            .transaction
            .prepare_cached("DELETE FROM receipts WHERE account = ?1 AND counter = ?2")?;
        for counter in told {
            statement.execute(params![account, counter])?;
        }
        Ok(())
    }
}

/// A reason as the wire writes it.
fn reason_text(reason: PushTokenEnded) -> Result<String, EngineError> {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(EngineError::Runtime),
    }
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let epoch = |column: usize| -> rusqlite::Result<Option<Epoch>> {
        row.get::<_, Option<String>>(column)?
            .map(|e| checked(column, Epoch::new(e)))
            .transpose()
    };
    let version = |column: usize| {
        row.get(column)
            .and_then(|v| checked(column, Version::new(v)))
    };
    let totals = |column: usize| -> rusqlite::Result<Totals> {
        Ok(Totals {
            unread: row.get(column)?,
            mentions: row.get(column + 1)?,
            conversations: row.get(column + 2)?,
        })
    };
    let ahead = match epoch(12)? {
        None => None,
        Some(epoch) => Some(Ahead {
            epoch,
            version: version(13)?,
            told: match row.get(30)? {
                None => None,
                Some(at) => Some(Told {
                    version: checked(30, Version::new(at))?,
                    totals: totals(14)?,
                    acknowledged: version(17)?.get(),
                }),
            },
        }),
    };
    let staging = match epoch(18)? {
        None => None,
        Some(epoch) => Some(Staging {
            epoch,
            next: version(19)?,
            reset: row.get(29)?,
        }),
    };
    Ok(Account {
        key: AccountKey(row.get(0)?),
        account: checked(1, AccountId::new(row.get::<_, String>(1)?))?,
        relay: checked(2, relay_address(&row.get::<_, String>(2)?))?,
        participates: row.get(3)?,
        signed_out: row.get(4)?,
        route: row
            .get::<_, Option<String>>(5)?
            .map(|route| checked(5, Route::new(route)))
            .transpose()?,
        mirror: Mirror {
            epoch: epoch(6)?,
            cursor: version(7)?,
            totals: totals(8)?,
            digest: Digest::from_bits(row.get::<_, i64>(11)?.cast_unsigned()),
            ahead,
        },
        staging,
        reset_wanted: row.get(20)?,
        next_operation: version(21)?.get(),
        registration: Registration {
            fingerprint: row.get(22)?,
            at: Timestamp(row.get(23)?),
        },
        retry_at: Timestamp(row.get(24)?),
        failures: row.get(25)?,
        pushes: PushCounters {
            received: row.get(26)?,
            sent: row.get(27)?,
        },
        push_token_ended: row
            .get::<_, Option<String>>(28)?
            .map(|reason| checked(28, serde_json::from_value(reason.into())))
            .transpose()?,
    })
}
