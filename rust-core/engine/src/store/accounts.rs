//! The accounts on this phone: how far each mirror is, and what its relay was told.

use std::{sync::LazyLock, time::Duration};

use rusqlite::{OptionalExtension, Row, ToSql, params, types::ToSqlOutput};
use truebadge_protocol::{
    AccountId, Digest, Epoch, Route, Totals, Version, messages::PushTokenEnded,
};
use url::Url;

use super::{Tx, rows::read};
use crate::{
    EngineError, Timestamp,
    engine::relay_address,
    model::{Ahead, Mirror, Told},
    simulation::{Bug, is},
};

/// An account's key in the store. Never used again, so whatever still holds the key of an account
/// that was signed out writes nothing (S7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountKey(i64);

impl ToSql for AccountKey {
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
    /// When it failed last.
    pub failed_at: Timestamp,
    /// Failures since the last success.
    pub failures: u32,
    /// When its relay was last heard to the end.
    pub synced_at: Timestamp,
    /// Pushes that were sent and pushes that came.
    pub pushes: PushCounters,
    /// APNs ended the push token that the relay has, and why.
    pub push_token_ended: Option<PushTokenEnded>,
}

impl Account {
    /// Whether its relay may be asked again by itself: no pause is longer than this, and one that begins
    /// in what is still to come was made by a clock that has since been set back.
    pub fn is_rested(&self, now: Timestamp, longest_pause: Duration) -> bool {
        let set_back = now < self.failed_at && !is(Bug::PauseNeverEnds);
        set_back || self.retry_at.has_come(now, longest_pause)
    }
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    /// A fingerprint of the registration; none when one is due.
    pub fingerprint: Option<String>,
    /// When it was made.
    pub at: Timestamp,
}

/// What is read of an account.
const COLUMNS: [&str; 32] = [
    "key",
    "account",
    "relay",
    "participates",
    "signed_out",
    "route",
    "epoch",
    "cursor",
    "unread",
    "mentions",
    "conversations",
    "digest",
    "reset_wanted",
    "next_operation",
    "registration",
    "registered_at",
    "retry_at",
    "failed_at",
    "failures",
    "synced_at",
    "push_received",
    "push_sent",
    "push_token_ended",
    "ahead_epoch",
    "ahead_unread",
    "ahead_mentions",
    "ahead_conversations",
    "ahead_told",
    "ahead_version",
    "staging_epoch",
    "staging_next",
    "staging_reset",
];

static SELECT: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM accounts", COLUMNS.join(", ")));
static SELECT_ALL: LazyLock<String> = LazyLock::new(|| format!("{} ORDER BY key", *SELECT));

/// Writes columns of an account.
macro_rules! update {
    ($tx:expr, $key:expr, { $first:literal: $value:expr, $($other:literal: $more:expr,)* }) => {
        $tx.transaction
            .prepare_cached(concat!(
                "UPDATE accounts SET ", $first, " = ?", $(", ", $other, " = ?",)* " WHERE key = ?"
            ))?
            .execute(params![$value, $($more,)* $key])?
    };
}

/// Where a column is. Found when this is compiled: SQLite would compare its name with those of all
/// columns, for each column of each row.
macro_rules! column {
    ($name:literal) => {
        const { position($name.as_bytes()) }
    };
}

