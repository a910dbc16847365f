//! Which push to send to a device, and when. Pure: the time and all that is known of the device are
//! arguments.
//!
//! | what happened | iOS can be told the number | what is sent | again, while not acknowledged |
//! |---|---|---|---|
//! | the badge changed | yes | painted | painted, after each wait of [`Repeats`] |
//! | it changed | no | silent, within the budget; otherwise it waits for the budget | silent, after each as above, but the last of the budget is kept for a change |
//! | the number is the same, but not what it counts | – | silent, within the budget, or nothing | – |
//! | an answer told it, and is not confirmed | – | as after a change, but not before [`unconfirmed_at`] | as above |
//! | the phone knows it, but a push that tells another number may still arrive | yes | painted, once that has arrived or never will ([`corrected_at`]) | – |
//! | anything, and no lane can reach the phone | no | nothing: it learns of it when it syncs | – |
//!
//! A push that will be sent again asks the phone to acknowledge it. After its last repeat it rests until
//! the next change.

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
    /// By conditions.
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
    /// When what is not acknowledged is sent again.
    pub repeats: Repeats,
    /// Silent pushes to a phone in an hour. Apple advises two or three.
    pub silent_an_hour: usize,
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
            repeats: Repeats::Adaptive,
            silent_an_hour: 3,
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

    /// When what was sent at `now` on `lane` is sent again, if it is, to a phone that acknowledges like
    /// this.
    pub fn again(&self, now: u64, owed: Owed, lane: Lane, answers: Option<Answers>) -> Option<u64> {
        let wait = self.repeats.wait(owed.repeats, lane, answers);
        let wait = wait.filter(|_| !faults::is(Fault::NeverEscalates));
        wait.map(|wait| now + millis(wait))
    }
}

/// How soon a phone tells that a push came, over the last ones of which it told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// Half of them came within this time.
    pub median: Duration,
    /// Nine of ten came within this time.
    pub slow: Duration,
}

impl Answers {
    /// Over so many.
    pub const KEPT: usize = 32;

    /// From the time that each took. None without any.
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        Some(Self {
            median: *times.get(times.len() / 2)?,
            slow: *times.get(times.len() * 9 / 10)?,
        })
    }
}

/// The waits before a push that is not acknowledged is sent again, each from the push before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Repeats {
    /// By how soon the phone acknowledges, as TCP retransmits by the round trips that it saw (RFC 6298).
    ///
    /// The extension acknowledges nearly every alert that comes. So one that is not acknowledged is sent
    /// again once nine of ten acknowledgements would have been here, but after no more than six times the
    /// median; between 4 s and 90 s. For a painted number iOS often wakes nobody who could acknowledge it,
    /// so a longer wait tells less: three and a half times the median, between 4 s and a minute. Half a minute
    /// where the phone never acknowledged.
    ///
    /// The second wait is six times that of a painted number, the third and the fourth are 120 and 1,200 times
    /// as long; two hours at most. Each repeat that nothing came of makes it likelier that the phone has what
    /// it needs and cannot say so.
    #[default]
    Adaptive,
    /// These.
    After(Vec<Duration>),
}

impl Repeats {
    fn wait(&self, repeats: usize, lane: Lane, answers: Option<Answers>) -> Option<Duration> {
        match self {
            Self::After(waits) => waits.get(repeats).copied(),
            Self::Adaptive => {
                let first = answers.map_or(FIRST_UNKNOWN, |answers| match (lane, repeats) {
                    (Lane::Alert, 0) => answers
                        .slow
                        .min(answers.median.saturating_mul(6))
                        .clamp(FIRST_AT_LEAST, ALERT_AT_MOST),
                    _ => answers
                        .median
                        .saturating_mul(7)
                        .div_f64(2.0)
                        .clamp(FIRST_AT_LEAST, FIRST_AT_MOST),
                });
                let growth = GROWTH.get(repeats)?;
                Some(first.saturating_mul(*growth).min(WAIT_AT_MOST))
            }
        }
    }
}

const FIRST_AT_LEAST: Duration = Duration::from_secs(4);
const FIRST_AT_MOST: Duration = Duration::from_mins(1);
const ALERT_AT_MOST: Duration = Duration::from_secs(90);
const FIRST_UNKNOWN: Duration = Duration::from_secs(30);
const WAIT_AT_MOST: Duration = Duration::from_hours(2);
/// One for each repeat.
const GROWTH: [u32; 4] = [1, 6, 120, 1_200];

/// A push that iOS paints another number from than is true now, and that the phone has not named in its
/// receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misleading {
    /// When it was sent, Unix milliseconds.
    pub sent_at: u64,
    /// None was sent after it, so APNs may have stored it for a phone that was away.
    pub newest: bool,
}

