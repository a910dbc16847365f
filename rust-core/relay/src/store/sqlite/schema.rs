//! The file: how it is opened, and how an older one is brought up to date.
//!
//! | pragma | why |
//! |---|---|
//! | `journal_mode = WAL` | readers (the operator's commands) do not wait for the server |
//! | `synchronous = FULL` | what was acknowledged survives the loss of power |
//! | `foreign_keys = ON` | removing an account removes all that belongs to it |
//! | `busy_timeout = 5000` | the operator's commands and the server share the file |
//! | `secure_delete = ON` | an alert's text leaves no trace in freed pages once it is sent |
//! | `SQLITE_DBCONFIG_ENABLE_QPSG` | a statement is prepared once, and not for each value of its `LIMIT` |
//! | `trusted_schema = OFF` | SQLite's advice for every program |

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, config::DbConfig};

use crate::store::{Result, StoreError};

/// "TBdg": the file is a relay's.
const APPLICATION_ID: i64 = 0x5442_6467;
const MIGRATIONS: [&str; 2] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
];

/// Opens the file; makes it when `create` is set.
pub fn open(path: &Path, create: bool) -> Result<Connection> {
    let unusable = |what: &str| {
        let path = path.display();
        StoreError::Unusable(format!(
            "the database {path} cannot be used ({what}): restore it from a backup, or name another \
             file with --database"
        ))
    };
    if create {
        make_private(path).map_err(|error| unusable(&error.to_string()))?;
    } else if !path.exists() {
        return Err(unusable(
            "there is no such file (`truebadge-relay serve`, `keygen` and `account create` make it)",
        ));
    }
    let mut connection = Connection::open(path).map_err(|error| unusable(&error.to_string()))?;
    prepare(&mut connection).map_err(|error| match error {
        StoreError::Failed(what) | StoreError::Unusable(what) => unusable(&what),
        StoreError::Busy => unusable("another process holds it"),
        other => other,
    })?;
    Ok(connection)
}

/// A connection to a database that is no file.
pub fn prepared(mut connection: Connection) -> Result<Connection> {
    prepare(&mut connection)?;
    Ok(connection)
}

/// Only its owner may read it: it holds push tokens.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn prepare(connection: &mut Connection) -> Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(connection)?;
    // After the migration, so that somebody else's database is not touched.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |pragma: &str| tx.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let version = number("PRAGMA user_version")?;
    let application = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_master")?;
    if application != APPLICATION_ID && (tables > 0 || version > 0) {
        return Err(StoreError::Unusable(
            "it is another program's; name another file with --database".to_owned(),
        ));
    }
    let done = usize::try_from(version).unwrap_or(0);
    if done > MIGRATIONS.len() {
        return Err(StoreError::Unusable(
            "a newer truebadge-relay made it; run that version".to_owned(),
        ));
    }
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    for migration in MIGRATIONS.iter().skip(done) {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(
        None,
        "user_version",
        i64::try_from(MIGRATIONS.len()).unwrap_or(0),
    )?;
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each table and index is, without comments and spaces.
    fn shape(connection: &Connection) -> Vec<(String, String)> {
        let sql = "SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        let bare = |sql: String| -> String {
            let code = sql.lines().filter_map(|line| line.split("--").next());
            code.flat_map(str::split_whitespace).collect()
        };
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, bare(row.get(1)?))))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn the_migrations_lead_to_the_schema_that_is_written_down() {
        let written = Connection::open_in_memory().unwrap();
        written.execute_batch(include_str!("schema.sql")).unwrap();
        for done in 0..MIGRATIONS.len() {
            let mut migrated = Connection::open_in_memory().unwrap();
            for migration in &MIGRATIONS[..done] {
                migrated.execute_batch(migration).unwrap();
                migrated
                    .pragma_update(None, "application_id", APPLICATION_ID)
                    .unwrap();
            }
            let version = i64::try_from(done).unwrap();
            migrated
                .pragma_update(None, "user_version", version)
                .unwrap();
            migrate(&mut migrated).unwrap();
            assert_eq!(shape(&migrated), shape(&written), "from version {done}");
        }
    }
}
