//! The base of every ratio: SQLite's C API, called as directly as can be, doing the least that the same job
//! needs. Same SQLite, same flags, same pragmas, rows of the same shape as the engine's; statements are
//! prepared once; no copy of anything is made.
#![expect(unsafe_code, reason = "the C API itself is what is measured")]

use std::{
    cell::Cell,
    ffi::{CStr, CString, c_int},
    path::Path,
    ptr,
};

use anyhow::{Result, bail};
use rusqlite::ffi::{self, sqlite3, sqlite3_stmt};
use serde::Deserialize;
use truebadge_protocol::ConversationState;

/// What the engine's store sets too (`rust-core/engine/src/store/open.rs`).
const PRAGMAS: &CStr = c"PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL";
const SCHEMA: &CStr = c"
    CREATE TABLE accounts (key INTEGER PRIMARY KEY, cursor INTEGER NOT NULL, unread INTEGER NOT NULL) STRICT;
    INSERT INTO accounts VALUES (1, 0, 0);
    CREATE TABLE rows (
        account INTEGER NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        unread INTEGER NOT NULL,
        mentions INTEGER NOT NULL,
        newest INTEGER NOT NULL,
        read_up_to INTEGER NOT NULL,
        level INTEGER NOT NULL,
        marked_unread INTEGER NOT NULL,
        removed INTEGER NOT NULL,
        PRIMARY KEY (account, id)
    ) STRICT, WITHOUT ROWID";

/// One open connection with its statements.
#[derive(Debug)]
pub struct Raw {
    db: *mut sqlite3,
    begin: *mut sqlite3_stmt,
    commit: *mut sqlite3_stmt,
    advance: *mut sqlite3_stmt,
    put: Cell<*mut sqlite3_stmt>,
    add: *mut sqlite3_stmt,
    total: *mut sqlite3_stmt,
}

/// Another process writes, and waiting for it was in vain.
#[derive(Debug, Clone, Copy)]
pub struct Busy;

impl std::fmt::Display for Busy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the database is busy")
    }
}

impl std::error::Error for Busy {}

/// What the base reads of a page: nothing is copied, and nothing is checked but that it is JSON.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    #[serde(borrow)]
    changes: Vec<Row<'a>>,
}

impl<'a> Page<'a> {
    /// A page's JSON.
    pub fn read(json: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'a>> + use<'a, '_> {
        self.changes.iter().copied()
    }
}

/// A row as the C API takes it: nothing is owned.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Row<'a> {
    /// The conversation.
    pub id: &'a str,
    /// Its version.
    pub version: u64,
    /// Unread items.
    pub unread: u32,
    /// Those that mention the person.
    pub mentions: u32,
    /// The newest item.
    pub newest: u64,
    /// The read marker.
    pub read_up_to: u64,
}

impl<'a> Row<'a> {
    /// A conversation's state.
    pub fn of(state: &'a ConversationState) -> Self {
        Self {
            id: state.id.as_str(),
            version: state.version.get(),
            unread: state.unread,
            mentions: state.mentions,
            newest: state.newest.get(),
            read_up_to: state.read_up_to.get(),
        }
    }
}

impl Raw {
    /// Makes a database with these rows.
    pub fn create(file: &Path, rows: &[ConversationState]) -> Result<()> {
        let db = connect(file)?;
        exec(db, SCHEMA)?;
        // SAFETY: `connect` gave an open connection, and nobody else has it.
        unsafe { ffi::sqlite3_close(db) };
        let raw = Self::open(file)?;
        raw.put_all(rows.iter().map(Row::of))?;
        Ok(())
    }

    /// Opens it, and prepares the statements.
    pub fn open(file: &Path) -> Result<Self> {
        let db = connect(file)?;
        let mut raw = Self {
            db,
            begin: ptr::null_mut(),
            commit: ptr::null_mut(),
            advance: ptr::null_mut(),
            put: Cell::new(ptr::null_mut()),
            add: ptr::null_mut(),
            total: ptr::null_mut(),
        };
        raw.begin = prepare(db, c"BEGIN IMMEDIATE")?;
        raw.commit = prepare(db, c"COMMIT")?;
        raw.advance = prepare(
            db,
            c"UPDATE rows SET version = ?1, unread = ?2, newest = ?3, read_up_to = ?4
              WHERE account = 1 AND id = ?5",
        )?;
        raw.add = prepare(
            db,
            c"UPDATE accounts SET cursor = ?1, unread = unread + ?2 WHERE key = 1",
        )?;
        raw.total = prepare(db, c"SELECT unread FROM accounts WHERE key = 1")?;
        Ok(raw)
    }

    /// Opens it, and reads the total.
    pub fn open_and_read(file: &Path) -> Result<u64> {
        let db = connect(file)?;
        let total = prepare(db, c"SELECT unread FROM accounts WHERE key = 1")?;
        let unread = read(db, total);
        // SAFETY: both are open, and nobody else has them.
        unsafe {
            ffi::sqlite3_finalize(total);
            ffi::sqlite3_close(db);
        }
        unread
    }

    /// One transaction that advances a conversation's read marker and the account's total: two rows. Gives
    /// the total.
    pub fn advance(&self, row: Row<'_>, difference: i64) -> Result<u64> {
        step(self.db, self.begin)?;
        bind(self.advance, 1, row.version.cast_signed());
        bind(self.advance, 2, row.unread.into());
        bind(self.advance, 3, row.newest.cast_signed());
        bind(self.advance, 4, row.read_up_to.cast_signed());
        bind_text(self.advance, 5, row.id);
        step(self.db, self.advance)?;
        bind(self.add, 1, row.version.cast_signed());
        bind(self.add, 2, difference);
        step(self.db, self.add)?;
        let total = read(self.db, self.total)?;
        step(self.db, self.commit)?;
        Ok(total)
    }

