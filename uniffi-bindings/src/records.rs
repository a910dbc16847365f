//! The values that cross, mirrored from the engine's and the protocol's own.

use crate::TrueBadgeError;

/// What an engine needs to know of its host.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Configuration {
    /// The directory that the store lives in. It must exist, with its file protection set.
    pub directory: String,
    /// The phone's id: random, kept on it, never restored onto another one.
    pub device: String,
    /// The app's bundle identifier.
    pub topic: String,
    /// Which of Apple's push services the app's tokens belong to.
    pub environment: PushEnvironment,
    /// The app's version, for the relay's operator.
    pub app_version: String,
    /// Which of the app's processes this is.
    pub process: Process,
    /// What happens to delivered notifications when the badge becomes 0. The same in all of the
    /// app's processes.
    pub at_zero: AtZero,
}

/// Which of Apple's push services a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PushEnvironment {
    /// Apps that Xcode installed.
    Sandbox,
    /// TestFlight and the App Store.
    Production,
}

/// Which of an app's processes runs the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Process {
    /// The app itself.
    App,
    /// The notification service extension: little memory, never repairs.
    Extension,
}

/// What happens to delivered notifications when the badge becomes 0, at which iOS drops all of the
/// app's: also those of muted conversations and of accounts that take no part in the badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AtZero {
    /// Those that are read are removed one by one, then 0 is set, and those that iOS dropped though
    /// they are not read are delivered again, silently.
    Keep,
    /// 0 is set at once, and iOS drops them all.
    Clear,
}

/// Why our code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WakeCause {
    /// The app was started.
    Launch,
    /// A push woke the app.
    Push,
    /// An alert push started the extension.
    Extension,
    /// The person opened the app.
    Foreground,
    /// iOS granted a background refresh.
    BackgroundRefresh,
    /// The network came back.
    NetworkBack,
    /// Low Power Mode ended.
    LowPowerModeEnded,
    /// The person did something that the relay must hear of.
    Operation,
}

/// What a push was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Disposition {
    /// Not a TrueBadge payload. Nothing was applied.
    Malformed,
    /// For an account that is not on this phone.
    NotForUs,
    /// The relay started a new history: everything is fetched again.
    EpochChanged,
    /// Nothing new.
    Stale,
    /// Applied in full.
    Applied,
    /// It does not add up with what the phone has: everything is fetched again.
    Diverged,
    /// Something before it is missing: it is fetched.
    Gap,
}

/// Which number the badge shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum BadgePolicy {
    /// Unread messages.
    Messages,
    /// Conversations with something unread.
    Conversations,
    /// Unread messages that mention the person.
    Mentions,
    /// No badge.
    Off,
}

/// What of a conversation may count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Level {
    /// Every unread message.
    All,
    /// Only those that mention the person.
    Mentions,
    /// Nothing: it is muted.
    None,
}

/// What the phone's settings let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Conditions {
    /// The person lets the app badge its icon.
    pub badges_allowed: bool,
    /// The person lets the app show notifications.
    pub alerts_allowed: bool,
    /// Background App Refresh is on, for the phone and for the app; none where it cannot be known,
    /// as in an extension: then it is as it was told before.
    pub background_refresh: Option<bool>,
    /// Low Power Mode is on.
    pub low_power_mode: bool,
}

/// The number on the icon, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct BadgeState {
    /// The number.
    pub badge: u32,
    /// Grows with every change; the one with the largest is the newest.
    pub generation: u64,
    /// Whether every account's conversations are known in full. Otherwise the number comes from the
    /// newest push, and the conversations may not add up to it yet.
    pub complete: bool,
    /// Whether enough was heard from the relays to show the number. Otherwise the icon stays as it
    /// is: what is not known is not zero.
    pub known: bool,
}

/// What an account's conversations add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Totals {
    /// Messages that count.
    pub unread: u64,
    /// Those of them that mention the person.
    pub mentions: u64,
    /// Conversations with something that counts.
    pub conversations: u64,
}

