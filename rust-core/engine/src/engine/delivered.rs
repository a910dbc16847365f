//! The notifications that iOS shows: which of them are read, and what is asked of iOS about them.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    time::Duration,
};

use truebadge_protocol::{ConversationId, ConversationState, Position, Route};

use super::{Core, Deadline};
use crate::{
    EngineError,
    bridge::{DeliveredNotification, Reply},
    notifications::{Seen, is_read},
    overlay::lay_over,
    store::{Account, AccountKey, StoredOperation, Tx},
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
            let mut known = Known::of(tx)?;
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

/// What the store holds of accounts and of the conversations that notifications are about, read once
/// for any number of them.
struct Known<'a> {
    tx: &'a Tx<'a>,
    accounts: Vec<Account>,
    pending: HashMap<(AccountKey, ConversationId), Pending>,
    /// Of accounts that were signed out here.
    departed: HashSet<Route>,
}

/// What waits for the relay, of one conversation.
struct Pending {
    operations: Vec<StoredOperation>,
    /// The single items that it reads.
    items: HashSet<Position>,
}

impl Pending {
    fn of(tx: &Tx<'_>, account: &Account, id: &ConversationId) -> Result<Self, EngineError> {
        Ok(Self {
            operations: tx.operations_of(account, id)?,
            items: tx.items_read(account, id)?,
        })
    }
}

impl<'a> Known<'a> {
    fn of(tx: &'a Tx<'a>) -> Result<Self, EngineError> {
        let departures = tx.departures()?.into_iter();
        Ok(Self {
            tx,
            accounts: tx.accounts()?,
            pending: HashMap::new(),
            departed: departures.filter_map(|one| one.route).collect(),
        })
    }

    fn is_read(&mut self, notification: &DeliveredNotification) -> Result<bool, EngineError> {
        let route = notification.route.as_ref();
        if route.is_some_and(|route| self.departed.contains(route)) {
            return Ok(true);
        }
        let account = match (&notification.route, self.accounts.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (route, all) => all.iter().find(|account| account.route == *route),
        };
        let Some(account) = account else {
            return Ok(false);
        };
        let conversation = &notification.conversation;
        let pending = match self.pending.entry((account.key, conversation.clone())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Pending::of(self.tx, account, conversation)?),
        };
        // Read by itself: the marker tells nothing of it. Known as long as the operation is pending,
        // so from the wake that follows it on.
        let position = notification.position;
        if position.is_some_and(|position| pending.items.contains(&position)) {
            return Ok(true);
        }
        let mut state = self.tx.newest_row(account.key, conversation)?;
        if !pending.operations.is_empty() {
            let base = state.unwrap_or_else(|| ConversationState::empty(conversation.clone()));
            let operations = pending.operations.iter().map(|one| &one.pending);
            state = Some(lay_over(&base, operations));
        }
        let seen = Seen {
            state,
            complete: account.mirror.is_complete(),
            cursor: account.mirror.cursor,
        };
        Ok(is_read(&seen, notification.position, notification.version))
    }
}
