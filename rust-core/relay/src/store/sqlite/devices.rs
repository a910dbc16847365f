//! Registrations: a phone's row for one account.

use rusqlite::{Connection, OptionalExtension, Row, params};
use truebadge_protocol::{
    BadgePolicy, DeviceId, Route, Totals, Version,
    messages::{Conditions, DeviceRegistered, DeviceRegistration, PushEnvironment, PushTokenEnded},
};

use super::{
    accounts,
    convert::{from_sql, id, number, optional, signed, totals, unsigned},
    credentials, random_name, schedule,
};
use crate::faults::{self, Fault};
use crate::store::{DeviceDetail, Result, StoreError, TokenRow};

/// A registration.
#[derive(Clone)]
pub struct Device {
    pub row: i64,
    pub account: i64,
    pub phone: DeviceId,
    pub route: Route,
    pub push_token: Option<String>,
    pub token_generation: i64,
    /// Why APNs ended the last one; none also where the relay itself stopped using it.
    pub token_ended: Option<PushTokenEnded>,
    pub environment: PushEnvironment,
    /// Where pushes go instead: APNs did not know the token there.
    pub found: Option<PushEnvironment>,
    pub topic: String,
    pub policy: BadgePolicy,
    pub conditions: Conditions,
    pub cursor: Option<Version>,
    pub acknowledged: Option<u64>,
    pub last_push: u64,
    /// None when an answer told it something else since, and nobody knows whether it came.
    pub told: Option<Totals>,
}

const COLUMNS: &str = "id, account, device, route, push_token, token_generation, environment, \
     topic, policy, badges_allowed, alerts_allowed, background_refresh, low_power_mode, cursor, \
     acknowledged, last_push, told_unread, told_mentions, told_conversations, token_ended, found, \
     unconfirmed";

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        row: row.get(0)?,
        account: row.get(1)?,
        phone: id(row, 2)?,
        route: id(row, 3)?,
        push_token: row.get(4)?,
        token_generation: row.get(5)?,
        environment: named(row, 6)?,
        topic: row.get(7)?,
        policy: named(row, 8)?,
        conditions: conditions(row, 9)?,
        cursor: cursor(row, 13)?,
        acknowledged: optional(row, 14)?,
        last_push: unsigned(row, 15)?,
        told: match row.get::<_, i64>(21)? {
            0 => Some(totals(row, 16)?),
            _ => None,
        },
        token_ended: ended(row, 19)?,
        found: found(row, 20)?,
    })
}

fn conditions(row: &Row<'_>, first: usize) -> rusqlite::Result<Conditions> {
    Ok(Conditions {
        badges_allowed: row.get(first)?,
        alerts_allowed: row.get(first + 1)?,
        background_refresh: row.get(first + 2)?,
        low_power_mode: row.get(first + 3)?,
    })
}

fn cursor(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Version>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => number(row, column).map(Some),
        None => Ok(None),
    }
}

/// APNs' reason by its name on the wire. The relay's own reasons are sentences.
fn ended(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<PushTokenEnded>> {
    let reason = row.get::<_, Option<String>>(column)?;
    let name = reason.filter(|reason| !reason.contains(' '));
    let known = name.map(|name| serde_json::from_value(serde_json::Value::String(name)));
    known.transpose().map_err(|_| from_sql(column, "no reason"))
}

fn found(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<PushEnvironment>> {
    match row.get::<_, Option<String>>(column)? {
        Some(_) => named(row, column).map(Some),
        None => Ok(None),
    }
}

/// An enumeration by its name on the wire.
fn named<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let name = serde_json::Value::String(row.get(column)?);
    serde_json::from_value(name).map_err(|_| from_sql(column, "an unknown name"))
}

/// An enumeration's name on the wire.
pub fn name_of(value: impl serde::Serialize) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(StoreError::Failed(
            "an enumeration without a name".to_owned(),
        )),
    }
}

/// A registration by its row.
pub fn load(tx: &Connection, row: i64) -> Result<Option<Device>> {
    let sql = format!("SELECT {COLUMNS} FROM devices WHERE id = ?1");
    Ok(tx
        .prepare_cached(&sql)?
        .query_row([row], device)
        .optional()?)
}

