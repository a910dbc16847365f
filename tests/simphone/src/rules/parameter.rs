//! One definition per parameter: field, documentation, presets and the row of the table.

use std::fmt;

use crate::random::{Chance, Delay};
use crate::time::Millis;

/// How well a rule is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// Apple says so.
    Documented,
    /// Seen in other projects' code and issues.
    Field,
    /// To be tried on a real iPhone: either way must do.
    Open,
    /// Apple gives no number, or does not say; the value is ours.
    Guess,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Field => "field",
            Self::Open => "open",
            Self::Guess => "guess",
        })
    }
}

/// A parameter, as a row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `group.name`, as in [`Rules`](super::Rules).
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// The rules of docs/PLATFORM.md that it stands for; empty when none.
    pub rules: &'static str,
    /// How well it is known.
    pub known: Known,
    /// Where from.
    pub source: &'static str,
    /// Its values in the presets: documented, harsh, kind.
    pub values: [String; 3],
}

/// A value for a person; the largest numbers stand for no bound.
pub(super) fn shown(value: &impl fmt::Display) -> String {
    let text = value.to_string();
    let no_bound = text == u32::MAX.to_string() || text == u64::MAX.to_string();
    if no_bound { "any".to_owned() } else { text }
}

/// What the toss of a coin decides: only what is yes or no.
pub(super) trait Toss {
    fn toss(&mut self, random: &mut fastrand::Rng);
}

impl Toss for bool {
    fn toss(&mut self, random: &mut fastrand::Rng) {
        *self = random.bool();
    }
}

macro_rules! no_toss {
    ($($type:ty),*) => {
        $(impl Toss for $type {
            fn toss(&mut self, _: &mut fastrand::Rng) {}
        })*
    };
}

no_toss!(u32, u64, Chance, Delay, Millis);

/// Defines a group of parameters. Each one is
/// `name: Type = documented, harsh, kind; Known, "rules of PLATFORM.md", "source";`
/// under its documentation.
macro_rules! parameters {
    (
        $(#[$group_doc:meta])*
        $group:ident $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty = $documented:expr, $harsh:expr, $kind:expr;
                $known:ident, $rules:literal, $source:literal;
            )*
        }
    ) => {
        $(#[$group_doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::struct_excessive_bools)] // one for each rule that is a yes or a no
        pub struct $name {
            $(
                $(#[doc = $doc])+
                ///
                #[doc = concat!(
                    "Known: ", stringify!($known), ". Rule of docs/PLATFORM.md: ", $rules,
                    ". Source: ", $source, ". Documented `", stringify!($documented),
                    "`, harsh `", stringify!($harsh), "`, kind `", stringify!($kind), "`."
                )]
                pub $field: $type,
            )*
        }

        impl $name {
            /// What a preset sets.
            pub(super) fn preset(preset: $crate::rules::Preset) -> Self {
                use $crate::rules::Preset;
                Self {
                    $(
                        $field: match preset {
                            Preset::Documented => $documented,
                            Preset::Harsh => $harsh,
                            Preset::Kind => $kind,
                        },
                    )*
                }
            }

            /// Tosses a coin for each open question.
            pub(super) fn toss(&mut self, random: &mut fastrand::Rng) {
                use $crate::rules::parameter::{Known, Toss as _};
                $(
                    if Known::$known == Known::Open {
                        self.$field.toss(random);
                    }
                )*
            }

            /// The rows of this group.
            pub(super) fn parameters() -> Vec<$crate::rules::Parameter> {
                use $crate::rules::parameter::shown;
                use $crate::rules::{Known, Parameter, Preset};
                let presets = Preset::ALL.map(Self::preset);
                vec![
                    $(
                        Parameter {
                            name: concat!(stringify!($group), ".", stringify!($field)).to_owned(),
                            meaning: concat!($($doc),+).trim().to_owned(),
                            rules: $rules,
                            known: Known::$known,
                            source: $source,
                            values: presets.each_ref().map(|rules| shown(&rules.$field)),
                        },
                    )*
                ]
            }
        }
    };
}

pub(super) use parameters;
