//! Shows the number on the icon: the newest last, and zero as the host chose.
//!
//! **The newest is last (S2).** Several threads, and the app and its extension at once, commit
//! numbers and show them, in any order. Each commit gives its number a generation of its own, and
//! each writer reads the generation again after it has asked iOS to show its number; where it moved,
//! it shows that one too. So whichever call to iOS is the last of all, its writer saw no newer
//! generation after it: had one been committed before that look, the writer would have gone on; and
//! whoever commits one later calls iOS later. A wake looks once more when iOS has answered, for iOS may
//! take the calls of two processes in another order. A writer that is killed in between leaves an older
//! number until the next wake, which shows the newest again.
//!
//! **Zero** makes iOS drop all of the app's delivered notifications, also those that are not read
//! ([`AtZero`]). With [`AtZero::Keep`] it is therefore shown in a task of its own, after those that
//! are read have gone, and what vanished with it though it is not read is delivered again. Such a
//! task looks for a newer generation before it asks iOS as well, and is hurried by a suspension.

use std::{sync::Arc, time::Duration};

use super::{AtZero, BadgeState, Core, Deadline, wake::Wake};
use crate::{
    EngineError,
    bridge::{DeliveredNotification, Pending, Reply},
    simulation::{Bug, is},
    store::{Durability, Tx},
};

/// How long iOS may take for one request. Telegram waits as long for removals.
const IOS_ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// So many requests to iOS show zero: list, remove, set, list, restore.
const REQUESTS_AT_ZERO: u32 = 5;
/// A writer follows so many others that were quicker; they follow it as well.
const ROUNDS: u32 = 64;
/// And looks so often whether iOS took them in the order in which they were shown.
const SHOWN_AGAIN: u32 = 4;

/// What became of a number on the thread that committed it.
#[derive(Debug)]
pub(super) struct Publication {
    /// The newest number that was found.
    pub(super) state: BadgeState,
    next: Next,
}

impl Publication {
    /// Of a number that iOS took before.
    pub(super) const fn confirmed(state: BadgeState) -> Self {
        Self {
            state,
            next: Next::Confirmed,
        }
    }
}

/// As long as there is one, a zero that was committed here is not shown yet.
type Waiting = Arc<()>;

#[derive(Debug)]
enum Next {
    /// iOS was asked to show it, and answers here.
    Answer(Pending<()>),
    /// It is zero, and the notifications that are read go first.
    ReadOnesFirst(Waiting),
    /// iOS took it before, and a push may have painted a newer one since: the icon stays as it is until
    /// the relay was heard.
    Confirmed,
    /// It is not known: the icon stays as it is.
    Nothing,
}

/// What iOS made of a publication.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// It has the number.
    pub(super) shown: bool,
    /// The notifications that are gone because they are read.
    pub(super) removed: Vec<String>,
    /// The first thing that went wrong.
    pub(super) error: Option<EngineError>,
}

impl Settled {
    fn note<T>(&mut self, result: Result<T, EngineError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }
}

impl Wake {
    /// Changes the store, recounts the badge in the same transaction, and shows it. Never waits.
    pub(super) fn change(
        &self,
        durability: Durability,
        f: impl Fn(&Tx<'_>) -> Result<(), EngineError>,
    ) -> Result<BadgeState, EngineError> {
        let state = self.store.write(durability, |tx| {
            f(tx)?;
            tx.recount_badge()
        })?;
        let publication = self.publish(state);
        let state = publication.state;
        self.settle_if_it_waits(publication);
        Ok(state)
    }

    /// A number that iOS was asked to show needs nothing more, and no runtime.
    pub(super) fn settle_if_it_waits(&self, publication: Publication) {
        if matches!(publication.next, Next::ReadOnesFirst(_)) {
            self.settle_later(publication);
        }
    }

    /// Does in the background what is left of a publication; the store closes after it.
    pub(super) fn settle_later(&self, publication: Publication) {
        let wake = Self::visit(self.core());
        let task = async move {
            let deadline = wake.deadline(IOS_ANSWERS_WITHIN * REQUESTS_AT_ZERO);
            let settled = wake.settle(publication, &deadline).await;
            if let Some(error) = settled.error {
                tracing::warn!(%error, "iOS did not do all that it was asked");
            }
        };
        if self.tasks.start(task).is_err() {
            self.hurry();
        }
    }
}

/// With two of the deliberate bugs.
fn looks_away(shown: BadgeState) -> bool {
    is(Bug::GenerationNotReadAgain) || (shown.badge == 0 && is(Bug::ZeroShownLate))
}

impl Core {
    /// Shows the newest number, this one or one of a quicker writer, unless it has to wait.
    pub(super) fn publish(&self, state: BadgeState) -> Publication {
        self.show(state, self.configuration.at_zero)
    }

