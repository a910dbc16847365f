//! Opening the store's file: who may create and migrate it, and what is in its way.

use std::{
    io::{ErrorKind, Read},
    ops::{Deref, DerefMut},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig, limits::Limit};
use truebadge_sqlite::Transaction;

use super::{Durability, keep::Kept};
use crate::{
    EngineError,
    engine::Process,
    simulation::{self, Bug, Connected, Point, is, reach},
};

/// What a new store gets.
const NEWEST: &str = include_str!("schema.sql");
/// What makes the same of an older one: from the first schema, `migrations/0001.sql`, on.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0002.sql")];
/// The schema that they lead to.
const SCHEMA: u32 = 2;
/// The file says twice which schema it has: in `user_version`, and after this ("TB") in
/// `application_id`. So one number that was damaged does not pass for a newer version's.
const OURS: u32 = 0x5442_0000;
/// No text that this code writes is longer. What a damaged or planted file holds may be, and is then
/// an error instead of memory (S9).
const LONGEST_VALUE: i32 = 1 << 20;

/// Only Apple's systems know a sync that reaches the medium and another one that does not.
const FULL_SYNC: bool = cfg!(target_vendor = "apple");

/// How long the app waits for another process.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The open file.
#[derive(Debug)]
pub(super) struct Opened {
    connection: Connected,
    /// What its commits survive; unknown before the first.
    durability: Option<Durability>,
}

impl Opened {
    const fn new(connection: Connected) -> Self {
        Self {
            connection,
            durability: None,
        }
    }

    /// From now on commits survive this. SQLite is told only when it is something else than before:
    /// `fullfsync` makes it prepare every statement anew.
    pub(super) fn survive(&mut self, durability: Durability) -> Result<(), EngineError> {
        if self.durability == Some(durability) {
            return Ok(());
        }
        self.durability = None;
        self.connection.execute_batch(match durability {
            Durability::Refetchable if FULL_SYNC => {
                "PRAGMA synchronous = NORMAL; PRAGMA fullfsync = OFF"
            }
            Durability::Person if FULL_SYNC => "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON",
            Durability::Refetchable => "PRAGMA synchronous = NORMAL",
            Durability::Person => "PRAGMA synchronous = FULL",
        })?;
        self.durability = Some(durability);
        Ok(())
    }
}

impl Deref for Opened {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Opened {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// Opens the store for use: of this version, with this code's pragmas.
pub(super) fn open(path: &Path, process: Process) -> Result<Opened, EngineError> {
    reach(Point::Opens)?;
    let creates = match process {
        Process::App => OpenFlags::SQLITE_OPEN_CREATE,
        Process::Extension if exists(path)? => OpenFlags::empty(),
        Process::Extension => return Err(EngineError::AppMustRunFirst),
    };
    let patience = match process {
        Process::App => PATIENCE,
        Process::Extension => Duration::from_millis(50),
    };
    if let Some(connection) = simulation::left_open() {
        connection.busy_timeout(patience)?;
        return Ok(Opened::new(connection));
    }
    let mut connection = connect(path, creates)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(128);
    let lost = || !Kept::beside(path).accounts.is_empty();
    let found = version(&connection)?;
    if process == Process::App && found == 0 && lost() {
        // An empty file, or none, where there were accounts.
        return Err(EngineError::StoreDamaged);
    }
    if found != SCHEMA {
        migrate(&mut connection, process)?;
    }
    let mode = "PRAGMA journal_mode = TRUNCATE";
    connection.prepare_cached(mode)?.query_row([], |_| Ok(()))?;
    Ok(Opened::new(connection))
}

/// A connection with the pragmas that hold for every use, also for what can be read of a damaged
/// file. Looks at nothing in it.
pub(super) fn connect(path: &Path, more: OpenFlags) -> Result<Connected, EngineError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = simulation::connect(path, flags)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Otherwise a statement with `LIMIT ?` is prepared anew whenever it is used.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Whether the file is one that the phone does not give out before its first unlock. That is no
/// damage: it is left alone, and never made anew (S8).
///
/// Apple's own SQLite answers `SQLITE_AUTH` then; one that the app brings along maps the system's
/// `EPERM` to `SQLITE_CANTOPEN` or, where the file was open already, to `SQLITE_IOERR`
/// (groue/GRDB.swift issue 571, ccgus/fmdb issues 261 and 262). So the system is asked itself. Only
/// when no connection is open: closing a file drops this process' locks on it.
pub(super) fn is_locked(path: &Path) -> bool {
    std::fs::File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Whether the file says that it is to be written in a format which no SQLite has: it is then opened
/// for reading only, as if that were somebody's wish (sqlite.org/fileformat2.html, "The Database
/// Header", offset 18). Only when no connection is open, as above.
pub(super) fn is_of_no_format(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && !(1..=2).contains(&header[18])
}

fn exists(path: &Path) -> Result<bool, EngineError> {
    if simulation::in_memory() {
        return Ok(true);
    }
    path.try_exists().map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => EngineError::Locked,
        _ => EngineError::AppMustRunFirst,
    })
}

fn migrate(connection: &mut Connection, process: Process) -> Result<(), EngineError> {
    if process == Process::Extension && !is(Bug::ExtensionMigrates) {
        return Err(EngineError::AppMustRunFirst);
    }
    let transaction = Transaction::begin(connection, TransactionBehavior::Immediate)?;
    // Another process may have migrated while this one waited for the lock.
    match version(&transaction)? {
        0 => transaction.execute_batch(NEWEST)?,
        found => MIGRATIONS
            .iter()
            .skip(found as usize - 1)
            .try_for_each(|migration| transaction.execute_batch(migration))?,
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.pragma_update(None, "application_id", OURS + SCHEMA)?;
    commit(transaction)
}

/// Commits what was written.
pub(super) fn commit(transaction: Transaction<'_>) -> Result<(), EngineError> {
    reach(Point::Commits)?;
    transaction.commit()?;
    _ = reach(Point::Committed);
    Ok(())
}

/// The schema that the file has, unless it is newer than this code: such a file stays untouched.
fn version(connection: &Connection) -> Result<u32, EngineError> {
    let number = |sql| -> rusqlite::Result<u32> {
        connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))
    };
    let (found, again) = (
        number("PRAGMA user_version")?,
        number("PRAGMA application_id")?,
    );
    // A new file says neither, and the first schema was said once.
    let consistent = again == OURS.wrapping_add(found) || (found < 2 && again == 0);
    match found {
        _ if !consistent => Err(EngineError::StoreDamaged),
        found if found > SCHEMA => Err(EngineError::StoreTooNew {
            found,
            known: SCHEMA,
        }),
        found => Ok(found),
    }
}

/// An empty store in memory.
pub(super) fn in_memory() -> Result<Connection, EngineError> {
    let mut connection = Connection::open_in_memory()?;
    prepare_in_memory(&mut connection)?;
    Ok(connection)
}

/// Makes a store of an empty database in memory.
pub fn prepare_in_memory(connection: &mut Connection) -> Result<(), EngineError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    migrate(connection, Process::App)
}
