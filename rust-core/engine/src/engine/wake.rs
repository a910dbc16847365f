//! A wake: local work first, then the network while there is time, and an end before the deadline.

use std::{
    ops::Deref,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use truebadge_protocol::{AccountId, PushPayload};

use super::{
    BadgeState, Cause, Core, Deadline, Engine, Process, PushReceipt, RejectedOperation,
    WakeOutcome,
    flight::{LONGEST_PAUSE, Landing, Purpose},
    publication::Publication,
};
use crate::{
    EngineError, Reply,
    payload::Disposition,
    simulation::{Bug, is},
    store::{Account, AccountKey, Durability},
};

/// With less time than this left, no request is begun.
const SYNC_NEEDS: Duration = Duration::from_secs(3);
/// Kept for setting the badge again and closing after the network: at least as long as the app waits for
/// another process to let go of the store.
const RESERVE: Duration = crate::store::PATIENCE;
/// A malformed push may cause a sync this often.
const MALFORMED_PAUSE: Duration = Duration::from_mins(15);

/// Pushes tell less than answers do: after this long without one, a wake asks although nothing is
/// known to be missing.
const SILENCE: Duration = Duration::from_hours(24);
/// A sync that only tells the relay that a push came takes no longer: the alert of such a push is shown
/// after it, and iOS wakes an app less whose wakes are long.
const TELLING: Duration = Duration::from_secs(5);
/// A relay that wants each answer to be confirmed gets so many confirmations in a wake.
const CONFIRMATIONS: u32 = 3;
/// The host is asked for a push token this often.
const PUSH_TOKEN_PAUSE: Duration = Duration::from_hours(1);

/// What the local part of a wake left to do.
#[derive(Debug)]
struct Local {
    disposition: Option<Disposition>,
    publication: Option<Publication>,
    sync: Accounts,
    /// Nothing is missing: the sync only tells the relay that the push came.
    only_tells: bool,
    error: Option<EngineError>,
}

/// Which accounts must sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accounts {
    Neither,
    One(AccountKey),
    All,
}

impl Engine {
    /// The local part of a wake for a push, on the caller's thread, without the network: applies
    /// it, commits, sets the badge. A 0 that spares notifications ([`AtZero`](super::AtZero)) is set
    /// in the background: a process that ends at once calls [`Engine::handle_push`].
    pub fn receive_push(&self, payload: &[u8]) -> Result<PushReceipt, EngineError> {
        let visit = Wake::visit(&self.core);
        let local = visit.receive(payload);
        let (Some(disposition), Some(publication)) = (local.disposition, local.publication) else {
            return Err(local.error.unwrap_or(EngineError::Runtime));
        };
        let badge = publication.state;
        visit.settle_if_it_waits(publication);
        Ok(PushReceipt {
            disposition,
            badge,
            sync_wanted: local.sync != Accounts::Neither,
        })
    }

    /// The whole wake for a push: the local part when it is first polled, on the caller's thread;
    /// then, if something is missing and at least 3 s of `budget` are left, a sync. Ends within
    /// `budget`. Dropping the future cancels what is under way.
    pub async fn handle_push(&self, payload: Vec<u8>, budget: Duration) -> WakeOutcome {
        let cause = match self.core.configuration.process {
            Process::App => Cause::Push,
            Process::Extension => Cause::Extension,
        };
        let deadline = self.core.deadline(budget);
        let wake = Wake::begin(&self.core, cause);
        let local = self.core.receive(&payload);
        self.finish(wake, cause, local, deadline).await
    }

    /// A wake without a push: sets the badge that we know again, then sends operations and syncs
    /// every account. Ends within `budget`.
    pub async fn refresh(&self, cause: Cause, budget: Duration) -> WakeOutcome {
        let deadline = self.core.deadline(budget);
        let wake = Wake::begin(&self.core, cause);
        let local = self.core.set_again();
        self.finish(wake, cause, local, deadline).await
    }

