//! What is printed. Both phones print the same.

use serde::Serialize;
use truebadge_engine::{Cause, Disposition};
use truebadge_protocol::Level;

/// Something that happened on the phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Attached, registered, and in step with the relay, or as far as it came.
    Ready {
        /// The device id.
        device: String,
        /// APNs' token; none without APNs.
        push_token: Option<String>,
        /// The number on the icon, as the core knows it.
        badge: u32,
    },
    /// The number on the icon changed.
    Badge {
        /// The number now.
        badge: u32,
        /// Who changed it.
        by: Painter,
        /// The number before; none for the first one, since nothing reads a badge back.
        was: Option<u32>,
    },
    /// A wake ended.
    Wake {
        /// Why our code ran.
        cause: &'static str,
        /// What the push was.
        disposition: Option<&'static str>,
        /// The badge at the end.
        badge: Option<u32>,
        /// Every account that had to sync did.
        synced: bool,
        /// iOS confirmed the number.
        shown: bool,
        /// What went wrong, in one sentence.
        error: Option<String>,
    },
    /// Notifications went away.
    Removed {
        /// Which.
        identifiers: Vec<String>,
        /// The core, because they are read; or iOS, which drops them all at badge 0.
        by: Painter,
    },
    /// A notification appeared.
    Notification {
        /// iOS' name for it.
        identifier: String,
        /// What it is about.
        conversation: Option<String>,
    },
    /// The person did something here.
    Operation {
        /// The command's word.
        kind: &'static str,
        /// Whose.
        account: String,
        /// Where; none for a whole account.
        conversation: Option<String>,
        /// It survives a kill from here on.
        recorded: bool,
        /// Why not, in one sentence.
        error: Option<String>,
    },
    /// The conversations with something to show.
    Conversations {
        /// All accounts' conversations.
        conversations: Vec<Conversation>,
    },
    /// What the relay refused.
    Rejected {
        /// All that was not printed by this event before.
        operations: Vec<Rejected>,
    },
    /// The app was swiped away.
    ForceQuit,
    /// Detached from APNs, as told.
    Away,
    /// Attached to APNs.
    Attached,
    /// Something did not work that is no wake's.
    Error {
        /// One sentence that says what to do.
        message: String,
    },
    /// The phone ended.
    Stopped,
}

/// Who changed what the phone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Painter {
    /// Our code, through iOS' interface.
    Core,
    /// iOS by itself, from a push.
    Ios,
}

/// A conversation as the person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// Whose.
    pub account: String,
    /// Which.
    pub id: String,
    /// Unread items.
    pub unread: u32,
    /// Unread items that mention the person.
    pub mentions: u32,
    /// The newest item's position.
    pub newest: u64,
    /// The read marker.
    pub read_up_to: u64,
    /// What of it counts.
    pub level: Level,
    /// Marked unread by hand.
    pub marked_unread: bool,
}

/// An operation that the relay refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Whose.
    pub account: String,
    /// Where.
    pub conversation: String,
    /// Its number.
    pub number: u64,
    /// Why.
    pub reason: String,
}

/// A level's word.
pub const fn level(level: Level) -> &'static str {
    match level {
        Level::All => "all",
        Level::Mentions => "mentions",
        Level::None => "none",
    }
}

/// A cause's word.
pub const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Launch => "launch",
        Cause::Push => "push",
        Cause::Extension => "extension",
        Cause::Foreground => "foreground",
        Cause::BackgroundRefresh => "background_refresh",
        Cause::NetworkBack => "network_back",
        Cause::LowPowerModeEnded => "low_power_mode_ended",
        Cause::Operation => "operation",
    }
}

/// A disposition's word.
pub const fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Applied => "applied",
        Disposition::Stale => "stale",
        Disposition::Gap => "gap",
        Disposition::Diverged => "diverged",
        Disposition::EpochChanged => "epoch_changed",
        Disposition::Malformed => "malformed",
        Disposition::NotForUs => "not_for_us",
    }
}
