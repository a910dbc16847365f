//! What happens to a phone, and what can be asked of it.

use crate::phone::{NotificationId, Process};

/// Which network there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// None.
    None,
    /// Everything works.
    Wifi,
    /// Everything works.
    Cellular,
    /// HTTPS works, pushes do not arrive: a firewall that closes APNs' ports.
    NoApns,
    /// Pushes arrive, HTTPS does not work: a captive portal, a relay that is blocked.
    NoHttps,
}

impl Path {
    /// Whether pushes arrive.
    pub const fn has_apns(self) -> bool {
        matches!(self, Self::Wifi | Self::Cellular | Self::NoHttps)
    }

    /// Whether HTTPS requests can succeed.
    pub const fn has_https(self) -> bool {
        matches!(self, Self::Wifi | Self::Cellular | Self::NoApns)
    }
}

/// Something that the person, the system or the world does to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// The person opens the app, and unlocks the phone for it. Ends a force-quit.
    Open,
    /// The person leaves the app.
    Home,
    /// The person swipes the app away.
    ForceQuit,
    /// The phone restarts: everything ends, and it is locked until [`Happening::Unlock`].
    Restart,
    /// The first unlock after a restart.
    Unlock,
    /// Low Power Mode.
    LowPower(bool),
    /// Background App Refresh, for this app.
    BackgroundRefresh(bool),
    /// The permission to badge.
    BadgesAllowed(bool),
    /// The permission to show alerts.
    AlertsAllowed(bool),
    /// The network changes.
    Network(Path),
    /// iOS needs memory: what is suspended ends.
    MemoryPressure,
    /// A process ends by itself, wherever it was.
    Crash(Process),
    /// The wall clock jumps, by milliseconds: forwards, or backwards.
    WallClock(i64),
    /// The app is deleted and installed again: its files are gone, its token has ended.
    Reinstall,
    /// A backup is restored on a new phone, which from now on is this one: the files are those of
    /// the backup, the token has ended, Notification Centre is empty, the old phone was wiped. (For
    /// two phones with one backup, make a second [`Phone`](crate::Phone).)
    RestoreToNewPhone,
    /// APNs gives the app another token, for its own reasons.
    TokenChange,
    /// The person swipes a notification away.
    Dismiss(NotificationId),
    /// The person clears Notification Centre.
    ClearNotifications,
}

/// What the app may do, and what reaches the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::struct_excessive_bools)] // iOS' own switches
pub struct Conditions {
    /// Low Power Mode.
    pub low_power: bool,
    /// The switch of Background App Refresh. It has no effect in Low Power Mode:
    /// [`Conditions::refresh_available`].
    pub background_refresh: bool,
    /// The permission to badge.
    pub badges_allowed: bool,
    /// The permission to show alerts.
    pub alerts_allowed: bool,
    /// Which network there is.
    pub path: Path,
}

impl Conditions {
    /// `UIApplication.backgroundRefreshStatus`: Low Power Mode counts as off.
    pub const fn refresh_available(&self) -> bool {
        self.background_refresh && !self.low_power
    }
}

impl Default for Conditions {
    /// All is well.
    fn default() -> Self {
        Self {
            low_power: false,
            background_refresh: true,
            badges_allowed: true,
            alerts_allowed: true,
            path: Path::Wifi,
        }
    }
}
