//! Which push to send to a device, and when. Pure: the time and all that is known of the device are
//! arguments.
//!
//! | what happened | iOS can be told the number | what is sent | again, while not acknowledged |
//! |---|---|---|---|
//! | the badge fell | yes | painted | painted, after each of [`Rules::escalation`] |
//! | the badge rose | yes | painted | painted, after each of [`Rules::reminders`] |
//! | it fell or rose, and receipts show that silent pushes arrive in time | yes | silent, within the budget | painted, after each of [`Rules::escalation`] |
//! | it fell or rose | no | silent, within the budget; otherwise it waits for the budget | silent, after each as above, but the last of the budget is kept for a change |
//! | it rose while a fall is not acknowledged | as above | as above | the next of the fall's repeats |
//! | the number is the same, but not what it counts | – | silent, within the budget, or nothing | – |
//! | anything, and no lane can reach the phone | no | nothing: it learns of it when it syncs | – |
//!
//! After its last repeat a push rests until the next change.

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
    /// A burst is cut off after so long. A change with no push in so long before it is no burst, and
    /// waits for nothing.
    pub burst: Duration,
    /// When a fall of the badge that is not acknowledged is sent again: each counts from the push
    /// before. After the last it rests until the next change.
    pub escalation: Vec<Duration>,
    /// The same for a rise. It shows too little for a while, which is the lesser evil, and there are
    /// many more of them: the first waits until most of them were followed by another push anyway.
    pub reminders: Vec<Duration>,
    /// Silent pushes to a phone in an hour. Apple advises two or three.
    pub silent_an_hour: usize,
    /// Silent pushes arrive when the last so many were all acknowledged in time.
    pub trusted_after: usize,
    /// In time: so long after they were sent. Receipts come with requests that are made anyway, so a
    /// later one does not show when the push arrived.
    pub in_time: Duration,
    /// A push token that APNs does not know in the environment of its registration is tried in the
    /// other one. False where one service answers for both.
    pub other_environment: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            lanes: Lanes::Auto,
            quiet: Duration::from_millis(300),
            burst: Duration::from_secs(2),
            escalation: [60, 600, 7200].map(Duration::from_secs).to_vec(),
            reminders: [1800, 7200].map(Duration::from_secs).to_vec(),
            silent_an_hour: 3,
            trusted_after: 3,
            in_time: Duration::from_mins(1),
            other_environment: true,
        }
    }
}

impl Rules {
    /// When a change at `now` is to be pushed: in a burst that began at `began`, or as the first
    /// after the device was last pushed to at `pushed`. Unix milliseconds.
    pub fn due(&self, now: u64, began: Option<u64>, pushed: Option<u64>) -> u64 {
        let burst = millis(self.burst);
        let quiet = |pushed: u64| pushed > now || now - pushed >= burst;
        if began.is_none() && pushed.is_none_or(quiet) {
            return now;
        }
        (now + millis(self.quiet)).min(began.unwrap_or(now) + burst)
    }

    /// When what was sent at `now` is sent again, if it is.
    pub fn again(&self, now: u64, owed: Owed) -> Option<u64> {
        let waits = match owed.pace {
            Pace::Urgent => &self.escalation,
            Pace::Calm => &self.reminders,
        };
        let wait = waits.get(owed.repeats);
        let wait = wait.filter(|_| !faults::is(Fault::NeverEscalates));
        wait.map(|wait| now + millis(*wait))
    }
}

/// How soon a push that is not acknowledged is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pace {
    /// After each of [`Rules::escalation`].
    Urgent,
    /// After each of [`Rules::reminders`].
    Calm,
}

/// A push that was sent and is not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owed {
    /// How soon it is sent again.
    pub pace: Pace,
    /// How often it was sent again.
    pub repeats: usize,
}

impl Situation<'_> {
    /// The badge may show more than is true.
    fn falls(&self) -> bool {
        self.current < self.told || self.perhaps_told.is_some_and(|told| self.current < told)
    }

    /// The badge may show another number.
    fn moves(&self) -> bool {
        self.current != self.told || self.perhaps_told.is_some_and(|told| self.current != told)
    }
}

impl Owed {
    /// Sent for the first time.
    pub const fn first(pace: Pace) -> Self {
        Self { pace, repeats: 0 }
    }

    const fn repeated(self) -> Self {
        Self {
            repeats: self.repeats + 1,
            ..self
        }
    }
}

