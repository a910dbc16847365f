//! Which request comes next, and what an answer means. No I/O, no clock.
//!
//! [`Session`] is one flight for one account. Its driver asks [`Session::next`] with fresh
//! [`Facts`], sends the request, gives the answer to [`Session::answer`], writes what the
//! [`Page`] says in one transaction.
//! A flight that is killed half-way leaves facts from which the next one goes on.

use truebadge_protocol::{
    Epoch, OperationId, Version,
    limits::OPERATIONS,
    messages::{Changes, ChangesQuery, Operation},
};

use crate::{model::Ahead, store::Staging};

/// What a session must know of the account before each request.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The mirror's history.
    pub epoch: Option<Epoch>,
    /// The version up to which the mirror knows everything.
    pub cursor: Version,
    /// What the server told of and the mirror has not reached.
    pub ahead: Option<Ahead>,
    /// Pages of which not all have come.
    pub staging: Option<Staging>,
    /// The mirror was found wrong.
    pub reset_wanted: bool,
    /// The relay must be told of this phone first.
    pub registration_due: bool,
    /// Operations that the server has not confirmed, ascending.
    pub unconfirmed: Vec<Operation>,
    /// Push counters to acknowledge.
    pub receipts: Vec<u64>,
}

/// The next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `PUT /v1/devices/{device}`.
    Register,
    /// `POST /v1/operations`.
    Operations(ChangesQuery, Vec<Operation>),
    /// `GET /v1/changes`.
    Changes(ChangesQuery),
    /// No request: the server said again and again that it is not as far as this, which was told before
    /// the first request went out. It is of no history of the server's, and is forgotten (L2).
    Disbelieve(Ahead),
    /// Nothing: the flight is over.
    Done,
}

/// What to do with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Where its rows go.
    pub rows: Rows,
    /// It is the last one: the cursor reaches the head.
    pub complete: bool,
    /// The server counts this device's operations from elsewhere than the phone: unconfirmed ones
    /// take numbers that follow on from what it acknowledged.
    pub operations_restarted: bool,
    /// The server has another history than when it was told of this phone: it may have been restored, and
    /// what it was told with it.
    pub registration_outdated: bool,
}

/// Where a page's rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Merge them into the mirror: they are all that changed since the cursor.
    Merge,
    /// Keep them until the last page of what changed since the cursor is here: until then the mirror
    /// would be a mix of two states (S1).
    Early,
    /// A reset begins: forget what was staged, and stage them.
    StageFirst,
    /// A reset goes on: stage them too.
    StageMore,
}

/// How the mirror compares with the server's totals and digest after a completed page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// The mirror is wrong.
    Differs,
    /// The cursor stands elsewhere.
    NotComparable,
}

/// The answer can't be one of this protocol: it would loop or jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page does not lead on from the request")]
pub struct Implausible;

/// One flight for one account.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The history that the relay had when it was told of this phone in this flight.
    registered_in: Option<Epoch>,
    more: bool,
    /// The relay wants to know that its answer came.
    confirm: bool,
    completed: u32,
    resets: u32,
    wrong_anew: Option<Epoch>,
    conflicts: u32,
    learn_first: bool,
    overtaken: u32,
    oldest_sent: Option<OperationId>,
    in_vain: u32,
    /// What was told before any request was answered to its end.
    told_before: Option<Ahead>,
}

/// A server that sends a reset again and again is left alone until the next wake.
const RESETS: u32 = 2;
/// Nor is it asked more often than this for something that it does not have.
const ROUNDS: u32 = 4;

impl Session {
    /// A flight that asks for changes at least once.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next request.
    pub fn next(&mut self, facts: &Facts) -> Step {
        if self.completed == 0 {
            self.told_before.clone_from(&facts.ahead);
        }
        if facts.registration_due && self.registered_in.is_none() {
            return Step::Register;
        }
        let resync = self.may_resync(facts);
        let query = query(facts, resync);
        // Before the first sync the phone does not know where the relay's count of its operations
        // stands: it may have lost its store, and the relay would skip numbers that it has seen.
        let counted = facts.epoch.is_some() && !self.learn_first && !self.more;
        if counted && self.may_send(facts) {
            let mut batch = facts.unconfirmed.clone();
            batch.truncate(OPERATIONS);
            if query.epoch != facts.epoch {
                // A reset to another history is under way; what was seen is of the old one.
                for operation in &mut batch {
                    operation.seen = Version::ZERO;
                }
            }
            return Step::Operations(query, batch);
        }
        // A mirror that is wrong after a resync too waits for the next wake; the totals ahead of it,
        // which the badge shows, are as new as they get.
        let wrong = facts.reset_wanted && !resync;
        let behind = facts.staging.is_some() || resync || (facts.ahead.is_some() && !wrong);
        let again = self.completed < ROUNDS;
        if self.completed == 0 || self.more || self.learn_first || (behind && again) {
            Step::Changes(query)
        } else if let Some(ahead) = self.never_reached(facts).filter(|_| !wrong) {
            Step::Disbelieve(ahead.clone())
        } else {
            Step::Done
        }
    }

    /// The relay wants to know that its last answer came.
    pub const fn confirmation_wanted(&self) -> bool {
        self.confirm
    }

