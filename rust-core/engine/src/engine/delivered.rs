//! Removes the delivered notifications that are read now.

use std::time::Duration;

use super::{Core, Deadline};
use crate::{
    EngineError,
    bridge::{DeliveredNotification, Reply},
    notifications::{Seen, is_read},
    overlay::lay_over,
    store::Tx,
};

impl Core {
    /// Gives the identifiers of those that are gone. iOS removes in the background and an extension
    /// that ends at once can lose it, so its answers are waited for, each within the bound.
    pub(super) async fn remove_read(
        &self,
        deadline: &Deadline,
        bound: Duration,
    ) -> Result<Vec<String>, EngineError> {
        let (reply, listed) = Reply::channel();
        self.bridges.delivered.list(reply);
        let listed = listed
            .within(deadline, bound, "listing delivered notifications")
            .await?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.store.read(|tx| read_ones(tx, &listed))?;
        if !read.is_empty() {
            let (reply, removed) = Reply::channel();
            self.bridges.delivered.remove(read.clone(), reply);
            removed
                .within(deadline, bound, "removing delivered notifications")
                .await?;
        }
        Ok(read)
    }
}

fn read_ones(tx: &Tx<'_>, listed: &[DeliveredNotification]) -> Result<Vec<String>, EngineError> {
    let accounts = tx.accounts()?;
    let mut read = Vec::new();
    for notification in listed {
        let account = match (&notification.route, accounts.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (route, all) => all.iter().find(|account| account.route == *route),
        };
        let Some(account) = account else { continue };
        let base = tx.row(account.key, &notification.conversation)?;
        let operations = tx.operations_by_conversation(account.key)?;
        let pending = operations.get(&notification.conversation);
        let state = match (base, pending) {
            (None, None) => None,
            (Some(base), None) => Some(base),
            (base, Some(pending)) => {
                let empty = || tx.base_row(account.key, &notification.conversation);
                Some(lay_over(&base.map_or_else(empty, Ok)?, pending))
            }
        };
        let seen = Seen {
            state,
            complete: account.mirror.is_complete(),
            cursor: account.mirror.cursor,
        };
        if is_read(&seen, notification.position, notification.version) {
            read.push(notification.identifier.clone());
        }
    }
    Ok(read)
}
