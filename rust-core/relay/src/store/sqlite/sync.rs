//! What phones ask: changes, and operations with changes.

use rusqlite::{Connection, params};
use truebadge_protocol::{
    Version,
    messages::{Changes, OperationOutcome, OperationsApplied, OperationsRequest},
};

use super::{
    accounts::{self, Account},
    convert::signed,
    credentials,
    devices::{self, Device},
    refusals,
    rows::AccountRows,
    schedule,
};
use crate::{
    faults::{self, Fault},
    model::{Ledger, Outcome, PageStart, Phone, Sums},
    planner::Rules,
    store::{Ask, Result, StoreError, TokenRow},
};

/// A page of changes; see [`crate::store::Store::changes`]. A token whose phone has not registered
/// yet may read, but confirms nothing.
pub fn changes(tx: &Connection, token: TokenRow, ask: &Ask, now: u64) -> Result<Changes> {
    let bound = credentials::bound(tx, token)?;
    let of = if faults::is(Fault::OneAccountForAll) {
        1
    } else {
        bound.account
    };
    let account = accounts::load(tx, of)?;
    let device = match &bound.device {
        Some(id) => devices::find(tx, bound.account, id)?,
        None => None,
    };
    answer(tx, &account, &account.sums, device.as_ref(), ask, now)
}

/// Applies operations; see [`crate::store::Store::operate`].
pub fn operate(
    tx: &Connection,
    rules: Option<&Rules>,
    token: TokenRow,
    request: &OperationsRequest,
    ask: &Ask,
    now: u64,
) -> Result<OperationsApplied> {
    let bound = credentials::bound(tx, token)?;
    let id = bound.device.as_ref().ok_or(StoreError::NotRegistered)?;
    let device = devices::find(tx, bound.account, id)?.ok_or(StoreError::NotRegistered)?;
    let before = accounts::load(tx, bound.account)?;
    let done = apply(tx, &before, &device, request, ask)?;
    if let Some(acknowledged) = done.acknowledged
        && !faults::is(Fault::NotAcknowledged)
    {
        tx.prepare_cached("UPDATE devices SET acknowledged = ?2 WHERE id = ?1")?
            .execute(params![device.row, signed(acknowledged)])?;
    }
    accounts::finish(tx, rules, &before, &done.sums, Some(device.row), now)?;
    let others = before.sums;
    let account = Account {
        sums: done.sums,
        ..before
    };
    let device = Device {
        acknowledged: done.acknowledged.or(device.acknowledged),
        ..device
    };
    let changes = answer(tx, &account, &others, Some(&device), ask, now)?;
    Ok(OperationsApplied {
        applied: done.applied,
        changes,
    })
}

/// What operations did.
struct Done {
    sums: Sums,
    /// The highest operation that is done; none where the call had nothing to do.
    acknowledged: Option<u64>,
    applied: Vec<OperationOutcome>,
}

/// Skips what the account has already, and says again what of it was refused; an operation that
/// leaves a hole undoes the whole call.
///
/// Operations of another history wait: this one may count something else by their numbers, and what the
/// person saw there says nothing about the marks here. The answer, a reset, tells the phone to send them
/// again.
fn apply(
    tx: &Connection,
    account: &Account,
    device: &Device,
    request: &OperationsRequest,
    ask: &Ask,
) -> Result<Done> {
    let elsewhere = ask.epoch.as_ref().is_some_and(|of| *of != account.epoch);
    let elsewhere = elsewhere && !faults::is(Fault::AppliedElsewhere);
    if elsewhere || request.operations.is_empty() {
        return Ok(Done {
            sums: account.sums,
            acknowledged: None,
            applied: Vec::new(),
        });
    }
    let mut rows = AccountRows::new(tx, account.row);
    let mut ledger = Ledger::new(account.sums, &mut rows);
    let mut acknowledged = known(device, request);
    let mut applied = Vec::new();
    for operation in &request.operations {
        if operation.number <= acknowledged && !faults::is(Fault::ReplayApplied) {
            if let Some(reason) = refusals::reason(tx, device.row, operation)? {
                applied.push(refused(operation.number, reason));
            }
            continue;
        }
        if operation.number > acknowledged + 1 && !faults::is(Fault::HoleTaken) {
            return Err(StoreError::Hole {
                expected: acknowledged + 1,
                found: operation.number,
            });
        }
        acknowledged = acknowledged.max(operation.number);
        if !applied.is_empty() && faults::is(Fault::OnlyTheFirst) {
            continue;
        }
        let on = Phone {
            device: &device.phone,
            // Who names no history has seen nothing of this one.
            seen: if ask.epoch.is_some() {
                operation.seen
            } else {
                Version::ZERO
            },
        };
        applied.push(match ledger.action(&operation.action, on)? {
            Outcome::Rejected(reason) => {
                refusals::keep(tx, device.row, operation, reason)?;
                refused(operation.number, reason.to_owned())
            }
            outcome => OperationOutcome {
                number: operation.number,
                // One that changed nothing is in effect at the head.
                version: Some(outcome.version().unwrap_or(ledger.sums().head)),
                rejected: None,
            },
        });
    }
    Ok(Done {
        sums: ledger.sums(),
        acknowledged: Some(acknowledged),
        applied,
    })
}