    /// What was told before the first answer, and is still told after the last one.
    fn never_reached<'a>(&self, facts: &'a Facts) -> Option<&'a Ahead> {
        let (before, now) = (self.told_before.as_ref()?, facts.ahead.as_ref()?);
        (before.epoch == now.epoch && before.version == now.version).then_some(now)
    }

    /// A relay that takes operations and confirms none is not asked for ever.
    fn may_send(&mut self, facts: &Facts) -> bool {
        let Some(oldest) = facts.unconfirmed.first() else {
            return false;
        };
        if self.oldest_sent.as_ref() == Some(&oldest.id) {
            self.in_vain += 1;
        }
        self.oldest_sent = Some(oldest.id.clone());
        self.in_vain < ROUNDS
    }

    /// A mirror that was wrong although it had just been fetched anew is not fetched again in the
    /// same flight.
    fn may_resync(&self, facts: &Facts) -> bool {
        facts.reset_wanted && (self.wrong_anew.is_none() || self.wrong_anew != facts.epoch)
    }

    /// How the mirror compared after a page was applied.
    pub fn compared(&mut self, page: Page, epoch: &Epoch, comparison: Comparison) {
        let fetched_anew = matches!(page.rows, Rows::StageFirst | Rows::StageMore);
        if comparison == Comparison::Differs && fetched_anew {
            self.wrong_anew = Some(epoch.clone());
        }
    }

    /// The relay knows this phone now.
    pub fn registered(&mut self, epoch: Epoch) {
        self.registered_in = Some(epoch);
    }

    /// The relay found a hole in the operations' numbers, or does not know this phone: it is told
    /// of it again, and what it acknowledged is learnt first. `false` when that was done already
    /// and did not help.
    pub fn conflict(&mut self) -> bool {
        self.conflicts += 1;
        self.registered_in = None;
        self.learn_first = true;
        self.conflicts < 2
    }

    /// Another process changed what the page was asked for from: it is asked for anew. `false` when
    /// that happens again and again.
    pub fn overtaken(&mut self) -> bool {
        self.overtaken += 1;
        self.completed = 0;
        self.more = false;
        self.overtaken < ROUNDS
    }

    /// What an answer to `query` means.
    pub fn answer(
        &mut self,
        facts: &Facts,
        query: &ChangesQuery,
        answer: &Changes,
    ) -> Result<Page, Implausible> {
        if !plausible(query, answer) {
            return Err(Implausible);
        }
        let restarted = self.learn_first || facts.epoch.as_ref() != Some(&answer.epoch);
        self.learn_first = false;
        self.more = answer.more;
        self.confirm = answer.confirm;
        self.completed += u32::from(!answer.more);
        // Who asks for all of a history is answered with a reset, always.
        let asked = query.since == Version::ZERO && query.epoch.as_ref() == Some(&answer.epoch);
        if answer.reset && !asked {
            self.resets += 1;
            if self.resets > RESETS {
                return Err(Implausible);
            }
        }
        let rows = destination(facts, query, answer).ok_or(Implausible)?;
        let told_in = self.registered_in.as_ref().or(facts.epoch.as_ref());
        let outdated = rows == Rows::StageFirst && told_in.is_some_and(|of| *of != answer.epoch);
        self.registered_in.take_if(|_| outdated);
        Ok(Page {
            rows,
            complete: !answer.more,
            operations_restarted: restarted,
            registration_outdated: outdated,
        })
    }
}

fn query(facts: &Facts, resync: bool) -> ChangesQuery {
    let (epoch, since) = match &facts.staging {
        _ if resync => (facts.epoch.clone(), Version::ZERO),
        Some(staging) => (Some(staging.epoch.clone()), resumed(staging, facts.cursor)),
        None => (facts.epoch.clone(), facts.cursor),
    };
    let received = facts
        .receipts
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(",");
    ChangesQuery {
        epoch,
        since,
        limit: None,
        received: (!received.is_empty()).then_some(received),
    }
}

/// Where a page's rows go; nowhere when it does not lead on from what was asked for.
fn destination(facts: &Facts, query: &ChangesQuery, answer: &Changes) -> Option<Rows> {
    if answer.reset {
        return Some(Rows::StageFirst);
    }
    match &facts.staging {
        Some(staging) => {
            let asked = resumed(staging, facts.cursor) == query.since;
            let goes_on = staging.epoch == answer.epoch && asked;
            let rows = if staging.reset {
                Rows::StageMore
            } else {
                Rows::Early
            };
            goes_on.then_some(rows)
        }
        None if facts.epoch.as_ref() != Some(&answer.epoch) => None,
        None if answer.more => Some(Rows::Early),
        None => Some(Rows::Merge),
    }
}

/// Where several pages go on: a push may have brought the mirror further meanwhile.
fn resumed(staging: &Staging, cursor: Version) -> Version {
    if staging.reset {
        staging.next
    } else {
        staging.next.max(cursor)
    }
}

fn plausible(query: &ChangesQuery, answer: &Changes) -> bool {
    let floor = if answer.reset {
        Version::ZERO
    } else {
        query.since
    };
    let ascending = answer
        .changes
        .windows(2)
        .all(|pair| pair[0].version < pair[1].version);
    let within = answer
        .changes
        .iter()
        .all(|row| row.version > floor && row.version <= answer.next);
    let leads_on = if answer.more {
        answer.next > floor
    } else {
        answer.next == answer.head
    };
    let anew = answer.reset || query.since > Version::ZERO;
    anew && ascending && within && leads_on && answer.next <= answer.head && answer.next >= floor
}