    async fn finish(
        &self,
        wake: Wake,
        cause: Cause,
        local: Local,
        deadline: Deadline,
    ) -> WakeOutcome {
        let (disposition, error) = (local.disposition, local.error.clone());
        let badge = local.publication.as_ref().map(|shown| shown.state);
        let task = async move {
            let mut outcome = wake.core.finish(&wake, cause, local, deadline).await;
            outcome.rebuilt = wake.store.rebuilds() != wake.rebuilds;
            outcome
        };
        match self.core.tasks.run(task).await {
            Ok(outcome) => outcome,
            Err(failure) => WakeOutcome {
                cause,
                disposition,
                badge,
                shown: false,
                synced: false,
                removed: Vec::new(),
                rejected: Vec::new(),
                push_token_wanted: false,
                signed_out: Vec::new(),
                credentials_wanted: Vec::new(),
                rebuilt: false,
                error: error.or(Some(failure)),
            },
        }
    }
}

/// Closes the store when the last wake ends in the background (S6).
pub(super) struct Wake {
    core: Arc<Core>,
    /// How often the store had been made anew when it began.
    rebuilds: u32,
}

impl Wake {
    fn begin(core: &Arc<Core>, cause: Cause) -> Self {
        // A launch is no proof of a foreground: iOS also launches the app for a silent push.
        if cause == Cause::Foreground {
            core.foreground.store(true, Ordering::Relaxed);
            if is(Bug::ZeroWhenOpened) {
                core.bridges.badge.set_badge(0, Reply::channel().0);
            }
        }
        tracing::debug!(?cause, "a wake begins");
        Self::visit(core)
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// A single call outside of a wake.
    pub(super) fn visit(core: &Arc<Core>) -> Self {
        core.wakes.fetch_add(1, Ordering::AcqRel);
        Self {
            core: Arc::clone(core),
            rebuilds: core.store.rebuilds(),
        }
    }
}

impl Deref for Wake {
    type Target = Core;
    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        let last = self.core.wakes.fetch_sub(1, Ordering::AcqRel) == 1;
        if last && !self.core.foreground.load(Ordering::Relaxed) {
            self.core.store.close();
        }
    }
}

impl Core {
    pub(super) fn deadline(&self, budget: Duration) -> Deadline {
        Deadline::after(&self.bridges.clock, budget)
    }

    fn receive(&self, payload: &[u8]) -> Local {
        match PushPayload::parse(payload) {
            Ok(push) => self.receive_parsed(&push, payload),
            Err(error) => {
                tracing::warn!(%error, "a push was not understood");
                self.receive_malformed(payload)
            }
        }
        .unwrap_or_else(Local::failed)
    }

    fn receive_parsed(&self, push: &PushPayload, payload: &[u8]) -> Result<Local, EngineError> {
        let now = self.bridges.clock.now();
        let applied = self.store.write(Durability::Refetchable, |tx| {
            let Some(mut account) = tx.account_by_route(&push.route)? else {
                return Ok(None);
            };
            if account.signed_out {
                return Ok(None);
            }
            let disposition = tx.apply_push(&mut account, push)?;
            // Each history counts its pushes by itself.
            if disposition != Disposition::EpochChanged {
                account.pushes.received = account.pushes.received.max(push.counter);
                tx.add_receipt(account.key, push.counter)?;
            }
            tx.save_account(&account)?;
            let silent = account.synced_at.after(SILENCE).has_come(now, SILENCE);
            let waits = tx.has_unfinished(&account)? && !is(Bug::OutboxWaitsForTheApp);
            let missing = silent || disposition.wants_sync() || waits;
            let sync = if missing || push.sync_wanted {
                Accounts::One(account.key)
            } else {
                Accounts::Neither
            };
            Ok(Some((sync, !missing, disposition, tx.recount_badge()?)))
        })?;
        let Some((sync, only_tells, disposition, badge)) = applied else {
            let nameless = self.store.read(|tx| tx.has_nameless_account())?;
            let sync = if nameless {
                Accounts::All
            } else {
                Accounts::Neither
            };
            return self.unchanged(Disposition::NotForUs, sync, payload);
        };
        tracing::info!(?disposition, badge = badge.badge, "a push was received");
        Ok(Local {
            only_tells,
            ..self.shown(Some(disposition), badge, sync)
        })
    }

