//! What is left to chance: how often, and how long. Integers only, so that a seed means the same
//! run on every machine.

use std::fmt;

use crate::time::Millis;

/// How often something happens, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(u16);

impl Chance {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It happens each time.
    pub const ALWAYS: Self = Self(1_000);

    /// So many times in a thousand; more than a thousand is always.
    pub const fn per_mille(times: u16) -> Self {
        Self(if times > 1_000 { 1_000 } else { times })
    }

    /// Whether it happens this time.
    pub fn happens(self, random: &mut fastrand::Rng) -> bool {
        // What is certain draws nothing, but what is possible always draws once.
        self.0 > 0 && (self.0 >= 1_000 || random.u16(..1_000) < self.0)
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("never"),
            1_000 => f.write_str("always"),
            times => write!(f, "{times} ‰"),
        }
    }
}

/// How long something takes: mostly near `least`, seldom near `most`. Half of all draws lie within
/// the first eighth of the way between them, and a draw is a quarter of the way on average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    /// The shortest.
    pub least: Millis,
    /// The longest.
    pub most: Millis,
}

impl Delay {
    /// No time at all.
    pub const NONE: Self = Self::exactly(Millis::ZERO);

    /// Always the same.
    pub const fn exactly(length: Millis) -> Self {
        Self::between(length, length)
    }

    /// From `least` to `most`.
    pub const fn between(least: Millis, most: Millis) -> Self {
        Self { least, most }
    }

    /// How long it takes this time.
    pub fn draw(self, random: &mut fastrand::Rng) -> Millis {
        let span = u128::from(self.most.0.saturating_sub(self.least.0));
        if span == 0 {
            return self.least;
        }
        let unit = u128::from(random.u32(..));
        let cube = (unit * unit * unit) >> 64; // u³ with u in [0, 1), in 2^-32
        let part = (span * cube) >> 32;
        // `part` is below `span`, which came from a u64.
        Millis(
            self.least
                .0
                .saturating_add(u64::try_from(part).unwrap_or(0)),
        )
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            write!(f, "{}", self.least)
        } else {
            write!(f, "{} to {}", self.least, self.most)
        }
    }
}
