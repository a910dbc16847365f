//! One flight: everything that an account has to say to its relay and hear from it. At most one at
//! a time for an account; who asks while one is under way waits for it.

use std::{
    pin::pin,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::sync::{Mutex, Semaphore};
use truebadge_protocol::{
    AccountId, Epoch,
    messages::{
        Changes, ChangesQuery, DeviceRegistered, DeviceRegistration, Operation, OperationsApplied,
        OperationsRequest,
    },
};
use url::Url;

use super::{
    Core, Deadline, registration,
    request::{Failure, Requests, device_path, endpoint, json, understood},
};
use crate::{
    EngineError,
    model::Ahead,
    random,
    simulation::{Bug, is},
    store::{Account, AccountKey, Durability, Heard, Registration, Tx},
    sync::{Facts, Session, Step},
    transport::{Method, Response},
};

/// The first pause after a failure; doubled with each one after it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// No pause of our own is longer: iOS already rations the wakes that could ask again, so that one
/// which is let through an hour later must not be wasted (L1).
const LONGEST_OF_OURS: Duration = Duration::from_mins(1);
/// No pause that the relay asks for is kept longer.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What a flight is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To say and hear everything.
    Sync,
    /// To tell the relay that its answer came. Nothing is missing without it: where it fails, only a
    /// pause that the relay asks for is kept.
    Confirm,
}

/// How a flight ended that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landing {
    /// There is nothing more to say.
    Done,
    /// The relay wants to know that its last answer came ([`Purpose::Confirm`]).
    ConfirmationWanted,
}

impl Core {
    /// Flies, or waits for a flight that begins after this call. One that moves to another relay
    /// meanwhile, or is signed out and added again, has a flight as what it is then; one that is signed
    /// out, here or there, has nothing left to sync.
    pub(super) async fn fly(
        &self,
        account: &AccountId,
        purpose: Purpose,
        deadline: &Deadline,
    ) -> Result<Landing, EngineError> {
        loop {
            let key = match self.store.read(|tx| tx.account(account)) {
                Ok(account) if !account.signed_out => account.key,
                Ok(_) | Err(EngineError::UnknownAccount) => return Ok(Landing::Done),
                Err(error) => return Err(error),
            };
            let flight = deadline.within(deadline.left(), self.fly_as(key, purpose, deadline));
            match flight.await.unwrap_or(Err(EngineError::DeadlineReached)) {
                Err(EngineError::UnknownAccount) => {}
                result => return result,
            }
        }
    }

    /// A flight for the account as it is now: `UnknownAccount` when it is another one at the end.
    async fn fly_as(
        &self,
        key: AccountKey,
        purpose: Purpose,
        deadline: &Deadline,
    ) -> Result<Landing, EngineError> {
        let turn = self.turn(key);
        let fenced = turn.fenced();
        let flight = self.fly_alone(key, purpose, &turn, deadline);
        match select(pin!(fenced), pin!(flight)).await {
            Either::Left(_) => Err(EngineError::UnknownAccount),
            Either::Right((result, _)) => result,
        }
    }

    async fn fly_alone(
        &self,
        key: AccountKey,
        purpose: Purpose,
        turn: &Turn,
        deadline: &Deadline,
    ) -> Result<Landing, EngineError> {
        let asked = self.tickets.fetch_add(1, Ordering::Relaxed);
        let mut succeeded = turn.succeeded.lock().await;
        if *succeeded > asked {
            return Ok(Landing::Done);
        }
        let begun = self.tickets.fetch_add(1, Ordering::Relaxed);
        let account = self.store.read(|tx| tx.account_by_key(key))?;
        drop(self.departing(&account.account).lock().await);
        let mut flight = Flight {
            core: self,
            key,
            relay: account.relay,
            requests: Requests::new(self, deadline),
        };
        match flight.run().await {
            Ok(landing) => {
                *succeeded = begun;
                let now = self.bridges.clock.now();
                self.store
                    .write(Durability::Refetchable, |tx| tx.note_heard(key, now))?;
                Ok(landing)
            }
            Err(Failure::SignedOut) => {
                flight.ended()?;
                Ok(Landing::Done)
            }
            Err(Failure::Pause(error, pause)) => {
                if purpose == Purpose::Sync || pause.is_some() {
                    self.rest(key, pause)?;
                }
                Err(error)
            }
            Err(Failure::Stop(error)) => Err(error),
        }
    }

    /// Remembers when the relay may be asked again by itself, after the pause that it asked for or one of
    /// our own: in wall time, so that it survives a kill.
    fn rest(&self, key: AccountKey, asked: Option<Duration>) -> Result<(), EngineError> {
        let now = self.bridges.clock.now();
        self.store.write(Durability::Refetchable, |tx| {
            let mut account = tx.account_by_key(key)?;
            let pause = asked.unwrap_or_else(|| full_jitter(account.failures));
            account.failures = account.failures.saturating_add(1);
            account.failed_at = now;
            account.retry_at = now.after(pause.min(LONGEST_PAUSE));
            tx.save_account(&account)
        })
    }

