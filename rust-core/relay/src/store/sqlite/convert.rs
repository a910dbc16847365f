//! Between SQLite's values and the protocol's names and numbers.

use rusqlite::{Row, types::Type};
use truebadge_protocol::{Totals, ids::IdError};

/// A column that holds what no version of the relay writes.
pub fn from_sql(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, what.into())
}

/// A protocol's number, kept as SQLite's signed one. All of them are below 2^53.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that cannot be negative.
pub fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| from_sql(column, "a negative number"))
}

/// The same, or nothing.
pub fn optional(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => unsigned(row, column).map(Some),
        None => Ok(None),
    }
}

/// A version or position.
pub fn number<N: TryFrom<u64, Error = IdError>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<N> {
    N::try_from(unsigned(row, column)?).map_err(|_| from_sql(column, "a number above 2^53"))
}

/// A name.
pub fn id<N: TryFrom<String, Error = IdError>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<N> {
    N::try_from(row.get(column)?).map_err(|_| from_sql(column, "not a name"))
}

/// A name, or nothing.
pub fn optional_id<N: TryFrom<String, Error = IdError>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<N>> {
    match row.get::<_, Option<String>>(column)? {
        Some(_) => id(row, column).map(Some),
        None => Ok(None),
    }
}

/// A count that fits 32 bits, or the largest.
pub fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(unsigned(row, column)?).unwrap_or(u32::MAX))
}

/// Totals in three columns from this one on.
pub fn totals(row: &Row<'_>, first: usize) -> rusqlite::Result<Totals> {
    Ok(Totals {
        unread: unsigned(row, first)?,
        mentions: unsigned(row, first + 1)?,
        conversations: unsigned(row, first + 2)?,
    })
}
