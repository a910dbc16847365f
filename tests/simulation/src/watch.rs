//! Holds every number that our code sets, and everything the person did, against the truth (S1–S4).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use truebadge_engine::overlay::lay_over;
use truebadge_protocol::{BadgePolicy, ConversationState, Totals, Version, messages::Operation};

use crate::{
    audit::{AccountRow, Recorded},
    planted::unplanted,
    truth::{Became, Committed, Truth},
    violation::{Property, Violation},
};

/// What the phone must keep to.
#[derive(Debug, Default)]
pub struct Watch {
    /// The accounts on the phone, by their names there.
    accounts: BTreeMap<String, Watched>,
    /// The number that the badge shows.
    pub policy: BadgePolicy,
    /// The oldest moments of each account that can be behind the number that was set last, in the
    /// order of `accounts`; several, where several explain it.
    behind: Vec<Vec<usize>>,
    /// Operations that were reported to the app as refused: account, number and conversation.
    pub reported: Vec<(String, u64, String)>,
    /// The store was damaged: what the person did may take effect again.
    forgiving: bool,
}

#[derive(Debug)]
struct Watched {
    /// Which of the truths is its.
    truth: usize,
    counts: bool,
    /// The person acted while totals were shown whose rows had not come, or let an account take part again of
    /// which nothing is known: until its rows come, the number is an estimate (`truebadge_engine::overlay`).
    estimated: bool,
    /// What the person did here that is in the outbox.
    done: Vec<Recorded>,
    /// What the person had seen when they did it, by the operation's id. The outbox forgets it with
    /// another history; a request that was made before may still be on its way.
    seen: BTreeMap<String, Version>,
    /// Operations that were refused and left the outbox.
    refused: Vec<Recorded>,
    /// The moment that has every operation which left the outbox: no older one is behind a number again.
    landed: usize,
}

impl Watch {
    /// An account was added, or added again.
    pub fn add(&mut self, account: &str, truth: usize) {
        let watched = Watched {
            truth,
            counts: true,
            estimated: false,
            done: Vec::new(),
            seen: BTreeMap::new(),
            refused: Vec::new(),
            landed: 0,
        };
        self.accounts.insert(account.to_owned(), watched);
        // What was behind the other accounts' part is kept.
        let place = self.place(account);
        for behind in &mut self.behind {
            behind.insert(place, 0);
        }
        if self.behind.is_empty() {
            self.behind = vec![vec![0; self.accounts.len()]];
        }
    }

    /// An account was signed out on this phone.
    pub fn remove(&mut self, account: &str) {
        if self.accounts.contains_key(account) {
            let place = self.place(account);
            for behind in &mut self.behind {
                behind.remove(place);
            }
            self.accounts.remove(account);
        }
    }

    /// Whether an account is on the phone.
    pub fn has(&self, account: &str) -> bool {
        self.accounts.contains_key(account)
    }

    fn place(&self, account: &str) -> usize {
        self.accounts
            .keys()
            .take_while(|name| name.as_str() < account)
            .count()
    }

    /// Takes over what the store says of the accounts and of the outbox: what the person did is
    /// there, or in the truth (S3).
    pub fn look(
        &mut self,
        rows: &[AccountRow],
        outbox: &[Recorded],
        truths: &[Truth],
        person_acted: bool,
    ) -> Result<(), Violation> {
        for row in rows {
            let Some(watched) = self.accounts.get_mut(&row.account) else {
                continue;
            };
            // In a store that was made anew, what takes part again adds nothing until it is heard of.
            let anew = self.forgiving && row.counts && !watched.counts && row.cursor.is_none();
            watched.counts = row.counts;
            let own = outbox.iter().filter(|one| one.account == row.account);
            let now: Vec<Recorded> = own.cloned().collect();
            let is_new = |one: &Recorded| watched.done.iter().all(|known| known.id != one.id);
            let acted = person_acted && now.iter().any(is_new);
            let truth = &truths[watched.truth];
            let before = std::mem::take(&mut watched.done);
            for gone in before {
                if now.iter().any(|one| one.id == gone.id) {
                    continue;
                }
                match truth.included.get(&gone.id) {
                    // Sent again, it takes effect again, and later.
                    Some((at, Became::Applied)) if truth.began == 0 && !self.forgiving => {
                        watched.landed = watched.landed.max(truth.since(*at, &gone.conversation));
                    }
                    Some((_, Became::Applied)) => {}
                    Some((_, Became::Rejected)) => watched.refused.push(gone),
                    None if now.iter().any(|one| replaces(one, &gone)) => {}
                    None if truth.forgotten.contains(&gone.id) => {}
                    // The store was lost while a request was on its way, and what that carried has the
                    // number now: the relay takes the one for the other.
                    None if self.forgiving && truth.has_another(&gone) => {}
                    None => return Err(lost(&gone)),
                }
            }
            for one in &now {
                let seen = watched.seen.entry(one.id.clone());
                seen.or_insert(one.pending.seen);
            }
            watched.done = now;
            watched.estimated = if acted || anew {
                watched.estimated || !row.complete
            } else {
                watched.estimated && !row.complete
            };
        }
        Ok(())
    }

