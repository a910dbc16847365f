//! Every call that a host makes.

use std::{sync::Arc, time::Duration};

use truebadge_engine::{self as inner, transport::Transport};

use crate::{
    Account, AppBadge, BadgePolicy, BadgeState, Cancellation, Conditions, Configuration,
    Conversation, CredentialProvider, DeliveredNotifications, HostTransport, Level,
    RejectedOperation, TrueBadgeError, WakeCause, WakeOutcome, bridge::Host, convert,
};

/// The core on this phone: one for each process of the app, over one store.
///
/// The calls that are not asynchronous work on the store alone, on the caller's thread, within
/// milliseconds. The asynchronous ones do that part at once too, and the network on threads of
/// their own.
#[derive(Debug, uniffi::Object)]
pub struct Engine(pub(crate) inner::Engine);

#[uniffi::export]
#[expect(
    clippy::needless_pass_by_value,
    reason = "UniFFI hands options over by value"
)]
impl Engine {
    /// Makes an engine. Nothing is read or written yet. Without a transport it takes the built-in
    /// one; a build that has none refuses.
    #[uniffi::constructor]
    pub fn new(
        configuration: Configuration,
        badge: Arc<dyn AppBadge>,
        delivered: Arc<dyn DeliveredNotifications>,
        credentials: Arc<dyn CredentialProvider>,
        transport: Option<Arc<dyn HostTransport>>,
    ) -> Result<Arc<Self>, TrueBadgeError> {
        inner::log::install();
        let bridges = inner::Bridges {
            badge: Arc::new(Host(badge)),
            delivered: Arc::new(Host(delivered)),
            credentials: Arc::new(Host(credentials)),
            transport: transport
                .map_or_else(builtin_transport, |host| Ok(Arc::new(Host(host)) as _))?,
            clock: Arc::new(inner::clock::SystemClock),
        };
        Ok(Arc::new(Self(inner::Engine::new(
            configuration.try_into()?,
            bridges,
        )?)))
    }

    /// Adds an account, or moves it to another relay. It counts from the next refresh on. One that
    /// was signed out can be added again: give its new token to the credential provider afterwards.
    pub fn add_account(&self, account: String, relay: &str) -> Result<(), TrueBadgeError> {
        Ok(self.0.add_account(&convert::account(account)?, relay)?)
    }

    /// Signs an account out of this phone: all that is here of it goes, its notifications too, and
    /// the badge follows. Needs no network: the relay is told at the next refreshes of the app, until
    /// it knows, and then the credential provider is asked to forget the token.
    pub fn sign_out(&self, account: String) -> Result<BadgeState, TrueBadgeError> {
        Ok(self.0.sign_out(&convert::account(account)?)?.into())
    }

    /// Says whether an account counts in the badge.
    pub fn set_participation(
        &self,
        account: String,
        participates: bool,
    ) -> Result<BadgeState, TrueBadgeError> {
        Ok(self
            .0
            .set_participation(&convert::account(account)?, participates)?
            .into())
    }

    /// The accounts on this phone.
    pub fn accounts(&self) -> Result<Vec<Account>, TrueBadgeError> {
        Ok(self.0.accounts()?.into_iter().map(Into::into).collect())
    }

    /// An account's conversations that have something to show.
    pub fn conversations(&self, account: String) -> Result<Vec<Conversation>, TrueBadgeError> {
        let account = convert::account(account)?;
        let conversations = self.0.conversations(&account)?.into_iter();
        Ok(conversations
            .map(|one| Conversation::of(&account, one))
            .collect())
    }

    /// The number that the icon should show.
    pub fn badge(&self) -> Result<BadgeState, TrueBadgeError> {
        Ok(self.0.badge()?.into())
    }

    /// Which number the badge shows.
    pub fn policy(&self) -> Result<BadgePolicy, TrueBadgeError> {
        Ok(self.0.policy()?.into())
    }

    /// Chooses which number the badge shows.
    pub fn set_policy(&self, policy: BadgePolicy) -> Result<BadgeState, TrueBadgeError> {
        Ok(self.0.set_policy(policy.into())?.into())
    }

    /// Tells the token that iOS gave the app; none when it gave none. The relays hear of it at the
    /// next refresh. Gives whether they must: it is another one, or the one that APNs ended, once more.
    pub fn set_push_token(&self, token: Option<Vec<u8>>) -> Result<bool, TrueBadgeError> {
        let token = token.as_deref().map(convert::push_token).transpose()?;
        Ok(self.0.set_push_token(token.as_deref())?)
    }

    /// Tells what the phone's settings let through. The relays hear of it at the next refresh.
    pub fn set_conditions(&self, conditions: Conditions) -> Result<(), TrueBadgeError> {
        Ok(self
            .0
            .change_conditions(|before| conditions.after(before))?)
    }

    /// Everything that a push asks for, within `budget_ms`. What goes wrong is in the outcome.
    pub async fn handle_push(
        &self,
        payload: Vec<u8>,
        budget_ms: u32,
        cancellation: Arc<Cancellation>,
    ) -> Result<WakeOutcome, TrueBadgeError> {
        let wake = self
            .0
            .handle_push(payload, Duration::from_millis(budget_ms.into()));
        Ok(cancellation.or(wake).await?.into())
    }

