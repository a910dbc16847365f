//! Operations that were refused: a phone to which the answer was lost sends them again, and is told again.

use rusqlite::{Connection, OptionalExtension, params};
use truebadge_protocol::messages::Operation;

use super::convert::signed;
use crate::{
    faults::{self, Fault},
    store::Result,
};

/// How many numbers a refusal is remembered for. A phone sends what it has no answer for before
/// anything newer, and no request holds so many.
const NUMBERS: u64 = 256;

/// Remembers that an operation was refused, and forgets old ones.
pub fn keep(tx: &Connection, device: i64, operation: &Operation, reason: &str) -> Result<()> {
    let number = operation.number;
    let sql = "INSERT OR REPLACE INTO refusals(device, number, operation, reason) \
               VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(sql)?.execute(params![
        device,
        signed(number),
        operation.id.as_str(),
        reason
    ])?;
    let oldest = signed(number.saturating_sub(NUMBERS));
    tx.prepare_cached("DELETE FROM refusals WHERE device = ?1 AND number <= ?2")?
        .execute(params![device, oldest])?;
    Ok(())
}

/// Why an operation that comes again was refused, if it was.
pub fn reason(tx: &Connection, device: i64, operation: &Operation) -> Result<Option<String>> {
    if faults::is(Fault::RefusalForgotten) {
        return Ok(None);
    }
    let sql = "SELECT reason FROM refusals WHERE device = ?1 AND number = ?2 AND operation = ?3";
    let key = params![device, signed(operation.number), operation.id.as_str()];
    let reason = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0));
    Ok(reason.optional()?)
}
