//! What goes into the engine and what comes out.

use std::{fmt, path::PathBuf, sync::Arc};

use truebadge_protocol::{
    AccountId, ConversationId, ConversationState, DeviceId, Totals,
    messages::{PushEnvironment, PushTokenEnded},
};
use url::Url;

use crate::{
    EngineError, Timestamp,
    bridge::{AppBadge, CredentialProvider, DeliveredNotifications},
    clock::Clock,
    payload::Disposition,
    store::PushCounters,
    transport::Transport,
};

/// Which of the app's processes this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {
    /// The app: may create, migrate and repair the store.
    App,
    /// The notification service extension, or a widget: never creates, migrates or deletes.
    Extension,
}

/// What happens to delivered notifications when the badge becomes 0, at which iOS drops all of the
/// app's: also those of muted conversations and of accounts that take no part in the badge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum AtZero {
    /// Those that are read are removed one by one, then 0 is set, and those that iOS dropped though
    /// they are not read are delivered again, silently.
    #[default]
    Keep,
    /// 0 is set at once, and iOS drops them all.
    Clear,
}

/// What the engine must know of its host.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The directory of the store. It must exist; the host sets its file protection.
    pub directory: PathBuf,
    /// This phone: random, kept where no backup carries it to another phone.
    pub device: DeviceId,
    /// The app's bundle identifier.
    pub topic: String,
    /// Which of Apple's push services gave the push token.
    pub environment: PushEnvironment,
    /// The app's version, for the relay's operator.
    pub app_version: String,
    /// Which of the app's processes this is.
    pub process: Process,
    /// What happens to delivered notifications when the badge becomes 0. The same in all of the
    /// app's processes.
    pub at_zero: AtZero,
}

/// What the engine asks of its host.
#[derive(Debug, Clone)]
pub struct Bridges {
    /// Sets the badge.
    pub badge: Arc<dyn AppBadge>,
    /// Lists and removes delivered notifications.
    pub delivered: Arc<dyn DeliveredNotifications>,
    /// Gives credentials.
    pub credentials: Arc<dyn CredentialProvider>,
    /// Carries requests to relays.
    pub transport: Arc<dyn Transport>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why our code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The app was started.
    Launch,
    /// A push woke the app.
    Push,
    /// A push woke the extension.
    Extension,
    /// The app came to the foreground.
    Foreground,
    /// A background refresh task.
    BackgroundRefresh,
    /// The network came back.
    NetworkBack,
    /// Low Power Mode ended.
    LowPowerModeEnded,
    /// The person did something here.
    Operation,
}

impl Cause {
    /// A person waits: a pause after failures is not kept.
    pub(crate) fn is_urgent(self) -> bool {
        matches!(
            self,
            Self::Launch | Self::Foreground | Self::NetworkBack | Self::Operation
        )
    }
}

/// The badge, and how it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BadgeState {
    /// The number on the icon.
    pub badge: u32,
    /// Grows with every change of the store; the newest writer has the highest.
    pub generation: u64,
    /// Every account's mirror knows all that its server told of. Otherwise the number comes from
    /// totals that the server told, and the conversations lag behind it.
    pub complete: bool,
    /// Enough was heard from the relays to show the number. Otherwise the icon stays as it is: what
    /// is not known is not zero.
    pub known: bool,
}

/// What the local part of a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushReceipt {
    /// What the push was.
    pub disposition: Disposition,
    /// The badge after it.
    pub badge: BadgeState,
    /// Something is missing that the relay has.
    pub sync_wanted: bool,
}

/// What a wake did. A wake never fails as a whole.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question of its own"
)]
#[derive(Clone, PartialEq, Eq)]
pub struct WakeOutcome {
    /// Why our code ran.
    pub cause: Cause,
    /// What the push was; none when there was none, or when the store could not be opened.
    pub disposition: Option<Disposition>,
    /// The badge at the end; none when the store could not be opened, and the badge is as it was.
    pub badge: Option<BadgeState>,
    /// iOS confirmed the number that was set last.
    pub shown: bool,
    /// Every account that had to sync did.
    pub synced: bool,
    /// Delivered notifications that were removed because they are read.
    pub removed: Vec<String>,
    /// Operations that a relay refused, in this wake or an earlier one, and that the app has not taken
    /// note of yet (`Engine::forget_rejected`).
    pub rejected: Vec<RejectedOperation>,
    /// A relay says that APNs ended the push token: ask iOS for one again, and hand it over with
    /// `set_push_token`, also when it is the same. Said at most once an hour.
    pub push_token_wanted: bool,
    /// Accounts that ended at their relay: told in every wake until they are added again, or signed
    /// out here.
    pub signed_out: Vec<AccountId>,
    /// Accounts that were not brought up to date in this wake because their relay refused the host's
    /// credentials, or the host had none: the person must sign in to them again.
    pub credentials_wanted: Vec<AccountId>,
    /// The store was damaged: what could be read of it was saved, and the rest is fetched anew.
    pub rebuilt: bool,
    /// The first thing that went wrong.
    pub error: Option<EngineError>,
}

impl fmt::Debug for WakeOutcome {
    /// Safe to log: counts the removed notifications instead of naming them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WakeOutcome")
            .field("cause", &self.cause)
            .field("disposition", &self.disposition)
            .field("badge", &self.badge)
            .field("shown", &self.shown)
            .field("synced", &self.synced)
            .field("removed", &self.removed.len())
            .field("rejected", &self.rejected)
            .field("push_token_wanted", &self.push_token_wanted)
            .field("signed_out", &self.signed_out)
            .field("credentials_wanted", &self.credentials_wanted)
            .field("rebuilt", &self.rebuilt)
            .field("error", &self.error)
            .finish()
    }
}

/// An operation that a relay refused: it does not count any more.
#[derive(Clone, PartialEq, Eq)]
pub struct RejectedOperation {
    /// Its place among all that were refused on this phone: for `Engine::forget_rejected`.
    pub sequence: u64,
    /// Whose it was.
    pub account: AccountId,
    /// Its number.
    pub number: u64,
    /// What it was about.
    pub conversation: ConversationId,
    /// Why, in the relay's words. Not for a log.
    pub reason: String,
}

impl fmt::Debug for RejectedOperation {
    /// Safe to log: without the relay's words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RejectedOperation")
            .field("sequence", &self.sequence)
            .field("account", &self.account)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// An account as the person should see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Its name.
    pub account: AccountId,
    /// Its relay's address.
    pub relay: Url,
    /// What it adds up to, pending operations included.
    pub totals: Totals,
    /// It takes part in the badge.
    pub participates: bool,
    /// Its relay said that it has ended.
    pub signed_out: bool,
    /// Its mirror knows all that its server told of.
    pub complete: bool,
    /// Operations that its relay has not confirmed.
    pub pending: usize,
    /// Pushes that its relay sent to this phone, and pushes that came.
    pub pushes: PushCounters,
    /// APNs ended the push token that its relay has, and why: nothing is pushed until iOS gives one
    /// again.
    pub push_token_ended: Option<PushTokenEnded>,
    /// When its relay last brought it up to date; none before the first time.
    pub synced_at: Option<Timestamp>,
}

/// A conversation as the person should see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// The base state with pending operations laid over it.
    pub state: ConversationState,
    /// Some of what is shown is not confirmed yet.
    pub pending: bool,
}
