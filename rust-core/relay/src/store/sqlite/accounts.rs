//! Accounts, and what the app's backend does to them.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};
use truebadge_protocol::{
    AccountId, ConversationId, Digest, Epoch,
    messages::{Committed, ConversationUpsert, Event, EventsRequest},
};

use super::{
    convert::{id, number, signed, totals, unsigned},
    devices, random_name,
    rows::AccountRows,
    schedule,
};
use crate::{
    faults::{self, Fault},
    model::{Ledger, Outcome, Rows, Sums},
    planner::Rules,
    store::{AccountDetail, AccountSummary, IdempotencyKey, Result, StoreError},
};

/// An idempotency key is remembered so long.
const KEY_KEPT: u64 = 24 * 3_600_000;

/// An account's row.
#[derive(Debug, Clone)]
pub struct Account {
    pub row: i64,
    pub epoch: Epoch,
    pub sums: Sums,
}

const COLUMNS: &str = "id, epoch, head, unread, mentions, conversations, digest";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        row: row.get(0)?,
        epoch: id(row, 1)?,
        sums: Sums {
            head: number(row, 2)?,
            totals: totals(row, 3)?,
            digest: Digest::from_bits(row.get::<_, i64>(6)?.cast_unsigned()),
        },
    })
}

/// An account by its name.
pub fn find(tx: &Connection, name: &AccountId) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE name = ?1");
    let mut statement = tx.prepare_cached(&sql)?;
    Ok(statement.query_row([name.as_str()], account).optional()?)
}

/// An account by its row.
pub fn load(tx: &Connection, row: i64) -> Result<Account> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1");
    Ok(tx.prepare_cached(&sql)?.query_row([row], account)?)
}

/// An account by its name, made if it is not there.
pub fn find_or_create(tx: &Connection, name: &AccountId, now: u64) -> Result<Account> {
    if let Some(account) = find(tx, name)? {
        return Ok(account);
    }
    let sql = "INSERT INTO accounts(name, epoch, created_at) VALUES (?1, ?2, ?3)";
    tx.prepare_cached(sql)?
        .execute(params![name.as_str(), random_name()?, signed(now)])?;
    find(tx, name)?.ok_or(StoreError::NotFound)
}

fn save_sums(tx: &Connection, row: i64, sums: &Sums) -> Result<()> {
    let sql = "UPDATE accounts SET head = ?2, unread = ?3, mentions = ?4, conversations = ?5, \
               digest = ?6 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![
        row,
        signed(sums.head.get()),
        signed(sums.totals.unread),
        signed(sums.totals.mentions),
        signed(sums.totals.conversations),
        sums.digest.bits().cast_signed(),
    ])?;
    Ok(())
}

/// Removes an account; its device tokens stay without it.
pub fn remove(tx: &Connection, name: &AccountId) -> Result<()> {
    let removed = tx
        .prepare_cached("DELETE FROM accounts WHERE name = ?1")?
        .execute([name.as_str()])?;
    if removed == 0 {
        return Err(StoreError::NotFound);
    }
    Ok(())
}

/// Starts a new history for every account; see [`crate::store::Store::restart_histories`].
pub fn restart(tx: &Connection) -> Result<usize> {
    let mut statement = tx.prepare("SELECT id FROM accounts")?;
    let rows = statement.query_map([], |row| row.get::<_, i64>(0))?;
    let accounts = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    for account in &accounts {
        tx.prepare_cached("UPDATE accounts SET epoch = ?2 WHERE id = ?1")?
            .execute(params![account, random_name()?])?;
    }
    tx.execute_batch(
        "UPDATE devices SET cursor = NULL, served = 0, unconfirmed = 0, acknowledged = NULL;
         DELETE FROM refusals; DELETE FROM schedule; DELETE FROM alerts; DELETE FROM pushes;
         DELETE FROM idempotency;",
    )?;
    Ok(accounts.len())
}

