//! Bugs that are planted, to see whether the properties find them.

use std::{cell::Cell, fmt, str::FromStr};

use truebadge_engine::simulation::{self, Bug};
use truebadge_relay::faults::Fault;

thread_local! {
    static PLANTED: Cell<Planted> = const { Cell::new(Planted::Nothing) };
}

/// A bug.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Planted {
    /// None.
    #[default]
    Nothing,
    /// One of the phone's.
    Engine(Bug),
    /// One of the relay's.
    Relay(Fault),
}

/// The relay's mistakes that a phone can suffer from; `tests/conformance` looks for all of them.
const OF_THE_RELAY: &[(Fault, &str)] = &[
    (Fault::VersionReused, "version-reused"),
    (Fault::HeadLags, "head-lags"),
    (Fault::TotalsCountMuted, "totals-count-muted"),
    (Fault::ResetOmitsARow, "reset-omits-a-row"),
    (Fault::RemovedNotTold, "removed-not-told"),
    (Fault::NotAcknowledged, "not-acknowledged"),
    (Fault::SeenIgnored, "seen-ignored"),
    (Fault::MarkerFalls, "marker-falls"),
    (Fault::LateItemCounts, "late-item-counts"),
    (Fault::OnlyTheFirst, "only-the-first"),
    (Fault::ClaimsStay, "claims-stay"),
    (Fault::AlwaysSilent, "always-silent"),
];

/// The engine's that these runs cannot show, and why.
const NOT_HERE: &[(Bug, &str)] = &[
    (
        Bug::GenerationNotReadAgain,
        "it takes two threads, or two processes at the same instant",
    ),
    (Bug::OneRelayStopsAll, "there is one relay"),
    (
        Bug::ExtensionMigrates,
        "no store of an older version is made",
    ),
    (Bug::PendingForgotten, "the number is an estimate then"),
    (
        Bug::OldHistoryConfirms,
        "what a lost history confirmed is forgiven",
    ),
    (Bug::OutboxWaitsForTheApp, "not found in 3,000 seeds"),
    (Bug::SignOutNotFenced, "not found in 500 seeds"),
    (Bug::RemainingWins, "not found yet"),
    (Bug::BadgeAfterTheRows, "not found yet"),
    (Bug::AcknowledgementSettles, "not found yet"),
    (Bug::OverlayDroppedWhenAcknowledged, "not found yet"),
    (Bug::PauseNeverEnds, "not found yet"),
];

impl Planted {
    /// All that are looked for.
    pub fn all() -> Vec<Self> {
        let here = |bug: &Bug| NOT_HERE.iter().all(|(other, _)| other != bug);
        let engine = Bug::ALL.iter().copied().filter(here).map(Self::Engine);
        let relay = OF_THE_RELAY.iter().map(|(fault, _)| Self::Relay(*fault));
        engine.chain(relay).collect()
    }

    /// Plants it on this thread.
    pub fn plant(self) {
        PLANTED.set(self);
        simulation::plant(match self {
            Self::Engine(bug) => Some(bug),
            Self::Nothing | Self::Relay(_) => None,
        });
    }

    /// The relay's, if it is one.
    pub fn relay(self) -> Option<Fault> {
        match self {
            Self::Relay(fault) => Some(fault),
            Self::Nothing | Self::Engine(_) => None,
        }
    }

    /// The property that should find it.
    pub fn breaks(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Engine(bug) => bug.breaks(),
            Self::Relay(_) => "Relay",
        }
    }

    /// What it does.
    pub fn what(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Engine(bug) => bug.what(),
            Self::Relay(fault) => fault.what(),
        }
    }

    /// Where it was seen.
    pub fn source(self) -> Option<&'static str> {
        match self {
            Self::Engine(bug) => bug.source(),
            Self::Nothing | Self::Relay(_) => None,
        }
    }
}

/// Calls the engine's pure parts without the planted bug: what judges must not have it.
pub fn unplanted<T>(call: impl FnOnce() -> T) -> T {
    let planted = PLANTED.get();
    Planted::Nothing.plant();
    let value = call();
    planted.plant();
    value
}

/// Its name, as on a command line.
impl fmt::Display for Planted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.pad("none"),
            Self::Engine(bug) => bug.fmt(formatter),
            Self::Relay(fault) => {
                let named = OF_THE_RELAY.iter().find(|(known, _)| known == fault);
                formatter.pad(named.map_or("", |(_, name)| name))
            }
        }
    }
}

impl FromStr for Planted {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = |planted: &Self| planted.to_string() == name;
        let found = Self::all().into_iter().find(named);
        found.ok_or_else(|| format!("there is no bug {name}: `simulate planted --list` has them"))
    }
}