    fn receive_malformed(&self, payload: &[u8]) -> Result<Local, EngineError> {
        let now = self.bridges.clock.now();
        let due = self.store.write(Durability::Refetchable, |tx| {
            let due = tx.malformed_sync_at()?.has_come(now, MALFORMED_PAUSE);
            if due {
                tx.set_malformed_sync_at(now.after(MALFORMED_PAUSE))?;
            }
            Ok(due)
        })?;
        let sync = if due {
            Accounts::All
        } else {
            Accounts::Neither
        };
        self.unchanged(Disposition::Malformed, sync, payload)
    }

    /// Nothing is counted anew. Where iOS painted a number from the push, or did not confirm the one that
    /// is known, that is set again (S8: it is the one that was there before). Otherwise the icon may be
    /// newer than the mirror, by a push that was painted without us.
    fn unchanged(
        &self,
        disposition: Disposition,
        sync: Accounts,
        payload: &[u8],
    ) -> Result<Local, EngineError> {
        tracing::info!(?disposition, "a push changed nothing");
        let (badge, confirmed) = self
            .store
            .read(|tx| Ok((tx.badge()?, tx.is_confirmed()?)))?;
        if is(Bug::GarbageClears) && disposition == Disposition::Malformed {
            self.bridges.badge.set_badge(0, Reply::channel().0);
        }
        if confirmed && !PushPayload::paints(payload) {
            return Ok(Local {
                disposition: Some(disposition),
                publication: Some(Publication::confirmed(badge)),
                ..Local::of(sync)
            });
        }
        Ok(self.shown(Some(disposition), badge, sync))
    }

    fn set_again(&self) -> Local {
        let counted = self.store.write(Durability::Refetchable, |tx| {
            tx.end_old_hold(self.bridges.clock.now())?;
            // Where no relay will be heard, what a push painted since is nobody's number.
            let heard_later = tx.accounts()?.iter().any(|account| !account.signed_out);
            Ok((tx.recount_badge()?, heard_later && tx.is_confirmed()?))
        });
        match counted {
            Ok((badge, true)) => Local {
                publication: Some(Publication::confirmed(badge)),
                ..Local::of(Accounts::All)
            },
            Ok((badge, false)) => self.shown(None, badge, Accounts::All),
            Err(error) => Local::failed(error),
        }
    }

    fn shown(&self, disposition: Option<Disposition>, badge: BadgeState, sync: Accounts) -> Local {
        Local {
            disposition,
            publication: Some(self.publish(badge)),
            ..Local::of(sync)
        }
    }