    /// The store was damaged: what was in the outbox may be gone.
    pub fn forgive(&mut self, outbox: &[Recorded]) {
        self.forgiving = true;
        for (account, watched) in &mut self.accounts {
            let own = outbox.iter().filter(|one| one.account == *account);
            watched.done = own.cloned().collect();
            watched.refused.clear();
        }
    }

    /// Our code set a number: some moment of each account, none older than the one before, must
    /// explain it (S1, S2).
    pub fn number(&mut self, badge: u32, truths: &[Truth]) -> Result<(), Violation> {
        if self.policy == BadgePolicy::Off {
            return if badge == 0 {
                Ok(())
            } else {
                let what = format!("{badge} was set, although the badge is off");
                Err(Violation::new(Property::S1, what))
            };
        }
        let wild = |watched: &Watched| watched.counts && watched.estimated;
        if self.accounts.values().any(wild) {
            return Ok(());
        }
        let explained = self.explain(badge, truths, &self.behind);
        if !explained.is_empty() {
            self.behind = explained;
            return Ok(());
        }
        let anew = vec![vec![0; self.accounts.len()]];
        let older = self.explain(badge, truths, &anew);
        let property = if older.is_empty() {
            Property::S1
        } else {
            Property::S2
        };
        Err(Violation::new(property, self.unexplained(badge, truths)))
    }

    /// The last number that was set is that of the store: where every mirror knows all that its relay
    /// told of, it stands at the mirrors' versions and nowhere else (S1).
    pub fn at_cursor(
        &self,
        badge: u32,
        rows: &[AccountRow],
        truths: &[Truth],
    ) -> Result<(), Violation> {
        if self.policy == BadgePolicy::Off {
            return Ok(());
        }
        let mut sums = vec![Totals::ZERO];
        for (account, watched) in &self.accounts {
            let row = rows.iter().find(|row| row.account == *account);
            let Some(row) = row.filter(|row| row.complete && !watched.estimated) else {
                return Ok(());
            };
            if !watched.counts {
                continue;
            }
            let truth = &truths[watched.truth];
            let there = |moment: &usize| Some(truth.past[*moment].head) == row.cursor;
            let moments = (0..truth.past.len()).filter(there);
            let all: Vec<Totals> = moments
                .flat_map(|moment| watched.totals(truth, moment))
                .collect();
            sums = sums
                .iter()
                .flat_map(|sum| all.iter().map(|totals| *sum + *totals))
                .collect();
        }
        if sums.iter().any(|sum| self.policy.badge(*sum) == badge) {
            return Ok(());
        }
        let held: BTreeSet<u32> = sums.iter().map(|sum| self.policy.badge(*sum)).collect();
        let what = format!("{badge} was set, and the mirrors hold {held:?}");
        Err(Violation::new(Property::S1, what))
    }

    fn unexplained(&self, badge: u32, truths: &[Truth]) -> String {
        let mut what = format!("{badge} was set;");
        for (place, (account, watched)) in self.accounts.iter().enumerate() {
            let from = self.behind.iter().map(|behind| behind[place]).min();
            let numbers: Vec<Vec<u32>> = (from.unwrap_or(0)..truths[watched.truth].past.len())
                .map(|moment| {
                    let all = watched.totals(&truths[watched.truth], moment);
                    all.iter()
                        .map(|totals| self.policy.badge(*totals))
                        .collect()
                })
                .collect();
            let counts = if watched.counts { "" } else { " (not counted)" };
            // Writing to a text cannot fail.
            let _ = write!(what, " {account}{counts} can stand at {numbers:?}");
        }
        what
    }