/// When the number is to be painted once more although the phone knows it: once none of these pushes is on
/// its way any more. The newest one may also be stored by APNs, for as long as the phone has no connection
/// to it: then another one takes its place there.
pub fn corrected_at(now: u64, pushes: &[Misleading], answers: Option<Answers>) -> Option<u64> {
    let late = late(answers);
    let at = |push: &Misleading| {
        let arrived = push.sent_at.saturating_add(late);
        if arrived > now {
            Some(arrived)
        } else {
            // The person may read on, and each read would be another push.
            push.newest.then(|| now + millis(READS_ON))
        }
    };
    pushes.iter().filter_map(at).max()
}

/// When a change of which the first was at `began` is pushed, although an answer told the phone of it: it
/// has not confirmed that answer by then.
pub fn unconfirmed_at(began: u64, answers: Option<Answers>) -> u64 {
    began.saturating_add(late(answers))
}

/// After so many milliseconds something sent has arrived, or never will.
fn late(answers: Option<Answers>) -> u64 {
    millis(answers.map_or(LATE_UNKNOWN, |answers| {
        answers
            .median
            .saturating_mul(8)
            .clamp(LATE_AT_LEAST, LATE_AT_MOST)
    }))
}

const LATE_AT_LEAST: Duration = Duration::from_secs(10);
const LATE_AT_MOST: Duration = Duration::from_mins(2);
const LATE_UNKNOWN: Duration = Duration::from_mins(1);
const READS_ON: Duration = Duration::from_secs(30);

/// A push that was sent and is not acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Owed {
    /// How often it was sent again.
    pub repeats: usize,
}

impl Situation<'_> {
    /// The badge may show another number.
    fn moves(&self) -> bool {
        self.told != Some(self.current)
            || self.perhaps_told.iter().any(|told| self.current != *told)
    }
}

impl Owed {
    /// Sent for the first time.
    pub const FIRST: Self = Self { repeats: 0 };

    const fn repeated(self) -> Self {
        Self {
            repeats: self.repeats + 1,
        }
    }
}

/// All that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Unix milliseconds.
    pub now: u64,
    /// The badge that the device was last told. None when an answer told it something else since, of which
    /// nobody knows whether it arrived.
    pub told: Option<u32>,
    /// The badges of newer pushes, of which nobody knows whether they arrived.
    pub perhaps_told: &'a [u32],
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
    /// When the newest silent pushes to the phone were sent, newest first: Unix milliseconds. Those of
    /// which nobody knows whether APNs took them are among them.
    pub silent: &'a [u64],
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
    /// Nothing to send, or no way to send it: the device learns of it when it syncs. What is owed goes on,
    /// or rests until the next change.
    Rest(Option<Owed>),
}

/// Chooses the lane.
pub fn plan(rules: &Rules, situation: &Situation<'_>) -> Decision {
    if situation.fresh && !situation.differs {
        // A burst that ended where it began. It ends no repeats.
        return Decision::Rest(situation.owed);
    }
    let send = |lane| Decision::Send {
        lane,
        owed: owed_after(situation),
    };
    let can_paint = may_paint(situation);
    match rules.lanes {
        _ if faults::is(Fault::AlwaysSilent) => return send(Lane::Silent),
        Lanes::Silent => return send(Lane::Silent),
        Lanes::SilentFirst if situation.fresh => return send(Lane::Silent),
        Lanes::Painted if can_paint => return send(Lane::Painted),
        _ => {}
    }
    let matters = situation.moves() || situation.owed.is_some();
    match silent(rules, situation) {
        _ if can_paint && matters => send(Lane::Painted),
        Silent::Now => send(Lane::Silent),
        Silent::From(time) if matters => Decision::Later(time),
        Silent::From(_) | Silent::Never => Decision::Rest(None),
    }
}

/// What is owed once a push was sent.
pub fn owed_after(situation: &Situation<'_>) -> Option<Owed> {
    match situation.owed {
        Some(owed) if !situation.fresh => Some(owed.repeated()),
        None if !situation.moves() => None,
        Some(_) | None => Some(Owed::FIRST),
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
    let recent = |sent_at: &&u64| **sent_at + HOUR > situation.now;
    // It frees when the oldest of the newest `most` is an hour old.
    match situation.silent.iter().filter(recent).nth(last) {
        None => Silent::Now,
        Some(oldest) => Silent::From(oldest + HOUR),
    }
}

fn may_paint(situation: &Situation<'_>) -> bool {
    let allowed = situation.conditions.badges_allowed || faults::is(Fault::PaintsUnasked);
    situation.whole_app && allowed
}

const HOUR: u64 = 3_600_000;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4)
}
