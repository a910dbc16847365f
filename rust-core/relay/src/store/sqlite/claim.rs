//! Taking the next push that is due.

use rusqlite::{Connection, OptionalExtension, params};
use truebadge_protocol::{ConversationId, Position, Totals, messages::Alert};
use truebadge_sqlite::run;

use super::{
    accounts::{self, Account},
    compose::{self, Item},
    convert::{id, number, signed, totals, unsigned},
    devices::{self, Device},
    rows::AccountRows,
    schedule::{self, Waiting},
};
use crate::{
    planner::{self, Decision, Lane, Owed, Rules, Situation},
    store::{Claim, Outgoing, PushKey, Result, StoreError},
};

/// Looks at so many devices that turn out to need nothing, before it lets others use the store.
const LOOKS: usize = 64;
/// A badge push that could not be composed is tried again after so long.
const SET_ASIDE: u64 = 10 * 60_000;
/// A notification that could not be sent for so long is not sent.
const ALERT_KEPT: u64 = 24 * 3_600_000;

/// Takes a push that is due; see [`crate::store::Store::claim`]. One that cannot be composed is set
/// aside, so that it holds up no other.
pub fn claim(tx: &Connection, rules: &Rules, now: u64) -> Result<Claim> {
    for _ in 0..LOOKS {
        let alert = first(tx, "alerts", "id")?;
        let taken = if let Some(First { row, .. }) = alert.filter(|first| first.is_due(now)) {
            alone(tx, || take_alert(tx, row, now), || forget_alert(tx, row))?
        } else {
            let badge = first(tx, "schedule", "device")?;
            let Some(First { row, .. }) = badge.filter(|first| first.is_due(now)) else {
                let next = alert.into_iter().chain(badge).map(|first| first.at).min();
                return Ok(next.map_or(Claim::Idle, Claim::Wait));
            };
            alone(
                tx,
                || take_badge(tx, rules, row, now),
                || schedule::wait(tx, row, now + SET_ASIDE),
            )?
        };
        if let Some(push) = taken {
            return Ok(Claim::Push(Box::new(push)));
        }
    }
    Ok(Claim::Wait(now))
}

/// Takes a push or, where that fails, undoes what it wrote so far and sets the push aside. A
/// database that fails altogether fails here too.
fn alone(
    tx: &Connection,
    take: impl FnOnce() -> Result<Option<Outgoing>>,
    set_aside: impl FnOnce() -> Result<()>,
) -> Result<Option<Outgoing>> {
    run(tx, "SAVEPOINT push")?;
    let taken = take().or_else(|error| {
        run(tx, "ROLLBACK TO push")?;
        set_aside()?;
        tracing::error!(%error, "a push cannot be composed and is set aside; others are sent");
        Ok(None)
    });
    run(tx, "RELEASE push")?;
    taken
}

/// What has waited longest, or will be due first.
#[derive(Debug, Clone, Copy)]
struct First {
    row: i64,
    at: u64,
}

impl First {
    const fn is_due(&self, now: u64) -> bool {
        self.at <= now
    }
}

/// The first row for a device that can be sent something, by the table's column that names its rows.
fn first(tx: &Connection, table: &str, name: &str) -> Result<Option<First>> {
    let sql = format!(
        "SELECT {table}.{name}, due_at FROM {table} JOIN devices ON devices.id = {table}.device \
         WHERE devices.in_flight IS NULL AND devices.push_token IS NOT NULL \
         AND due_at IS NOT NULL ORDER BY due_at, {table}.{name} LIMIT 1"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let found = statement.query_row([], |row| {
        Ok(First {
            row: row.get(0)?,
            at: unsigned(row, 1)?,
        })
    });
    Ok(found.optional()?)
}

struct DueAlert {
    device: i64,
    conversation: ConversationId,
    position: Position,
    alert: String,
    attempts: u32,
    created_at: u64,
}

fn due_alert(tx: &Connection, row: i64) -> Result<DueAlert> {
    let sql = "SELECT device, conversation, position, alert, attempts, created_at \
               FROM alerts WHERE id = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    Ok(statement.query_row([row], |row| {
        Ok(DueAlert {
            device: row.get(0)?,
            conversation: id(row, 1)?,
            position: number(row, 2)?,
            alert: row.get(3)?,
            attempts: row.get(4)?,
            created_at: unsigned(row, 5)?,
        })
    })?)
}

