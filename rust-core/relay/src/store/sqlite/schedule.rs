//! What is owed to each device, and when: written in the transaction of the change that owes it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use truebadge_protocol::{ConversationId, Position, messages::Alert};

use super::convert::{optional, signed, unsigned};
use crate::{
    faults::{self, Fault},
    planner::{Owed, Pace, Rules},
    store::{Result, StoreError},
};

/// So many notifications wait for a device while APNs does not take them; older ones go.
const ALERTS: i64 = 100;

/// What the badge lanes owe a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// One more with each change.
    pub changes: i64,
    /// The version that was sent and is not acknowledged.
    pub version: Option<i64>,
    /// When that is sent again.
    pub owed: Option<Owed>,
    /// Sends that failed.
    pub attempts: u32,
    /// A change is not pushed yet.
    pub fresh: bool,
}

/// A device's row, if it has one.
pub fn load(tx: &Connection, device: i64) -> Result<Option<Waiting>> {
    let sql = "SELECT changes, owed, CASE WHEN owed IS NOT NULL THEN urgent END, repeats, attempts, \
               burst_at IS NOT NULL FROM schedule WHERE device = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_row([device], |row| {
        Ok(Waiting {
            changes: row.get(0)?,
            version: row.get(1)?,
            owed: owed(row, 2)?,
            attempts: row.get(4)?,
            fresh: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}

/// What is owed, in two columns: whether it is urgent, and how often it was sent again.
pub fn owed(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Owed>> {
    let Some(urgent) = row.get::<_, Option<bool>>(first)? else {
        return Ok(None);
    };
    Ok(Some(Owed {
        pace: if urgent { Pace::Urgent } else { Pace::Calm },
        repeats: usize::try_from(unsigned(row, first + 1)?).unwrap_or(usize::MAX),
    }))
}

/// A version was sent, and is owed until it is acknowledged.
pub fn owe(tx: &Connection, device: i64, version: i64, changes: i64, owed: Owed) -> Result<()> {
    let sql = "INSERT INTO schedule(device, owed, urgent, repeats, changes) \
               VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT DO UPDATE SET owed = ?2, urgent = ?3, repeats = ?4";
    tx.prepare_cached(sql)?.execute(params![
        device,
        version,
        owed.pace == Pace::Urgent,
        signed(owed.repeats as u64),
        changes
    ])?;
    Ok(())
}

/// Nothing is new for the device. What is owed is sent again then, or rests until the next change.
pub fn rest(tx: &Connection, device: i64, again: Option<u64>) -> Result<()> {
    let sql = "UPDATE schedule SET due_at = ?2, burst_at = NULL, attempts = 0 WHERE device = ?1";
    tx.prepare_cached(sql)?
        .execute(params![device, again.map(signed)])?;
    Ok(())
}

/// The account's totals changed: every device of it that can be pushed to is owed a push, except
/// the one that learns of it in the answer to its own request.
pub fn changed(
    tx: &Connection,
    rules: &Rules,
    account: i64,
    except: Option<i64>,
    now: u64,
) -> Result<()> {
    let sql = "SELECT devices.id, schedule.burst_at, held_until, \
               (SELECT max(claimed_at) FROM pushes WHERE pushes.device = devices.id \
               AND counter >= last_push) FROM devices \
               LEFT JOIN schedule ON schedule.device = devices.id \
               WHERE devices.account = ?1 AND devices.push_token IS NOT NULL \
               AND devices.id IS NOT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![account, except], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            optional(row, 1)?,
            unsigned(row, 2)?,
            optional(row, 3)?,
        ))
    })?;
    let devices = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let sql = "INSERT INTO schedule(device, due_at, burst_at, changes) VALUES (?1, ?2, ?3, 1) \
               ON CONFLICT DO UPDATE SET due_at = ?2, burst_at = ?3, changes = changes + 1";
    let mut statement = tx.prepare_cached(sql)?;
    for (device, burst, held, pushed) in devices {
        let due = rules.due(now, burst, pushed).max(held);
        let began = burst.unwrap_or(now);
        statement.execute(params![device, signed(due), signed(began)])?;
    }
    Ok(())
}

/// Queues a notification for every device of the account that may show one.
pub fn alert(
    tx: &Connection,
    account: i64,
    conversation: &ConversationId,
    position: Position,
    alert: &Alert,
    now: u64,
) -> Result<()> {
    let text =
        serde_json::to_string(alert).map_err(|error| StoreError::Failed(error.to_string()))?;
    let sql = "INSERT INTO alerts(device, conversation, position, alert, due_at, created_at) \
               SELECT id, ?2, ?3, ?4, max(?5, held_until), ?5 FROM devices \
               WHERE account = ?1 AND push_token IS NOT NULL AND alerts_allowed = 1";
    tx.prepare_cached(sql)?.execute(params![
        account,
        conversation.as_str(),
        signed(position.get()),
        text,
        signed(now)
    ])?;
    let sql = "DELETE FROM alerts WHERE device IN (SELECT id FROM devices WHERE account = ?1) \
               AND id <= (SELECT id FROM alerts newer WHERE newer.device = alerts.device \
               ORDER BY id DESC LIMIT 1 OFFSET ?2)";
    tx.prepare_cached(sql)?.execute(params![account, ALERTS])?;
    Ok(())
}

/// A device's conditions or push token changed: what waits for it is looked at again now.
pub fn reconsider(tx: &Connection, device: i64, now: u64) -> Result<()> {
    let sql = "UPDATE schedule SET due_at = min(due_at, max(?2, \
               (SELECT held_until FROM devices WHERE id = ?1))) \
               WHERE device = ?1 AND burst_at IS NOT NULL";
    tx.prepare_cached(sql)?
        .execute(params![device, signed(now)])?;
    Ok(())
}

/// Settles what is owed if the device has seen it: it confirmed a cursor past it, was given an answer past
/// it, or named a push that told it.
pub fn acknowledge(tx: &Connection, device: i64) -> Result<()> {
    let Some(Waiting {
        version: Some(version),
        fresh,
        ..
    }) = load(tx, device)?
    else {
        return Ok(());
    };
    let told = if faults::is(Fault::AnyReceiptWillDo) {
        0
    } else {
        version
    };
    let sql = "SELECT max(coalesce(cursor, 0), served) >= ?2 OR EXISTS (SELECT 1 FROM pushes \
               WHERE device = ?1 AND version >= ?3 AND received_at IS NOT NULL) \
               FROM devices WHERE id = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let seen: bool = statement.query_row(params![device, version, told], |row| row.get(0))?;
    if seen && fresh {
        tx.prepare_cached("UPDATE schedule SET owed = NULL WHERE device = ?1")?
            .execute([device])?;
    } else if seen {
        forget(tx, device)?;
    }
    Ok(())
}

/// Nothing is owed to the device any more.
pub fn forget(tx: &Connection, device: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM schedule WHERE device = ?1")?
        .execute([device])?;
    Ok(())
}

/// The next look at a device's row.
pub fn wait(tx: &Connection, device: i64, until: u64) -> Result<()> {
    tx.prepare_cached("UPDATE schedule SET due_at = ?2 WHERE device = ?1")?
        .execute(params![device, signed(until)])?;
    Ok(())
}
