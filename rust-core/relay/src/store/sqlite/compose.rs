//! What a push says.

use rusqlite::{Connection, params};
use truebadge_protocol::{
    ConversationId, Position, PushPayload, Totals,
    limits::PUSH_ROWS,
    messages::Alert,
    push::{AlertText, Aps, ComposeError},
};

use super::{accounts::Account, convert::totals, devices::Device, rows::AccountRows};
use crate::{
    faults::{self, Fault},
    planner::Lane,
    secret::Hash,
    store::{Result, StoreError},
};

/// The item that a notification is about.
pub struct Item<'a> {
    pub row: i64,
    pub conversation: &'a ConversationId,
    pub position: Position,
    pub alert: &'a Alert,
}

/// The number that is the whole app's, if it is known here: the only account that takes part in the
/// badge, or all that do live on this relay. One that takes no part says that badges are not
/// allowed. Registrations are one phone's when both the device id and the push token are the same,
/// so that nobody who knows a device id is told another's number.
pub fn whole_app(tx: &Connection, device: &Device) -> Result<Option<u32>> {
    if !device.conditions.badges_allowed && !faults::is(Fault::PaintsUnasked) {
        return Ok(None);
    }
    let sql = "SELECT unread, mentions, conversations, sole_account FROM accounts \
               JOIN devices ON devices.account = accounts.id \
               WHERE device = ?1 AND topic = ?2 AND push_token = ?3 AND badges_allowed = 1";
    let mut statement = tx.prepare_cached(sql)?;
    let key = params![device.phone.as_str(), device.topic, device.push_token];
    let rows = statement.query_map(key, |row| Ok((totals(row, 0)?, row.get::<_, bool>(3)?)))?;
    let all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let sole = all.iter().any(|(_, sole)| *sole);
    // One that is not the sole account has others elsewhere; one of several that says that it is
    // the sole account is out of date, and so is what it knows of the others.
    let known = sole == (all.len() == 1);
    let most = if faults::is(Fault::PaintsOneAccount) {
        1
    } else {
        all.len()
    };
    let sum: Totals = all.into_iter().take(most).map(|(totals, _)| totals).sum();
    Ok(known.then(|| device.policy.badge(sum)))
}

/// APNs keeps the newest push of a collapse id: one for each device and account, and for each
/// notification its own, or they would replace each other on the lock screen.
pub fn collapse_id(device: &Device, item: Option<&Item<'_>>) -> String {
    let Some(item) = item else {
        return device.route.as_str().to_owned();
    };
    let (route, conversation) = (device.route.as_str(), item.conversation.as_str());
    let hash = Hash::of(format!("{route}\n{}\n{conversation}", item.position.get()));
    hash.bytes()[..16]
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
            text
        })
}

/// The whole payload.
pub fn payload(
    tx: &Connection,
    device: &Device,
    account: &Account,
    counter: u64,
    lane: Lane,
    item: Option<&Item<'_>>,
    sync_wanted: bool,
) -> Result<Vec<u8>> {
    let push = PushPayload {
        route: device.route.clone(),
        epoch: account.epoch.clone(),
        counter: if faults::is(Fault::CounterStands) {
            1
        } else {
            counter
        },
        base: faults::base(device.cursor.unwrap_or_default(), account.sums.head),
        version: account.sums.head,
        totals: if faults::is(Fault::PushTotalsLag) {
            device.told.unwrap_or_default()
        } else {
            account.sums.totals
        },
        acknowledged: device
            .acknowledged
            .filter(|_| !faults::is(Fault::PushForgetsOperations))
            .unwrap_or(0),
        rows: rows(tx, device, account)?,
        item: item.map(|item| (item.conversation.clone(), item.position)),
        sync_wanted,
    };
    let number = match lane {
        Lane::Silent => None,
        Lane::Painted | Lane::Alert => whole_app(tx, device)?,
    };
    let aps = aps(lane, number, item);
    fitting(&push, aps)
}

/// Everything above the cursor that the device confirmed; nothing before its first sync, or when it
/// is more than a push can carry.
fn rows(
    tx: &Connection,
    device: &Device,
    account: &Account,
) -> Result<Option<Vec<truebadge_protocol::ConversationState>>> {
    let Some(cursor) = device.cursor else {
        return Ok(None);
    };
    let rows = AccountRows::new(tx, account.row);
    let mut rows = rows.above(cursor, false, PUSH_ROWS + 1)?;
    if faults::is(Fault::PushCutsRows) {
        rows.truncate(20);
    }
    Ok((rows.len() <= PUSH_ROWS).then_some(rows))
}

fn aps(lane: Lane, badge: Option<u32>, item: Option<&Item<'_>>) -> Aps {
    let Some(item) = item else {
        return Aps {
            badge,
            content_available: true,
            ..Aps::default()
        };
    };
    Aps {
        alert: Some(AlertText {
            title: item.alert.title.clone(),
            subtitle: item.alert.subtitle.clone(),
            body: item.alert.body.clone(),
        }),
        badge,
        sound: item.alert.sound.clone(),
        thread_id: Some(item.conversation.as_str().to_owned()),
        content_available: false,
        mutable_content: lane == Lane::Alert,
    }
}

/// Shortens an alert's text, last line first, until the payload fits; then goes without its sound
/// and its thread. What is left is bounded far below what APNs carries.
fn fitting(push: &PushPayload, mut aps: Aps) -> Result<Vec<u8>> {
    loop {
        let over = match push.compose(&aps) {
            Ok(bytes) => return Ok(bytes),
            Err(ComposeError::TooLarge(bytes)) => bytes.saturating_sub(4096),
        };
        let shortened = aps.alert.as_mut().is_some_and(|text| {
            [&mut text.body, &mut text.subtitle, &mut text.title]
                .into_iter()
                .any(|line| shorten(line, over))
        });
        if !shortened && aps.sound.take().is_none() && aps.thread_id.take().is_none() {
            let what = "a push does not fit although it has no text".to_owned();
            return Err(StoreError::Failed(what));
        }
    }
}

/// Takes so many bytes, and room for the ellipsis, from a line; false when it is gone already.
fn shorten(line: &mut Option<String>, over: usize) -> bool {
    let Some(text) = line else {
        return false;
    };
    let kept = text.floor_char_boundary(text.len().saturating_sub(over + "…".len()));
    let shorter = (kept > 0).then(|| format!("{}…", &text[..kept]));
    *line = shorter.filter(|shorter| shorter.len() < text.len());
    true
}