    /// One transaction that puts rows, and what they add up to. Gives the total.
    pub fn put_all<'a>(&self, rows: impl IntoIterator<Item = Row<'a>>) -> Result<u64> {
        let put = self.put()?;
        step(self.db, self.begin)?;
        let (mut unread, mut version) = (0, 0);
        for row in rows {
            bind_text(put, 1, row.id);
            bind(put, 2, row.version.cast_signed());
            bind(put, 3, row.unread.into());
            bind(put, 4, row.mentions.into());
            bind(put, 5, row.newest.cast_signed());
            bind(put, 6, row.read_up_to.cast_signed());
            step(self.db, put)?;
            unread += i64::from(row.unread);
            version = row.version;
        }
        bind(self.add, 1, version.cast_signed());
        bind(self.add, 2, unread);
        step(self.db, self.add)?;
        let total = read(self.db, self.total)?;
        step(self.db, self.commit)?;
        Ok(total)
    }

    /// One transaction that puts the rows of a page's JSON. Gives the total.
    pub fn put_page(&self, json: &[u8]) -> Result<u64> {
        self.put_all(Page::read(json)?.rows())
    }

    /// Prepared when it is used first: a wake for a push does without.
    fn put(&self) -> Result<*mut sqlite3_stmt> {
        if self.put.get().is_null() {
            let sql = c"INSERT OR REPLACE INTO rows VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0)";
            self.put.set(prepare(self.db, sql)?);
        }
        Ok(self.put.get())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: all of them are this connection's, or null, which SQLite ignores.
        unsafe {
            for statement in [
                self.begin,
                self.commit,
                self.advance,
                self.put.get(),
                self.add,
                self.total,
            ] {
                ffi::sqlite3_finalize(statement);
            }
            ffi::sqlite3_close(self.db);
        }
    }
}

fn connect(file: &Path) -> Result<*mut sqlite3> {
    let name = CString::new(file.as_os_str().as_encoded_bytes())?;
    let flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE | ffi::SQLITE_OPEN_NOMUTEX;
    let mut db = ptr::null_mut();
    // SAFETY: the name ends with a zero, and SQLite writes the connection.
    let code = unsafe { ffi::sqlite3_open_v2(name.as_ptr(), &raw mut db, flags, ptr::null()) };
    check(db, code)?;
    // SAFETY: the connection is open.
    check(db, unsafe { ffi::sqlite3_busy_timeout(db, 1_000) })?;
    exec(db, PRAGMAS)?;
    Ok(db)
}

fn exec(db: *mut sqlite3, sql: &CStr) -> Result<()> {
    // SAFETY: the connection is open, the text ends with a zero, and no callback is given.
    let code =
        unsafe { ffi::sqlite3_exec(db, sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut()) };
    check(db, code)
}

fn prepare(db: *mut sqlite3, sql: &CStr) -> Result<*mut sqlite3_stmt> {
    let mut statement = ptr::null_mut();
    let lasting = ffi::SQLITE_PREPARE_PERSISTENT;
    // SAFETY: the connection is open, the text ends with a zero, and SQLite writes the statement.
    let code = unsafe {
        ffi::sqlite3_prepare_v3(
            db,
            sql.as_ptr(),
            -1,
            lasting,
            &raw mut statement,
            ptr::null_mut(),
        )
    };
    check(db, code)?;
    Ok(statement)
}

fn bind(statement: *mut sqlite3_stmt, place: c_int, value: i64) {
    // SAFETY: the statement is prepared and has this place.
    unsafe { ffi::sqlite3_bind_int64(statement, place, value) };
}

fn bind_text(statement: *mut sqlite3_stmt, place: c_int, text: &str) {
    let length = c_int::try_from(text.len()).unwrap_or(c_int::MAX);
    // SAFETY: the statement is prepared and has this place, and is stepped while the text is there.
    unsafe { ffi::sqlite3_bind_text(statement, place, text.as_ptr().cast(), length, None) };
}

/// Runs a statement to its end.
fn step(db: *mut sqlite3, statement: *mut sqlite3_stmt) -> Result<()> {
    // SAFETY: the statement is prepared.
    let code = unsafe {
        ffi::sqlite3_step(statement);
        ffi::sqlite3_reset(statement)
    };
    check(db, code)
}

/// The number that a statement gives.
fn read(db: *mut sqlite3, statement: *mut sqlite3_stmt) -> Result<u64> {
    // SAFETY: the statement is prepared, and a column is read only when there is a row.
    let (row, number, code) = unsafe {
        let row = ffi::sqlite3_step(statement) == ffi::SQLITE_ROW;
        let number = if row {
            ffi::sqlite3_column_int64(statement, 0)
        } else {
            0
        };
        (row, number, ffi::sqlite3_reset(statement))
    };
    check(db, code)?;
    if !row {
        bail!("SQLite gave no row");
    }
    Ok(u64::try_from(number)?)
}

fn check(db: *mut sqlite3, code: c_int) -> Result<()> {
    match code & 0xff {
        ffi::SQLITE_OK => return Ok(()),
        ffi::SQLITE_BUSY => bail!(Busy),
        _ => {}
    }
    // SAFETY: SQLite gives a text for every connection, also for one that it could not open.
    let message = unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(db)) };
    bail!("SQLite: {} ({code})", message.to_string_lossy())
}
