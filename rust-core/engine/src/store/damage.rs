//! A damaged store: what can be read is saved, and a new store takes the file's place (L2).
//!
//! The file is not moved: another process may have it open, and SQLite finds a journal by the file's
//! name, so that writing to a file that was moved aside can damage the one that took its name
//! (sqlite.org/howtocorrupt.html, section 1.4 and 2.4). Instead a copy is put aside, and the new
//! content replaces the old in one transaction of SQLite's own: who is killed half-way leaves the
//! damaged store or the new one.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, OpenFlags, Params, Row, TransactionBehavior,
    backup::{Backup, StepResult},
    config::DbConfig,
};
use truebadge_protocol::{AccountId, BadgePolicy, Position, messages::Conditions};
use truebadge_sqlite::Transaction;

use super::{
    Departure, State, Store, StoredOperation, Tx,
    keep::{Kept, KeptAccount},
    open, outbox,
    rows::checked,
    transact,
};
use crate::{
    EngineError,
    engine::{Process, RejectedOperation, relay_address},
    random,
    simulation::{Bug, Point, is, reach},
};

/// What an account and an outbox can plausibly hold: a damaged file is not read without bound (S9).
const MOST_ACCOUNTS: usize = 1_000;
const MOST_OPERATIONS: usize = 10_000;

/// What could be read of a damaged store. No rows: the relay has them.
#[derive(Debug, Default)]
struct Saved {
    accounts: Vec<(KeptAccount, Vec<SavedOperation>)>,
    policy: Option<BadgePolicy>,
    push_token: Option<String>,
    conditions: Option<Conditions>,
    departures: Vec<Departure>,
    rejections: Vec<RejectedOperation>,
}

/// With the positions of the single items that it reads.
type SavedOperation = (StoredOperation, Vec<Position>);

impl Store {
    /// Only the app, and once until the store is closed: storage that damages what was just written
    /// is not helped by writing it again. The extension never rebuilds (S8).
    pub(super) fn may_rebuild(&self, state: &State) -> bool {
        let may = self.process == Process::App || is(Bug::ExtensionRebuilds);
        may && !state.rebuilt
    }

    /// Makes the store anew from what can be read of it.
    pub(super) fn rebuild(&self, state: &mut State) -> Result<(), EngineError> {
        tracing::error!("the store is damaged and is made anew");
        state.connection = None;
        state.kept = None;
        put_aside(&self.path);
        let saved = save(&self.path);
        let new = self.made_anew(&saved)?;
        reach(Point::Rebuilds)?;
        replace(&self.path, &new)?;
        // One that failed, because the storage is full, is tried again.
        state.rebuilt = true;
        _ = reach(Point::Rebuilt);
        state.rebuilds += 1;
        tracing::warn!(accounts = saved.accounts.len(), "the store was made anew");
        Ok(())
    }

    /// Checks the whole file; one that is damaged is made anew. Whether it was.
    pub fn check(&self) -> Result<bool, EngineError> {
        let before = self.rebuilds();
        self.read(|tx| tx.check())?;
        Ok(self.rebuilds() != before)
    }

    fn made_anew(&self, saved: &Saved) -> Result<Connection, EngineError> {
        let mut new = open::in_memory()?;
        let everything = |tx: &Tx<'_>| self.put_saved(tx, saved);
        transact(&mut new, TransactionBehavior::Immediate, everything)?;
        Ok(new)
    }

    fn put_saved(&self, tx: &Tx<'_>, saved: &Saved) -> Result<(), EngineError> {
        tx.set_device(&self.device)?;
        tx.begin_generations(far())?;
        tx.set_policy(saved.policy.unwrap_or_default())?;
        tx.set_push_token(saved.push_token.as_deref())?;
        tx.set_conditions(saved.conditions.unwrap_or_default())?;
        tx.begin_account_keys(far())?;
        for (kept, operations) in &saved.accounts {
            tx.add_account(&kept.account, &kept.relay)?;
            let mut account = tx.account(&kept.account)?;
            account.participates = kept.participates;
            account.signed_out = kept.signed_out;
            for (operation, positions) in operations {
                let mut operation = operation.clone();
                operation.pending.number = account.next_operation;
                operation.reopen();
                tx.put_operation(account.key, &operation)?;
                if !positions.is_empty() {
                    tx.put_positions(account.key, account.next_operation, positions)?;
                }
                account.next_operation += 1;
            }
            tx.save_account(&account)?;
        }
        for departure in &saved.departures {
            tx.note_departure(departure)?;
        }
        for rejection in &saved.rejections {
            tx.put_rejection(rejection)?;
        }
        // The icon shows what the lost mirror said. It stays so until all accounts were heard of.
        tx.hold_badge(self.clock.now())?;
        tx.recount_badge()?;
        Ok(())
    }
}

/// The names of a store's copy that was put aside, each with that of its original. There is one
/// copy, for whoever looks into what happened.
fn aside(store: &Path) -> [(PathBuf, PathBuf); 3] {
    ["", "-journal", "-wal"].map(|suffix| {
        let named = |middle: &str| {
            let mut name = store.as_os_str().to_owned();
            name.push(middle);
            name.push(suffix);
            PathBuf::from(name)
        };
        (named(""), named(".damaged"))
    })
}

/// A failure, as with a full storage, does not stop the rebuild.
fn put_aside(store: &Path) {
    forget_aside(store);
    for (original, copy) in aside(store) {
        match fs::copy(original, &copy) {
            // An empty journal tells nobody anything.
            Ok(0) => _ = fs::remove_file(copy),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, "no copy of the damaged store was put aside");
            }
            _ => {}
        }
    }
}