    async fn finish(
        self: &Arc<Self>,
        wake: &Wake,
        cause: Cause,
        local: Local,
        deadline: Deadline,
    ) -> WakeOutcome {
        let mut outcome = WakeOutcome {
            cause,
            disposition: local.disposition,
            badge: None,
            shown: false,
            synced: false,
            removed: Vec::new(),
            rejected: Vec::new(),
            push_token_wanted: false,
            signed_out: Vec::new(),
            credentials_wanted: Vec::new(),
            rebuilt: false,
            error: local.error,
        };
        let Some(publication) = local.publication else {
            if is(Bug::FailsOpen) {
                self.bridges.badge.set_badge(0, Reply::channel().0);
            }
            return outcome;
        };
        let first = publication.state.badge;
        self.settle_into(&mut outcome, publication, &deadline).await;
        let (mut sync, mut rebuilds) = (local.sync, wake.rebuilds);
        let mut only_tells = local.only_tells;
        loop {
            // A store that was found damaged on the way and made anew knows nothing yet (L2).
            if self.store.rebuilds() != rebuilds {
                (sync, rebuilds) = (Accounts::All, self.store.rebuilds());
                (only_tells, outcome.synced) = (false, false);
            }
            // The relay is to send a push again whose number iOS did not take. With the extension's alert
            // it takes it in any case.
            let untold = only_tells && !outcome.shown && cause != Cause::Extension;
            if sync != Accounts::Neither && !untold && deadline.left() >= SYNC_NEEDS {
                let end = if only_tells {
                    deadline.at_most(TELLING)
                } else {
                    deadline.clone()
                };
                self.sync(&mut outcome, sync, &end).await;
                sync = Accounts::Neither;
            }
            // It reads what nobody has read before it in this wake, and may be the first to find damage.
            if let Err(error) = self.tell(&mut outcome) {
                outcome.note(error);
            }
            if self.store.rebuilds() == rebuilds {
                break;
            }
        }
        if is(Bug::OldNumberAtTheEnd) {
            self.bridges.badge.set_badge(first, Reply::channel().0);
        }
        if is(Bug::CompletionLost) && outcome.error.is_some() {
            std::future::pending::<()>().await;
        }
        tracing::info!(
            ?cause,
            badge = outcome.badge.map(|state| state.badge),
            synced = outcome.synced,
            failed = outcome.error.is_some(),
            "a wake ended"
        );
        outcome
    }

