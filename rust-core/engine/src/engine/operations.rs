//! What the person does with conversations on this phone.
//!
//! Each call commits with full durability before it returns: what it returned success for survives a
//! kill and a power cut, goes to the relay with the next refresh, takes effect there once, or is
//! reported as rejected (S3). The badge follows at once, without the network (S4).

use truebadge_protocol::{
    AccountId, ConversationId, Level, OperationId, Position, limits::POSITIONS,
};

use super::{BadgeState, ConversationView, Engine, RejectedOperation, accounts::all_shown};
use crate::{
    EngineError,
    overlay::{Before, PendingKind, PendingOperation, lay_over},
    random,
    simulation::{Bug, is},
    store::{Account, Durability, OUTBOX, OUTBOX_POSITIONS, StoredOperation, Tx},
};

impl Engine {
    /// The person read everything up to `up_to`, after which `remaining` items are still unread.
    pub fn mark_read(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        up_to: Position,
        remaining: u32,
    ) -> Result<BadgeState, EngineError> {
        let kind = PendingKind::ReadUpTo {
            position: up_to,
            remaining,
        };
        self.record(account, conversation, &kind)
    }

    /// The person read single items, after which `remaining` are still unread. At least one, at most
    /// 1,000; a mark that was set by hand stays.
    pub fn mark_items_read(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        positions: &[Position],
        remaining: u32,
    ) -> Result<BadgeState, EngineError> {
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        let last = positions.last().filter(|_| positions.len() <= POSITIONS);
        let Some(&last) = last else {
            return Err(EngineError::InvalidArgument(
                "give 1 to 1,000 positions at once",
            ));
        };
        let kind = PendingKind::ReadItems { last, remaining };
        self.visit().change(Durability::Person, |tx| {
            let mut account = tx.account(account)?;
            let there = tx.outbox_positions(account.key)?;
            if there + positions.len() > OUTBOX_POSITIONS {
                return Err(EngineError::OutboxFull);
            }
            let number = record(tx, &mut account, conversation, kind.clone())?;
            tx.put_positions(account.key, number, &positions)?;
            tx.save_account(&account)
        })
    }

    /// The person marked a conversation unread, or took that back.
    pub fn mark_unread(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        marked: bool,
    ) -> Result<BadgeState, EngineError> {
        self.record(account, conversation, &PendingKind::MarkedUnread { marked })
    }

    /// The person chose what of a conversation may count.
    pub fn set_level(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        level: Level,
    ) -> Result<BadgeState, EngineError> {
        self.record(account, conversation, &PendingKind::SetLevel { level })
    }

    /// The person read all of an account: each conversation that shows something unread, or a mark,
    /// up to the newest item that the mirror knows of. Muted ones too: they show unread items, though
    /// these do not count. All of it commits, or nothing.
    pub fn mark_all_read(&self, account: &AccountId) -> Result<BadgeState, EngineError> {
        self.visit().change(Durability::Person, |tx| {
            let mut account = tx.account(account)?;
            for ConversationView { state: shown, .. } in all_shown(tx, &account)? {
                if shown.unread == 0 && shown.mentions == 0 && !shown.marked_unread {
                    continue;
                }
                let kind = PendingKind::ReadUpTo {
                    position: shown.newest,
                    remaining: 0,
                };
                record(tx, &mut account, &shown.id, kind)?;
            }
            tx.save_account(&account)
        })
    }

    /// What relays refused of what the person did, and that the app has not taken note of yet: the
    /// newest 256 of each account, oldest first. It no longer counts.
    pub fn rejected_operations(&self) -> Result<Vec<RejectedOperation>, EngineError> {
        self.visit().store.read(|tx| tx.rejections())
    }

    /// The app has taken note of every rejected operation up to this `sequence`.
    pub fn forget_rejected(&self, up_to_sequence: u64) -> Result<(), EngineError> {
        self.visit().store.write(Durability::Person, |tx| {
            tx.forget_rejections(up_to_sequence)
        })
    }

    fn record(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        kind: &PendingKind,
    ) -> Result<BadgeState, EngineError> {
        self.visit().change(Durability::Person, |tx| {
            let mut account = tx.account(account)?;
            record(tx, &mut account, conversation, kind.clone())?;
            tx.save_account(&account)
        })
    }
}

/// Puts an operation into the outbox. One directly before it that it makes needless, and that was
/// never sent, gives up its number: numbers stay without holes, and scrolling offline through one
/// conversation leaves one operation. One that is in the totals that are shown stays: they hold it, and not
/// what was done after it. Tells its number.
fn record(
    tx: &Tx<'_>,
    account: &mut Account,
    conversation: &ConversationId,
    kind: PendingKind,
) -> Result<u64, EngineError> {
    let base = tx.base_row(account.key, conversation)?;
    let mut earlier = tx.operations_of(account, conversation)?;
    let needless = |last: &mut StoredOperation| {
        last.sent == 0 && !last.told && kind.supersedes(&last.pending.kind)
    };
    let number = match earlier.pop_if(needless) {
        Some(superseded) => superseded.pending.number,
        None => next_number(tx, account)?,
    };
    let pending = || earlier.iter().map(|earlier| &earlier.pending);
    let shown = lay_over(&base, pending());
    let operation = StoredOperation {
        id: random_id()?,
        conversation: conversation.clone(),
        sent: 0,
        heard: false,
        told: false,
        pending: PendingOperation {
            number,
            seen: account.mirror.cursor.max(base.version),
            before: Before::of(&shown, pending(), &kind),
            applied: None,
            kind,
        },
    };
    tx.put_operation(account.key, &operation)?;
    Ok(number)
}

fn random_id() -> Result<OperationId, EngineError> {
    let id = random::name().and_then(|name| OperationId::new(name).ok());
    id.ok_or(EngineError::Runtime)
}

fn next_number(tx: &Tx<'_>, account: &mut Account) -> Result<u64, EngineError> {
    if tx.outbox_length(account.key)? >= OUTBOX {
        return Err(EngineError::OutboxFull);
    }
    if is(Bug::NumbersReused) {
        let last = tx.operations(account.key)?.pop();
        account.next_operation = last.map_or(1, |last| last.pending.number + 1);
    }
    let number = account.next_operation;
    account.next_operation += 1;
    Ok(number)
}