/// The highest operation that is known to be done. After a backup was restored only the phone knows: it sends
/// again what it has no answer for, from the first on.
fn known(device: &Device, request: &OperationsRequest) -> u64 {
    let first = request.operations.first().map(|operation| operation.number);
    device
        .acknowledged
        .or(first.map(|first| first.saturating_sub(1)))
        .unwrap_or(0)
}

fn refused(number: u64, reason: String) -> OperationOutcome {
    OperationOutcome {
        number,
        version: None,
        rejected: Some(reason),
    }
}

/// `others` is the account without what the device did in this request: that it knows by itself.
fn answer(
    tx: &Connection,
    account: &Account,
    others: &Sums,
    device: Option<&Device>,
    ask: &Ask,
    now: u64,
) -> Result<Changes> {
    let sums = account.sums;
    let start = PageStart::of(ask.epoch.as_ref(), ask.since, &account.epoch, sums.head);
    let rows = AccountRows::new(tx, account.row);
    let mut changes = rows.above(start.above, start.reset, ask.limit + 1)?;
    let more = changes.len() > ask.limit;
    changes.truncate(ask.limit);
    let next = match changes.last() {
        Some(last) if more => last.version,
        _ => sums.head,
    };
    let mut confirm = false;
    if let Some(device) = device {
        // What a reset answers stands at version 0 until the phone says otherwise: everything above
        // 0 is everything, so a push that holds it repairs the phone wherever it is in the reset.
        devices::confirm(tx, device, start.above, &ask.received, now)?;
        let all = !more || faults::is(Fault::FirstPageIsAll);
        confirm = all && schedule::put_off(tx, device, account, others, start.above)?;
        if all && !confirm {
            served(tx, device, account)?;
            if start.above >= others.head {
                schedule::end_burst(tx, device.row)?;
            }
        }
        schedule::acknowledge(tx, device, account, now)?;
    }
    Ok(faults::twisted(Changes {
        epoch: account.epoch.clone(),
        reset: start.reset,
        changes,
        next,
        head: sums.head,
        more,
        confirm,
        totals: sums.totals,
        digest: sums.digest,
        acknowledged: device.and_then(|device| device.acknowledged).unwrap_or(0),
        last_push: device.map_or(0, |device| device.last_push),
        push_token_ended: device.and_then(|device| device.token_ended),
        server_time: now,
    }))
}

/// The answer tells the device everything, so no push needs to.
fn served(tx: &Connection, device: &Device, account: &Account) -> Result<()> {
    let totals = account.sums.totals;
    let sql = "UPDATE devices SET served = ?2, told_unread = ?3, told_mentions = ?4, \
               told_conversations = ?5, unconfirmed = 0 \
               WHERE id = ?1 AND (served, told_unread, told_mentions, told_conversations, \
               unconfirmed) IS NOT (?2, ?3, ?4, ?5, 0)";
    tx.prepare_cached(sql)?.execute(params![
        device.row,
        signed(account.sums.head.get()),
        signed(totals.unread),
        signed(totals.mentions),
        signed(totals.conversations),
    ])?;
    Ok(())
}
