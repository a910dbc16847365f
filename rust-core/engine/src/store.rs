//! The SQLite mirror. Connections open when a wake needs them and close with it; no lock is held
//! across the network or a call into the host.
//!
//! | pragma | value | why |
//! |---|---|---|
//! | `journal_mode` | `WAL` | a reader in the extension never waits for the app's writer |
//! | `synchronous` | `NORMAL`; `FULL` with `fullfsync` for operations | the mirror can be fetched again, what the person did can't |
//! | `foreign_keys` | on | signing out removes everything of an account (S7) |
//! | `trusted_schema` | off | a damaged or planted schema must not run functions |
//! | `cell_size_check` | on | damage is found when a page is read, not when it spreads |
//! | `busy_timeout` | 50 ms in the extension, 2 s in the app | a wake is short |

mod accounts;
mod apply;
mod departures;
mod outbox;
mod rejections;
mod rows;
mod settings;
mod settle;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use accounts::{Account, AccountKey, PushCounters, Registration, Staging};
pub use apply::Heard;
pub use departures::Departure;
pub use outbox::{OUTBOX, StoredOperation};

use crate::{EngineError, engine::Process};

const FILE: &str = "truebadge.sqlite";
const MIGRATIONS: &[&str] = &[
    include_str!("store/migrations/0001.sql"),
    include_str!("store/migrations/0002.sql"),
];
const SCHEMA: u32 = 2;

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
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Connection>,
    suspended: bool,
}

/// A transaction, with every read and write that the engine needs.
#[derive(Debug)]
pub struct Tx<'a> {
    transaction: Transaction<'a>,
}

impl Store {
    /// A store in this directory. Opens nothing.
    pub fn new(directory: &Path, process: Process) -> Self {
        Self {
            path: directory.join(FILE),
            process,
            state: Mutex::default(),
        }
    }

    /// Reads.
    pub fn read<T>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.run(TransactionBehavior::Deferred, Durability::Refetchable, f)
    }

    /// Writes: all of it commits, or nothing.
    pub fn write<T>(
        &self,
        durability: Durability,
        f: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.run(TransactionBehavior::Immediate, durability, f)
    }

    /// Closes the connection: no file lock is left (S6). The next call opens it again.
    pub fn close(&self) {
        self.lock().connection = None;
    }

    /// Closes, and refuses every call until [`Store::resume`].
    pub fn suspend(&self) {
        let mut state = self.lock();
        state.connection = None;
        state.suspended = true;
    }

    /// Ends a suspension.
    pub fn resume(&self) {
        self.lock().suspended = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves a connection whose transaction was rolled back: usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T>(
        &self,
        behavior: TransactionBehavior,
        durability: Durability,
        f: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut state = self.lock();
        let connection = self.opened(&mut state)?;
        if durability == Durability::Refetchable {
            return transact(connection, behavior, f);
        }
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")?;
        let result = transact(connection, behavior, f);
        // What has been committed stays a success whatever becomes of this.
        let back = connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA fullfsync = OFF");
        if back.is_err() {
            state.connection = None;
        }
        result
    }

    fn opened<'a>(&self, state: &'a mut State) -> Result<&'a mut Connection, EngineError> {
        if state.suspended {
            return Err(EngineError::Suspended);
        }
        if state.connection.is_none() {
            state.connection = Some(open(&self.path, self.process)?);
        }
        state.connection.as_mut().ok_or(EngineError::Suspended)
    }
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    f: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let tx = Tx {
        transaction: connection.transaction_with_behavior(behavior)?,
    };
    let value = f(&tx)?;
    tx.transaction.commit()?;
    Ok(value)
}

fn open(path: &Path, process: Process) -> Result<Connection, EngineError> {
    let create = match process {
        Process::App => OpenFlags::SQLITE_OPEN_CREATE,
        Process::Extension => OpenFlags::empty(),
    };
    if process == Process::Extension && !path.exists() {
        return Err(EngineError::AppMustRunFirst);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| readable(path, error))?;
    connection.busy_timeout(match process {
        Process::App => Duration::from_secs(2),
        Process::Extension => Duration::from_millis(50),
    })?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection, process).map_err(|error| match error {
        Migration::Engine(error) => error,
        Migration::Sqlite(error) => readable(path, error),
    })?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Before the first unlock a protected file is there and can't be read: that is not damage.
fn readable(path: &Path, error: rusqlite::Error) -> EngineError {
    let denied = std::fs::File::open(path)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    if denied {
        EngineError::Locked
    } else {
        error.into()
    }
}

enum Migration {
    Engine(EngineError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Migration {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn migrate(connection: &mut Connection, process: Process) -> Result<(), Migration> {
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))
    };
    let found = version(connection)?;
    if found > SCHEMA {
        return Err(Migration::Engine(EngineError::StoreTooNew {
            found,
            known: SCHEMA,
        }));
    }
    if found == SCHEMA {
        return Ok(());
    }
    if process == Process::Extension {
        return Err(Migration::Engine(EngineError::AppMustRunFirst));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have migrated while this one waited for the lock.
    let found = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    Ok(transaction.commit()?)
}