/// Every account.
pub fn summaries(tx: &Connection) -> Result<Vec<AccountSummary>> {
    let sql = "SELECT name, epoch, head, unread, mentions, conversations, \
               (SELECT count(*) FROM devices WHERE account = accounts.id) \
               FROM accounts ORDER BY name";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(AccountSummary {
            account: id(row, 0)?,
            epoch: id(row, 1)?,
            head: number(row, 2)?,
            totals: totals(row, 3)?,
            devices: unsigned(row, 6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An account with its devices.
pub fn detail(tx: &Connection, name: &AccountId) -> Result<AccountDetail> {
    let account = find(tx, name)?.ok_or(StoreError::NotFound)?;
    let devices = devices::details(tx, account.row)?;
    Ok(AccountDetail {
        summary: AccountSummary {
            account: name.clone(),
            epoch: account.epoch,
            head: account.sums.head,
            totals: account.sums.totals,
            devices: devices.len() as u64,
        },
        devices,
    })
}

/// Commits events; see [`crate::store::Store::commit_events`].
pub fn commit_events(
    tx: &Connection,
    rules: Option<&Rules>,
    name: &AccountId,
    request: &EventsRequest,
    key: Option<&IdempotencyKey>,
    now: u64,
) -> Result<Committed> {
    let account = find_or_create(tx, name, now)?;
    let key = key.filter(|_| !faults::is(Fault::KeyIgnored));
    if let Some(key) = key
        && let Some(answer) = answered(tx, account.row, key)?
    {
        return Ok(answer);
    }
    let applied = apply(tx, &account, &request.events)?;
    let sums = applied.sums;
    finish(tx, rules, &account, &sums, None, now)?;
    if rules.is_some() {
        alert(tx, &account, &applied.arrived, now)?;
    }
    let answer = Committed {
        epoch: account.epoch,
        head: sums.head,
        changed: applied.changed,
        totals: sums.totals,
    };
    if let Some(key) = key {
        remember(tx, account.row, key, &answer, now)?;
    }
    Ok(answer)
}

/// What events did.
struct Applied<'a> {
    sums: Sums,
    /// Conversations that changed.
    changed: u64,
    /// Items that nobody has read.
    arrived: Vec<&'a Event>,
}

fn apply<'a>(tx: &Connection, account: &Account, events: &'a [Event]) -> Result<Applied<'a>> {
    let mut rows = AccountRows::new(tx, account.row);
    let mut ledger = Ledger::new(account.sums, &mut rows);
    let mut changed = BTreeSet::new();
    let mut arrived = Vec::new();
    for event in events {
        let outcome = ledger.event(event)?;
        if let Outcome::Arrived(_) = outcome {
            arrived.push(event);
        }
        if outcome.version().is_some() {
            changed.insert(conversation_of(event));
        }
    }
    Ok(Applied {
        sums: ledger.sums(),
        changed: changed.len() as u64,
        arrived,
    })
}

/// Takes over a whole state; see [`crate::store::Store::upsert`].
pub fn upsert(
    tx: &Connection,
    rules: Option<&Rules>,
    name: &AccountId,
    id: &ConversationId,
    state: &ConversationUpsert,
    now: u64,
) -> Result<Committed> {
    let account = find_or_create(tx, name, now)?;
    let mut rows = AccountRows::new(tx, account.row);
    let mut ledger = Ledger::new(account.sums, &mut rows);
    let outcome = ledger.upsert(id, state)?;
    let sums = ledger.sums();
    finish(tx, rules, &account, &sums, None, now)?;
    Ok(Committed {
        epoch: account.epoch,
        head: sums.head,
        changed: u64::from(outcome.version().is_some()),
        totals: sums.totals,
    })
}

/// Writes what an account adds up to now, and what that owes to its devices; `except` is the one
/// that is told in the answer.
pub fn finish(
    tx: &Connection,
    rules: Option<&Rules>,
    account: &Account,
    sums: &Sums,
    except: Option<i64>,
    now: u64,
) -> Result<()> {
    if account.sums == *sums {
        return Ok(());
    }
    save_sums(tx, account.row, sums)?;
    match rules {
        Some(rules) if account.sums.totals != sums.totals => {
            schedule::changed(tx, rules, account.row, except, now)
        }
        _ => Ok(()),
    }
}

/// Queues the notifications of items that arrived, for every device that may show one. A muted
/// conversation alerts nobody; one at level `mentions` only by mentions.
fn alert(tx: &Connection, account: &Account, arrived: &[&Event], now: u64) -> Result<()> {
    for event in arrived {
        let Event::Item {
            conversation,
            position,
            mention,
            alert: Some(alert),
        } = event
        else {
            continue;
        };
        let mut rows = AccountRows::new(tx, account.row);
        let known = rows.conversation(conversation)?;
        let level = known.map(|known| known.state.level).unwrap_or_default();
        if level.alerts(*mention) || faults::is(Fault::AlertsTheMuted) {
            schedule::alert(tx, account.row, conversation, *position, alert, now)?;
        }
    }
    Ok(())
}

trait Alerts {
    fn alerts(self, mention: bool) -> bool;
}

impl Alerts for truebadge_protocol::Level {
    fn alerts(self, mention: bool) -> bool {
        match self {
            Self::All => true,
            Self::Mentions => mention,
            Self::None => false,
        }
    }
}

fn conversation_of(event: &Event) -> &ConversationId {
    match event {
        Event::Item { conversation, .. }
        | Event::Read { conversation, .. }
        | Event::ReadItems { conversation, .. }
        | Event::MarkedUnread { conversation, .. }
        | Event::Level { conversation, .. }
        | Event::Removed { conversation } => conversation,
    }
}

fn answered(tx: &Connection, account: i64, key: &IdempotencyKey) -> Result<Option<Committed>> {
    let sql = "SELECT body, answer FROM idempotency WHERE account = ?1 AND key = ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement
        .query_row(params![account, key.key.bytes()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((body, answer)) = found else {
        return Ok(None);
    };
    if body != key.body.bytes() && !faults::is(Fault::KeyForAnyBody) {
        return Err(StoreError::KeyReused);
    }
    serde_json::from_str(&answer)
        .map(Some)
        .map_err(|error| StoreError::Failed(error.to_string()))
}

fn remember(
    tx: &Connection,
    account: i64,
    key: &IdempotencyKey,
    answer: &Committed,
    now: u64,
) -> Result<()> {
    let answer =
        serde_json::to_string(answer).map_err(|error| StoreError::Failed(error.to_string()))?;
    tx.prepare_cached("INSERT INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            account,
            key.key.bytes(),
            key.body.bytes(),
            answer,
            signed(now)
        ])?;
    tx.prepare_cached("DELETE FROM idempotency WHERE created_at < ?1")?
        .execute([signed(now.saturating_sub(KEY_KEPT))])?;
    Ok(())
}
