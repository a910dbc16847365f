//! The notifications that iOS shows: which of them are read, and what is asked of iOS about them.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use truebadge_protocol::{ConversationId, Route};

use super::{Core, Deadline};
use crate::{
    EngineError,
    bridge::{DeliveredNotification, Reply},
    notifications::{Seen, is_read},
    overlay::{PendingKind, PendingOperation, lay_over},
    store::{Account, Tx},
};

/// No more are looked at: an extension's memory is small (S9), and Notification Centre keeps far
/// fewer of one app.
const CONSIDERED: usize = 1_000;

impl Core {
    pub(super) async fn delivered(
        &self,
        deadline: &Deadline,
        bound: Duration,
    ) -> Result<Vec<DeliveredNotification>, EngineError> {
        let (reply, listed) = Reply::channel();
        self.bridges.delivered.list(reply);
        let mut listed = listed
            .within(deadline, bound, "listing delivered notifications")
            .await?;
        listed.truncate(CONSIDERED);
        Ok(listed)
    }

    pub(super) async fn remove_delivered(
        &self,
        identifiers: Vec<String>,
        deadline: &Deadline,
        bound: Duration,
    ) -> Result<(), EngineError> {
        let (reply, removed) = Reply::channel();
        self.bridges.delivered.remove(identifiers, reply);
        removed
            .within(deadline, bound, "removing delivered notifications")
            .await
    }

    pub(super) async fn restore_delivered(
        &self,
        identifiers: Vec<String>,
        deadline: &Deadline,
        bound: Duration,
    ) -> Result<(), EngineError> {
        let (reply, restored) = Reply::channel();
        self.bridges.delivered.restore(identifiers, reply);
        restored
            .within(deadline, bound, "delivering notifications again")
            .await
    }

    /// The identifiers of those that are read, and of those whose account was signed out here.
    pub(super) fn read_ones(
        &self,
        listed: &[DeliveredNotification],
    ) -> Result<HashSet<String>, EngineError> {
        if listed.is_empty() {
            return Ok(HashSet::new());
        }
        self.store.read(|tx| {
            let known = Known::of(tx)?;
            let mut read = HashSet::new();
            for notification in listed {
                if known.is_read(notification)? {
                    read.insert(notification.identifier.clone());
                }
            }
            Ok(read)
        })
    }
}

/// What the store holds of all accounts, read once for any number of notifications.
struct Known<'a> {
    tx: &'a Tx<'a>,
    accounts: Vec<(Account, Operations)>,
    /// Of accounts that were signed out here.
    departed: HashSet<Route>,
}

type Operations = BTreeMap<ConversationId, Vec<PendingOperation>>;

impl<'a> Known<'a> {
    fn of(tx: &'a Tx<'a>) -> Result<Self, EngineError> {
        let with_operations = |account: Account| {
            let operations = tx.operations_by_conversation(account.key)?;
            Ok((account, operations))
        };
        let accounts = tx.accounts()?.into_iter().map(with_operations);
        let departures = tx.departures()?.into_iter();
        Ok(Self {
            tx,
            accounts: accounts.collect::<Result<_, EngineError>>()?,
            departed: departures.filter_map(|one| one.route).collect(),
        })
    }

    fn is_read(&self, notification: &DeliveredNotification) -> Result<bool, EngineError> {
        let route = notification.route.as_ref();
        if route.is_some_and(|route| self.departed.contains(route)) {
            return Ok(true);
        }
        let account = match (&notification.route, self.accounts.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (route, all) => all.iter().find(|(account, _)| account.route == *route),
        };
        let Some((account, operations)) = account else {
            return Ok(false);
        };
        let base = self
            .tx
            .newest_row(account.key, &notification.conversation)?;
        let pending = operations.get(&notification.conversation);
        // Read by itself: the marker tells nothing of it. Known as long as the operation is pending,
        // so from the wake that follows it on.
        let by_itself = |operation: &PendingOperation| match &operation.kind {
            PendingKind::ReadItems { positions, .. } => {
                let position = notification.position;
                position.is_some_and(|position| positions.contains(&position))
            }
            _ => false,
        };
        if pending.is_some_and(|pending| pending.iter().any(by_itself)) {
            return Ok(true);
        }
        let state = match (base, pending) {
            (base, None) => base,
            (base, Some(pending)) => {
                let empty = || self.tx.base_row(account.key, &notification.conversation);
                Some(lay_over(&base.map_or_else(empty, Ok)?, pending))
            }
        };
        let seen = Seen {
            state,
            complete: account.mirror.is_complete(),
            cursor: account.mirror.cursor,
        };
        Ok(is_read(&seen, notification.position, notification.version))
    }
}
