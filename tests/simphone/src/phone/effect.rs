//! What a phone makes happen: the driver does it to the code that it runs.

use std::fmt;
use std::sync::Arc;

use crate::phone::{Conditions, NotificationId};
use crate::push::{Environment, Payload, Token};
use crate::time::Time;

/// One of the two processes that run our code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Process {
    /// The app.
    App,
    /// The notification service extension.
    Extension,
}

/// A moment in which our code runs, by number; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WakeId {
    /// Counts all wakes of a phone.
    pub(super) number: u64,
    pub(super) process: Process,
}

impl WakeId {
    /// Whose wake it is.
    pub const fn process(self) -> Process {
        self.process
    }
}

/// `app-17`: for a timeline.
impl fmt::Display for WakeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.process, self.number)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Extension => "extension",
        })
    }
}

/// Why our code runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The person opened the app. No bound, and nothing to complete.
    Foreground,
    /// The person left the app: a last moment to put everything away (`suspend()`). Whoever is not
    /// done by the end is suspended in the middle of it.
    Left,
    /// A background push.
    SilentPush(Payload),
    /// A push of type alert with `content-available`. Where it may, iOS has set its number already,
    /// unless the push goes through the extension as well: then the number comes with the alert.
    PaintedPush(Payload),
    /// An alert with `mutable-content`, before it is shown. Its end is
    /// [`Phone::completed_alert`](crate::Phone::completed_alert).
    Extension {
        /// What it will be called in Notification Centre.
        notification: NotificationId,
        /// The push.
        payload: Payload,
    },
    /// A background refresh that was asked for
    /// ([`Phone::submit_refresh`](crate::Phone::submit_refresh)).
    Refresh,
    /// There is a way to HTTPS servers again. Told to an app that runs, nobody is woken for it.
    NetworkBack,
    /// Low Power Mode ended. Told to an app that runs, nobody is woken for it.
    LowPowerEnded,
}

/// A moment in which our code runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// Its number, for [`Phone::completed`](crate::Phone::completed).
    pub id: WakeId,
    /// Who runs.
    pub process: Process,
    /// Why.
    pub why: Why,
    /// When it must have called its completion; [`Time::NEVER`] in the foreground.
    pub until: Time,
}

/// What ended a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Death {
    /// The person swiped it away.
    ForceQuit,
    /// iOS needed the memory, or it took too much of it.
    Memory,
    /// It did not call its completion in time.
    Late,
    /// It was suspended with a file lock: `0xdead10cc`.
    LockHeld,
    /// The extension was killed while it started, before it could do anything.
    AtStart,
    /// The extension had nothing more to do.
    Idle,
    /// A crash of our own ([`Happening::Crash`](crate::Happening::Crash)).
    Crash,
    /// The phone restarted.
    Restart,
    /// The app was deleted.
    Deleted,
}

/// Who set the number on the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Painter {
    /// iOS, from a push.
    Push,
    /// Our code, with `setBadgeCount`.
    Code(Process),
    /// iOS, because something else changed: badges were forbidden, or the app was deleted.
    System,
}

/// What the driver has to do, or to know, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The process starts, with nothing in memory.
    Launch(Process),
    /// Its code runs.
    Wake(Wake),
    /// It is frozen where it is. A driver that finds a file lock held by it calls
    /// [`Phone::suspended_with_lock`](crate::Phone::suspended_with_lock).
    Suspend(Process),
    /// It goes on where it was frozen.
    Resume(Process),
    /// It is gone, without a last word. Its open wakes are over.
    Kill(Process, Death),
    /// The app learns its push token: a new one, or the one that it has. APNs knows it from now
    /// ([`Apns::obey`](crate::Apns::obey)).
    TokenIssued {
        /// The token.
        token: Token,
        /// The app's bundle identifier.
        topic: Arc<str>,
        /// Where it is valid.
        environment: Environment,
    },
    /// A token is valid no more.
    TokenEnded(Token),
    /// The phone's connection to APNs.
    PushPath {
        /// Whose.
        token: Token,
        /// Whether there is one.
        up: bool,
    },
    /// What the app may do, and what reaches the phone.
    Conditions(Conditions),
    /// The icon shows this now.
    BadgePainted {
        /// The number; 0 is none.
        number: u32,
        /// Who did it.
        by: Painter,
    },
    /// A notification is shown.
    NotificationShown(NotificationId),
    /// Notifications went because the app asked for it, because the person cleared them, or
    /// because newer ones took their place.
    NotificationsRemoved(Vec<NotificationId>),
    /// Notifications went because the badge became 0.
    NotificationsDropped(Vec<NotificationId>),
}