const fn position(name: &[u8]) -> usize {
    let mut place = 0;
    while !is_same(COLUMNS[place].as_bytes(), name) {
        place += 1;
    }
    place
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

impl Tx<'_> {
    /// All accounts, in the order in which they were added.
    pub fn accounts(&self) -> Result<Vec<Account>, EngineError> {
        let mut statement = self.transaction.prepare_cached(&SELECT_ALL)?;
        let accounts = statement.query_map([], read_account)?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }

    /// The account of this name.
    pub fn account(&self, account: &AccountId) -> Result<Account, EngineError> {
        self.find("+account", account.as_str())?
            .ok_or(EngineError::UnknownAccount)
    }

    /// The account of this key, unless it was signed out meanwhile.
    pub fn account_by_key(&self, key: AccountKey) -> Result<Account, EngineError> {
        self.find("key", key)?.ok_or(EngineError::UnknownAccount)
    }

    /// The account that pushes call by this route.
    pub fn account_by_route(&self, route: &Route) -> Result<Option<Account>, EngineError> {
        self.find("+route", route.as_str())
    }

    /// Whether an account has no name in pushes yet: one that is called by an unknown name may be it.
    pub fn has_nameless_account(&self) -> Result<bool, EngineError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT 1 FROM accounts WHERE route IS NULL AND signed_out = 0")?;
        Ok(statement.exists([])?)
    }

    /// Whether the account is there, on this relay, and has not ended.
    pub fn is_on_relay(&self, account: AccountKey, relay: &Url) -> Result<bool, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT 1 FROM accounts WHERE key = ?1 AND relay = ?2 AND NOT signed_out",
        )?;
        Ok(statement.exists(params![account, relay.as_str()])?)
    }

    /// The addresses of the relays of all other accounts that take part in the badge.
    pub fn relays_of_others(&self, account: AccountKey) -> Result<Vec<String>, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT relay FROM accounts WHERE participates AND NOT signed_out AND key <> ?1",
        )?;
        let relays = statement.query_map([account], |row| row.get(0))?;
        Ok(relays.collect::<Result<_, _>>()?)
    }

    /// By a column, with a `+` before it where SQLite has an index of it and is not to use it: accounts are few,
    /// and an index whose page storage lost hides accounts that are there (L2).
    fn find(
        &self,
        column: &'static str,
        value: impl ToSql,
    ) -> Result<Option<Account>, EngineError> {
        let sql = format!("{} WHERE {column} = ?1", *SELECT);
        let mut statement = self.transaction.prepare_cached(&sql)?;
        Ok(statement.query_row([value], read_account).optional()?)
    }

    /// Adds an account, or takes one that is there as signed in again, at this relay's address. A
    /// sign-out of it that its relay does not know of is not told any more.
    pub fn add_account(&self, account: &AccountId, relay: &Url) -> Result<(), EngineError> {
        let known = self.find("+account", account.as_str())?;
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
        let (mirror, staging) = (&account.mirror, account.staging.as_ref());
        let (ahead, told) = (mirror.ahead.as_ref(), mirror.told());
        let ahead_totals = told.map_or(Totals::ZERO, |told| told.totals);
        update!(self, account.key, {
            "participates": account.participates,
            "signed_out": account.signed_out,
            "route": account.route.as_ref().map(Route::as_str),
            "epoch": mirror.epoch.as_ref().map(Epoch::as_str),
            "cursor": mirror.cursor.get(),
            "unread": mirror.totals.unread,
            "mentions": mirror.totals.mentions,
            "conversations": mirror.totals.conversations,
            "digest": mirror.digest.bits().cast_signed(),
            "ahead_epoch": ahead.map(|ahead| ahead.epoch.as_str()),
            "ahead_version": ahead.map_or(0, |ahead| ahead.version.get()),
            "ahead_told": told.map(|told| told.version.get()),
            "ahead_unread": ahead_totals.unread,
            "ahead_mentions": ahead_totals.mentions,
            "ahead_conversations": ahead_totals.conversations,
            "staging_epoch": staging.map(|staging| staging.epoch.as_str()),
            "staging_next": staging.map_or(0, |staging| staging.next.get()),
            "staging_reset": staging.is_some_and(|staging| staging.reset),
            "reset_wanted": account.reset_wanted,
            "next_operation": account.next_operation,
            "registration": account.registration.fingerprint.as_deref(),
            "registered_at": account.registration.at.0,
            "retry_at": account.retry_at.0,
            "failed_at": account.failed_at.0,
            "failures": account.failures,
            "synced_at": account.synced_at.0,
            "push_received": account.pushes.received,
            "push_sent": account.pushes.sent,
            "push_token_ended": account.push_token_ended.map(reason_text).transpose()?,
        });
        Ok(())
    }

    /// The account's relay was heard to the end: it may be asked again whenever something calls for it.
    pub fn note_heard(&self, account: AccountKey, now: Timestamp) -> Result<(), EngineError> {
        let found = update!(self, account, {
            "synced_at": now.0,
            "retry_at": Timestamp::default().0,
            "failures": 0,
        });
        (found > 0).then_some(()).ok_or(EngineError::UnknownAccount)
    }

    /// iOS gave a push token, perhaps the same once more: relays that know of a dead one are told.
    /// Gives whether there is such a relay.
    pub fn forget_ended_push_token(&self) -> Result<bool, EngineError> {
        let told = self
            .transaction
            .prepare_cached(
                "UPDATE accounts SET push_token_ended = NULL, registration = NULL
                 WHERE push_token_ended IS NOT NULL",
            )?
            .execute([])?;
        Ok(told > 0)
    }

    /// Remembers that a push arrived, to tell the relay with the next request.
    pub fn add_receipt(&self, account: AccountKey, counter: u64) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("INSERT OR IGNORE INTO receipts (account, counter) VALUES (?1, ?2)")?
            .execute(params![account, counter])?;
        // Bounded: the newest are what the relay can still use. To delete a range SQLite would make a table of
        // its keys first, each time.
        let mut statement = self.transaction.prepare_cached(
            "SELECT counter FROM receipts WHERE account = ?1 AND counter <= ?2 - 256",
        )?;
        let old = statement.query_map(params![account, counter.cast_signed()], |row| row.get(0))?;
        self.drop_receipts(account, &old.collect::<Result<Vec<_>, _>>()?)
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
        if told.is_empty() {
            return Ok(());
        }
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
    Ok(Account {
        key: AccountKey(row.get(column!("key"))?),
        account: read(row, column!("account"), |name: String| AccountId::new(name))?,
        relay: read(row, column!("relay"), |address: String| {
            relay_address(&address)
        })?,
        participates: row.get(column!("participates"))?,
        signed_out: row.get(column!("signed_out"))?,
        route: read(row, column!("route"), |route: Option<String>| {
            route.map(Route::new).transpose()
        })?,
        mirror: Mirror {
            epoch: read_epoch(row, column!("epoch"))?,
            cursor: read_version(row, column!("cursor"))?,
            totals: read_totals(
                row,
                [
                    column!("unread"),
                    column!("mentions"),
                    column!("conversations"),
                ],
            )?,
            digest: Digest::from_bits(row.get::<_, i64>(column!("digest"))?.cast_unsigned()),
            ahead: read_ahead(row)?,
        },
        staging: read_staging(row)?,
        reset_wanted: row.get(column!("reset_wanted"))?,
        next_operation: read_version(row, column!("next_operation"))?.get(),
        registration: Registration {
            fingerprint: row.get(column!("registration"))?,
            at: Timestamp(row.get(column!("registered_at"))?),
        },
        retry_at: Timestamp(row.get(column!("retry_at"))?),
        failed_at: Timestamp(row.get(column!("failed_at"))?),
        failures: row.get(column!("failures"))?,
        synced_at: Timestamp(row.get(column!("synced_at"))?),
        pushes: PushCounters {
            received: row.get(column!("push_received"))?,
            sent: row.get(column!("push_sent"))?,
        },
        push_token_ended: read(
            row,
            column!("push_token_ended"),
            |reason: Option<String>| {
                let reason = reason.map(|reason| serde_json::from_value(reason.into()));
                reason.transpose()
            },
        )?,
    })
}

