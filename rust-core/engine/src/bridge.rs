//! What the engine asks of iOS, behind three small traits that the host implements.
//!
//! A call starts something and returns; the answer comes through its [`Reply`], on any thread. The
//! engine waits for replies within a bound and never holds a lock meanwhile.

use std::{fmt, time::Duration};

use tokio::sync::oneshot;
use truebadge_protocol::{AccountId, ConversationId, Position, Route, Version};

use crate::{EngineError, engine::Deadline, redact::Secret};

/// Where the answer to a bridged call goes. Dropping it counts as a failure.
pub struct Reply<T>(oneshot::Sender<Result<T, ()>>);

impl<T> Reply<T> {
    /// A reply, and the end at which it is awaited.
    pub fn channel() -> (Self, Pending<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), Pending(receiver))
    }

    /// iOS did it.
    pub fn succeed(self, value: T) {
        // Nobody waits any more when the wake is over; that is no failure.
        let _ = self.0.send(Ok(value));
    }

    /// iOS refused.
    pub fn fail(self) {
        let _ = self.0.send(Err(()));
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reply")
    }
}

/// An answer that has yet to come.
#[derive(Debug)]
pub struct Pending<T>(oneshot::Receiver<Result<T, ()>>);

impl<T> Pending<T> {
    /// Waits for the answer, at most `bound` and never over the deadline.
    pub(crate) async fn within(
        self,
        deadline: &Deadline,
        bound: Duration,
        what: &'static str,
    ) -> Result<T, EngineError> {
        match deadline.within(bound, self.0).await {
            Some(Ok(Ok(value))) => Ok(value),
            _ => Err(EngineError::Bridge(what)),
        }
    }
}

/// Sets the number on the app's icon.
pub trait AppBadge: Send + Sync + fmt::Debug {
    /// Sets it. Zero removes it.
    fn set_badge(&self, badge: u32, reply: Reply<()>);
}

/// A notification that iOS shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredNotification {
    /// iOS' name for it (`UNNotificationRequest.identifier`).
    pub identifier: String,
    /// The account that it belongs to, from the payload's `tb.r`; none when it carries none and the
    /// phone has a single account.
    pub route: Option<Route>,
    /// The conversation.
    pub conversation: ConversationId,
    /// The item's position, where the payload told it (`tb.a`).
    pub position: Option<Position>,
    /// The account's version when the push was sent, where the payload told it (`tb.v`): a mirror
    /// that has reached it knows of the item.
    pub version: Option<Version>,
}

/// Lists, removes and restores the notifications that iOS shows.
pub trait DeliveredNotifications: Send + Sync + fmt::Debug {
    /// Lists those that belong to a conversation.
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>);
    /// Removes these, and replies when they are gone.
    fn remove(&self, identifiers: Vec<String>, reply: Reply<()>);
    /// Delivers these again: without a sound, without a banner, without a number for the icon. iOS
    /// dropped them when the badge became 0, though they are not read. The host keeps what the last
    /// two listings showed for this, and leaves out what was in neither.
    fn restore(&self, identifiers: Vec<String>, reply: Reply<()>);
}

/// Has each account's device token for its relay.
pub trait CredentialProvider: Send + Sync + fmt::Debug {
    /// The token, or `None` when the person must sign in. `refused` is the one that the relay no
    /// longer takes: give a fresh one.
    fn credentials(
        &self,
        account: &AccountId,
        refused: Option<Secret>,
        reply: Reply<Option<Secret>>,
    );

    /// Deletes an account's token, if it still is this one: the account was signed out here, and its
    /// relay knows. Another one belongs to a sign-in since then, and stays.
    fn forget(&self, account: &AccountId, credentials: Secret, reply: Reply<()>);
}
