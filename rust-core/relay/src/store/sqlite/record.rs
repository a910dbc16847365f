//! Taking note of what became of a push.

use rusqlite::{Connection, params};
use truebadge_protocol::{limits::NUMBER, messages::PushTokenEnded};

use super::{
    accounts,
    claim::{self, Told},
    convert::signed,
    devices, schedule,
};
use crate::{
    faults::{self, Fault},
    planner::{Lane, Rules},
    store::{PushKey, Report, Result},
};

/// So many pushes are remembered for each device.
const PUSHES_KEPT: i64 = 256;

/// See [`crate::store::Store::record`]. A device that went away meanwhile is no error.
pub fn record(
    tx: &Connection,
    rules: &Rules,
    key: &PushKey,
    report: &Report,
    now: u64,
) -> Result<()> {
    let Some(told) = claim::taken(tx, key)? else {
        return Ok(());
    };
    tx.prepare_cached("UPDATE devices SET in_flight = NULL WHERE id = ?1")?
        .execute([key.device])?;
    match report {
        Report::Accepted => {
            count(tx, key, "accepted", Some(now))?;
            accepted(tx, rules, key, &told, now)?;
        }
        Report::Unknown(at) => {
            count(tx, key, "unknown", None)?;
            again(tx, key, &told, *at)?;
        }
        Report::Again(at) => {
            discount(tx, key)?;
            again(tx, key, &told, *at)?;
        }
        Report::Refused(_) => {
            discount(tx, key)?;
            refused(tx, key, &told)?;
        }
        Report::TokenEnded(reason) => {
            discount(tx, key)?;
            token_ended(tx, rules, key, &told, *reason, now)?;
        }
    }
    tx.prepare_cached("DELETE FROM pushes WHERE device = ?1 AND counter <= ?2")?
        .execute(params![key.device, signed(key.counter) - PUSHES_KEPT])?;
    Ok(())
}

/// The push has reached APNs, or may have: its counter is used up.
fn count(tx: &Connection, key: &PushKey, status: &str, sent_at: Option<u64>) -> Result<()> {
    tx.prepare_cached("UPDATE devices SET last_push = ?2 WHERE id = ?1")?
        .execute(params![key.device, signed(key.counter)])?;
    let sql = "UPDATE pushes SET status = ?3, sent_at = ?4 WHERE device = ?1 AND counter = ?2";
    tx.prepare_cached(sql)?.execute(params![
        key.device,
        signed(key.counter),
        status,
        sent_at.map(signed)
    ])?;
    Ok(())
}

/// APNs did not take the push: the next one gets its counter.
fn discount(tx: &Connection, key: &PushKey) -> Result<()> {
    tx.prepare_cached("DELETE FROM pushes WHERE device = ?1 AND counter = ?2")?
        .execute(params![key.device, signed(key.counter)])?;
    Ok(())
}

fn accepted(tx: &Connection, rules: &Rules, key: &PushKey, told: &Told, now: u64) -> Result<()> {
    // An answer may have told the device something newer while the push was under way.
    let sql = "UPDATE devices SET held_until = 0, \
               unconfirmed = iif(unconfirmed <= ?2, 0, unconfirmed), \
               told_unread = iif(served <= ?2, ?3, told_unread), \
               told_mentions = iif(served <= ?2, ?4, told_mentions), \
               told_conversations = iif(served <= ?2, ?5, told_conversations) WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![
        key.device,
        told.version,
        signed(told.totals.unread),
        signed(told.totals.mentions),
        signed(told.totals.conversations),
    ])?;
    tx.prepare_cached("UPDATE schedule SET attempts = 0 WHERE device = ?1")?
        .execute([key.device])?;
    forget_alert(tx, told)?;
    let waiting = schedule::load(tx, key.device)?;
    let unchanged = waiting.is_none_or(|waiting| waiting.changes == told.changes);
    let unchanged = unchanged || faults::is(Fault::ChangeMeanwhileForgotten);
    if let Some(owed) = told.owed {
        schedule::owe(tx, key.device, told.version, told.changes, owed)?;
        if unchanged {
            let lane = told.alert.map_or(Lane::Painted, |_| Lane::Alert);
            let answers = schedule::answers(tx, key.device)?;
            schedule::rest(tx, key.device, rules.again(now, owed, lane, answers))?;
        }
        if let Some(device) = devices::load(tx, key.device)? {
            let account = accounts::load(tx, device.account)?;
            schedule::acknowledge(tx, &device, &account, now)?;
        }
    } else if unchanged && told.alert.is_none() {
        schedule::forget(tx, key.device)?;
    }
    Ok(())
}

fn again(tx: &Connection, key: &PushKey, told: &Told, at: u64) -> Result<()> {
    let at = if faults::is(Fault::PauseForGood) {
        NUMBER
    } else {
        at
    };
    let at = signed(at);
    tx.prepare_cached("UPDATE devices SET held_until = ?2 WHERE id = ?1")?
        .execute(params![key.device, at])?;
    if let Some(alert) = told.alert {
        let sql = "UPDATE alerts SET due_at = ?2, attempts = attempts + 1 WHERE id = ?1";
        tx.prepare_cached(sql)?.execute(params![alert, at])?;
    }
    // What else waits for the device would meet the same refusal.
    let sql = "UPDATE schedule SET due_at = max(due_at, ?2), attempts = attempts + ?3 \
               WHERE device = ?1 AND due_at IS NOT NULL";
    let badge = told.alert.is_none();
    tx.prepare_cached(sql)?
        .execute(params![key.device, at, badge])?;
    let sql = "UPDATE alerts SET due_at = max(due_at, ?2) WHERE device = ?1";
    tx.prepare_cached(sql)?.execute(params![key.device, at])?;
    Ok(())
}

fn refused(tx: &Connection, key: &PushKey, told: &Told) -> Result<()> {
    forget_alert(tx, told)?;
    let waiting = schedule::load(tx, key.device)?;
    match waiting.filter(|waiting| told.alert.is_none() && waiting.changes == told.changes) {
        Some(waiting) if waiting.owed.is_some() => schedule::rest(tx, key.device, None),
        Some(_) => schedule::forget(tx, key.device),
        None => Ok(()),
    }
}

fn token_ended(
    tx: &Connection,
    rules: &Rules,
    key: &PushKey,
    told: &Told,
    reason: PushTokenEnded,
    now: u64,
) -> Result<()> {
    let Some(device) = devices::load(tx, key.device)? else {
        return Ok(());
    };
    if device.token_generation != told.token_generation {
        // The phone registered another one meanwhile.
        return again(tx, key, told, now);
    }
    let unknown = reason == PushTokenEnded::BadDeviceToken && rules.other_environment;
    if unknown && devices::try_elsewhere(tx, &device)? {
        tracing::warn!(
            registered = ?device.environment,
            "APNs does not know a push token in its environment; the other one is tried"
        );
        return again(tx, key, told, now);
    }
    devices::end_token(tx, &device, reason)
}

fn forget_alert(tx: &Connection, told: &Told) -> Result<()> {
    if let Some(alert) = told.alert {
        tx.prepare_cached("DELETE FROM alerts WHERE id = ?1")?
            .execute([alert])?;
    }
    Ok(())
}
