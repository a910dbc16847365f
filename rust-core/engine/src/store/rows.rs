//! The mirror's rows, and those of a reset that has not completed.

use std::{collections::BTreeMap, fmt::Display};

use rusqlite::{OptionalExtension, Row, RowIndex, params, types::FromSql};
use truebadge_protocol::{ConversationId, ConversationState, Level, Position, Version};

use super::{Account, AccountKey, Tx};
use crate::{
    EngineError,
    merge::{Tally, merge},
    simulation::{Bug, is},
};

const COLUMNS: &str =
    "id, version, unread, mentions, newest, read_up_to, level, marked_unread, removed";

/// Where rows are.
#[derive(Debug, Clone, Copy)]
enum Table {
    /// What the server had committed at the cursor, and nothing else.
    Mirror,
    /// Newer than the cursor, and perhaps not all there is between.
    Early,
    /// A reset that has not completed.
    Staged,
}

impl Display for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Mirror => "rows",
            Self::Early => "early",
            Self::Staged => "staged",
        })
    }
}

/// Rows that changes put into the mirror, and what the mirror then adds up to.
#[derive(Debug)]
pub struct Merged<'a> {
    rows: BTreeMap<&'a ConversationId, &'a ConversationState>,
    /// Totals and digest with the rows in.
    pub tally: Tally,
}

