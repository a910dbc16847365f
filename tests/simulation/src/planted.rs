//! Bugs that are planted, to see whether the properties find them.

use std::{cell::Cell, fmt, str::FromStr};

use clap::ValueEnum as _;
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

/// The relay's mistakes that these runs show; `tests/conformance` looks for all that an answer or a
/// push shows.
const OF_THE_RELAY: &[Fault] = &[
    Fault::VersionReused,
    Fault::HeadLags,
    Fault::TotalsCountMuted,
    Fault::ResetOmitsARow,
    Fault::RemovedNotTold,
    Fault::NotAcknowledged,
    Fault::SeenIgnored,
    Fault::MarkerFalls,
    Fault::LateItemCounts,
    Fault::OnlyTheFirst,
    Fault::ClaimsStay,
    Fault::AlwaysSilent,
    Fault::ReplayApplied,
    Fault::ClaimsForgotten,
    Fault::NeverEscalates,
    Fault::PauseForGood,
    Fault::CounterStands,
    Fault::PushTotalsLag,
    Fault::PushForgetsOperations,
];

/// The engine's that these runs do not show, or have not yet.
const NOT_FOUND: &[(Bug, &str)] = &[
    (Bug::OneRelayStopsAll, "there is one relay"),
    (
        Bug::ExtensionMigrates,
        "no store of an older version is made",
    ),
    (
        Bug::OldHistoryConfirms,
        "what a lost history confirmed is forgiven",
    ),
];

impl Planted {
    /// All that there are.
    pub fn all() -> Vec<Self> {
        let engine = Bug::ALL.iter().copied().map(Self::Engine);
        engine
            .chain(Fault::ALL.iter().copied().map(Self::Relay))
            .collect()
    }

    /// Those that these runs find.
    pub fn looked_for() -> Vec<Self> {
        let mut all = Self::all();
        all.retain(|bug| bug.not_looked_for().is_none());
        all
    }

    /// Why it is not among those.
    pub fn not_looked_for(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Engine(bug) => {
                let why = NOT_FOUND.iter().find(|(other, _)| *other == bug);
                why.map(|(_, why)| *why)
            }
            Self::Relay(fault) if OF_THE_RELAY.contains(&fault) => None,
            Self::Relay(_) => {
                Some("tests/conformance finds it, or no phone is known to suffer from it")
            }
        }
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
                let named = fault.to_possible_value();
                formatter.pad(named.as_ref().map_or("", |named| named.get_name()))
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
