//! A look into a store: what it says of itself, and what a recount says.

use std::{path::Path, sync::Arc};

use truebadge_engine::{
    EngineError, Process, SystemClock,
    overlay::PendingKind,
    store::{Account, Store, StoredOperation},
};
use truebadge_protocol::{ConversationState, DeviceId, Digest, Totals};

use crate::{
    host::{DEVICE, configuration},
    orders::Deed,
};

/// What a store holds of its only account.
#[derive(Debug)]
pub struct Mirror {
    /// The account; none before it was added.
    pub account: Option<Account>,
    /// Its rows: exactly what the relay had committed at the cursor.
    pub rows: Vec<ConversationState>,
    /// The outbox.
    pub operations: Vec<StoredOperation>,
    /// The badge.
    pub badge: u32,
}

impl Mirror {
    /// Every row that the relay told of is here.
    pub fn is_complete(&self) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|account| account.mirror.is_complete())
    }

    /// Opens a store as the app does, and reads it in one transaction.
    pub fn read(folder: &Path) -> Result<Self, EngineError> {
        let device = DeviceId::new(DEVICE).expect("a device id");
        let configuration = configuration(folder, &device, Process::App);
        let store = Store::new(&configuration, Arc::new(SystemClock));
        store.read(|tx| {
            let account = tx.accounts()?.pop();
            let key = account.as_ref().map(|account| account.key);
            Ok(Self {
                rows: key.map_or(Ok(Vec::new()), |key| tx.rows(key))?,
                operations: key.map_or(Ok(Vec::new()), |key| tx.operations(key))?,
                badge: tx.badge()?.badge,
                account,
            })
        })
    }

    /// Whether the outbox holds this.
    pub fn will_send(&self, deed: &Deed) -> bool {
        self.operations.iter().any(|operation| {
            let of = operation.conversation.as_str();
            match (deed, &operation.pending.kind) {
                (
                    Deed::Read {
                        conversation,
                        up_to,
                    },
                    PendingKind::ReadUpTo { position, .. },
                ) => of == conversation && position.get() == *up_to,
                (
                    Deed::Mark {
                        conversation,
                        marked: done,
                    },
                    PendingKind::MarkedUnread { marked },
                ) => of == conversation && marked == done,
                _ => false,
            }
        })
    }

    /// Totals and digest equal a recount, and the file is sound (S5).
    pub fn assert_consistent(&self, folder: &Path) {
        if let Some(account) = &self.account {
            assert_eq!(account.mirror.totals, Totals::of(&self.rows), "totals");
            assert_eq!(account.mirror.digest, Digest::of(&self.rows), "digest");
        }
        let file = rusqlite::Connection::open(folder.join("truebadge.sqlite")).unwrap();
        let check = "PRAGMA quick_check";
        let found: String = file.query_row(check, [], |row| row.get(0)).unwrap();
        assert_eq!(found, "ok");
    }
}
