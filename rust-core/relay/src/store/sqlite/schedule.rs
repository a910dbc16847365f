//! What is owed to each device, and when: written in the transaction of the change that owes it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use truebadge_protocol::{ConversationId, Position, Version, messages::Alert};

use super::{
    accounts::Account,
    compose::whole_app,
    convert::{optional, signed, totals, unsigned},
    devices::Device,
};
use crate::{
    faults::{self, Fault},
    model::Sums,
    planner::{Answers, Misleading, Owed, Rules, corrected_at, unconfirmed_at},
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
    let sql = "SELECT changes, owed, repeats, attempts, \
               burst_at IS NOT NULL FROM schedule WHERE device = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_row([device], |row| {
        Ok(Waiting {
            changes: row.get(0)?,
            version: row.get(1)?,
            owed: row.get::<_, Option<i64>>(1)?.and(owed(row, 2)?),
            attempts: row.get(3)?,
            fresh: row.get(4)?,
        })
    });
    Ok(found.optional()?)
}

/// What is owed: how often it was sent again, or nothing.
pub fn owed(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Owed>> {
    let repeats = optional(row, column)?;
    Ok(repeats.map(|repeats| Owed {
        repeats: usize::try_from(repeats).unwrap_or(usize::MAX),
    }))
}

/// In what time a device told that the last pushes came. None when it never does.
pub fn answers(tx: &Connection, device: i64) -> Result<Option<Answers>> {
    let sql = "SELECT received_at - coalesce(sent_at, claimed_at) FROM pushes \
               WHERE device = ?1 AND received_at IS NOT NULL ORDER BY counter DESC LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let times = statement.query_map(params![device, signed(Answers::KEPT as u64)], |row| {
        // A clock that was set back makes no time less than none.
        let millis = row.get::<_, i64>(0)?;
        Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    })?;
    Ok(Answers::of(times.collect::<rusqlite::Result<_>>()?))
}