/// A silent push that APNs took, or may have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilentPush {
    /// When it was sent, Unix milliseconds.
    pub sent_at: u64,
    /// When the device named it in its receipts.
    pub received_at: Option<u64>,
}

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Unix milliseconds.
    pub now: u64,
    /// The badge that the device was last told.
    pub told: u32,
    /// The badge of a newer push, of which nobody knows whether it arrived.
    pub perhaps_told: Option<u32>,
    /// The badge that is true.
    pub current: u32,
    /// What the device was last told, or may have been, differs from the truth, whatever its badge
    /// shows.
    pub differs: bool,
    /// Something changed since the last push; otherwise it is time for a repeat.
    pub fresh: bool,
    /// What was sent and is not acknowledged.
    pub owed: Option<Owed>,
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
    /// Send on this lane.
    Send {
        /// The lane.
        lane: Lane,
        /// What is owed from then on.
        owed: Option<Owed>,
    },
    /// Nothing can be sent before this Unix millisecond, and then the same is decided again.
    Later(u64),
    /// Nothing to send, or no way to send it: the device learns of it when it syncs. What is owed
    /// goes on at this Unix millisecond, or rests until the next change.
    Rest(Option<u64>),
}

/// Chooses the lane.
pub fn plan(rules: &Rules, situation: &Situation<'_>) -> Decision {
    if situation.fresh && !situation.differs {
        // A burst that ended where it began. It ends no repeats.
        let again = situation
            .owed
            .and_then(|owed| rules.again(situation.now, owed));
        return Decision::Rest(again);
    }
    let send = |lane, pace| Decision::Send {
        lane,
        owed: owed_after(rules, situation, pace),
    };
    let paint = may_paint(situation);
    match rules.lanes {
        _ if faults::is(Fault::AlwaysSilent) => return send(Lane::Silent, Pace::Calm),
        Lanes::Silent => return send(Lane::Silent, Pace::Calm),
        Lanes::SilentFirst if situation.fresh => return send(Lane::Silent, Pace::Calm),
        Lanes::Painted if paint => return send(Lane::Painted, Pace::Calm),
        _ => {}
    }
    let matters = situation.moves() || situation.owed.is_some();
    let paint = paint && matters;
    match silent(rules, situation) {
        Silent::Now if !paint => send(Lane::Silent, Pace::Calm),
        Silent::Now if situation.fresh && silent_arrives(rules, situation) => {
            send(Lane::Silent, Pace::Urgent)
        }
        _ if paint => send(Lane::Painted, Pace::Calm),
        Silent::From(time) if matters => Decision::Later(time),
        Silent::Now | Silent::From(_) | Silent::Never => Decision::Rest(None),
    }
}

/// What is owed once a push was sent; `rise` is how soon a rise is sent again.
pub fn owed_after(rules: &Rules, situation: &Situation<'_>, rise: Pace) -> Option<Owed> {
    match situation.owed {
        Some(owed) if !situation.fresh => Some(owed.repeated()),
        _ if situation.falls() => Some(Owed::first(Pace::Urgent)),
        // It carries the fall: otherwise "3, 0 (lost), 1" would leave the phone at 3.
        Some(owed) if owed.pace == Pace::Urgent && rules.again(0, owed.repeated()).is_some() => {
            Some(owed.repeated())
        }
        None if !situation.moves() => None,
        Some(_) | None => Some(Owed::first(rise)),
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
    // The last one of an hour is for something new, unless it is the only one.
    let most = match rules.silent_an_hour {
        several @ 2.. if !situation.fresh => several - 1,
        all => all,
    };
    let Some(last) = most.checked_sub(1) else {
        return Silent::Never;
    };
    let recent = |push: &&SilentPush| push.sent_at + HOUR > situation.now;
    // It frees when the oldest of the newest `most` is an hour old.
    match situation.silent.iter().filter(recent).nth(last) {
        None => Silent::Now,
        Some(oldest) => Silent::From(oldest.sent_at + HOUR),
    }
}

fn silent_arrives(rules: &Rules, situation: &Situation<'_>) -> bool {
    let in_time = |push: &SilentPush| {
        push.received_at
            .is_some_and(|at| at <= push.sent_at + millis(rules.in_time))
    };
    let last = situation.silent.get(..rules.trusted_after);
    last.is_some_and(|last| last.iter().all(in_time))
}

fn may_paint(situation: &Situation<'_>) -> bool {
    let allowed = situation.conditions.badges_allowed || faults::is(Fault::PaintsUnasked);
    situation.whole_app && allowed
}

const HOUR: u64 = 3_600_000;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4)
}