fn read_ahead(row: &Row<'_>) -> rusqlite::Result<Option<Ahead>> {
    let Some(epoch) = read_epoch(row, column!("ahead_epoch"))? else {
        return Ok(None);
    };
    let totals = [
        column!("ahead_unread"),
        column!("ahead_mentions"),
        column!("ahead_conversations"),
    ];
    let told = match row.get::<_, Option<i64>>(column!("ahead_told"))? {
        None => None,
        Some(_) => Some(Told {
            version: read_version(row, column!("ahead_told"))?,
            totals: read_totals(row, totals)?,
        }),
    };
    Ok(Some(Ahead {
        epoch,
        version: read_version(row, column!("ahead_version"))?,
        told,
    }))
}

fn read_staging(row: &Row<'_>) -> rusqlite::Result<Option<Staging>> {
    let Some(epoch) = read_epoch(row, column!("staging_epoch"))? else {
        return Ok(None);
    };
    Ok(Some(Staging {
        epoch,
        next: read_version(row, column!("staging_next"))?,
        reset: row.get(column!("staging_reset"))?,
    }))
}

fn read_epoch(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Epoch>> {
    read(row, column, |epoch: Option<String>| {
        epoch.map(Epoch::new).transpose()
    })
}

fn read_version(row: &Row<'_>, column: usize) -> rusqlite::Result<Version> {
    read(row, column, Version::new)
}

fn read_totals(row: &Row<'_>, columns: [usize; 3]) -> rusqlite::Result<Totals> {
    Ok(Totals {
        unread: row.get(columns[0])?,
        mentions: row.get(columns[1])?,
        conversations: row.get(columns[2])?,
    })
}