    /// What the app has to deal with: told in every wake until it did, because the one that heard it
    /// may have been killed before it could tell.
    fn tell(&self, outcome: &mut WakeOutcome) -> Result<(), EngineError> {
        let (accounts, rejected) = self
            .store
            .read(|tx| Ok((tx.accounts()?, tx.rejections()?)))?;
        // What was told before the store was made anew may not be in it any more.
        let known = |told: &RejectedOperation| {
            rejected
                .iter()
                .any(|one| (&one.account, one.number) == (&told.account, told.number))
        };
        outcome.rejected.retain(|told| !known(told));
        outcome.rejected.extend(rejected);
        let (ended, mut active): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| account.signed_out);
        outcome.signed_out = ended.into_iter().map(|account| account.account).collect();
        active.retain(|account| account.push_token_ended.is_some());
        if !active.is_empty() {
            // Asked at a bounded rate: a second look says no.
            outcome.push_token_wanted |= self.push_token_is_due()?;
        }
        Ok(())
    }

    /// The host is asked for a push token at a bounded rate: iOS may well give the same again.
    fn push_token_is_due(&self) -> Result<bool, EngineError> {
        let now = self.bridges.clock.now();
        self.store.write(Durability::Refetchable, |tx| {
            let due = tx.push_token_wanted_at()?.has_come(now, PUSH_TOKEN_PAUSE);
            if due {
                tx.set_push_token_wanted_at(now.after(PUSH_TOKEN_PAUSE))?;
            }
            Ok(due)
        })
    }

    /// Shows the number if another one was counted. Whether iOS has the newest; where that cannot be read
    /// it may not.
    async fn show_news(self: &Arc<Self>, outcome: &mut WakeOutcome, deadline: &Deadline) -> bool {
        match self.store.read(|tx| tx.badge()) {
            Ok(newest) => {
                let known = outcome.badge.map(|known| known.generation);
                if known != Some(newest.generation) {
                    let publication = self.publish(newest);
                    self.settle_into(outcome, publication, deadline).await;
                }
                outcome.shown
            }
            Err(error) => {
                outcome.note(error);
                false
            }
        }
    }

    async fn settle_into(
        self: &Arc<Self>,
        outcome: &mut WakeOutcome,
        publication: Publication,
        deadline: &Deadline,
    ) {
        outcome.badge = Some(publication.state);
        let settled = self.settled(publication, deadline).await;
        outcome.shown = settled.shown;
        outcome.removed.extend(settled.removed);
        if let Some(error) = settled.error {
            outcome.note(error);
        }
    }

    async fn sync(
        self: &Arc<Self>,
        outcome: &mut WakeOutcome,
        which: Accounts,
        deadline: &Deadline,
    ) {
        let urgent = outcome.cause.is_urgent();
        let (accounts, held_back) = match self.accounts_to_sync(which, urgent) {
            Ok(accounts) => accounts,
            Err(error) => return outcome.note(error),
        };
        let landed_by = deadline.sooner_by(RESERVE);
        // Each is a task of its own: one that panics ends no other.
        let fly = |account: AccountId, confirmations: u32| {
            let (core, until, named) = (Arc::clone(self), landed_by.clone(), account.clone());
            let purpose = match confirmations {
                0 => Purpose::Sync,
                _ => Purpose::Confirm,
            };
            let flight = async move { core.fly(&named, purpose, &until).await };
            let task = self.tasks.run(flight);
            async move { (Some(account), confirmations, task.await.flatten()) }.boxed()
        };
        let (core, until) = (Arc::clone(self), landed_by.clone());
        let task = self.tasks.run(async move {
            core.depart(urgent, &until).await;
            Landing::Done
        });
        let departures = async move { (None, 0, task.await) }.boxed();
        let flights = accounts.into_iter().map(|account| fly(account, 0));
        let mut flights: FuturesUnordered<_> = flights.chain([departures]).collect();
        outcome.synced = !held_back;
        // Each relay's news is shown when it comes: another one may be slow, or down.
        while let Some((account, confirmations, landed)) = flights.next().await {
            let wanted = landed == Ok(Landing::ConfirmationWanted);
            if confirmations == 0
                && let Err(error) = landed
            {
                outcome.failed(account.as_ref(), error);
                if is(Bug::OneRelayStopsAll) {
                    return;
                }
            }
            let shown = self.show_news(outcome, deadline).await;
            // Once iOS has the number: what is confirmed is not sent again.
            if wanted
                && shown
                && confirmations < CONFIRMATIONS
                && deadline.left() >= SYNC_NEEDS
                && let Some(account) = account
            {
                flights.push(fly(account, confirmations + 1));
            }
        }
    }

    /// The accounts to sync now, and whether others of those that should keep a pause.
    fn accounts_to_sync(
        &self,
        which: Accounts,
        urgent: bool,
    ) -> Result<(Vec<AccountId>, bool), EngineError> {
        let now = self.bridges.clock.now();
        let chosen = |account: &Account| match which {
            Accounts::Neither => false,
            Accounts::One(key) => account.key == key,
            Accounts::All => true,
        };
        let rested = |account: &Account| urgent || account.is_rested(now, LONGEST_PAUSE);
        let mut accounts = self.store.read(|tx| tx.accounts())?;
        accounts.retain(|account| chosen(account) && !account.signed_out);
        let chosen = accounts.len();
        accounts.retain(rested);
        let held_back = accounts.len() < chosen;
        Ok((
            accounts.into_iter().map(|one| one.account).collect(),
            held_back,
        ))
    }
}

impl Local {
    /// Nothing but a sync.
    const fn of(sync: Accounts) -> Self {
        Self {
            disposition: None,
            publication: None,
            sync,
            only_tells: false,
            error: None,
        }
    }

    /// The badge stays as it was (S8).
    fn failed(error: EngineError) -> Self {
        tracing::warn!(%error, "the local part of a wake failed");
        Self {
            error: Some(error),
            ..Self::of(Accounts::Neither)
        }
    }
}

impl WakeOutcome {
    /// A flight for the account, if it was for one, failed.
    fn failed(&mut self, account: Option<&AccountId>, error: EngineError) {
        self.synced = false;
        if error.wants_credentials() {
            let account = account.filter(|account| !self.credentials_wanted.contains(account));
            self.credentials_wanted.extend(account.cloned());
        }
        self.note(error);
    }

    fn note(&mut self, error: EngineError) {
        tracing::warn!(%error, "a part of the wake failed");
        self.error.get_or_insert(error);
    }
}
