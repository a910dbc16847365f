//! Stale minutes: how long a badge is wrong, for four clients that live the same weeks.
//!
//! `workload` tells what happens, `meter` what is measured. The clients:
//!
//! | client | what it does |
//! |---|---|
//! | [`Client::SilentOnly`] | what the complaint is about: `simple` |
//! | [`Client::PaintOnce`] | what a push gateway like Matrix's does: `simple` |
//! | [`Client::TrueBadge`] | the real engine and the real relay: `truebadge` |
//! | [`Client::Limit`] | what nobody can do better: `limit` |

mod account;
mod limit;
mod meter;
mod only_here;
mod phone;
mod plot;
mod report;
mod simple;
mod truebadge;
mod workload;

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use simphone::{Delay, Millis, Preset, Rules};

pub use account::Account;
pub use meter::{Measured, Meter, Seen};
pub use only_here::OnlyHere;
pub(crate) use phone::{in_background, is_reachable};
pub use plot::svg;
pub use report::{Report, Row, csv, duration, ratio};
pub use workload::{CONVERSATIONS, Event, Person, Script, Traffic, Workload};

use crate::{ground::Ground, plan::mix};

/// Who keeps the badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// Alerts carry the number; everything else is told with silent pushes.
    SilentOnly,
    /// Each change is painted once.
    PaintOnce,
    /// The real engine and the real relay.
    TrueBadge,
    /// What nobody can do better.
    Limit,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::SilentOnly,
        Self::PaintOnce,
        Self::TrueBadge,
        Self::Limit,
    ];
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SilentOnly => "silent-only",
            Self::PaintOnce => "paint-once",
            Self::TrueBadge => "truebadge",
            Self::Limit => "limit",
        })
    }
}

/// Not the name of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchClient;

impl fmt::Display for NoSuchClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client is one of: silent-only, paint-once, truebadge, limit")
    }
}

impl std::error::Error for NoSuchClient {}

impl FromStr for Client {
    type Err = NoSuchClient;

    fn from_str(name: &str) -> Result<Self, NoSuchClient> {
        let named = |client: &Self| client.to_string() == name;
        Self::ALL.into_iter().find(named).ok_or(NoSuchClient)
    }
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Everything that is left to chance follows from it.
    pub seed: u64,
    /// How many phones.
    pub phones: u32,
    /// For how many days each.
    pub days: u64,
    /// How APNs and iOS behave.
    pub presets: Vec<Preset>,
    /// Who keeps the badge.
    pub clients: Vec<Client>,
    /// On how many threads. It changes nothing but the time that it takes.
    pub jobs: usize,
}

/// What one client did on each phone.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How APNs and iOS behaved.
    pub preset: Preset,
    /// Who kept the badge.
    pub client: Client,
    /// By the phones' places.
    pub phones: Vec<Measured>,
}

/// A client could not be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl Measurement {
    /// Measures. `progress` is told about five times a second how many lives were lived, and of how
    /// many; `stop` ends it early, with nothing.
    pub fn run(
        &self,
        stop: &AtomicBool,
        mut progress: impl FnMut(u32, u32),
    ) -> Result<Option<Vec<Outcome>>, Failed> {
        let runs = self
            .presets
            .iter()
            .flat_map(|preset| self.clients.iter().map(move |client| (*preset, *client)));
        let runs: Vec<(Preset, Client)> = runs.collect();
        let all = self.phones * u32::try_from(runs.len()).unwrap_or(u32::MAX);
        let mut outcomes = Vec::new();
        for (place, (preset, client)) in (0..).zip(runs) {
            let before = self.phones * place;
            let phones = self.all_phones(preset, client, stop, |done| progress(before + done, all));
            let Some(phones) = phones? else {
                return Ok(None);
            };
            outcomes.push(Outcome {
                preset,
                client,
                phones,
            });
        }
        Ok(Some(outcomes))
    }

    fn all_phones(
        &self,
        preset: Preset,
        client: Client,
        stop: &AtomicBool,
        mut progress: impl FnMut(u32),
    ) -> Result<Option<Vec<Measured>>, Failed> {
        let rules = Arc::new(preset.rules());
        let workload = Workload::new(self.seed, self.days);
        let (next, done) = (AtomicU32::new(0), AtomicU32::new(0));
        // By place, so that it does not matter which thread was faster.
        let results = Mutex::new(vec![None; self.phones as usize]);
        thread::scope(|scope| {
            let worker = || {
                while !stop.load(Ordering::Relaxed) {
                    let phone = next.fetch_add(1, Ordering::Relaxed);
                    if phone >= self.phones {
                        break;
                    }
                    let result = self.one_phone(&rules, &workload, client, phone);
                    let mut all = results.lock().unwrap_or_else(PoisonError::into_inner);
                    all[phone as usize] = Some(result);
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ground::remove();
            };
            let workers: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                progress(done.load(Ordering::Relaxed));
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results
            .into_iter()
            .map(Option::transpose)
            .collect::<Result<Option<Vec<_>>, _>>()
            .map_err(|error: Failed| error)
    }

    /// The same phone, with the same seeds, for each client.
    fn one_phone(
        &self,
        rules: &Arc<Rules>,
        workload: &Workload,
        client: Client,
        phone: u32,
    ) -> Result<Measured, Failed> {
        let script = workload.script(phone);
        let seeds = Seeds::of(self.seed, phone);
        let end = workload.end();
        match client {
            Client::SilentOnly | Client::PaintOnce => {
                Ok(simple::live(client, rules, seeds, &script, end))
            }
            Client::Limit => Ok(limit::live(rules, seeds, &script, end)),
            Client::TrueBadge => truebadge::live(rules, seeds, &script, end)
                .map_err(|what| Failed(format!("phone {phone} of seed {}: {what}", self.seed))),
        }
    }
}

/// How long a request takes to the servers, and an answer back.
pub(crate) const ONE_WAY: Delay = Delay::between(Millis(30), Millis(1_500));

/// What is left to chance on one phone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds {
    /// For the phone.
    pub(crate) phone: u64,
    /// For APNs.
    pub(crate) apns: u64,
    /// For the rest.
    pub(crate) client: u64,
}

impl Seeds {
    fn of(seed: u64, phone: u32) -> Self {
        let own = mix(seed, (1 << 43) + u64::from(phone));
        Self {
            phone: mix(own, 0),
            apns: mix(own, 1),
            client: mix(own, 2),
        }
    }
}