/// Removes the copy that was put aside.
pub(super) fn forget_aside(store: &Path) {
    for (_, copy) in aside(store) {
        // Mostly there is none.
        let _ = fs::remove_file(copy);
    }
}

/// Replaces whatever the file holds. `RESET_DATABASE` makes SQLite take it for an empty database
/// without looking into it, under the locks and with the journal of any other write.
fn replace(path: &Path, new: &Connection) -> Result<(), EngineError> {
    let mut damaged = open::connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
    damaged.busy_timeout(open::PATIENCE)?;
    damaged.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
    match Backup::new(new, &mut damaged)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(EngineError::Busy),
    }
}

fn save(path: &Path) -> Saved {
    let beside = Kept::beside(path);
    let Ok(mut connection) = open::connect(path, OpenFlags::empty()) else {
        return Saved::with(Vec::new(), Some(beside));
    };
    let reading = TransactionBehavior::Deferred;
    let Ok(transaction) = Transaction::begin(&mut connection, reading) else {
        return Saved::with(Vec::new(), Some(beside));
    };
    let tx = Tx { transaction };
    let (accounts, all) = tx.readable_accounts();
    let mut saved = Saved::with(accounts, (!all).then_some(beside));
    saved.policy = tx.policy().ok().or(saved.policy);
    saved.conditions = tx.conditions().ok();
    saved.departures = tx.departures().unwrap_or_default();
    saved.departures.truncate(MOST_ACCOUNTS);
    saved.rejections = tx.rejections().unwrap_or_default();
    saved.rejections.truncate(MOST_OPERATIONS);
    saved.push_token = tx.push_token().ok().flatten();
    saved
}

impl Saved {
    /// The accounts that were read, and those of the copy that were not.
    fn with(mut accounts: Vec<(KeptAccount, Vec<SavedOperation>)>, kept: Option<Kept>) -> Self {
        let kept = kept.unwrap_or_default();
        for account in kept.accounts {
            let known = |other: &(KeptAccount, _)| other.0.account == account.account;
            if relay_address(account.relay.as_str()).is_ok() && !accounts.iter().any(known) {
                accounts.push((account, Vec::new()));
            }
        }
        Self {
            accounts,
            policy: kept.policy,
            ..Self::default()
        }
    }
}

impl Tx<'_> {
    /// The accounts that can be read with their unconfirmed operations, and whether they are all.
    fn readable_accounts(&self) -> (Vec<(KeptAccount, Vec<SavedOperation>)>, bool) {
        let sql = "SELECT key, account, relay, participates, signed_out FROM accounts ORDER BY key";
        let (accounts, all) = self.readable(sql, [], MOST_ACCOUNTS, |row| {
            let relay: String = row.get(2)?;
            let account = KeptAccount {
                account: checked(1, AccountId::new(row.get::<_, String>(1)?))?,
                relay: checked(2, relay_address(&relay))?,
                participates: row.get(3)?,
                signed_out: row.get(4)?,
            };
            Ok((row.get::<_, i64>(0)?, account))
        });
        let with_operations = |(key, account)| (account, self.readable_operations(key));
        (accounts.into_iter().map(with_operations).collect(), all)
    }

    fn readable_operations(&self, key: i64) -> Vec<SavedOperation> {
        // Whatever columns there are: the store may be one that was not migrated yet.
        let sql = "SELECT * FROM operations WHERE account = ?1 ORDER BY number";
        let (mut operations, all) = self.readable(sql, [key], MOST_OPERATIONS, |row| {
            Ok((outbox::read_operation(row)?, outbox::read_positions(row)?))
        });
        operations.retain(|(operation, _)| operation.is_unheard());
        if !all {
            tracing::error!("not all operations could be read");
        }
        operations
    }

    /// The rows that can be read, and whether they are all: an error of SQLite ends the reading, and
    /// what this code never writes is left out. Pages that lead in a circle give rows without end, so
    /// those that are left out count too.
    fn readable<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        most: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> (Vec<T>, bool) {
        let mut readable = Vec::new();
        let Ok(mut statement) = self.transaction.prepare(sql) else {
            return (readable, false);
        };
        let Ok(mut rows) = statement.query(parameters) else {
            return (readable, false);
        };
        let mut all = true;
        for _ in 0..most {
            match rows.next() {
                Ok(Some(row)) => match read(row) {
                    Ok(value) => readable.push(value),
                    Err(_) => all = false,
                },
                Ok(None) => return (readable, all),
                Err(_) => break,
            }
        }
        (readable, false)
    }

    /// Begins the accounts' keys anew: whatever is in flight for one that a lost store gave out writes
    /// nothing here, as after a sign-out (S7).
    fn begin_account_keys(&self, at: u32) -> Result<(), EngineError> {
        self.transaction.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES ('accounts', ?1)",
            [at],
        )?;
        Ok(())
    }

    fn check(&self) -> Result<(), EngineError> {
        let name = "quick_check";
        let found: String = self
            .transaction
            .pragma_query_value(None, name, |row| row.get(0))?;
        if found == "ok" {
            Ok(())
        } else {
            Err(EngineError::StoreDamaged)
        }
    }
}

/// Far from any number that the lost store counted to, whichever that was.
fn far() -> u32 {
    random::number().map_or(u32::MAX, |random| random | 1 << 31)
}
