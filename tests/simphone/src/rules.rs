//! Every rule of the model as a named parameter, with its source; presets set all of them.
//!
//! Numbers that Apple does not publish are marked [`Known::Guess`]: their order of magnitude is what
//! matters, and the presets span it.

mod apns;
mod background;
mod extension;
mod life;
mod parameter;
mod screen;

use std::fmt;
use std::str::FromStr;

pub use apns::ApnsRules;
pub use background::BackgroundRules;
pub use extension::ExtensionRules;
pub use life::LifeRules;
pub use parameter::{Known, Parameter};
pub use screen::ScreenRules;

/// How APNs and a phone behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// From a provider to a phone.
    pub apns: ApnsRules,
    /// When the app is woken in the background, and how often.
    pub background: BackgroundRules,
    /// Processes, suspension, restarts, the network, tokens.
    pub life: LifeRules,
    /// The notification service extension.
    pub extension: ExtensionRules,
    /// The icon's badge and Notification Centre.
    pub screen: ScreenRules,
}

/// A name for a whole set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    /// What Apple documents and others saw, with middling numbers where nobody knows.
    Documented,
    /// As bad as it may be without breaking what is documented; open questions are answered against
    /// us.
    Harsh,
    /// A phone on a good day.
    Kind,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Documented, Self::Harsh, Self::Kind];

    /// Its rules.
    pub fn rules(self) -> Rules {
        Rules {
            apns: ApnsRules::preset(self),
            background: BackgroundRules::preset(self),
            life: LifeRules::preset(self),
            extension: ExtensionRules::preset(self),
            screen: ScreenRules::preset(self),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Harsh => "harsh",
            Self::Kind => "kind",
        })
    }
}

/// Not the name of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchPreset;

impl fmt::Display for NoSuchPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a preset is one of: documented, harsh, kind")
    }
}

impl std::error::Error for NoSuchPreset {}

impl FromStr for Preset {
    type Err = NoSuchPreset;

    fn from_str(name: &str) -> Result<Self, NoSuchPreset> {
        let named = |preset: &Self| preset.to_string() == name;
        Self::ALL.into_iter().find(named).ok_or(NoSuchPreset)
    }
}

impl Rules {
    /// [`Preset::Documented`].
    pub fn documented() -> Self {
        Preset::Documented.rules()
    }

    /// [`Preset::Harsh`].
    pub fn harsh() -> Self {
        Preset::Harsh.rules()
    }

    /// [`Preset::Kind`].
    pub fn kind() -> Self {
        Preset::Kind.rules()
    }

    /// Answers every question that is open ([`Known::Open`]) by the toss of a coin: what is built on
    /// this model has to hold either way.
    pub fn toss_open_questions(&mut self, seed: u64) {
        let random = &mut fastrand::Rng::with_seed(seed);
        self.apns.toss(random);
        self.background.toss(random);
        self.life.toss(random);
        self.extension.toss(random);
        self.screen.toss(random);
    }

    /// Every parameter with its meaning, its source and what the presets set: for a table.
    pub fn parameters() -> Vec<Parameter> {
        [
            ApnsRules::parameters(),
            BackgroundRules::parameters(),
            LifeRules::parameters(),
            ExtensionRules::parameters(),
            ScreenRules::parameters(),
        ]
        .concat()
    }
}
