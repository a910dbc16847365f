//! Transactions whose ends are prepared once, like every other statement of a connection. SQLite takes as
//! long to prepare `BEGIN` and `COMMIT` as to do a small transaction's work. The phone's store and the
//! relay's have both this one.
//!
//! ```
//! use rusqlite::{Connection, TransactionBehavior};
//! use truebadge_sqlite::Transaction;
//!
//! let mut connection = Connection::open_in_memory()?;
//! let transaction = Transaction::begin(&mut connection, TransactionBehavior::Immediate)?;
//! transaction.execute("CREATE TABLE rows (id INTEGER)", [])?;
//! drop(transaction); // rolled back
//! assert!(!connection.table_exists(None, "rows")?);
//! # Ok::<(), rusqlite::Error>(())
//! ```

use std::ops::Deref;

use rusqlite::{Connection, Result, TransactionBehavior};

/// A transaction; rolled back unless it is committed.
#[derive(Debug)]
pub struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    /// Begins one. The connection is in none, as nobody else can use it meanwhile. Where it cannot begin
    /// now, because another one writes for instance, SQLite's error says so.
    pub fn begin(connection: &'a mut Connection, behavior: TransactionBehavior) -> Result<Self> {
        run(
            connection,
            match behavior {
                TransactionBehavior::Immediate => "BEGIN IMMEDIATE",
                TransactionBehavior::Exclusive => "BEGIN EXCLUSIVE",
                _ => "BEGIN",
            },
        )?;
        Ok(Self(connection))
    }

    /// Commits it; one that cannot be committed is rolled back, and SQLite's error says why.
    pub fn commit(self) -> Result<()> {
        run(self.0, "COMMIT")
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // SQLite rolls some back by itself, such as one that met a full disk.
        if !self.0.is_autocommit() {
            // What cannot be rolled back now is when the connection is closed.
            let _ = run(self.0, "ROLLBACK");
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

/// Runs a statement without rows or parameters, which is prepared once for the connection.
pub fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