fn forget_alert(tx: &Connection, row: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM alerts WHERE id = ?1")?
        .execute([row])?;
    Ok(())
}

/// Forgets the notifications that waited too long.
pub fn forget_old_alerts(tx: &Connection, now: u64) -> Result<()> {
    tx.prepare_cached("DELETE FROM alerts WHERE created_at <= ?1")?
        .execute([signed(now.saturating_sub(ALERT_KEPT))])?;
    Ok(())
}

/// The notification, if its item is still unread and it is not too old.
fn take_alert(tx: &Connection, row: i64, now: u64) -> Result<Option<Outgoing>> {
    let due = due_alert(tx, row)?;
    let device = devices::load(tx, due.device)?.ok_or(StoreError::NotFound)?;
    let account = accounts::load(tx, device.account)?;
    let rows = AccountRows::new(tx, account.row);
    let unread = matches!(
        rows.item(&due.conversation, due.position)?,
        Some((_, false))
    );
    let text: Option<Alert> = serde_json::from_str(&due.alert).ok();
    let young = due.created_at + ALERT_KEPT > now;
    let Some(alert) = text.filter(|_| unread && young && device.conditions.alerts_allowed) else {
        return forget_alert(tx, row).map(|()| None);
    };
    let waiting = schedule::load(tx, device.row)?;
    let perhaps = perhaps_told(tx, &device)?;
    // Each notification is news: it repeats nothing, and the waits begin anew after it.
    let situation = Situation {
        fresh: true,
        ..situation(&device, &account, waiting.as_ref(), &perhaps, now)
    };
    let item = Item {
        row,
        conversation: &due.conversation,
        position: due.position,
        alert: &alert,
    };
    let taken = Taken {
        lane: Lane::Alert,
        item: Some(item),
        owed: planner::owed_after(&situation),
        changes: waiting.map_or(0, |waiting| waiting.changes),
        attempts: due.attempts,
    };
    take(tx, &device, &account, &taken, now).map(Some)
}

/// The badge push that the planner chooses, if any.
fn take_badge(tx: &Connection, rules: &Rules, row: i64, now: u64) -> Result<Option<Outgoing>> {
    let device = devices::load(tx, row)?.ok_or(StoreError::NotFound)?;
    let account = accounts::load(tx, device.account)?;
    let waiting = schedule::load(tx, row)?.ok_or(StoreError::NotFound)?;
    let perhaps = perhaps_told(tx, &device)?;
    let silent = silent_pushes(tx, rules, &device)?;
    let situation = Situation {
        whole_app: compose::whole_app(tx, &device)?.is_some(),
        silent: &silent,
        ..situation(&device, &account, Some(&waiting), &perhaps, now)
    };
    match planner::plan(rules, &situation) {
        Decision::Send { lane, owed } => {
            let taken = Taken {
                lane,
                item: None,
                owed,
                changes: waiting.changes,
                attempts: waiting.attempts,
            };
            take(tx, &device, &account, &taken, now).map(Some)
        }
        Decision::Later(until) => schedule::wait(tx, row, until).map(|()| None),
        Decision::Rest(Some(owed)) => {
            // Also when it went out as an alert: the burst has put it off already.
            let again = rules.again(now, owed, Lane::Painted, schedule::answers(tx, row)?);
            schedule::rest(tx, row, again).map(|()| None)
        }
        Decision::Rest(None) if waiting.owed.is_some() => {
            schedule::rest(tx, row, None).map(|()| None)
        }
        Decision::Rest(None) => schedule::forget(tx, row).map(|()| None),
    }
}

fn situation<'a>(
    device: &Device,
    account: &Account,
    waiting: Option<&Waiting>,
    perhaps_told: &'a [u32],
    now: u64,
) -> Situation<'a> {
    let owed = waiting.and_then(|waiting| waiting.owed);
    Situation {
        now,
        told: device.told.map(|told| device.policy.badge(told)),
        perhaps_told,
        current: device.policy.badge(account.sums.totals),
        differs: device.told != Some(account.sums.totals) || !perhaps_told.is_empty(),
        fresh: owed.is_none() || waiting.is_some_and(|waiting| waiting.fresh),
        owed,
        conditions: device.conditions,
        whole_app: false,
        silent: &[],
    }
}