    fn turn(&self, key: AccountKey) -> Arc<Turn> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(flights.entry(key).or_default())
    }

    /// Ends this process's flight for an account at once: it was signed out, or is on another relay
    /// now. What another process has under way writes nothing ([`Flight::account`]).
    pub(super) fn fence(&self, key: AccountKey) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = flights.remove(&key).filter(|_| !is(Bug::SignOutNotFenced)) {
            turn.over.close();
        }
    }
}

/// Whose turn it is to fly for an account.
#[derive(Debug)]
pub(super) struct Turn {
    /// Held by the one that flies: when the last flight that succeeded began.
    succeeded: Mutex<u64>,
    /// Has no permits, and is closed when it is nobody's any more (S7).
    over: Semaphore,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            succeeded: Mutex::default(),
            over: Semaphore::const_new(0),
        }
    }
}

impl Turn {
    async fn fenced(&self) {
        // The only answer is that it is closed.
        let _ = self.over.acquire().await;
    }
}

/// Exponential backoff with full jitter: anywhere between nothing and the doubled pause.
pub(super) fn full_jitter(failures: u32) -> Duration {
    let ceiling = FIRST_PAUSE
        .saturating_mul(1 << failures.min(12))
        .min(LONGEST_OF_OURS);
    let share = random::number().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    ceiling.mul_f64(share)
}

struct Flight<'a> {
    core: &'a Core,
    key: AccountKey,
    relay: Url,
    requests: Requests<'a>,
}

