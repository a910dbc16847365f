//! The outbox: operations that the server has not confirmed, or whose effect the mirror has not
//! reached. What returned success is here until it took effect or was rejected (S3).

use std::collections::BTreeMap;

use rusqlite::{Row, params};
use truebadge_protocol::{
    ConversationId, ConversationState, OperationId, Position, Totals, Version,
    messages::{Action, Operation},
};

use super::{Account, AccountKey, Tx, rows::checked};
use crate::{
    EngineError,
    badge::{self, Overlaid},
    overlay::{PendingKind, PendingOperation, lay_over},
};

/// An operation as the outbox keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperation {
    /// Random; the same when it is sent again.
    pub id: OperationId,
    /// What it is about.
    pub conversation: ConversationId,
    /// It was handed to the network at least once, so the server may have it.
    pub sent: bool,
    /// What it does to what the person sees.
    pub pending: PendingOperation,
}

impl StoredOperation {
    /// Whether totals with this acknowledgement hold it.
    pub fn is_in(&self, acknowledged: u64) -> bool {
        self.sent && self.pending.number <= acknowledged
    }

    /// As it goes over the wire.
    pub fn wire(&self) -> Operation {
        let conversation = self.conversation.clone();
        let action = match self.pending.kind {
            PendingKind::ReadUpTo { position, .. } => Action::ReadUpTo {
                conversation,
                position,
            },
            PendingKind::MarkedUnread { marked } => Action::MarkedUnread {
                conversation,
                marked,
            },
        };
        Operation {
            number: self.pending.number,
            id: self.id.clone(),
            seen: self.pending.seen,
            action,
        }
    }
}

impl Tx<'_> {
    /// All operations of an account, ascending by number.
    pub fn operations(&self, account: AccountKey) -> Result<Vec<StoredOperation>, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT number, id, conversation, kind, position, remaining, marked, seen,
                    base_unread, base_mentions, sent, applied
             FROM operations WHERE account = ?1 ORDER BY number",
        )?;
        let operations = statement.query_map([account], read_operation)?;
        Ok(operations.collect::<Result<_, _>>()?)
    }

    /// Writes an operation, or one that is there anew.
    pub fn put_operation(
        &self,
        account: AccountKey,
        operation: &StoredOperation,
    ) -> Result<(), EngineError> {
        let pending = &operation.pending;
        let (kind, position, remaining, marked) = match pending.kind {
            PendingKind::ReadUpTo {
                position,
                remaining,
            } => ("read_up_to", position, remaining, false),
            PendingKind::MarkedUnread { marked } => ("marked_unread", Position::ZERO, 0, marked),
        };
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO operations (account, number, id, conversation, kind,
                     position, remaining, marked, seen, base_unread, base_mentions, sent, applied)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                account,
                pending.number,
                operation.id.as_str(),
                operation.conversation.as_str(),
                kind,
                position.get(),
                remaining,
                marked,
                pending.seen.get(),
                pending.base_unread,
                pending.base_mentions,
                operation.sent,
                pending.applied.map(Version::get),
            ])?;
        Ok(())
    }

    /// Removes an operation.
    pub fn drop_operation(&self, account: AccountKey, number: u64) -> Result<(), EngineError> {
        self.transaction
            .prepare_cached("DELETE FROM operations WHERE account = ?1 AND number = ?2")?
            .execute(params![account, number])?;
        Ok(())
    }

    /// Notes that these are about to be handed to the network. Gives those that never were before.
    pub fn mark_sent(&self, account: AccountKey, numbers: &[u64]) -> Result<Vec<u64>, EngineError> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE operations SET sent = 1 WHERE account = ?1 AND number = ?2 AND sent = 0",
        )?;
        let mut first = Vec::new();
        for number in numbers {
            if statement.execute(params![account, number])? > 0 {
                first.push(*number);
            }
        }
        Ok(first)
    }

    /// Whether the relay must be asked whatever a push said: something that the person did is not
    /// confirmed, or the mirror is known to be behind or wrong.
    pub fn has_unfinished(&self, account: &Account) -> Result<bool, EngineError> {
        let behind = account.mirror.ahead.is_some() || account.staging.is_some();
        if behind || account.reset_wanted {
            return Ok(true);
        }
        let mut statement = self.transaction.prepare_cached(
            "SELECT 1 FROM operations WHERE account = ?1 AND applied IS NULL LIMIT 1",
        )?;
        Ok(statement.exists([account.key])?)
    }

    /// An account's totals as the person should see them: the mirror's, or newer ones that the server
    /// told, with the operations laid over that they do not hold.
    pub fn account_totals(&self, account: &Account) -> Result<Totals, EngineError> {
        let told = account.mirror.told();
        let mut by_conversation: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for operation in self.operations(account.key)? {
            if told.is_none_or(|told| !operation.is_in(told.acknowledged)) {
                by_conversation
                    .entry(operation.conversation)
                    .or_default()
                    .push(operation.pending);
            }
        }
        let mut overlaid = Vec::new();
        for (id, operations) in by_conversation {
            let base = match told {
                None => self.row(account.key, &id)?,
                Some(_) => self.newest_row(account.key, &id)?,
            };
            let base = base.unwrap_or_else(|| ConversationState::empty(id));
            overlaid.push(Overlaid {
                base: base.counted(),
                shown: lay_over(&base, &operations).counted(),
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

    /// The pending operations of each conversation that has some.
    pub fn operations_by_conversation(
        &self,
        account: AccountKey,
    ) -> Result<BTreeMap<ConversationId, Vec<PendingOperation>>, EngineError> {
        let mut by_conversation: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for operation in self.operations(account)? {
            by_conversation
                .entry(operation.conversation)
                .or_default()
                .push(operation.pending);
        }
        Ok(by_conversation)
    }
}

fn read_operation(row: &Row<'_>) -> rusqlite::Result<StoredOperation> {
    let kind = match row.get::<_, String>(3)?.as_str() {
        "read_up_to" => PendingKind::ReadUpTo {
            position: checked(4, Position::new(row.get(4)?))?,
            remaining: row.get(5)?,
        },
        _ => PendingKind::MarkedUnread {
            marked: row.get(6)?,
        },
    };
    let applied: Option<u64> = row.get(11)?;
    Ok(StoredOperation {
        id: checked(1, OperationId::new(row.get::<_, String>(1)?))?,
        conversation: checked(2, ConversationId::new(row.get::<_, String>(2)?))?,
        sent: row.get(10)?,
        pending: PendingOperation {
            number: row.get(0)?,
            seen: checked(7, Version::new(row.get(7)?))?,
            base_unread: row.get(8)?,
            base_mentions: row.get(9)?,
            applied: applied
                .map(|version| checked(11, Version::new(version)))
                .transpose()?,
            kind,
        },
    })
}
