//! What the person does with conversations on this phone.

use truebadge_protocol::{AccountId, ConversationId, OperationId, Position};
use uuid::Uuid;

use super::{BadgeState, Engine};
use crate::{
    EngineError,
    overlay::{PendingKind, PendingOperation},
    store::{Durability, StoredOperation},
};

impl Engine {
    /// The person read everything up to `up_to`, after which `remaining` items are still unread.
    /// Survives a kill (S3); goes to the relay with the next refresh.
    pub fn mark_read(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        up_to: Position,
        remaining: u32,
    ) -> Result<BadgeState, EngineError> {
        self.record(
            account,
            conversation,
            PendingKind::ReadUpTo {
                position: up_to,
                remaining,
            },
        )
    }

    /// The person marked a conversation unread, or took that back. Survives a kill (S3); goes to
    /// the relay with the next refresh.
    pub fn mark_unread(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        marked: bool,
    ) -> Result<BadgeState, EngineError> {
        self.record(account, conversation, PendingKind::MarkedUnread { marked })
    }

    fn record(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        kind: PendingKind,
    ) -> Result<BadgeState, EngineError> {
        self.visit().change(Durability::Person, |tx| {
            let mut account = tx.account(account)?;
            let base = tx.base_row(account.key, conversation)?;
            let operation = StoredOperation {
                id: OperationId::new(Uuid::now_v7().to_string())
                    .map_err(|_| EngineError::Runtime)?,
                conversation: conversation.clone(),
                sent: false,
                pending: PendingOperation {
                    number: account.next_operation,
                    seen: account.mirror.cursor.max(base.version),
                    base_unread: base.unread,
                    base_mentions: base.mentions,
                    applied: None,
                    kind,
                },
            };
            account.next_operation += 1;
            tx.put_operation(account.key, &operation)?;
            tx.save_account(&account)
        })
    }
}