    fn show(&self, mut state: BadgeState, at_zero: AtZero) -> Publication {
        let mut followed = 0;
        loop {
            if !state.known {
                let next = Next::Nothing;
                return Publication { state, next };
            }
            if state.badge == 0 && is(Bug::ZeroRefused) {
                let next = Next::Nothing;
                return Publication { state, next };
            }
            if state.badge == 0 && at_zero == AtZero::Keep {
                let next = Next::ReadOnesFirst(Arc::clone(&self.zero_waits));
                return Publication { state, next };
            }
            let (reply, answer) = Reply::channel();
            self.bridges.badge.set_badge(state.badge, reply);
            match self.store.read(|tx| tx.badge()) {
                // Not only a higher one: a store that was rebuilt counts from the start.
                Ok(newest)
                    if newest.generation != state.generation
                        && followed < ROUNDS
                        && !looks_away(state) =>
                {
                    state = newest;
                    followed += 1;
                }
                _ => {
                    let next = Next::Answer(answer);
                    return Publication { state, next };
                }
            }
        }
    }

    /// Shows a zero that waits, at once: the number matters more than the notifications.
    pub(super) fn hurry(&self) {
        if Arc::strong_count(&self.zero_waits) > 1
            && let Ok(newest) = self.store.read(|tx| tx.badge())
        {
            self.show(newest, AtZero::Clear);
        }
    }

    /// Waits until iOS shows the number, and until the notifications that are read are gone. Goes
    /// on in the background when the caller does not wait for the end.
    pub(super) async fn settled(
        self: &Arc<Self>,
        publication: Publication,
        deadline: &Deadline,
    ) -> Settled {
        let (wake, until) = (Wake::visit(self), deadline.clone());
        let task = async move { wake.settle(publication, &until).await };
        let cut_short = |error| Settled {
            error: Some(error),
            ..Settled::default()
        };
        let settled = match self.tasks.start(task) {
            Ok(settled) => deadline.within(deadline.left(), settled).await,
            Err(error) => Some(Err(error)),
        };
        settled
            .unwrap_or(Err(EngineError::DeadlineReached))
            .unwrap_or_else(cut_short)
    }

    async fn settle(&self, publication: Publication, deadline: &Deadline) -> Settled {
        let mut settled = Settled::default();
        let bound = (deadline.left() / REQUESTS_AT_ZERO).min(IOS_ANSWERS_WITHIN);
        if let Next::ReadOnesFirst(_waiting) = &publication.next {
            self.show_zero(deadline, bound, &mut settled).await;
            return settled;
        }
        self.answered(publication, deadline, bound, &mut settled)
            .await;
        let (removed, _) = self.remove_read(deadline, bound, &mut settled).await;
        settled.removed = removed;
        settled
    }