/// A version was sent, and is owed until it is acknowledged.
pub fn owe(tx: &Connection, device: i64, version: i64, changes: i64, owed: Owed) -> Result<()> {
    let sql = "INSERT INTO schedule(device, owed, repeats, changes) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT DO UPDATE SET owed = ?2, repeats = ?3";
    tx.prepare_cached(sql)?.execute(params![
        device,
        version,
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

/// An answer tells the device a number in place of the push that is due, and may be lost. So the push waits
/// for the request that confirms the answer: true where it is wanted. Until then nobody knows what the
/// device was told.
pub fn put_off(
    tx: &Connection,
    device: &Device,
    account: &Account,
    others: &Sums,
    cursor: Version,
) -> Result<bool> {
    let due = device.push_token.is_some() && cursor < others.head;
    if !due || !may_show_another(tx, device, others)? {
        return Ok(false);
    }
    let sql = "SELECT burst_at FROM schedule WHERE device = ?1 AND burst_at IS NOT NULL";
    let mut statement = tx.prepare_cached(sql)?;
    let began = statement.query_row([device.row], |row| unsigned(row, 0));
    let Some(began) = began.optional()? else {
        return Ok(false);
    };
    let at = unconfirmed_at(began, answers(tx, device.row)?);
    tx.prepare_cached("UPDATE schedule SET due_at = max(due_at, ?2) WHERE device = ?1")?
        .execute(params![device.row, signed(at)])?;
    tx.prepare_cached("UPDATE devices SET unconfirmed = ?2 WHERE id = ?1")?
        .execute(params![device.row, signed(account.sums.head.get())])?;
    Ok(true)
}

/// The device has confirmed all that changed: no push needs to tell it.
pub fn end_burst(tx: &Connection, device: i64) -> Result<()> {
    let sql = "UPDATE schedule SET burst_at = NULL WHERE device = ?1 AND burst_at IS NOT NULL";
    tx.prepare_cached(sql)?.execute([device])?;
    Ok(())
}

/// What the device was told before its next answer, or may have been, is another number.
fn may_show_another(tx: &Connection, device: &Device, sums: &Sums) -> Result<bool> {
    let badge = |totals| device.policy.badge(totals);
    let current = badge(sums.totals);
    if device.told.map(badge) != Some(current) {
        return Ok(true);
    }
    let sql = "SELECT unread, mentions, conversations FROM pushes \
               JOIN devices ON devices.id = pushes.device \
               WHERE pushes.device = ?1 AND version > served ORDER BY counter DESC LIMIT 16";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([device.row])?;
    while let Some(row) = rows.next()? {
        if badge(totals(row, 0)?) != current {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Settles what is owed if the device has seen it: it confirmed a cursor past it, was given an answer past
/// it, or named a push that told it. Where nothing new waits to be pushed and a push that tells another
/// number may still arrive, the true one is sent once more after that.
pub fn acknowledge(tx: &Connection, device: &Device, account: &Account, now: u64) -> Result<()> {
    let waiting = load(tx, device.row)?;
    let owed = waiting.and_then(|waiting| waiting.version);
    if let Some(version) = owed
        && !has_seen(tx, device.row, version)?
    {
        return Ok(());
    }
    if waiting.is_some_and(|waiting| waiting.fresh) {
        tx.prepare_cached("UPDATE schedule SET owed = NULL WHERE device = ?1")?
            .execute([device.row])?;
        return Ok(());
    }
    match corrected(tx, device, account, now)? {
        Some(at) => {
            let head = signed(account.sums.head.get());
            let changes = waiting.map_or(0, |waiting| waiting.changes);
            owe(tx, device.row, head, changes, Owed::FIRST)?;
            wait(tx, device.row, at)
        }
        _ if waiting.is_some() => forget(tx, device.row),
        _ => Ok(()),
    }
}

fn has_seen(tx: &Connection, device: i64, version: i64) -> Result<bool> {
    let told = if faults::is(Fault::AnyReceiptWillDo) {
        0
    } else {
        version
    };
    let sql = "SELECT max(coalesce(cursor, 0), served) >= ?2 OR EXISTS (SELECT 1 FROM pushes \
               WHERE device = ?1 AND version >= ?3 AND received_at IS NOT NULL) \
               FROM devices WHERE id = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    Ok(statement.query_row(params![device, version, told], |row| row.get(0))?)
}

/// When the number is to be painted once more, if that is needed and possible.
fn corrected(tx: &Connection, device: &Device, account: &Account, now: u64) -> Result<Option<u64>> {
    let pushes = misleading(tx, device, account)?;
    if pushes.is_empty() || device.push_token.is_none() || whole_app(tx, device)?.is_none() {
        return Ok(None);
    }
    Ok(corrected_at(now, &pushes, answers(tx, device.row)?))
}

/// The last pushes that iOS paints another number from than is true, and that the device did not name in
/// its receipts.
fn misleading(tx: &Connection, device: &Device, account: &Account) -> Result<Vec<Misleading>> {
    let sql = "SELECT coalesce(sent_at, claimed_at), received_at IS NULL, \
               unread, mentions, conversations FROM pushes \
               WHERE device = ?1 AND lane <> 'silent' ORDER BY counter DESC LIMIT 16";
    let badge = |totals| device.policy.badge(totals);
    let current = badge(account.sums.totals);
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([device.row])?;
    let (mut found, mut newest) = (Vec::new(), true);
    while let Some(row) = rows.next()? {
        if row.get(1)? && badge(totals(row, 2)?) != current {
            let sent_at = unsigned(row, 0)?;
            found.push(Misleading { sent_at, newest });
        }
        newest = false;
    }
    Ok(found)
}

/// Nothing is owed to the device any more. While a push is under way to it the row goes on to count the
/// changes: whether there was one since that push was taken, its end asks.
pub fn forget(tx: &Connection, device: i64) -> Result<()> {
    let sql = "DELETE FROM schedule WHERE device = ?1 \
               AND (SELECT in_flight FROM devices WHERE id = ?1) IS NULL";
    if tx.prepare_cached(sql)?.execute([device])? == 0 {
        let sql = "UPDATE schedule SET due_at = NULL, owed = NULL, burst_at = NULL \
                   WHERE device = ?1";
        tx.prepare_cached(sql)?.execute([device])?;
    }
    Ok(())
}

/// The next look at a device's row, once APNs takes pushes for it again.
pub fn wait(tx: &Connection, device: i64, until: u64) -> Result<()> {
    let sql = "UPDATE schedule SET due_at = max(?2, \
               (SELECT held_until FROM devices WHERE id = ?1)) WHERE device = ?1";
    tx.prepare_cached(sql)?
        .execute(params![device, signed(until)])?;
    Ok(())
}
