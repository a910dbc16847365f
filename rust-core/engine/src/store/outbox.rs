//! The outbox: operations that no answer has settled, or whose effect the mirror has not reached. What
//! returned success is here until it took effect or was rejected (S3).
//!
//! One that something else than its answer acknowledged, and that the mirror has passed, waits for its
//! answer here, and is laid over nothing any more.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Params, Row, params, types::FromSql};
use truebadge_protocol::{
    ConversationId, ConversationState, Epoch, Level, OperationId, Position, Totals, Version,
    limits::OPERATIONS,
    messages::{Action, Operation},
};

use super::{Account, AccountKey, Tx, rows::read};
use crate::{
    EngineError,
    badge::{self, Overlaid},
    overlay::{Before, PendingKind, PendingOperation, lay_over},
    simulation::{Bug, is},
};

/// An account's outbox takes no more than this.
pub const OUTBOX: usize = 10_000;
/// And no more single items than this (S9). A request with all of them stays far below what a relay
/// reads.
pub const OUTBOX_POSITIONS: usize = 30_000;

/// What [`read_operation`] reads. The positions of single items are not among it: only a request
/// and the notifications of a conversation need them.
const COLUMNS: &str = "number, id, conversation, kind, position, remaining, marked, seen, \
     base_unread, base_mentions, sent, applied, level, base_marked, heard, told";
/// Those of an account `?1` that its mirror, at the cursor `?2`, does not hold.
const PENDING: &str = "account = ?1 AND (applied IS NULL OR applied > ?2)";
/// Those of which no answer has said what became of them.
const UNHEARD: &str = "(applied IS NULL OR heard = 0)";

/// An operation as the outbox keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperation {
    /// Random; the same when it is sent again.
    pub id: OperationId,
    /// What it is about.
    pub conversation: ConversationId,
    /// Requests that may have brought it to the server: all that carried it, also those of another
    /// process, but for those whose answer said nothing of it.
    pub sent: u32,
    /// An answer to a request that carried it says what became of it.
    pub heard: bool,
    /// The totals that the server told last, of those that could be shown, hold it. They do whatever
    /// becomes of its number: in another history it is sent again, and gets another one.
    pub told: bool,
    /// What it does to what the person sees.
    pub pending: PendingOperation,
}

impl StoredOperation {
    /// Whether the mirror, at this cursor, holds it: it is laid over nothing any more.
    pub(super) fn is_held(&self, cursor: Version) -> bool {
        self.pending
            .applied
            .is_some_and(|applied| applied <= cursor)
    }

    /// Whether the server acknowledged it under this number, in an answer or otherwise.
    pub(super) fn is_counted(&self) -> bool {
        self.heard || (self.sent > 0 && self.pending.applied.is_some())
    }

    /// As [`UNHEARD`] says it.
    pub(super) fn is_unheard(&self) -> bool {
        self.pending.applied.is_none() || !self.heard
    }

    /// As if it had never been sent.
    pub(super) fn reopen(&mut self) {
        (self.sent, self.heard, self.pending.applied) = (0, false, None);
    }

    /// As it goes over the wire. `positions` are those of a read of single items.
    fn wire(self, positions: Vec<Position>) -> Operation {
        let conversation = self.conversation;
        let action = match self.pending.kind {
            PendingKind::ReadUpTo { position, .. } => Action::ReadUpTo {
                conversation,
                position,
            },
            PendingKind::ReadItems { .. } => Action::ReadItems {
                conversation,
                positions,
            },
            PendingKind::MarkedUnread { marked } => Action::MarkedUnread {
                conversation,
                marked,
            },
            PendingKind::SetLevel { level } => Action::SetLevel {
                conversation,
                level,
            },
        };
        Operation {
            number: self.pending.number,
            id: self.id,
            seen: self.pending.seen,
            action,
        }
    }
}