impl Flight<'_> {
    /// The account, as long as it is the one that this flight began for. Asked for in each
    /// transaction of the flight: after a sign-out, here or on the relay, and after a move to another
    /// relay nothing of an answer that comes late is written, and nothing more is sent (S7).
    fn account(&self, tx: &Tx<'_>) -> Result<Account, EngineError> {
        let account = tx.account_by_key(self.key)?;
        if account.signed_out || account.relay != self.relay {
            return Err(EngineError::UnknownAccount);
        }
        Ok(account)
    }

    /// The relay says that the account has ended: it does not count any more, and nothing is sent for
    /// it, until the app adds it again or signs it out.
    fn ended(&self) -> Result<(), EngineError> {
        self.core.store.write(Durability::Person, |tx| {
            let mut account = self.account(tx)?;
            account.signed_out = true;
            tx.save_account(&account)?;
            tx.recount_badge()?;
            Ok(())
        })
    }

    async fn run(&mut self) -> Result<Landing, Failure> {
        let mut session = Session::new();
        loop {
            let (account, registration, facts) = self.facts()?;
            match session.next(&facts) {
                Step::Done if facts.reset_wanted => {
                    return Err(Failure::Stop(EngineError::MirrorDiverged));
                }
                Step::Done if !facts.unconfirmed.is_empty() => {
                    return Err(Failure::Stop(EngineError::NotUnderstood { status: 200 }));
                }
                Step::Done if session.confirmation_wanted() => {
                    return Ok(Landing::ConfirmationWanted);
                }
                Step::Done => return Ok(Landing::Done),
                Step::Disbelieve(ahead) => self.disbelieve(&ahead)?,
                Step::Register => {
                    session.registered(self.register(&account, &registration).await?);
                }
                Step::Changes(query) => {
                    let heard = self.ask(&account, &query).await?;
                    self.apply(&mut session, &facts, &query, &heard)?;
                }
                Step::Operations(query, operations) => {
                    if !self.mark_sent(&operations)? {
                        // The person, or another process, changed one of them in between.
                        continue;
                    }
                    let Some(heard) = self.send(&account, &query, operations).await? else {
                        if !session.conflict() {
                            return Err(Failure::Stop(EngineError::NotUnderstood { status: 409 }));
                        }
                        self.forget_registration()?;
                        continue;
                    };
                    self.apply(&mut session, &facts, &query, &heard)?;
                }
            }
        }
    }

    async fn ask(&mut self, account: &Account, query: &ChangesQuery) -> Result<Heard, Failure> {
        let url = endpoint(&account.relay, "v1/changes", Some(query))?;
        let response = self.exchange(account, Method::Get, url, None).await?;
        Ok(Heard::from(understood::<Changes>(&response)?))
    }

    /// One request for the account, as long as it is the one that this flight began for.
    async fn exchange(
        &mut self,
        account: &Account,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Failure> {
        let may_send = |tx: &Tx<'_>| {
            let still = tx.is_on_relay(account.key, &account.relay)?;
            still.then_some(()).ok_or(EngineError::UnknownAccount)
        };
        self.requests
            .exchange(&account.account, may_send, method, url, body)
            .await
    }

    fn facts(&self) -> Result<(Account, DeviceRegistration, Facts), EngineError> {
        let now = self.core.bridges.clock.now();
        self.core.store.read(|tx| {
            let account = self.account(tx)?;
            let registration = registration::of(&self.core.configuration, &account, tx)?;
            let facts = Facts {
                epoch: account.mirror.epoch.clone(),
                cursor: account.mirror.cursor,
                ahead: account.mirror.ahead.clone(),
                staging: account.staging.clone(),
                reset_wanted: account.reset_wanted,
                registration_due: registration::is_due(&account, &registration, now)?,
                unconfirmed: tx.batch(self.key)?,
                receipts: tx.receipts(self.key)?,
            };
            Ok((account, registration, facts))
        })
    }

    /// Gives the history that the relay has.
    async fn register(
        &mut self,
        account: &Account,
        registration: &DeviceRegistration,
    ) -> Result<Epoch, Failure> {
        let path = device_path(&self.core.configuration.device);
        let url = endpoint(&account.relay, &path, None)?;
        let body = json(registration)?;
        let response = self.exchange(account, Method::Put, url, Some(body)).await?;
        let registered: DeviceRegistered = understood(&response)?;
        let at = self.core.bridges.clock.now();
        self.core.store.write(Durability::Refetchable, |tx| {
            let mut account = self.account(tx)?;
            let namesake = tx.account_by_route(&registered.route)?;
            if namesake.is_some_and(|other| other.key != self.key) {
                // No two relays draw the same name; one has copied it, to be told of the other's pushes.
                return Err(EngineError::NotUnderstood {
                    status: response.status,
                });
            }
            account.route = Some(registered.route.clone());
            account.registration = Registration {
                fingerprint: Some(registration::fingerprint(registration)?),
                at,
            };
            tx.save_account(&account)
        })?;
        Ok(registered.epoch)
    }

    /// Before the request: from here on the relay may have them, whatever becomes of the answer.
    fn mark_sent(&self, operations: &[Operation]) -> Result<bool, EngineError> {
        self.core.store.write(Durability::Person, |tx| {
            self.account(tx)?;
            let marked = tx.mark_sent(self.key, operations)?;
            for operation in operations.iter().filter(|_| is(Bug::OutboxClearedOnSend)) {
                tx.drop_operation(self.key, operation.number)?;
            }
            Ok(marked)
        })
    }

    /// Sends operations; `None` when the relay found a hole in their numbers.
    async fn send(
        &mut self,
        account: &Account,
        query: &ChangesQuery,
        operations: Vec<Operation>,
    ) -> Result<Option<Heard>, Failure> {
        let url = endpoint(&account.relay, "v1/operations", Some(query))?;
        let request = OperationsRequest { operations };
        let body = json(&request)?;
        let response = self
            .exchange(account, Method::Post, url, Some(body))
            .await?;
        if response.status == 409 {
            return Ok(None);
        }
        let OperationsApplied {
            applied: outcomes,
            changes,
        } = understood(&response)?;
        Ok(Some(Heard {
            changes,
            outcomes,
            sent: request.operations,
        }))
    }

    /// Forgets what the relay never told, unless it told of something else meanwhile.
    fn disbelieve(&self, ahead: &Ahead) -> Result<(), EngineError> {
        tracing::error!("the relay knows nothing of what the mirror was to reach");
        self.core.store.write(Durability::Refetchable, |tx| {
            let mut account = self.account(tx)?;
            if account.mirror.ahead.as_ref() == Some(ahead) {
                account.mirror.ahead = None;
                tx.clear_early(account.key)?;
                tx.save_account(&account)?;
                tx.recount_badge()?;
            }
            Ok(())
        })
    }

    /// A relay that lost this phone's registration refuses its operations too.
    fn forget_registration(&self) -> Result<(), EngineError> {
        self.core.store.write(Durability::Refetchable, |tx| {
            let mut account = self.account(tx)?;
            account.registration = Registration::default();
            tx.save_account(&account)
        })
    }

    fn apply(
        &self,
        session: &mut Session,
        facts: &Facts,
        query: &ChangesQuery,
        heard: &Heard,
    ) -> Result<(), Failure> {
        let page = session
            .answer(facts, query, &heard.changes)
            .map_err(|_| Failure::Stop(EngineError::NotUnderstood { status: 200 }))?;
        let applied = self.core.store.write(heard.durability(), |tx| {
            let mut account = self.account(tx)?;
            if account.mirror.epoch != facts.epoch || account.staging != facts.staging {
                tx.unsend_skipped(self.key, heard)?;
                tx.keep_refused(self.key, heard)?;
                tx.recount_badge()?;
                return Ok(None);
            }
            let comparison = tx.apply_page(&mut account, page, heard)?;
            tx.drop_receipts(self.key, &facts.receipts)?;
            if page.registration_outdated {
                account.registration = Registration::default();
            }
            tx.save_account(&account)?;
            if !is(Bug::BadgeAfterTheRows) {
                tx.recount_badge()?;
            }
            let rows = heard.changes.changes.len();
            tracing::debug!(?page, ?comparison, rows, "a page was applied");
            Ok(Some(comparison))
        })?;
        if is(Bug::BadgeAfterTheRows) {
            let write = Durability::Refetchable;
            self.core.store.write(write, |tx| tx.recount_badge())?;
        }
        let Some(comparison) = applied else {
            // Another process went on from the same facts; its page stands, ours is dropped.
            return if session.overtaken() {
                Ok(())
            } else {
                Err(EngineError::Busy.into())
            };
        };
        session.compared(page, &heard.changes.epoch, comparison);
        Ok(())
    }
}