/// A phone's registration for an account.
pub fn find(tx: &Connection, account: i64, id: &DeviceId) -> Result<Option<Device>> {
    let sql = format!("SELECT {COLUMNS} FROM devices WHERE account = ?1 AND device = ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let found = statement.query_row(params![account, id.as_str()], device);
    Ok(found.optional()?)
}

/// Registers a phone; see [`crate::store::Store::register`].
pub fn register(
    tx: &Connection,
    token: TokenRow,
    id: &DeviceId,
    registration: &DeviceRegistration,
    now: u64,
) -> Result<DeviceRegistered> {
    let account = credentials::bind(tx, token, id)?;
    let old = find(tx, account, id)?;
    let route = match &old {
        Some(device) => device.route.clone(),
        None => {
            Route::new(random_name()?).map_err(|error| StoreError::Failed(error.to_string()))?
        }
    };
    save(tx, account, id, &route, registration)?;
    if let Some(push_token) = &registration.push_token {
        moved(tx, account, id, push_token)?;
    }
    if let Some(old) = old {
        let changed = old.push_token != registration.push_token
            || old.environment != registration.environment;
        if changed {
            let sql = "UPDATE devices SET found = NULL, token_generation = token_generation + 1 \
                       WHERE id = ?1";
            tx.prepare_cached(sql)?.execute([old.row])?;
        }
        schedule::reconsider(tx, old.row, now)?;
    }
    forget_unsendable_alerts(tx, account)?;
    let account = accounts::load(tx, account)?;
    Ok(DeviceRegistered {
        route,
        epoch: account.epoch,
        head: account.sums.head,
        server_time: now,
    })
}

fn save(
    tx: &Connection,
    account: i64,
    id: &DeviceId,
    route: &Route,
    registration: &DeviceRegistration,
) -> Result<()> {
    let conditions = registration.conditions;
    let sql = "INSERT INTO devices(account, device, route, push_token, environment, topic, policy, \
         sole_account, badges_allowed, alerts_allowed, background_refresh, low_power_mode, \
         app_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
         ON CONFLICT(account, device) DO UPDATE SET push_token = ?4, token_ended = NULL, \
         environment = ?5, topic = ?6, policy = ?7, sole_account = ?8, badges_allowed = ?9, \
         alerts_allowed = ?10, background_refresh = ?11, low_power_mode = ?12, app_version = ?13";
    tx.prepare_cached(sql)?.execute(params![
        account,
        id.as_str(),
        route.as_str(),
        registration.push_token,
        name_of(registration.environment)?,
        registration.topic,
        name_of(registration.policy)?,
        registration.sole_account,
        conditions.badges_allowed,
        conditions.alerts_allowed,
        conditions.background_refresh,
        conditions.low_power_mode,
        registration.app_version,
    ])?;
    Ok(())
}

/// The phone lost its device id, as after a restore: its earlier registration for this account has
/// the same push token, and would have every push sent twice.
fn moved(tx: &Connection, account: i64, id: &DeviceId, push_token: &str) -> Result<()> {
    let sql = "UPDATE devices SET push_token = NULL, token_generation = token_generation + 1, \
               token_ended = 'registered again under another device id' \
               WHERE account = ?1 AND device <> ?2 AND push_token = ?3";
    tx.prepare_cached(sql)?
        .execute(params![account, id.as_str(), push_token])?;
    Ok(())
}

/// The text of a notification is not kept for a phone that cannot be sent it.
fn forget_unsendable_alerts(tx: &Connection, account: i64) -> Result<()> {
    let sql = "DELETE FROM alerts WHERE device IN \
               (SELECT id FROM devices WHERE account = ?1 AND push_token IS NULL)";
    tx.prepare_cached(sql)?.execute([account])?;
    Ok(())
}

/// Every registration of the phone with the same push token for the same app, this one among them:
/// what APNs says of the token holds for all of them.
fn same_token(tx: &Connection, device: &Device) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM devices WHERE device = ?1 AND topic = ?2 AND push_token = ?3 \
               AND environment = ?4";
    let key = params![
        device.phone.as_str(),
        device.topic,
        device.push_token,
        name_of(device.environment)?
    ];
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(key, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// APNs does not know the push token in the environment of its registration: the other one is tried,
/// once for each registration of a token. False when that has been done.
pub fn try_elsewhere(tx: &Connection, device: &Device) -> Result<bool> {
    if device.found.is_some() {
        return Ok(false);
    }
    let other = match device.environment {
        PushEnvironment::Production => PushEnvironment::Sandbox,
        PushEnvironment::Sandbox => PushEnvironment::Production,
    };
    // Another generation, so that what is still under way to the wrong one ends nothing.
    let sql =
        "UPDATE devices SET found = ?2, token_generation = token_generation + 1 WHERE id = ?1";
    for row in same_token(tx, device)? {
        tx.prepare_cached(sql)?
            .execute(params![row, name_of(other)?])?;
    }
    Ok(true)
}

/// APNs ended the push token: nothing is sent to it, and the phone is told why at its next sync.
pub fn end_token(tx: &Connection, device: &Device, reason: PushTokenEnded) -> Result<()> {
    let sql = "UPDATE devices SET push_token = NULL, found = NULL, token_ended = ?2, \
               token_generation = token_generation + 1 WHERE id = ?1";
    for row in same_token(tx, device)? {
        tx.prepare_cached(sql)?
            .execute(params![row, name_of(reason)?])?;
        schedule::forget(tx, row)?;
        tx.prepare_cached("DELETE FROM alerts WHERE device = ?1")?
            .execute([row])?;
    }
    Ok(())
}

/// Stops sending to a phone. What it did stays known, for when it registers with another token.
pub fn silence(tx: &Connection, account: i64, device: &str, why: &str) -> Result<()> {
    let sql = "UPDATE devices SET push_token = NULL, token_ended = ?3, \
               token_generation = token_generation + 1 \
               WHERE account = ?1 AND device = ?2 RETURNING id";
    let silenced = tx
        .prepare_cached(sql)?
        .query_row(params![account, device, why], |row| row.get(0));
    if let Some(row) = silenced.optional()? {
        schedule::forget(tx, row)?;
        tx.prepare_cached("DELETE FROM alerts WHERE device = ?1")?
            .execute([row])?;
    }
    Ok(())
}

/// Signs a phone out; doing it again does nothing. A request may come late: what the phone signed in
/// with since goes on, and its registration with it.
pub fn sign_out(tx: &Connection, token: TokenRow, id: &DeviceId) -> Result<()> {
    let sql = "SELECT account, device FROM device_tokens WHERE id = ?1";
    let (account, bound): (Option<i64>, Option<String>) = tx
        .prepare_cached(sql)?
        .query_row([token.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or(StoreError::NotFound)?;
    if bound.as_deref() != Some(id.as_str()) {
        return Err(StoreError::NotFound);
    }
    if faults::is(Fault::SignedOutTokenWorks) {
        return Ok(());
    }
    let newest = if faults::is(Fault::LateSignOutEndsAll) {
        i64::MAX
    } else {
        token.0
    };
    let sql = "UPDATE device_tokens SET ended = 1 WHERE account IS ?1 AND device = ?2 AND id <= ?3";
    tx.prepare_cached(sql)?
        .execute(params![account, id.as_str(), newest])?;
    let sql = "DELETE FROM devices WHERE account = ?1 AND device = ?2 AND NOT EXISTS \
               (SELECT 1 FROM device_tokens WHERE account = ?1 AND device = ?2 AND ended = 0)";
    tx.prepare_cached(sql)?
        .execute(params![account, id.as_str()])?;
    Ok(())
}

/// An account's registrations, for the operator.
pub fn details(tx: &Connection, account: i64) -> Result<Vec<DeviceDetail>> {
    let sql = "SELECT device, push_token IS NOT NULL, token_ended, environment, topic, \
               app_version, badges_allowed, alerts_allowed, background_refresh, low_power_mode, \
               cursor, acknowledged, last_push, found, sole_account FROM devices WHERE account = ?1 ORDER BY id";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([account], |row| {
        Ok(DeviceDetail {
            device: id(row, 0)?,
            has_push_token: row.get(1)?,
            push_token_ended: row.get(2)?,
            environment: named(row, 3)?,
            found_in: found(row, 13)?,
            topic: row.get(4)?,
            app_version: row.get(5)?,
            sole_account: row.get(14)?,
            conditions: conditions(row, 6)?,
            cursor: cursor(row, 10)?,
            acknowledged: optional(row, 11)?.unwrap_or(0),
            last_push: unsigned(row, 12)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes note of what a request confirms: the cursor, and the pushes that arrived.
pub fn confirm(
    tx: &Connection,
    device: &Device,
    cursor: Version,
    received: &[u64],
    now: u64,
) -> Result<()> {
    let sql = "UPDATE devices SET cursor = ?2 WHERE id = ?1 AND cursor IS NOT ?2";
    tx.prepare_cached(sql)?
        .execute(params![device.row, signed(cursor.get())])?;
    let sql = "UPDATE pushes SET received_at = ?3 \
               WHERE device = ?1 AND counter = ?2 AND received_at IS NULL";
    let mut statement = tx.prepare_cached(sql)?;
    for counter in received {
        let counter = i64::try_from(*counter).unwrap_or(i64::MAX);
        statement.execute(params![device.row, counter, signed(now)])?;
    }
    Ok(())
}
