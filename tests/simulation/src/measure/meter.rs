//! What is measured of one client on one phone, in whole milliseconds, between events and not by
//! sampling.
//!
//! # What is measured
//!
//! **The truth** is the number that the account's conversations add up to, with all that the person
//! did anywhere, on this phone too, from the moment on in which they did it. It is the same for all
//! clients. While badges are forbidden there is no icon to speak of, and nothing is measured.
//!
//! **Reachable** is a moment in which something could make the icon: the servers are up, and either a
//! push that arrived now could change the number (the phone is on and connected to APNs, has a token,
//! shows badges, and iOS takes a painted number or would wake the app; APNs itself is not out), or our
//! code is running anyway with a way to HTTPS servers. That is [`simphone::Phone::can_be_reached`]
//! but for outages, which a phone does not know of. A phone in a tunnel, one whose servers are down,
//! and an app that is suspended behind a firewall that lets no pushes through cannot be helped by
//! anybody, and do not count, whatever they show. Nor can one whose truth, or whose need, nobody can know: what
//! the person read without a network before they force-quit the app, and badges that they allowed again while
//! no code of ours ran, until it did or a change is painted anyway ([`OnlyHere`](super::OnlyHere)). How long the icon was wrong
//! in such moments is told apart. Each client's own phone is asked, since only that phone can be
//! reached by it.
//!
//! **Stale** is a reachable moment in which the icon does not show the truth, too high or too low.
//! Anything else would need a weight, and a person who sees a wrong number has been lied to.
//!
//! **Time to clear** is measured for each fall of the truth that was caused on another device: how much
//! reachable time passes until the icon shows the truth as it is then. A fall that is not cleared by
//! the end of the run counts as cleared never, if the phone could have been reached after it.

use serde::Serialize;
use simphone::{Millis, Time};

/// What one client did on one phone, or on many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Time in which the phone could have been reached.
    pub reachable_ms: u64,
    /// … and the icon showed more than the truth.
    pub too_high_ms: u64,
    /// … and the icon showed less than the truth.
    pub too_low_ms: u64,
    /// Time in which it could have been reached by somebody who knew what nobody could know, and the icon
    /// did not show the truth. It is in none of the others.
    pub unknowable_ms: u64,
    /// How long each fall took that was cleared, in reachable milliseconds.
    #[serde(skip)]
    pub cleared_ms: Vec<u64>,
    /// Falls that were not cleared by the end, although the phone could have been reached.
    pub uncleared: u64,
    /// Times that the truth changed.
    pub changes: u64,
    /// Pushes that APNs took.
    pub pushes: u64,
    /// HTTPS requests that reached the servers.
    pub requests: u64,
    /// Times that iOS ran our code in the background, the extension included.
    pub wakes: u64,
}

impl Measured {
    /// Reachable time with a wrong number.
    pub fn stale_ms(&self) -> u64 {
        self.too_high_ms + self.too_low_ms
    }

    /// Adds another phone's.
    pub fn add(&mut self, other: Self) {
        self.reachable_ms += other.reachable_ms;
        self.too_high_ms += other.too_high_ms;
        self.too_low_ms += other.too_low_ms;
        self.unknowable_ms += other.unknowable_ms;
        self.cleared_ms.extend(other.cleared_ms);
        self.uncleared += other.uncleared;
        self.changes += other.changes;
        self.pushes += other.pushes;
        self.requests += other.requests;
        self.wakes += other.wakes;
    }

    /// The time to clear that so many thousandths of the falls do not exceed; none when that is
    /// never. The list must be in order.
    pub fn clear_ms(&self, per_mille: u64) -> Option<u64> {
        let cleared = self.cleared_ms.len() as u64;
        let all = cleared + self.uncleared;
        let place = (all * per_mille).div_ceil(1_000).max(1) - 1;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.cleared_ms.get(place).copied()
    }
}

/// What there is to see at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the icon shows.
    pub icon: u32,
    /// What it should show.
    pub truth: u32,
    /// Whether the phone could be reached.
    pub reachable: bool,
    /// Whether anybody but the phone can know the truth, and that the icon is to be made.
    pub known: bool,
}

/// Measures one client on one phone.
#[derive(Debug, Default)]
pub struct Meter {
    /// What was measured so far.
    pub measured: Measured,
    since: Time,
    seen: Seen,
    /// The reachable time at which each fall happened that the icon has not followed yet.
    falls: Vec<u64>,
}

impl Meter {
    /// From now on this is to be seen. What lasts for no time is not seen at all.
    pub fn look(&mut self, now: Time, seen: Seen) {
        self.pass(now);
        if seen.truth != self.seen.truth {
            self.measured.changes += 1;
        }
        self.seen = seen;
    }

    /// The truth falls now because of something that the person did on another device.
    pub fn falls_elsewhere(&mut self, now: Time) {
        self.pass(now);
        self.falls.push(self.measured.reachable_ms);
    }

    /// Nothing more happens until the end.
    pub fn end(mut self, now: Time) -> Measured {
        self.pass(now);
        let end = self.measured.reachable_ms;
        let left = self.falls.iter().filter(|from| **from < end).count();
        self.measured.uncleared += left as u64;
        self.measured
    }

    fn pass(&mut self, now: Time) {
        let Millis(length) = now.since(self.since);
        if length == 0 {
            return;
        }
        self.since = now;
        let Seen { icon, truth, .. } = self.seen;
        if icon == truth {
            let until = self.measured.reachable_ms;
            let cleared = self.falls.drain(..).map(|from| until - from);
            self.measured.cleared_ms.extend(cleared);
        }
        if self.seen.reachable && !self.seen.known {
            self.measured.unknowable_ms += if icon == truth { 0 } else { length };
        } else if self.seen.reachable {
            let measured = &mut self.measured;
            measured.reachable_ms += length;
            match icon.cmp(&truth) {
                std::cmp::Ordering::Greater => measured.too_high_ms += length,
                std::cmp::Ordering::Less => measured.too_low_ms += length,
                std::cmp::Ordering::Equal => {}
            }
        }
    }
}
