//! The SQLite mirror. Connections open when a wake needs them and close with it; no lock is held
//! across the network or a call into the host.
//!
//! | pragma | value | why |
//! |---|---|---|
//! | `journal_mode` | `TRUNCATE` | a connection that is open and does nothing holds no lock (S6), and no memory is shared; what it costs is measured in decision 0036 |
//! | `synchronous` | `NORMAL`; `FULL` with `fullfsync` for what the person did | the mirror can be fetched again, what the person did can't |
//! | `foreign_keys` | on | signing out removes everything of an account (S7) |
//! | `trusted_schema` | off | a damaged or planted schema must not run functions |
//! | `cell_size_check` | on | damage is found when a page is read, not when it spreads |
//! | stable plans | on | SQLite prepares a statement once, and not for each value of its parameters |
//! | `busy_timeout` | 50 ms in the extension, and none after one wait in vain; 1 s in the app | a wake is short |
//!
//! No value longer than 1 MB is read or written (`SQLITE_LIMIT_LENGTH`).

mod accounts;
mod adopt;
mod apply;
mod damage;
mod departures;
mod keep;
mod open;
mod outbox;
mod rejections;
mod rows;
mod settings;
mod settle;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};
use truebadge_protocol::DeviceId;
use truebadge_sqlite::Transaction;

pub use accounts::{Account, AccountKey, PushCounters, Registration, Staging};
pub use apply::Heard;
pub use departures::Departure;
pub use open::PATIENCE;
#[cfg(feature = "simulation")]
pub use open::prepare_in_memory;
pub use outbox::{OUTBOX, OUTBOX_POSITIONS, StoredOperation};
pub use settings::is_push_token;

use crate::{
    Clock, EngineError,
    engine::{Configuration, Process},
    simulation::{Bug, Point, is, reach},
};

const FILE: &str = "truebadge.sqlite";

/// How much a commit must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A power cut may lose it: the server has it.
    Refetchable,
    /// A power cut may not lose it: the person did it here.
    Person,
}

/// The store's file, and the connection to it while there is one.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    process: Process,
    device: DeviceId,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<open::Opened>,
    suspended: bool,
    /// The store was found damaged and made anew since it was last closed: not again before that.
    rebuilt: bool,
    /// How often that happened.
    rebuilds: u32,
    /// The accounts' copy beside the store, as it was last written.
    kept: Option<keep::Kept>,
}

/// A transaction, with every read and write that the engine needs.
#[derive(Debug)]
pub struct Tx<'a> {
    transaction: Transaction<'a>,
}

impl Store {
    /// A store in the configured directory. Opens nothing.
    pub fn new(configuration: &Configuration, clock: Arc<dyn Clock>) -> Self {
        Self {
            path: configuration.directory.join(FILE),
            process: configuration.process,
            device: configuration.device.clone(),
            clock,
            state: Mutex::default(),
        }
    }

    /// Reads.
    pub fn read<T>(&self, f: impl Fn(&Tx<'_>) -> Result<T, EngineError>) -> Result<T, EngineError> {
        self.run(TransactionBehavior::Deferred, Durability::Refetchable, f)
    }

    /// Writes: all of it commits, or nothing.
    pub fn write<T>(
        &self,
        durability: Durability,
        f: impl Fn(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.run(TransactionBehavior::Immediate, durability, f)
    }

    /// Closes the connection: no file lock is left (S6). The next call opens it again.
    pub fn close(&self) {
        let mut state = self.lock();
        if let Some(connection) = state
            .connection
            .iter()
            .find(|_| is(Bug::LockOutlivesTheWake))
        {
            return drop(connection.execute_batch("BEGIN IMMEDIATE"));
        }
        state.connection = None;
        state.rebuilt = false;
    }

    /// Closes, and refuses every call until [`Store::resume`].
    pub fn suspend(&self) {
        // In one step: in between, another thread could open the store again.
        let mut state = self.lock();
        state.connection = None;
        state.rebuilt = false;
        state.suspended = !is(Bug::SuspensionIgnored);
    }

    /// Ends a suspension.
    pub fn resume(&self) {
        self.lock().suspended = false;
    }

    /// How often the store was found damaged and made anew.
    pub fn rebuilds(&self) -> u32 {
        self.lock().rebuilds
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves a connection whose transaction was rolled back: usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a transaction. A store that turns out to be damaged is made anew by the app, which then
    /// runs it again (L2); in the extension it is an error, and the badge stays as it was (S8).
    fn run<T>(
        &self,
        behavior: TransactionBehavior,
        durability: Durability,
        f: impl Fn(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut state = self.lock();
        match self.run_once(&mut state, behavior, durability, &f) {
            Err(EngineError::Locked) if is(Bug::LockedTakenForLost) => {
                drop(std::fs::remove_file(&self.path));
                Err(EngineError::Locked)
            }
            Err(EngineError::StoreDamaged) if self.may_rebuild(&state) => {
                self.rebuild(&mut state)?;
                self.run_once(&mut state, behavior, durability, &f)
            }
            result => result,
        }
    }

    fn run_once<T>(
        &self,
        state: &mut State,
        behavior: TransactionBehavior,
        durability: Durability,
        f: impl Fn(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let result = self.opened(state).and_then(|opened| {
            if !matches!(behavior, TransactionBehavior::Deferred) {
                opened.survive(durability)?;
            }
            transact(opened, behavior, f)
        });
        match (&result, durability) {
            (Ok(_), Durability::Person) => self.keep_accounts(state),
            (Err(EngineError::StoreUnavailable { .. } | EngineError::StoreDamaged), _) => {
                state.connection = None;
                if open::is_locked(&self.path) {
                    return Err(EngineError::Locked);
                }
                if open::is_of_no_format(&self.path) {
                    return Err(EngineError::StoreDamaged);
                }
            }
            (Err(EngineError::Busy), _) if self.process == Process::Extension => {
                // So that waits don't add up. What is not waited for is not changed either (S8).
                if let Some(connection) = &state.connection {
                    connection.busy_timeout(Duration::ZERO)?;
                }
            }
            _ => {}
        }
        result
    }

    fn opened<'a>(&self, state: &'a mut State) -> Result<&'a mut open::Opened, EngineError> {
        if state.suspended {
            return Err(EngineError::Suspended);
        }
        if state.connection.is_none() {
            let mut opened = open::open(&self.path, self.process)?;
            adopt::check_device(&mut opened, &self.device, self.process)?;
            state.connection = Some(opened);
            // What this process wrote since it last looked, it has kept.
            if state.kept.is_none() {
                self.keep_accounts(state);
            }
        }
        state.connection.as_mut().ok_or(EngineError::Suspended)
    }
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    f: impl Fn(&Tx<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    reach(Point::Begins)?;
    let tx = Tx {
        transaction: Transaction::begin(connection, behavior)?,
    };
    let value = f(&tx)?;
    match behavior {
        TransactionBehavior::Deferred => tx.transaction.commit()?, // nothing was written
        _ => open::commit(tx.transaction)?,
    }
    Ok(value)
}