/// The badges that the newest pushes told, back to the last that APNs took, if nobody knows whether they
/// arrived and no answer has told more since. Otherwise "3, 4 (arrived, but its answer was lost), 3" would
/// leave the phone at 4.
fn perhaps_told(tx: &Connection, device: &Device) -> Result<Vec<u32>> {
    let sql = "SELECT pushes.unread, pushes.mentions, pushes.conversations, \
               status = 'unknown' AND version > served FROM pushes \
               JOIN devices ON devices.id = pushes.device \
               WHERE pushes.device = ?1 AND counter <= last_push ORDER BY counter DESC";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([device.row])?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()?
        && row.get(3)?
    {
        told.push(device.policy.badge(totals(row, 0)?));
    }
    Ok(told)
}

/// When the phone's newest silent pushes were sent, over all of its accounts here: iOS counts per app.
/// Those of which nobody knows whether APNs took them are among them.
fn silent_pushes(tx: &Connection, rules: &Rules, device: &Device) -> Result<Vec<u64>> {
    let sql = "SELECT coalesce(sent_at, claimed_at) AS at FROM pushes \
               JOIN devices ON devices.id = pushes.device \
               WHERE devices.device = ?1 AND devices.topic = ?2 AND lane = 'silent' \
               ORDER BY at DESC LIMIT ?3";
    let most = rules.silent_an_hour.min(256);
    let key = params![device.phone.as_str(), device.topic, signed(most as u64)];
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(key, |row| unsigned(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

struct Taken<'a> {
    lane: Lane,
    item: Option<Item<'a>>,
    owed: Option<Owed>,
    changes: i64,
    attempts: u32,
}

/// Writes the push down as being sent, and composes it.
fn take(
    tx: &Connection,
    device: &Device,
    account: &Account,
    taken: &Taken<'_>,
    now: u64,
) -> Result<Outgoing> {
    let counter = device.last_push + 1;
    write_down(tx, device, account, counter, taken, now)?;
    let item = taken.item.as_ref();
    Ok(Outgoing {
        key: PushKey {
            device: device.row,
            counter,
        },
        lane: taken.lane,
        push_token: device.push_token.clone().ok_or(StoreError::NotFound)?,
        environment: device.found.unwrap_or(device.environment),
        topic: device.topic.clone(),
        collapse_id: compose::collapse_id(device, item),
        attempts: taken.attempts,
        payload: compose::payload(
            tx,
            device,
            account,
            counter,
            taken.lane,
            item,
            taken.owed.is_some(),
        )?,
    })
}

fn write_down(
    tx: &Connection,
    device: &Device,
    account: &Account,
    counter: u64,
    taken: &Taken<'_>,
    now: u64,
) -> Result<()> {
    let totals = account.sums.totals;
    tx.prepare_cached("UPDATE devices SET in_flight = ?2 WHERE id = ?1")?
        .execute(params![device.row, signed(counter)])?;
    let sql = "INSERT INTO pushes(device, counter, lane, alert, version, unread, mentions, \
               conversations, changes, repeats, token_generation, claimed_at, status) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'taken')";
    tx.prepare_cached(sql)?.execute(params![
        device.row,
        signed(counter),
        taken.lane.name(),
        taken.item.as_ref().map(|item| item.row),
        signed(account.sums.head.get()),
        signed(totals.unread),
        signed(totals.mentions),
        signed(totals.conversations),
        taken.changes,
        taken.owed.map(|owed| signed(owed.repeats as u64)),
        device.token_generation,
        signed(now),
    ])?;
    Ok(())
}

/// What a push told.
pub struct Told {
    pub alert: Option<i64>,
    pub version: i64,
    pub totals: Totals,
    pub changes: i64,
    pub owed: Option<Owed>,
    pub token_generation: i64,
}

/// A push that was taken.
pub fn taken(tx: &Connection, key: &PushKey) -> Result<Option<Told>> {
    let sql = "SELECT alert, version, unread, mentions, conversations, changes, repeats, \
               token_generation FROM pushes WHERE device = ?1 AND counter = ?2 AND status = 'taken'";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_row(params![key.device, signed(key.counter)], |row| {
        Ok(Told {
            alert: row.get(0)?,
            version: row.get(1)?,
            totals: totals(row, 2)?,
            changes: row.get(5)?,
            owed: schedule::owed(row, 6)?,
            token_generation: row.get(7)?,
        })
    });
    Ok(found.optional()?)
}
