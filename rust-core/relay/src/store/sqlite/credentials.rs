//! Producer keys and device tokens; only their hashes are here.

use rusqlite::{Connection, OptionalExtension, params};
use truebadge_protocol::{AccountId, DeviceId};

use super::{
    accounts,
    convert::{id, signed, unsigned},
    devices,
};
use crate::{
    faults::{self, Fault},
    secret::Hash,
    store::{Credential, Result, StoreError, TokenRow, TokenSummary},
};

/// Whose credentials these are.
pub fn authenticate(tx: &Connection, hash: &Hash) -> Result<Option<Credential>> {
    let sql = "SELECT 1 FROM producer_keys WHERE hash = ?1";
    if tx.prepare_cached(sql)?.exists([hash.bytes()])? {
        return Ok(Some(Credential::Producer));
    }
    let sql = "SELECT id, ended = 1 OR account IS NULL FROM device_tokens WHERE hash = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_row([hash.bytes()], |row| {
        let token = TokenRow(row.get(0)?);
        Ok(if row.get(1)? {
            Credential::Ended(token)
        } else {
            Credential::Device(token)
        })
    });
    Ok(found.optional()?)
}

/// Adds a producer key.
pub fn add_producer_key(tx: &Connection, hash: &Hash, now: u64) -> Result<()> {
    tx.execute(
        "INSERT OR IGNORE INTO producer_keys(hash, created_at) VALUES (?1, ?2)",
        params![hash.bytes(), signed(now)],
    )?;
    Ok(())
}

/// Keeps a device token.
pub fn mint(tx: &Connection, account: &AccountId, id: &str, hash: &Hash, now: u64) -> Result<()> {
    let account = accounts::find_or_create(tx, account, now)?;
    let sql = "INSERT INTO device_tokens(name, hash, account, created_at) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(sql)?
        .execute(params![id, hash.bytes(), account.row, signed(now)])?;
    Ok(())
}

/// Ends a device token; nothing is sent to its device any more if no other is bound to it.
pub fn revoke(tx: &Connection, account: &AccountId, name: &str) -> Result<()> {
    let account = accounts::find(tx, account)?.ok_or(StoreError::NotFound)?;
    if faults::is(Fault::RevokedTokenWorks) {
        return Ok(());
    }
    let sql = "DELETE FROM device_tokens WHERE account = ?1 AND name = ?2 RETURNING device";
    let device: Option<Option<String>> = tx
        .prepare_cached(sql)?
        .query_row(params![account.row, name], |row| row.get(0))
        .optional()?;
    let device = device.ok_or(StoreError::NotFound)?;
    let sql = "SELECT 1 FROM device_tokens WHERE account = ?1 AND device = ?2 AND ended = 0";
    if let Some(device) = device
        && !tx
            .prepare_cached(sql)?
            .exists(params![account.row, device])?
    {
        devices::silence(tx, account.row, &device, "its device token was revoked")?;
    }
    Ok(())
}

/// An account's device tokens.
pub fn list(tx: &Connection, account: &AccountId) -> Result<Vec<TokenSummary>> {
    let account = accounts::find(tx, account)?.ok_or(StoreError::NotFound)?;
    let sql = "SELECT name, device, ended, created_at FROM device_tokens \
               WHERE account = ?1 ORDER BY id";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([account.row], |row| {
        Ok(TokenSummary {
            id: row.get(0)?,
            device: match row.get::<_, Option<String>>(1)? {
                Some(_) => Some(id(row, 1)?),
                None => None,
            },
            ended: row.get(2)?,
            created_at: unsigned(row, 3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a token is bound to.
pub struct Bound {
    /// The account's row.
    pub account: i64,
    /// The first device that registered with it.
    pub device: Option<DeviceId>,
}

/// What a token is bound to; an error when that has ended since it was looked up.
pub fn bound(tx: &Connection, token: TokenRow) -> Result<Bound> {
    let sql = "SELECT account, device FROM device_tokens \
               WHERE id = ?1 AND ended = 0 AND account IS NOT NULL";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_row([token.0], |row| {
        Ok(Bound {
            account: row.get(0)?,
            device: match row.get::<_, Option<String>>(1)? {
                Some(_) => Some(id(row, 1)?),
                None => None,
            },
        })
    });
    found.optional()?.ok_or(StoreError::Gone)
}

/// Binds a token to the first device that registers with it; returns the account's row. For any
/// other device the token opens nothing.
pub fn bind(tx: &Connection, token: TokenRow, device: &DeviceId) -> Result<i64> {
    let bound = bound(tx, token)?;
    match &bound.device {
        Some(known) if known != device && !faults::is(Fault::TokenForAnyDevice) => {
            return Err(StoreError::NotFound);
        }
        Some(_) => {}
        None => {
            let sql = "UPDATE device_tokens SET device = ?2 WHERE id = ?1";
            tx.prepare_cached(sql)?
                .execute(params![token.0, device.as_str()])?;
        }
    }
    Ok(bound.account)
}