    /// The oldest moments, not before `from`, that add up to the number.
    fn explain(&self, badge: u32, truths: &[Truth], from: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut found: Vec<Vec<usize>> = Vec::new();
        let watched: Vec<&Watched> = self.accounts.values().collect();
        let mut choices: BTreeMap<(usize, usize), Vec<Totals>> = BTreeMap::new();
        for start in from {
            let mut search = Search {
                badge,
                policy: self.policy,
                truths,
                watched: &watched,
                choices: &mut choices,
                found: &mut found,
            };
            search.from(start, &mut Vec::new(), Totals::ZERO);
        }
        let all = found.clone();
        found.retain(|one| {
            !all.iter()
                .any(|other| other != one && dominates(other, one))
        });
        found.dedup();
        found
    }

    /// Every operation that the relay refused was reported to the app (S3).
    pub fn refusals_reported(&self) -> Result<(), Violation> {
        for (account, watched) in &self.accounts {
            for refused in &watched.refused {
                let is_it = |(of, number, conversation): &(String, u64, String)| {
                    of == account
                        && *number == refused.pending.number
                        && conversation == refused.conversation.as_str()
                };
                if !self.reported.iter().any(is_it) {
                    let what = format!("{account}'s refused {} was not reported", name(refused));
                    return Err(Violation::new(Property::S3, what));
                }
            }
        }
        Ok(())
    }

    /// Everything that the person did is in the truth (S3, in the end).
    pub fn nothing_waits(&self, over: &BTreeSet<usize>) -> Result<(), Violation> {
        let lives = |watched: &&Watched| !over.contains(&watched.truth);
        let mut alive = self.accounts.values().filter(lives);
        match alive.find_map(|watched| watched.done.first()) {
            None => Ok(()),
            Some(waits) => {
                let what = format!("{}'s {} is still in the outbox", waits.account, name(waits));
                Err(Violation::new(Property::L1, what))
            }
        }
    }

    /// An operation is sent as it was recorded: also with what the person saw then (S4).
    ///
    /// After another history began, what was seen of the old one says nothing. The number is the one
    /// that it is reported under if it is refused.
    pub fn sent(
        &mut self,
        account: &str,
        sent: &Operation,
        truths: &[Truth],
    ) -> Result<(), Violation> {
        let Some(watched) = self.accounts.get_mut(account) else {
            return Ok(());
        };
        let same = |one: &&mut Recorded| one.id == sent.id.as_str();
        let Some(recorded) = watched.done.iter_mut().find(same) else {
            return Ok(());
        };
        recorded.pending.number = sent.number;
        let anew = truths[watched.truth].began > 0 && sent.seen == Version::ZERO;
        let seen = watched.seen.get(&recorded.id) == Some(&sent.seen);
        if !(seen || anew) || recorded.action != sent.action {
            let what = format!("{} was sent as {sent:?}", name(recorded));
            return Err(Violation::new(Property::S4, what));
        }
        Ok(())
    }

    /// Whether an account counts.
    pub fn counts(&self, account: &str) -> bool {
        let watched = self.accounts.get(account);
        watched.is_some_and(|watched| watched.counts)
    }

    /// Whether what an account adds to the number is an estimate.
    pub fn estimates(&self, account: &str) -> bool {
        let watched = self.accounts.get(account);
        watched.is_some_and(|watched| watched.estimated)
    }

    /// How many accounts are on the phone.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// The number that is true now; some accounts have ended at the relay.
    pub fn true_number(&self, truths: &[Truth], over: &BTreeSet<usize>) -> u32 {
        let counts = |watched: &&Watched| watched.counts && !over.contains(&watched.truth);
        let counted = self.accounts.values().filter(counts);
        let totals = counted.map(|watched| truths[watched.truth].now().totals());
        self.policy.badge(totals.sum())
    }
}