impl Tx<'_> {
    /// All operations of an account, ascending by number.
    pub fn operations(&self, account: AccountKey) -> Result<Vec<StoredOperation>, EngineError> {
        self.select_operations("WHERE account = ?1 ORDER BY number", [account])
    }

    /// Those up to a number, ascending.
    pub fn operations_up_to(
        &self,
        account: AccountKey,
        number: u64,
    ) -> Result<Vec<StoredOperation>, EngineError> {
        let which = "WHERE account = ?1 AND number <= ?2 ORDER BY number";
        self.select_operations(which, params![account, number])
    }

    /// The pending ones of one conversation, ascending by number.
    pub fn operations_of(
        &self,
        account: &Account,
        conversation: &ConversationId,
    ) -> Result<Vec<StoredOperation>, EngineError> {
        let which = format!("WHERE {PENDING} AND conversation = ?3 ORDER BY number");
        let (key, cursor) = (account.key, account.mirror.cursor.get());
        self.select_operations(&which, params![key, cursor, conversation.as_str()])
    }

    /// Those that no answer has settled, as they go over the wire: the first ones, as many as one
    /// request takes.
    pub fn batch(&self, account: AccountKey) -> Result<Vec<Operation>, EngineError> {
        let which = format!("WHERE account = ?1 AND {UNHEARD} ORDER BY number LIMIT ?2");
        let mut unheard = self.select_operations(&which, params![account, OPERATIONS])?;
        if is(Bug::SeenWhenSent) {
            let cursor = self.account_by_key(account)?.mirror.cursor;
            for operation in &mut unheard {
                operation.pending.seen = cursor;
            }
        }
        let wire = |operation: StoredOperation| {
            let positions = self.positions(account, operation.pending.number)?;
            Ok(operation.wire(positions))
        };
        unheard.into_iter().map(wire).collect()
    }

    /// Which single items an operation reads, ascending; none when it does something else.
    fn positions(&self, account: AccountKey, number: u64) -> Result<Vec<Position>, EngineError> {
        let sql = "SELECT positions FROM operations WHERE account = ?1 AND number = ?2";
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(statement.query_row(params![account, number], read_positions)?)
    }

    /// The single items of a conversation that pending operations read.
    pub fn items_read(
        &self,
        account: &Account,
        conversation: &ConversationId,
    ) -> Result<HashSet<Position>, EngineError> {
        let sql = format!(
            "SELECT positions FROM operations
             WHERE {PENDING} AND conversation = ?3 AND kind = 'read_items'"
        );
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let (key, cursor) = (account.key, account.mirror.cursor.get());
        let key = params![key, cursor, conversation.as_str()];
        let mut items = HashSet::new();
        for positions in statement.query_map(key, read_positions)? {
            items.extend(positions?);
        }
        Ok(items)
    }

    /// How many single items the operations of an account read.
    pub fn outbox_positions(&self, account: AccountKey) -> Result<usize, EngineError> {
        let sql = "SELECT ifnull(sum(json_array_length(positions)), 0) FROM operations
             WHERE account = ?1 AND kind = 'read_items'";
        self.count_operations(sql, account)
    }

    fn select_operations(
        &self,
        which: &str,
        params: impl Params,
    ) -> Result<Vec<StoredOperation>, EngineError> {
        let sql = format!("SELECT {COLUMNS} FROM operations {which}");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let operations = statement.query_map(params, read_operation)?;
        Ok(operations.collect::<Result<_, _>>()?)
    }

    /// How many operations an account has in its outbox.
    pub fn outbox_length(&self, account: AccountKey) -> Result<usize, EngineError> {
        let sql = "SELECT count(*) FROM operations WHERE account = ?1";
        self.count_operations(sql, account)
    }

    /// Of how many of them no answer has said what became of them.
    pub fn unheard(&self, account: AccountKey) -> Result<usize, EngineError> {
        let sql = format!("SELECT count(*) FROM operations WHERE account = ?1 AND {UNHEARD}");
        self.count_operations(&sql, account)
    }

    fn count_operations(&self, sql: &str, account: AccountKey) -> Result<usize, EngineError> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(statement.query_row([account], |row| row.get(0))?)
    }

    /// Writes an operation, or one that is there anew; which single items that one reads stays.
    pub fn put_operation(
        &self,
        account: AccountKey,
        operation: &StoredOperation,
    ) -> Result<(), EngineError> {
        let pending = &operation.pending;
        let columns = Columns::of(&pending.kind);
        self.transaction
            .prepare_cached(
                "INSERT INTO operations (account, number, id, conversation, kind, position, remaining,
                     marked, level, seen, base_unread,
                     base_mentions, base_marked, sent, applied, heard, told)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
                 ON CONFLICT (account, number) DO UPDATE SET id = excluded.id,
                     conversation = excluded.conversation, kind = excluded.kind,
                     position = excluded.position, remaining = excluded.remaining,
                     marked = excluded.marked, level = excluded.level, seen = excluded.seen,
                     base_unread = excluded.base_unread, base_mentions = excluded.base_mentions,
                     base_marked = excluded.base_marked, sent = excluded.sent,
                     applied = excluded.applied, heard = excluded.heard, told = excluded.told",
            )?
            .execute(params![
                account,
                pending.number,
                operation.id.as_str(),
                operation.conversation.as_str(),
                columns.kind,
                columns.position.get(),
                columns.remaining,
                columns.marked,
                columns.level.code(),
                pending.seen.get(),
                pending.before.unread,
                pending.before.mentions,
                pending.before.marked,
                operation.sent,
                pending.applied.map(Version::get),
                operation.heard,
                operation.told,
            ])?;
        Ok(())
    }

    /// Writes which single items an operation reads, ascending.
    pub fn put_positions(
        &self,
        account: AccountKey,
        number: u64,
        positions: &[Position],
    ) -> Result<(), EngineError> {
        let json = serde_json::to_string(positions).map_err(|_| EngineError::Runtime)?;
        let sql = "UPDATE operations SET positions = ?3 WHERE account = ?1 AND number = ?2";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.execute(params![account, number, json])?;
        Ok(())
    }

    /// Gives operations, ascending, the numbers from `first` on. Tells the one that follows.
    pub(super) fn renumber(
        &self,
        account: AccountKey,
        operations: &[StoredOperation],
        first: u64,
    ) -> Result<u64, EngineError> {
        // By way of numbers that none has, so that no two are ever the same.
        let mut aside = self.transaction.prepare_cached(
            "UPDATE operations SET number = -number WHERE account = ?1 AND number = ?2",
        )?;
        let mut back = self.transaction.prepare_cached(
            "UPDATE OR REPLACE operations SET number = ?3 WHERE account = ?1 AND number = -?2",
        )?;
        for operation in operations {
            aside.execute(params![account, operation.pending.number])?;
        }
        let mut next = first;
        for operation in operations {
            back.execute(params![account, operation.pending.number, next])?;
            next += 1;
        }
        Ok(next)
    }

    /// Removes an operation.
    pub fn drop_operation(&self, account: AccountKey, number: u64) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM operations WHERE account = ?1 AND number = ?2")?
            .execute(params![account, number])?;
        Ok(())
    }

    /// Notes that these are about to be handed to the network. False, and nothing is noted, when one
    /// of them is not in the outbox like this any more.
    pub fn mark_sent(
        &self,
        account: AccountKey,
        operations: &[Operation],
    ) -> Result<bool, EngineError> {
        let mut known = self.transaction.prepare_cached(
            "SELECT 1 FROM operations WHERE account = ?1 AND number = ?2 AND id = ?3",
        )?;
        for operation in operations {
            if !known.exists(params![account, operation.number, operation.id.as_str()])? {
                return Ok(false);
            }
        }
        self.count_requests(account, operations, 1)?;
        Ok(true)
    }

    /// Counts a request that carried these, or takes one back.
    pub(super) fn count_requests<'a>(
        &self,
        account: AccountKey,
        operations: impl IntoIterator<Item = &'a Operation>,
        more: i32,
    ) -> Result<(), EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE operations SET sent = max(sent + ?4, 0)
             WHERE account = ?1 AND number = ?2 AND id = ?3",
        )?;
        for operation in operations {
            let id = operation.id.as_str();
            statement.execute(params![account, operation.number, id, more])?;
        }
        Ok(())
    }

    /// Whether the relay must be asked whatever a push said: no answer says what became of something
    /// that the person did, or the mirror is known to be behind or wrong.
    pub fn has_unfinished(&self, account: &Account) -> Result<bool, EngineError> {
        let behind = account.mirror.ahead.is_some() || account.staging.is_some();
        if behind || account.reset_wanted {
            return Ok(true);
        }
        Ok(self.unheard(account.key)? > 0)
    }

    /// Whether totals of a history hold every operation that they must. What the mirror holds is in
    /// all that is newer in its own history; another one need not have it.
    pub(super) fn all_are_in(
        &self,
        account: &Account,
        epoch: &Epoch,
        acknowledged: u64,
    ) -> Result<bool, EngineError> {
        let sql = format!(
            "SELECT 1 FROM operations
             WHERE {PENDING} AND NOT (sent > 0 AND number <= ?3) LIMIT 1"
        );
        let here = account.mirror.epoch.as_ref() == Some(epoch);
        let cursor = account.mirror.cursor.get().cast_signed();
        let held_up_to = if here { cursor } else { -1 };
        let mut statement = self.transaction.prepare_cached(&sql)?;
        Ok(!statement.exists(params![account.key, held_up_to, acknowledged])?)
    }

    /// Totals with this acknowledgement were told, and are shown from now on: notes what is in them.
    pub(super) fn note_told(
        &self,
        account: AccountKey,
        acknowledged: u64,
    ) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached(
                "UPDATE operations SET told = sent > 0 AND number <= ?2 WHERE account = ?1",
            )?
            .execute(params![account, acknowledged])?;
        Ok(())
    }

    /// An account's totals as the person should see them (S1): the mirror's, or newer ones that the
    /// server told, with the operations laid over that they do not hold.
    pub fn account_totals(&self, account: &Account) -> Result<Totals, EngineError> {
        let told = account.mirror.told();
        if let Some(told) = told.filter(|_| is(Bug::PendingForgotten)) {
            return Ok(told.totals);
        }
        let mut overlaid = Vec::new();
        // One conversation after another: an extension's memory is small (S9).
        for id in self.conversations_with_operations(account)? {
            let operations = self.operations_of(account, &id)?;
            let base = match told {
                None => self.row(account.key, &id)?,
                Some(told) => self.newest_row_at(account.key, &id, told.version)?,
            };
            let base = base.unwrap_or_else(|| ConversationState::empty(id));
            let is_in = |one: &&StoredOperation| told.is_some() && one.told;
            let is_in = |one: &&StoredOperation| is_in(one) && !is(Bug::OverlaidTwice);
            let held = operations.iter().filter(is_in).map(|one| &one.pending);
            let all = operations.iter().map(|one| &one.pending);
            overlaid.push(Overlaid {
                held: lay_over(&base, held).counted(),
                shown: lay_over(&base, all).counted(),
            });
        }
        let from = told.map_or(account.mirror.totals, |told| told.totals);
        Ok(badge::account_totals(from, overlaid))
    }

    /// The newest that is known of a conversation, or an empty row: the mirror holds active
    /// conversations only.
    pub fn base_row(
        &self,
        account: AccountKey,
        id: &ConversationId,
    ) -> Result<ConversationState, EngineError> {
        Ok(self
            .newest_row(account, id)?
            .unwrap_or_else(|| ConversationState::empty(id.clone())))
    }

    fn conversations_with_operations(
        &self,
        account: &Account,
    ) -> Result<Vec<ConversationId>, EngineError> {
        let sql = format!("SELECT DISTINCT conversation FROM operations WHERE {PENDING}");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let key = params![account.key, account.mirror.cursor.get()];
        let ids = statement.query_map(key, |row| {
            read(row, "conversation", |id: String| ConversationId::new(id))
        })?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// The pending operations of each conversation that has some.
    pub fn operations_by_conversation(
        &self,
        account: &Account,
    ) -> Result<BTreeMap<ConversationId, Vec<PendingOperation>>, EngineError> {
        let mut by_conversation: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut operations = self.operations(account.key)?;
        operations.retain(|operation| !operation.is_held(account.mirror.cursor));
        for operation in operations {
            let pending = by_conversation.entry(operation.conversation);
            pending.or_default().push(operation.pending);
        }
        Ok(by_conversation)
    }
}

