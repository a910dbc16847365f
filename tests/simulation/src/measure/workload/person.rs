//! Who somebody is: the first table of the workload.

use fastrand::Rng;
use simphone::{Chance, Path};

/// How much happens in somebody's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Half of the usual.
    Little,
    /// The usual.
    Usual,
    /// Two and a half times the usual.
    Much,
}

impl Traffic {
    /// In halves of the usual.
    pub(super) const fn halves(self) -> u64 {
        match self {
            Self::Little => 1,
            Self::Usual => 2,
            Self::Much => 5,
        }
    }
}

/// Somebody with a phone.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // habits and switches, each by itself
pub struct Person {
    /// How much happens in the account.
    pub traffic: Traffic,
    /// Works at a desk.
    pub desk: bool,
    /// The network at the desk.
    pub office: Path,
    /// Has a laptop open in the evening.
    pub laptop: bool,
    /// Commutes.
    pub commutes: bool,
    /// Has no network at night.
    pub offline_at_night: bool,
    /// How often they open the app in a day.
    pub sessions: u64,
    /// Uses Low Power Mode in the evening.
    pub low_power: bool,
    /// Turned Background App Refresh off.
    pub no_refresh: bool,
    /// Swipes the app away.
    pub quits: bool,
    /// Forbids badges.
    pub no_badges: bool,
    /// Forbids alerts.
    pub no_alerts: bool,
}

impl Person {
    pub(super) fn draw(random: &mut Rng) -> Self {
        let mut is = |per_mille| Chance::per_mille(per_mille).happens(random);
        let (desk, walled) = (is(650), is(80));
        let (laptop, commutes, offline_at_night) = (is(400), is(500), is(350));
        let (low_power, no_refresh, quits) = (is(300), is(150), is(200));
        let (no_badges, no_alerts) = (is(30), is(100));
        Self {
            traffic: match random.u8(..10) {
                0..3 => Traffic::Little,
                3..8 => Traffic::Usual,
                _ => Traffic::Much,
            },
            desk,
            office: if desk && walled {
                Path::NoApns
            } else {
                Path::Wifi
            },
            laptop,
            commutes,
            offline_at_night,
            sessions: random.u64(4..=15),
            low_power,
            no_refresh,
            quits,
            no_badges,
            no_alerts,
        }
    }
}
