//! Every call that a host makes.

use std::{sync::Arc, time::Duration};

use truebadge_engine as inner;

use crate::{
    Account, AppBadge, BadgePolicy, BadgeState, Cancellation, Conditions, Configuration,
    Conversation, CredentialProvider, DeliveredNotifications, TrueBadgeError, WakeCause,
    WakeOutcome, bridge::Host, convert,
};

/// The core on this phone: one for each process of the app, over one store.
///
/// The calls that are not asynchronous work on the store alone, on the caller's thread, within
/// milliseconds. The asynchronous ones do that part at once too, and the network on threads of
/// their own.
#[derive(Debug, uniffi::Object)]
pub struct Engine(inner::Engine);

#[uniffi::export]
#[expect(
    clippy::needless_pass_by_value,
    reason = "UniFFI hands options over by value"
)]
impl Engine {
    /// Makes an engine. Nothing is read or written yet.
    #[uniffi::constructor]
    pub fn new(
        configuration: Configuration,
        badge: Arc<dyn AppBadge>,
        delivered: Arc<dyn DeliveredNotifications>,
        credentials: Arc<dyn CredentialProvider>,
    ) -> Result<Arc<Self>, TrueBadgeError> {
        inner::log::install();
        let bridges = inner::Bridges {
            badge: Arc::new(Host(badge)),
            delivered: Arc::new(Host(delivered)),
            credentials: Arc::new(Host(credentials)),
            transport: Arc::new(inner::transport::BuiltinTransport::new()),
            clock: Arc::new(inner::clock::SystemClock),
        };
        Ok(Arc::new(Self(inner::Engine::new(
            configuration.try_into()?,
            bridges,
        )?)))
    }

    /// Adds an account, or moves it to another relay. It counts from the next refresh on.
    pub fn add_account(&self, account: String, relay: &str) -> Result<(), TrueBadgeError> {
        Ok(self.0.add_account(&convert::account(account)?, relay)?)
    }

    /// Signs an account out of this phone: nothing of it counts from now on. The relay is told at the
    /// next refresh.
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
    /// next refresh.
    pub fn set_push_token(&self, token: Option<Vec<u8>>) -> Result<(), TrueBadgeError> {
        let token = token.as_deref().map(convert::push_token).transpose()?;
        Ok(self.0.set_push_token(token.as_deref())?)
    }

    /// Tells what the phone's settings let through. The relays hear of it at the next refresh.
    pub fn set_conditions(&self, conditions: Conditions) -> Result<(), TrueBadgeError> {
        Ok(self.0.set_conditions(conditions.into())?)
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