/// What was done, as columns.
struct Columns {
    kind: &'static str,
    position: Position,
    remaining: u32,
    marked: bool,
    level: Level,
}

impl Columns {
    fn of(kind: &PendingKind) -> Self {
        let mut columns = Self {
            kind: "",
            position: Position::ZERO,
            remaining: 0,
            marked: false,
            level: Level::All,
        };
        match kind {
            PendingKind::ReadUpTo {
                position,
                remaining,
            } => {
                columns.kind = "read_up_to";
                (columns.position, columns.remaining) = (*position, *remaining);
            }
            PendingKind::ReadItems { last, remaining } => {
                columns.kind = "read_items";
                (columns.position, columns.remaining) = (*last, *remaining);
            }
            PendingKind::MarkedUnread { marked } => {
                (columns.kind, columns.marked) = ("marked_unread", *marked);
            }
            PendingKind::SetLevel { level } => {
                (columns.kind, columns.level) = ("set_level", *level);
            }
        }
        columns
    }
}

fn read_kind(row: &Row<'_>) -> rusqlite::Result<PendingKind> {
    let position = || read(row, "position", Position::new);
    Ok(match row.get::<_, String>("kind")?.as_str() {
        "read_up_to" => PendingKind::ReadUpTo {
            position: position()?,
            remaining: row.get("remaining")?,
        },
        "read_items" => PendingKind::ReadItems {
            last: position()?,
            remaining: row.get("remaining")?,
        },
        "marked_unread" => PendingKind::MarkedUnread {
            marked: row.get("marked")?,
        },
        "set_level" => PendingKind::SetLevel {
            level: read(row, "level", |code| {
                Level::from_code(code).ok_or("unknown level")
            })?,
        },
        _ => return read(row, "kind", |_: String| Err("unknown kind")),
    })
}