/// An account on this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Account {
    /// Its name on this phone.
    pub account: String,
    /// Its relay's address.
    pub relay: String,
    /// What its conversations add up to, what is still pending taken into account.
    pub totals: Totals,
    /// Whether it counts in the badge.
    pub participates: bool,
    /// The relay ended it: the person must sign in again.
    pub signed_out: bool,
    /// Whether its conversations are known in full.
    pub complete: bool,
    /// What the person did that the relay has not confirmed yet.
    pub pending: u32,
    /// The pushes that its relay sent to this phone, and those that came.
    pub pushes: PushCounters,
    /// Why APNs ended the push token that its relay has: nothing is pushed until iOS gives one
    /// again. None while it is good.
    pub push_token_ended: Option<PushTokenEnded>,
    /// When its relay last brought it up to date, in milliseconds since 1970; none before the first
    /// time.
    pub synced_at_ms: Option<i64>,
}

/// Why APNs will not push to a phone's token any more. What to do about it is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PushTokenEnded {
    /// It is no token of this environment.
    BadDeviceToken,
    /// It is another app's.
    DeviceTokenNotForTopic,
    /// The app was removed, or the token has expired.
    Unregistered,
    /// A reason that this version does not know.
    Unknown,
}

/// Pushes to this phone, for one account, by the counter that each of them carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct PushCounters {
    /// The counter of the newest that the relay says it sent. Above `received`: pushes were sent and
    /// did not come, or are under way.
    pub sent: u64,
    /// The counter of the newest that came; 0 before the first.
    pub received: u64,
}

/// A conversation with something to show, as the person should see it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Conversation {
    /// The account that it belongs to.
    pub account: String,
    /// Its id.
    pub id: String,
    /// The account's version at which this became its state.
    pub version: u64,
    /// Unread messages.
    pub unread: u32,
    /// Those of them that mention the person.
    pub mentions: u32,
    /// The newest message's position.
    pub newest: u64,
    /// The read marker: messages at or below it are read.
    pub read_up_to: u64,
    /// What of it may count.
    pub level: Level,
    /// Marked unread by hand.
    pub marked_unread: bool,
    /// Whether something that the person did here has not been confirmed yet.
    pub pending: bool,
}

/// A notification that iOS shows.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeliveredNotification {
    /// iOS' name for it.
    pub identifier: String,
    /// Which account it is for: the payload's `tb.r`.
    pub route: Option<String>,
    /// Its conversation: the notification's thread.
    pub conversation: String,
    /// The message's position: the payload's `tb.a`.
    pub position: Option<u64>,
    /// The account's version when its push was sent: the payload's `tb.v`.
    pub version: Option<u64>,
}

/// Something that the person did and that the relay refused for good.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RejectedOperation {
    /// Its place among all that were refused on this phone: for `forget_rejected`.
    pub sequence: u64,
    /// The account.
    pub account: String,
    /// The operation's number.
    pub number: u64,
    /// The conversation that it was about.
    pub conversation: String,
    /// The relay's reason.
    pub reason: String,
}

/// What a wake did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent answers to four questions"
)]
pub struct WakeOutcome {
    /// Why our code ran.
    pub cause: WakeCause,
    /// What the push was, if it was one.
    pub disposition: Option<Disposition>,
    /// The badge at the end; none when the store could not be read, and the icon is as it was.
    pub badge: Option<BadgeState>,
    /// Whether the icon took the number.
    pub shown: bool,
    /// Whether every account was brought up to date with its relay.
    pub synced: bool,
    /// The notifications that were removed because they are read.
    pub removed: Vec<String>,
    /// What the relay refused for good.
    pub rejected: Vec<RejectedOperation>,
    /// A relay says that APNs ended the push token: ask iOS for one again, and hand it over, also
    /// when it is the same. Said at most once an hour.
    pub push_token_wanted: bool,
    /// Accounts that their relay ended: told in every wake until they are added again, or signed
    /// out here.
    pub signed_out: Vec<String>,
    /// Accounts that were not brought up to date in this wake because their relay refused the
    /// credentials, or there were none: the person must sign in to them again.
    pub credentials_wanted: Vec<String>,
    /// The store was damaged: what could be read of it was saved, and the rest was fetched anew, or
    /// is by the next wake.
    pub rebuilt: bool,
    /// What went wrong, if something did. What could be done without it was done.
    pub error: Option<TrueBadgeError>,
}