impl Tx<'_> {
    /// A conversation's base row.
    pub fn row(
        &self,
        account: AccountKey,
        id: &ConversationId,
    ) -> Result<Option<ConversationState>, EngineError> {
        self.row_in(Table::Mirror, account, id)
    }

    /// All base rows of an account, ordered by id.
    pub fn rows(&self, account: AccountKey) -> Result<Vec<ConversationState>, EngineError> {
        self.rows_in(Table::Mirror, account)
    }

    /// The newest that is known of a conversation, also ahead of the cursor.
    pub fn newest_row(
        &self,
        account: AccountKey,
        id: &ConversationId,
    ) -> Result<Option<ConversationState>, EngineError> {
        self.newest_up_to(account, id, i64::MAX)
    }

    /// The newest that is known of a conversation as it was at a version.
    pub fn newest_row_at(
        &self,
        account: AccountKey,
        id: &ConversationId,
        at: Version,
    ) -> Result<Option<ConversationState>, EngineError> {
        self.newest_up_to(account, id, at.get().cast_signed())
    }

    fn newest_up_to(
        &self,
        account: AccountKey,
        id: &ConversationId,
        at: i64,
    ) -> Result<Option<ConversationState>, EngineError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM early WHERE account = ?1 AND id = ?2 AND version <= ?3
             ORDER BY version DESC LIMIT 1"
        );
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let parameters = params![account, id.as_str(), at];
        match statement.query_row(parameters, read_row).optional()? {
            Some(row) => Ok(Some(row)),
            None => self.row(account, id),
        }
    }

    /// The newest that is known of each conversation, ordered by id.
    pub fn newest_rows(&self, account: AccountKey) -> Result<Vec<ConversationState>, EngineError> {
        let mut rows: BTreeMap<_, _> = BTreeMap::new();
        for table in [Table::Mirror, Table::Early] {
            let found = self.rows_in(table, account)?;
            rows.extend(found.into_iter().map(|row| (row.id.clone(), row)));
        }
        Ok(rows.into_values().collect())
    }

    /// What merging changes into the mirror would do. Writes nothing. A conversation that comes more
    /// than once is merged as often, each time with what came before.
    pub fn merged<'a>(
        &self,
        account: &Account,
        changes: &'a [ConversationState],
    ) -> Result<Merged<'a>, EngineError> {
        let mut merged = Merged {
            rows: BTreeMap::new(),
            tally: Tally {
                totals: account.mirror.totals,
                digest: account.mirror.digest,
            },
        };
        for change in changes {
            let stored = match merged.rows.get(&change.id) {
                Some(_) => None,
                None => self.row(account.key, &change.id)?,
            };
            let current = merged.rows.get(&change.id).copied().or(stored.as_ref());
            if let Some(row) = merge(current, account.mirror.cursor, change) {
                merged.tally.replace(current, Some(row));
                merged.rows.insert(&row.id, row);
            }
        }
        Ok(merged)
    }

    /// Writes merged rows, and keeps the account's totals and digest; the caller saves the account.
    pub fn put_merged(
        &self,
        account: &mut Account,
        merged: &Merged<'_>,
    ) -> Result<(), EngineError> {
        for row in merged.rows.values() {
            self.put_active(Table::Mirror, account.key, row)?;
        }
        account.mirror.totals = merged.tally.totals;
        account.mirror.digest = merged.tally.digest;
        Ok(())
    }

    /// Keeps rows that are ahead of the cursor.
    pub fn put_early(
        &self,
        account: &Account,
        rows: &[ConversationState],
    ) -> Result<(), EngineError> {
        for row in rows {
            if row.version > account.mirror.cursor {
                self.put_row(Table::Early, account.key, row)?;
            }
        }
        Ok(())
    }

    /// How many rows wait ahead of the cursor.
    pub fn early_length(&self, account: AccountKey) -> Result<usize, EngineError> {
        let sql = "SELECT count(*) FROM early WHERE account = ?1";
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(statement.query_row([account], |row| row.get(0))?)
    }

    /// Moves early rows up to a version into the mirror: nothing is missing between them and the
    /// cursor. The caller moves the cursor, and saves the account.
    ///
    /// So many at a time, and each by its whole key: to delete all at once SQLite would make a table of their
    /// keys first, in a memory that an extension does not have (S9).
    pub fn adopt_early(&self, account: &mut Account, up_to: Version) -> Result<(), EngineError> {
        // By conversation, each ascending, as they lie there: nothing is sorted.
        let sql = format!(
            "SELECT {COLUMNS} FROM early WHERE account = ?1 AND version <= ?2
             ORDER BY id, version LIMIT 256"
        );
        loop {
            let mut statement = self.transaction.prepare_cached(&sql)?;
            let next = statement.query_map(params![account.key, up_to.get()], read_row)?;
            let next = next.collect::<Result<Vec<_>, _>>()?;
            if next.is_empty() {
                return Ok(());
            }
            let merged = self.merged(account, &next)?;
            self.put_merged(account, &merged)?;
            self.drop_early(account.key, &next)?;
        }
    }

    fn drop_early(
        &self,
        account: AccountKey,
        rows: &[ConversationState],
    ) -> Result<(), EngineError> {
        let mut statement = self
            .transaction
            .prepare_cached("DELETE FROM early WHERE account = ?1 AND id = ?2 AND version = ?3")?;
        for row in rows {
            statement.execute(params![account, row.id.as_str(), row.version.get()])?;
        }
        Ok(())
    }

    /// Forgets early rows that the cursor has reached.
    pub fn drop_reached(&self, account: &Account) -> Result<(), EngineError> {
        // There is rarely one, and SQLite makes a table of what is to be deleted before it looks.
        let reached = params![account.key, account.mirror.cursor.get()];
        let sql = "SELECT 1 FROM early WHERE account = ?1 AND version <= ?2";
        if self.transaction.prepare_cached(sql)?.exists(reached)? {
            self.transaction
                .prepare_cached("DELETE FROM early WHERE account = ?1 AND version <= ?2")?
                .execute(reached)?;
        }
        Ok(())
    }

    /// Forgets all early rows: they are of another history.
    pub fn clear_early(&self, account: AccountKey) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM early WHERE account = ?1")?
            .execute([account])?;
        Ok(())
    }

    /// Puts a page of a reset aside.
    pub fn stage_rows(
        &self,
        account: AccountKey,
        changes: &[ConversationState],
    ) -> Result<(), EngineError> {
        for change in changes {
            self.put_active(Table::Staged, account, change)?;
            if is(Bug::ResetMixesIn) {
                self.put_active(Table::Mirror, account, change)?;
            }
        }
        Ok(())
    }

    /// Forgets what a reset had put aside.
    pub fn clear_staged(&self, account: AccountKey) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM staged WHERE account = ?1")?
            .execute([account])?;
        Ok(())
    }

    /// Replaces the mirror's rows by the staged ones, and recounts.
    pub fn install_staged(&self, account: &mut Account) -> Result<(), EngineError> {
        let key = account.key;
        let named = " AND id IN (SELECT id FROM staged)";
        let which = if is(Bug::ResetKeepsTheMissing) {
            named
        } else {
            ""
        };
        let sql = format!("DELETE FROM rows WHERE account = ?1{which}");
        self.transaction.prepare_cached(&sql)?.execute([key])?;
        let sql = "INSERT INTO rows SELECT * FROM staged WHERE account = ?1";
        self.transaction.prepare_cached(sql)?.execute([key])?;
        self.clear_staged(key)?;
        let tally = self.recount(key)?;
        account.mirror.totals = tally.totals;
        account.mirror.digest = tally.digest;
        Ok(())
    }

    /// What the mirror's rows add up to, one row in memory at a time.
    fn recount(&self, account: AccountKey) -> Result<Tally, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM rows WHERE account = ?1");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let mut rows = statement.query([account])?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next()? {
            tally.replace(None, Some(&read_row(row)?));
        }
        Ok(tally)
    }

    fn row_in(
        &self,
        table: Table,
        account: AccountKey,
        id: &ConversationId,
    ) -> Result<Option<ConversationState>, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM {table} WHERE account = ?1 AND id = ?2");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        Ok(statement
            .query_row(params![account, id.as_str()], read_row)
            .optional()?)
    }

    fn rows_in(
        &self,
        table: Table,
        account: AccountKey,
    ) -> Result<Vec<ConversationState>, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM {table} WHERE account = ?1 ORDER BY id, version");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let rows = statement.query_map([account], read_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The mirror holds active conversations only.
    fn put_active(
        &self,
        table: Table,
        account: AccountKey,
        row: &ConversationState,
    ) -> Result<(), EngineError> {
        if row.is_active() {
            return self.put_row(table, account, row);
        }
        let sql = format!("DELETE FROM {table} WHERE account = ?1 AND id = ?2");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        statement.execute(params![account, row.id.as_str()])?;
        Ok(())
    }

    fn put_row(
        &self,
        table: Table,
        account: AccountKey,
        row: &ConversationState,
    ) -> Result<(), EngineError> {
        let sql = format!(
            "INSERT OR REPLACE INTO {table} (account, {COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        );
        self.transaction.prepare_cached(&sql)?.execute(params![
            account,
            row.id.as_str(),
            row.version.get(),
            row.unread,
            row.mentions,
            row.newest.get(),
            row.read_up_to.get(),
            row.level.code(),
            row.marked_unread,
            row.removed,
        ])?;
        Ok(())
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<ConversationState> {
    Ok(ConversationState {
        id: checked(0, ConversationId::new(row.get::<_, String>(0)?))?,
        version: checked(1, Version::new(row.get(1)?))?,
        unread: row.get(2)?,
        mentions: row.get(3)?,
        newest: checked(4, Position::new(row.get(4)?))?,
        read_up_to: checked(5, Position::new(row.get(5)?))?,
        level: checked(6, Level::from_code(row.get(6)?).ok_or("unknown level"))?,
        marked_unread: row.get(7)?,
        removed: row.get(8)?,
    })
}

/// A column that holds what this code never writes is damage.
pub(super) fn checked<T, E: Display>(column: usize, value: Result<T, E>) -> rusqlite::Result<T> {
    value.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Null,
            error.to_string().into(),
        )
    })
}

/// A column, by its name or its place, as what it stands for.
pub(super) fn read<S: FromSql, T, E: Display>(
    row: &Row<'_>,
    column: impl RowIndex,
    what: impl FnOnce(S) -> Result<T, E>,
) -> rusqlite::Result<T> {
    let column = column.idx(row.as_ref())?;
    let stored = row.get(column)?;
    checked(column, what(stored))
}