pub(super) fn read_positions(row: &Row<'_>) -> rusqlite::Result<Vec<Position>> {
    if since_schema_2(row, "positions", None::<String>)?.is_none() {
        return Ok(Vec::new());
    }
    read(row, "positions", |json: String| serde_json::from_str(&json))
}

pub(super) fn read_operation(row: &Row<'_>) -> rusqlite::Result<StoredOperation> {
    Ok(StoredOperation {
        id: read(row, "id", |id: String| OperationId::new(id))?,
        conversation: read(row, "conversation", |id: String| ConversationId::new(id))?,
        sent: row.get("sent")?,
        heard: since_schema_2(row, "heard", false)?,
        told: since_schema_2(row, "told", false)?,
        pending: PendingOperation {
            number: read(row, "number", Version::new)?.get(),
            seen: read(row, "seen", Version::new)?,
            before: Before {
                unread: row.get("base_unread")?,
                mentions: row.get("base_mentions")?,
                marked: since_schema_2(row, "base_marked", false)?,
            },
            applied: read(row, "applied", |applied: Option<u64>| {
                applied.map(Version::new).transpose()
            })?,
            kind: read_kind(row)?,
        },
    })
}

/// A column that the first schema's operations had not: a store that was damaged before it was
/// migrated is read as well.
fn since_schema_2<T: FromSql>(row: &Row<'_>, column: &str, before: T) -> rusqlite::Result<T> {
    match row.get(column) {
        Err(rusqlite::Error::InvalidColumnName(_)) => Ok(before),
        found => found,
    }
}