    /// Sends what is unsent and brings every account up to date, within `budget_ms`. What goes wrong
    /// is in the outcome.
    pub async fn refresh(
        &self,
        cause: WakeCause,
        budget_ms: u32,
        cancellation: Arc<Cancellation>,
    ) -> Result<WakeOutcome, TrueBadgeError> {
        let wake = self
            .0
            .refresh(cause.into(), Duration::from_millis(budget_ms.into()));
        Ok(cancellation.or(wake).await?.into())
    }

    /// The person read a conversation up to a position, and `remaining` messages in it are still
    /// unread. Once this returns it is never lost; the relay hears of it at the next refresh.
    pub fn mark_read(
        &self,
        account: String,
        conversation: String,
        up_to: u64,
        remaining: u32,
    ) -> Result<BadgeState, TrueBadgeError> {
        let account = convert::account(account)?;
        let conversation = convert::conversation(conversation)?;
        let up_to = convert::position(up_to)?;
        Ok(self
            .0
            .mark_read(&account, &conversation, up_to, remaining)?
            .into())
    }

    /// The person marked a conversation unread by hand, or took the mark away. Durable like
    /// [`mark_read`](Self::mark_read).
    pub fn mark_unread(
        &self,
        account: String,
        conversation: String,
        marked: bool,
    ) -> Result<BadgeState, TrueBadgeError> {
        let account = convert::account(account)?;
        let conversation = convert::conversation(conversation)?;
        Ok(self.0.mark_unread(&account, &conversation, marked)?.into())
    }

    /// The person read single messages, 1 to 1,000 at once, after which `remaining` in the
    /// conversation are still unread. A mark that was set by hand stays. Durable like
    /// [`mark_read`](Self::mark_read).
    pub fn mark_items_read(
        &self,
        account: String,
        conversation: String,
        positions: Vec<u64>,
        remaining: u32,
    ) -> Result<BadgeState, TrueBadgeError> {
        let account = convert::account(account)?;
        let conversation = convert::conversation(conversation)?;
        let positions: Result<Vec<_>, _> = positions.into_iter().map(convert::position).collect();
        Ok(self
            .0
            .mark_items_read(&account, &conversation, &positions?, remaining)?
            .into())
    }

    /// The person chose what of a conversation may count. Durable like
    /// [`mark_read`](Self::mark_read).
    pub fn set_level(
        &self,
        account: String,
        conversation: String,
        level: Level,
    ) -> Result<BadgeState, TrueBadgeError> {
        let account = convert::account(account)?;
        let conversation = convert::conversation(conversation)?;
        Ok(self
            .0
            .set_level(&account, &conversation, level.into())?
            .into())
    }

    /// The person read all of an account, muted conversations too, up to the newest messages that
    /// this phone knows of. Durable like [`mark_read`](Self::mark_read): all of it, or nothing.
    pub fn mark_all_read(&self, account: String) -> Result<BadgeState, TrueBadgeError> {
        Ok(self.0.mark_all_read(&convert::account(account)?)?.into())
    }

    /// What relays refused for good of what the person did, and that the app has not taken note of:
    /// the newest 256 of each account, oldest first.
    pub fn rejected_operations(&self) -> Result<Vec<RejectedOperation>, TrueBadgeError> {
        let rejected = self.0.rejected_operations()?.into_iter();
        Ok(rejected.map(Into::into).collect())
    }

    /// The app has taken note of every rejected operation up to this one.
    pub fn forget_rejected(&self, up_to_sequence: u64) -> Result<(), TrueBadgeError> {
        Ok(self.0.forget_rejected(up_to_sequence)?)
    }

    /// Checks the whole store, makes it anew if it is damaged, and has the next refresh fetch every
    /// account anew and register this phone again. Deletes nothing that the person made. Gives
    /// whether the store was damaged. Only the app may; the extension is told to open it.
    pub fn repair(&self) -> Result<bool, TrueBadgeError> {
        Ok(self.0.repair()?)
    }

    /// Lets go of every file lock before iOS suspends the app. Every call fails until
    /// [`resume`](Self::resume).
    pub fn suspend(&self) -> Result<(), TrueBadgeError> {
        self.0.suspend();
        Ok(())
    }

    /// Works again after [`suspend`](Self::suspend).
    pub fn resume(&self) -> Result<(), TrueBadgeError> {
        self.0.resume();
        Ok(())
    }
}

#[cfg(feature = "builtin-transport")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn builtin_transport() -> Result<Arc<dyn Transport>, TrueBadgeError> {
    Ok(Arc::new(inner::transport::BuiltinTransport::new()))
}

#[cfg(not(feature = "builtin-transport"))]
fn builtin_transport() -> Result<Arc<dyn Transport>, TrueBadgeError> {
    Err(TrueBadgeError::argument(
        "transport",
        "this build has none of its own: give one",
    ))
}