    /// Waits until iOS has taken the number. It may take those of two processes in another order than
    /// they were shown in: where a newer one is not the same, it is shown once more.
    async fn answered(
        &self,
        mut publication: Publication,
        deadline: &Deadline,
        bound: Duration,
        settled: &mut Settled,
    ) {
        if matches!(publication.next, Next::Confirmed) {
            settled.shown = true;
        }
        for _ in 0..SHOWN_AGAIN {
            let Next::Answer(answer) = publication.next else {
                return;
            };
            let answer = answer.within(deadline, bound, "setting the badge").await;
            let taken = settled.note(answer).is_some();
            settled.shown = taken;
            let shown = publication.state;
            let newest = self.store.read(|tx| Ok((tx.badge()?, tx.is_confirmed()?)));
            match newest {
                Ok((newest, _)) if newest.badge != shown.badge && !looks_away(shown) => {
                    publication = self.publish(newest);
                }
                Ok((_, false)) if taken => {
                    // Where this fails it is set again for nothing, in the next wake.
                    let write = Durability::Refetchable;
                    let _ = self.store.write(write, |tx| tx.confirm(shown));
                    return;
                }
                _ => return,
            }
        }
    }

    /// Removes the notifications that are read, shows zero, and has those delivered again that
    /// vanished with it.
    async fn show_zero(&self, deadline: &Deadline, bound: Duration, settled: &mut Settled) {
        // One at a time: what another one is about to deliver again is not listed meanwhile.
        let turn = deadline.within(deadline.left(), self.at_zero.lock()).await;
        let newest = || self.store.read(|tx| tx.badge());
        // Whatever is the newest by then is shown below; a suspended process shows none.
        if turn.is_none() || newest().is_err() {
            return;
        }
        let (removed, kept) = self.remove_read(deadline, bound, settled).await;
        settled.removed = removed;
        let Some(mut newest) = settled.note(newest()) else {
            return;
        };
        if is(Bug::ZeroShownLate) {
            newest.badge = 0;
        }
        let publication = self.show(newest, AtZero::Clear);
        self.answered(publication, deadline, bound, settled).await;
        self.restore_vanished(kept, deadline, bound, settled).await;
    }

    /// Gives the identifiers of those that are gone, and the ones that stay. iOS removes in the
    /// background and an extension that ends at once can lose it, so its answers are waited for.
    async fn remove_read(
        &self,
        deadline: &Deadline,
        bound: Duration,
        settled: &mut Settled,
    ) -> (Vec<String>, Vec<DeliveredNotification>) {
        let listed = settled.note(self.delivered(deadline, bound).await);
        let listed = listed.unwrap_or_default();
        let read = settled.note(self.read_ones(&listed)).unwrap_or_default();
        let (read, kept): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .partition(|one| read.contains(&one.identifier));
        let read: Vec<_> = read.into_iter().map(|one| one.identifier).collect();
        if read.is_empty() {
            return (read, kept);
        }
        let removed = self.remove_delivered(read.clone(), deadline, bound).await;
        match settled.note(removed) {
            Some(()) => (read, kept),
            None => (Vec::new(), kept),
        }
    }

    /// Nothing happens when nothing vanished: whether iOS drops notifications at a zero that is set
    /// here, and not by a push, is not known for certain (docs/PLATFORM.md, rule 10).
    async fn restore_vanished(
        &self,
        kept: Vec<DeliveredNotification>,
        deadline: &Deadline,
        bound: Duration,
        settled: &mut Settled,
    ) {
        if kept.is_empty() {
            return;
        }
        let Some(left) = settled.note(self.delivered(deadline, bound).await) else {
            return;
        };
        let mut vanished = kept;
        vanished.retain(|one| left.iter().all(|shown| shown.identifier != one.identifier));
        let read = settled.note(self.read_ones(&vanished)).unwrap_or_default();
        vanished.retain(|one| !read.contains(&one.identifier));
        if vanished.is_empty() {
            return;
        }
        let vanished: Vec<_> = vanished.into_iter().map(|one| one.identifier).collect();
        tracing::info!(count = vanished.len(), "delivering again what zero dropped");
        settled.note(self.restore_delivered(vanished, deadline, bound).await);
    }
}
