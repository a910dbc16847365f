//! Which push to send to a device, and when. Pure: the time and all that is known of the device are
//! arguments.
//!
//! | what happened | what is sent |
//! |---|---|
//! | the badge rose | silent, within the budget; painted where silent pushes cannot arrive |
//! | the badge fell | painted; silent where the receipts show that silent pushes arrive |
//! | a fall that is not acknowledged | painted again, after each of [`Rules::escalation`] |
//! | the number is the same, but not what it counts | silent, within the budget, or nothing |
//! | nothing that can be sent now, a budget that will free | wait for it |

use std::time::Duration;

use truebadge_protocol::messages::Conditions;

use crate::faults::{self, Fault};

/// How a push reaches a phone; `docs/PROTOCOL.md` has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Wakes the app, if iOS lets it; nothing is shown.
    Silent,
    /// iOS sets the number by itself.
    Painted,
    /// iOS shows a notification; the extension runs.
    Alert,
}

impl Lane {
    /// Its name, as the store and the logs have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Painted => "painted",
            Self::Alert => "alert",
        }
    }
}

/// Which lanes may be chosen. Anything but `Auto` is for diagnosis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lanes {
    /// By conditions and receipts.
    #[default]
    Auto,
    /// Every push silent, without a budget.
    Silent,
    /// The first push of a change silent, without a budget; repeats as `auto` has them.
    SilentFirst,
    /// Every push painted, where the device can be painted at all.
    Painted,
}

/// What the operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Which lanes may be chosen.
    pub lanes: Lanes,
    /// A burst is over when nothing changed for so long.
    pub quiet: Duration,
    /// A burst is cut off after so long.
    pub burst: Duration,
    /// When a fall of the badge that is not acknowledged is sent again: each counts from the push
    /// before. After the last it rests until the next change.
    pub escalation: Vec<Duration>,
    /// Silent pushes to a device in an hour. Apple advises two or three.
    pub silent_an_hour: usize,
    /// Silent pushes arrive when the last so many were all acknowledged.
    pub trusted_after: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            lanes: Lanes::Auto,
            quiet: Duration::from_millis(300),
            burst: Duration::from_secs(2),
            escalation: [60, 600, 7200].map(Duration::from_secs).to_vec(),
            silent_an_hour: 3,
            trusted_after: 3,
        }
    }
}

impl Rules {
    /// When a change at `now` is to be pushed, in a burst that began at `began`. Unix milliseconds.
    pub fn due(&self, now: u64, began: u64) -> u64 {
        (now + millis(self.quiet)).min(began + millis(self.burst))
    }

    /// When a fall that was sent at `now`, after `repeats` repeats, is sent again.
    pub fn repeat(&self, now: u64, repeats: usize) -> Option<u64> {
        let escalation = self.escalation.get(repeats);
        let escalation = escalation.filter(|_| !faults::is(Fault::NeverEscalates));
        escalation.map(|wait| now + millis(*wait))
    }
}

/// A silent push that APNs accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilentPush {
    /// When it was sent, Unix milliseconds.
    pub sent_at: u64,
    /// The device named it in its receipts.
    pub received: bool,
}

/// Why a device is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Something changed.
    Change,
    /// Something changed, and an earlier fall of the badge is not acknowledged yet.
    ChangeWhileOwed,
    /// A fall of the badge was sent some time ago and is not acknowledged.
    Repeat,
}

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Unix milliseconds.
    pub now: u64,
    /// The badge that the device was last told.
    pub told: u32,
    /// The badge that is true.
    pub current: u32,
    /// What the device was last told differs from the truth, whatever its badge shows.
    pub differs: bool,
    /// Why the device is looked at.
    pub cause: Cause,
    /// What the phone's settings let through.
    pub conditions: Conditions,
    /// A painted number would be the whole app's.
    pub whole_app: bool,
    /// The newest silent pushes to the phone, newest first.
    pub silent: &'a [SilentPush],
}

/// What to do about a device now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send on this lane. `fall`: it must be acknowledged, or be sent again.
    Send {
        /// The lane.
        lane: Lane,
        /// The badge falls, or an earlier fall is still owed.
        fall: bool,
    },
    /// Nothing can be sent before this Unix millisecond.
    Later(u64),
    /// Nothing to send, or no way to send it: the device learns of it when it syncs.
    Rest,
}

/// Chooses the lane.
pub fn plan(rules: &Rules, situation: &Situation<'_>) -> Decision {
    let repeat = situation.cause == Cause::Repeat;
    let fall = situation.current < situation.told || situation.cause != Cause::Change;
    if !(situation.differs || repeat) {
        return Decision::Rest;
    }
    let rise = situation.current > situation.told;
    let send = |lane| Decision::Send { lane, fall };
    match rules.lanes {
        _ if faults::is(Fault::AlwaysSilent) => return send(Lane::Silent),
        Lanes::Silent => return send(Lane::Silent),
        Lanes::SilentFirst if !repeat => return send(Lane::Silent),
        Lanes::Painted if may_paint(situation) => return send(Lane::Painted),
        _ => {}
    }
    let silent = silent(rules, situation);
    let paint = may_paint(situation);
    let trusted = !repeat && silent_arrives(rules, situation);
    match silent {
        Silent::Now if !fall || trusted || !paint => send(Lane::Silent),
        _ if paint && (fall || rise) => send(Lane::Painted),
        Silent::From(time) if fall || rise => Decision::Later(time),
        Silent::Now | Silent::From(_) | Silent::Never => Decision::Rest,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silent {
    Now,
    From(u64),
    Never,
}

/// Apple: without Background App Refresh no background push starts the app; in Low Power Mode
/// count on none.
fn silent(rules: &Rules, situation: &Situation<'_>) -> Silent {
    if !situation.conditions.background_refresh || situation.conditions.low_power_mode {
        return Silent::Never;
    }
    let recent = situation
        .silent
        .iter()
        .filter(|push| push.sent_at + HOUR > situation.now);
    if recent.clone().count() < rules.silent_an_hour {
        return Silent::Now;
    }
    // It frees when the oldest of the newest `silent_an_hour` is an hour old.
    rules
        .silent_an_hour
        .checked_sub(1)
        .and_then(|last| recent.clone().nth(last))
        .map_or(Silent::Never, |oldest| Silent::From(oldest.sent_at + HOUR))
}

fn silent_arrives(rules: &Rules, situation: &Situation<'_>) -> bool {
    let last = situation.silent.iter().take(rules.trusted_after);
    last.clone().count() == rules.trusted_after && last.clone().all(|push| push.received)
}

fn may_paint(situation: &Situation<'_>) -> bool {
    let allowed = situation.conditions.badges_allowed || faults::is(Fault::PaintsUnasked);
    situation.whole_app && allowed
}

const HOUR: u64 = 3_600_000;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4)
}
