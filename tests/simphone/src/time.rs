//! Virtual time: milliseconds that nobody's clock can set.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A moment: milliseconds since the model began. It only goes forwards; what a phone's wall clock
/// shows is another thing ([`Phone::wall`](crate::Phone::wall)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Time {
    /// When the model begins.
    pub const ZERO: Self = Self(0);
    /// Later than everything: no bound.
    pub const NEVER: Self = Self(u64::MAX);
    /// The Unix millisecond at which the model begins: 2026-11-02, midnight, a Monday.
    pub const EPOCH_UNIX_MS: u64 = 1_793_577_600_000;

    /// The same moment as a true Unix millisecond, as servers tell it.
    pub const fn unix_ms(self) -> u64 {
        Self::EPOCH_UNIX_MS.saturating_add(self.0)
    }

    /// The moment of a true Unix millisecond; the model's begin for all that came before.
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        Self(unix_ms.saturating_sub(Self::EPOCH_UNIX_MS))
    }

    /// How long ago `earlier` was; nothing when it is later.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// Days since the model began.
    pub const fn day(self) -> u64 {
        self.0 / Millis::days(1).0
    }
}

impl Millis {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// Longer than everything.
    pub const FOREVER: Self = Self(u64::MAX);

    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// So many hours.
    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours * 60)
    }

    /// So many days.
    pub const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }
}

impl Add<Millis> for Time {
    type Output = Self;

    fn add(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl AddAssign<Millis> for Time {
    fn add_assign(&mut self, length: Millis) {
        *self = *self + length;
    }
}

impl Sub<Millis> for Time {
    type Output = Self;

    fn sub(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}

impl Add for Millis {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// `2d 07:15:03.250`: readable in a timeline.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEVER {
            return f.write_str("never");
        }
        let (seconds, ms) = (self.0 / 1_000, self.0 % 1_000);
        let (minutes, hours) = (seconds / 60 % 60, seconds / 3_600 % 24);
        write!(
            f,
            "{}d {hours:02}:{minutes:02}:{:02}.{ms:03}",
            self.day(),
            seconds % 60
        )
    }
}

/// In the largest unit that is exact: `30 s`, `4 h`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "min"),
            (1_000, "s"),
        ];
        match (
            *self,
            UNITS.iter().find(|(unit, _)| self.0.is_multiple_of(*unit)),
        ) {
            (Self::FOREVER, _) => f.write_str("for ever"),
            (Self::ZERO, _) => f.write_str("0"),
            (_, Some((unit, name))) => write!(f, "{} {name}", self.0 / unit),
            (_, None) => write!(f, "{} ms", self.0),
        }
    }
}