impl Watched {
    /// What the account can add up to at a moment, as the phone may show it.
    fn totals(&self, truth: &Truth, moment: usize) -> Vec<Totals> {
        let state = &truth.past[moment];
        let included = |one: &Recorded| truth.included.get(&one.id).copied();
        let is_in = |one: &Recorded| included(one).is_some_and(|(at, _)| at <= moment);
        let done: Vec<&Recorded> = self.done.iter().collect();
        let choose = |which: &dyn Fn(&Recorded) -> bool| -> Vec<&Recorded> {
            done.iter().copied().filter(|one| which(one)).collect()
        };
        let mut choices = vec![choose(&|one| !is_in(one))];
        if truth.began > 0 {
            // What an older history confirmed, the phone's mirror of that may hold; and in a newer one it is
            // pending again until that has answered: nobody tells the phone whether it was lost.
            let is_here = |one: &Recorded| included(one).is_some_and(|(at, _)| at >= truth.began);
            choices.push(choose(&|one| {
                !is_in(one) && !truth.forgotten.contains(&one.id)
            }));
            choices.push(choose(&|one| !is_in(one) || !is_here(one)));
        }
        // One that was refused counts until the phone hears of it.
        let refused =
            |one: &Recorded| included(one).is_some_and(|(_, became)| became == Became::Rejected);
        choices.push(choose(&|one| !is_in(one) && !refused(one)));
        // Each is part of the next or has it as a part: with as many in them they are the same.
        choices.dedup_by_key(|one| one.len());
        let mut all: Vec<Totals> = choices
            .iter()
            .flat_map(|pending| [exactly(state, pending), by_counts(state, pending)])
            .collect();
        all.dedup();
        all
    }
}

/// The state that the relay would have with these applied.
fn exactly(state: &Committed, pending: &[&Recorded]) -> Totals {
    if pending.is_empty() {
        return state.totals();
    }
    let mut next = state.clone();
    for one in pending {
        next.act(&one.action, one.pending.seen);
    }
    next.totals()
}

/// What the phone makes of counts without items.
fn by_counts(state: &Committed, pending: &[&Recorded]) -> Totals {
    let mut totals = state.totals();
    let mut conversations: Vec<_> = pending.iter().map(|one| &one.conversation).collect();
    conversations.sort_unstable();
    conversations.dedup();
    for id in conversations {
        // The mirror holds active conversations only: of the others the phone knows nothing.
        let base = state.conversation(id).state(id);
        let base = if base.is_active() {
            base
        } else {
            ConversationState::empty(id.clone())
        };
        let own = pending.iter().filter(|one| one.conversation == *id);
        let shown = unplanted(|| lay_over(&base, own.map(|one| &one.pending)));
        totals = totals.replacing(base.counted(), shown.counted());
    }
    totals
}

/// A search for moments that add up to a number.
struct Search<'a> {
    badge: u32,
    policy: BadgePolicy,
    truths: &'a [Truth],
    watched: &'a [&'a Watched],
    choices: &'a mut BTreeMap<(usize, usize), Vec<Totals>>,
    found: &'a mut Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, start: &[usize], chosen: &mut Vec<usize>, sum: Totals) -> bool {
        let place = chosen.len();
        let Some(watched) = self.watched.get(place).copied() else {
            if self.policy.badge(sum) == self.badge {
                self.found.push(chosen.clone());
                return true;
            }
            return false;
        };
        let truth = &self.truths[watched.truth];
        if !watched.counts {
            chosen.push(start[place]);
            let found = self.from(start, chosen, sum);
            chosen.pop();
            return found;
        }
        let mut any = false;
        for moment in start[place].max(watched.landed)..truth.past.len() {
            let key = (place, moment);
            let choices = self.choices.entry(key);
            let choices = choices
                .or_insert_with(|| watched.totals(truth, moment))
                .clone();
            // All of them: with each the other accounts stand at other moments.
            for totals in choices {
                chosen.push(moment);
                any |= self.from(start, chosen, [sum, totals].into_iter().sum());
                chosen.pop();
            }
            // A later moment of the last account explains no more than this one.
            if any && place + 1 == self.watched.len() {
                break;
            }
        }
        any
    }
}

fn dominates(one: &[usize], other: &[usize]) -> bool {
    one.iter().zip(other).all(|(one, other)| one <= other)
}

fn replaces(new: &Recorded, old: &Recorded) -> bool {
    new.conversation == old.conversation && new.pending.kind.supersedes(&old.pending.kind)
}

fn lost(gone: &Recorded) -> Violation {
    let what = format!(
        "{}'s {} left the outbox, and the relay never had it",
        gone.account,
        name(gone)
    );
    Violation::new(Property::S3, what)
}

fn name(one: &Recorded) -> String {
    let conversation = one.conversation.as_str();
    format!("operation {} on {conversation}", one.pending.number)
}
