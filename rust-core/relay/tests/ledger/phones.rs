//! A phone: its mirror, as PROTOCOL.md tells it to keep one, and its operations.

use std::collections::BTreeMap;

use truebadge_protocol::{
    ConversationId, ConversationState, DeviceId, Epoch, Version,
    messages::{Action, Changes},
};
use truebadge_relay::store::TokenRow;

/// What a phone knows of the account.
#[derive(Debug, Clone, Default)]
pub struct Mirror {
    pub epoch: Option<Epoch>,
    pub cursor: Version,
    pub rows: BTreeMap<ConversationId, ConversationState>,
    /// A reset under way: where to go on, and what came so far.
    staged: Option<(Version, BTreeMap<ConversationId, ConversationState>)>,
}

impl Mirror {
    /// The `since` of the next request.
    pub fn since(&self) -> Version {
        self.staged.as_ref().map_or(self.cursor, |(next, _)| *next)
    }

    /// Takes a page over; true when it was the last.
    pub fn take(&mut self, page: &Changes) -> bool {
        if page.reset {
            self.staged = Some((page.next, BTreeMap::new()));
            self.epoch = Some(page.epoch.clone());
        }
        let rows = self
            .staged
            .as_mut()
            .map_or(&mut self.rows, |(_, rows)| rows);
        for row in &page.changes {
            if row.is_active() {
                rows.insert(row.id.clone(), row.clone());
            } else {
                rows.remove(&row.id);
            }
        }
        match self.staged.take() {
            Some((_, rows)) if page.more => self.staged = Some((page.next, rows)),
            Some((_, rows)) => (self.rows, self.cursor) = (rows, page.next),
            None => self.cursor = page.next,
        }
        !page.more
    }
}

/// A phone of the account.
#[derive(Debug, Clone)]
pub struct Phone {
    pub id: DeviceId,
    pub token: TokenRow,
    pub mirror: Mirror,
    /// Operations that the relay knows of, from the first of this registration and history on.
    pub sent: Vec<(u64, Action, Version)>,
    /// Those that the relay refused.
    pub refused: Vec<u64>,
    /// The number of the newest.
    pub number: u64,
}
