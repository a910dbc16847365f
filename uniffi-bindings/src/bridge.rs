//! What the host implements. A call starts something and returns at once; the answer comes through
//! its reply, from any thread. (UniFFI's asynchronous foreign traits do not compile in Swift 6 mode.)
//!
//! A reply that is dropped unanswered counts as a failure; a second answer changes nothing.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};

use truebadge_engine::{bridge as inner, redact::Secret};
use truebadge_protocol::AccountId;

use crate::{DeliveredNotification, TrueBadgeError};

/// Sets the number on the app's icon.
#[uniffi::export(foreign)]
pub trait AppBadge: Send + Sync + Debug {
    /// Sets it. Zero removes it.
    fn set_badge(&self, count: u32, reply: Arc<DoneReply>);
}

/// Lists, removes and restores the notifications that iOS shows.
#[uniffi::export(foreign)]
pub trait DeliveredNotifications: Send + Sync + Debug {
    /// Lists those that belong to a conversation.
    fn list(&self, reply: Arc<NotificationsReply>);
    /// Removes these, and replies when they are gone.
    fn remove(&self, identifiers: Vec<String>, reply: Arc<DoneReply>);
    /// Delivers these again: without a sound, without a banner, without a number for the icon. iOS
    /// dropped them when the badge became 0, though they are not read. Keep what the last two
    /// listings showed for this, and leave out what was in neither.
    fn restore(&self, identifiers: Vec<String>, reply: Arc<DoneReply>);
}

/// Gives an account's device token for its relay.
#[uniffi::export(foreign)]
pub trait CredentialProvider: Send + Sync + Debug {
    /// The account's token; none when the person must sign in. `refused` is the one that the relay
    /// no longer takes: give a fresh one.
    fn credentials(&self, account: String, refused: Option<String>, reply: Arc<CredentialsReply>);
    /// Deletes an account's token, if it still is this one: the account was signed out here, and its
    /// relay knows. Another one belongs to a sign-in since then, and stays.
    fn forget(&self, account: String, credentials: String, reply: Arc<DoneReply>);
}

/// An answer that is given at most once.
#[derive(Debug)]
struct Once<T>(Mutex<Option<inner::Reply<T>>>);

impl<T> Once<T> {
    fn new(reply: inner::Reply<T>) -> Self {
        Self(Mutex::new(Some(reply)))
    }

    fn answer(&self, give: impl FnOnce(inner::Reply<T>)) {
        let reply = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        reply.map(give).unwrap_or_default();
    }
}

/// Where it is told whether iOS, or the host, did what was asked.
#[derive(Debug, uniffi::Object)]
pub struct DoneReply(Once<()>);

#[uniffi::export]
impl DoneReply {
    /// It is done.
    pub fn succeed(&self) -> Result<(), TrueBadgeError> {
        self.0.answer(|reply| reply.succeed(()));
        Ok(())
    }

    /// It was refused.
    pub fn fail(&self) -> Result<(), TrueBadgeError> {
        self.0.answer(inner::Reply::fail);
        Ok(())
    }
}

/// Where the answer to [`DeliveredNotifications::list`] goes.
#[derive(Debug, uniffi::Object)]
pub struct NotificationsReply(Once<Vec<inner::DeliveredNotification>>);

#[uniffi::export]
impl NotificationsReply {
    /// These are shown. Those whose conversation or route no TrueBadge relay would write are
    /// somebody else's and are left alone.
    pub fn succeed(&self, notifications: Vec<DeliveredNotification>) -> Result<(), TrueBadgeError> {
        let ours = notifications
            .into_iter()
            .filter_map(|one| one.try_into().ok())
            .collect();
        self.0.answer(|reply| reply.succeed(ours));
        Ok(())
    }

    /// iOS did not tell.
    pub fn fail(&self) -> Result<(), TrueBadgeError> {
        self.0.answer(inner::Reply::fail);
        Ok(())
    }
}

/// Where the answer to [`CredentialProvider::credentials`] goes.
#[derive(Debug, uniffi::Object)]
pub struct CredentialsReply(Once<Option<Secret>>);

#[uniffi::export]
impl CredentialsReply {
    /// The account's token; none when the person must sign in.
    pub fn succeed(&self, token: Option<String>) -> Result<(), TrueBadgeError> {
        self.0.answer(|reply| reply.succeed(token.map(Secret::new)));
        Ok(())
    }

    /// The token can't be read now, as before the first unlock.
    pub fn fail(&self) -> Result<(), TrueBadgeError> {
        self.0.answer(inner::Reply::fail);
        Ok(())
    }
}

/// The host's side, as the engine calls it.
#[derive(Debug)]
pub(crate) struct Host<T: ?Sized>(pub Arc<T>);

impl inner::AppBadge for Host<dyn AppBadge> {
    fn set_badge(&self, badge: u32, reply: inner::Reply<()>) {
        self.0
            .set_badge(badge, Arc::new(DoneReply(Once::new(reply))));
    }
}

impl inner::DeliveredNotifications for Host<dyn DeliveredNotifications> {
    fn list(&self, reply: inner::Reply<Vec<inner::DeliveredNotification>>) {
        self.0.list(Arc::new(NotificationsReply(Once::new(reply))));
    }

    fn remove(&self, identifiers: Vec<String>, reply: inner::Reply<()>) {
        self.0
            .remove(identifiers, Arc::new(DoneReply(Once::new(reply))));
    }

    fn restore(&self, identifiers: Vec<String>, reply: inner::Reply<()>) {
        self.0
            .restore(identifiers, Arc::new(DoneReply(Once::new(reply))));
    }
}

impl inner::CredentialProvider for Host<dyn CredentialProvider> {
    fn credentials(
        &self,
        account: &AccountId,
        refused: Option<Secret>,
        reply: inner::Reply<Option<Secret>>,
    ) {
        self.0.credentials(
            account.as_str().to_owned(),
            refused.map(|token| token.expose().to_owned()),
            Arc::new(CredentialsReply(Once::new(reply))),
        );
    }

    fn forget(&self, account: &AccountId, credentials: Secret, reply: inner::Reply<()>) {
        self.0.forget(
            account.as_str().to_owned(),
            credentials.expose().to_owned(),
            Arc::new(DoneReply(Once::new(reply))),
        );
    }
}
