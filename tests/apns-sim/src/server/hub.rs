//! Where requests, phones and control calls meet: the pure state machine behind one lock, and the
//! channels to the phones that are attached.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::{Clock, Event, Observer};
use crate::delivery::{Attached, Exchange, Parcel};
use crate::devices::{App, AttachError, PushToken, Session, Standing};
use crate::headers;
use crate::journal::{Entry, Outcome};
use crate::limits;
use crate::provider::{self, Push, Request, Rules};
use crate::reason::Refusal;
use crate::token::ConnectionTokens;

/// The channel to a phone.
pub(super) type Line = mpsc::Receiver<Arc<Parcel>>;

pub(super) struct Hub {
    rules: Rules,
    clock: Clock,
    observer: Observer,
    simulator: Option<mpsc::Sender<Arc<Push>>>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub exchange: Exchange,
    lines: HashMap<PushToken, (Session, mpsc::Sender<Arc<Parcel>>)>,
}

impl Hub {
    pub fn new(
        rules: Rules,
        clock: Clock,
        observer: Observer,
        simulator: Option<mpsc::Sender<Arc<Push>>>,
    ) -> Self {
        Self {
            rules,
            clock,
            observer,
            simulator,
            inner: Mutex::default(),
        }
    }

    pub fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    pub fn topics(&self) -> &[String] {
        &self.rules.topics
    }

    pub fn has_simulator(&self) -> bool {
        self.simulator.is_some()
    }

    /// A panic elsewhere leaves the state usable: every change to it is complete in itself.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a provider: the `apns-id`, and the refusal if it is one.
    pub fn submit(
        &self,
        request: Request<'_>,
        tokens: &Mutex<ConnectionTokens>,
    ) -> (String, Option<Refusal>) {
        let now_ms = self.now_ms();
        let apns_id = headers::apns_id(request.headers);
        let verdict = {
            let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            let standing = |token: &PushToken, topic: &str| self.standing(token, topic);
            provider::judge(
                request,
                &apns_id,
                &self.rules,
                &mut tokens,
                now_ms,
                standing,
            )
        };
        let (entry, refusal) = match verdict.and_then(|push| self.take(push, now_ms)) {
            Ok(entry) => (entry, None),
            Err(refusal) => {
                let entry = Entry::refused(request, &apns_id, refusal, now_ms);
                self.lock().exchange.journal.record(entry.clone());
                (entry, Some(refusal))
            }
        };
        (self.observer)(&Event::Push(Box::new(entry)));
        (apns_id, refusal)
    }

    fn standing(&self, token: &PushToken, topic: &str) -> Standing {
        match self.lock().exchange.standing(token, topic) {
            // The simulator's tokens are its own; only it knows them.
            Standing::Unknown if self.has_simulator() => Standing::Known,
            standing => standing,
        }
    }

    fn take(&self, push: Push, now_ms: u64) -> Result<Entry, Refusal> {
        let mut inner = self.lock();
        if let Some(reason) = inner.exchange.planted_refusal(&push) {
            let timestamp_ms = reason.has_timestamp().then_some(now_ms);
            return Err(Refusal {
                reason,
                timestamp_ms,
            });
        }
        Ok(match &self.simulator {
            Some(queue) => inner.hand_to_simulator(queue, push, now_ms),
            None => inner.hand_to_phone(push, now_ms),
        })
    }

    /// Attaches a phone; the channel carries what comes for it from now on.
    pub fn attach(&self, app: &App) -> Result<(Attached, Line), AttachError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| AttachError::Full)?;
        let (sender, line) = mpsc::channel(limits::FRAMES_IN_FLIGHT);
        let attached = {
            let mut inner = self.lock();
            let fresh = PushToken::from_bytes(bytes);
            let attached = inner.exchange.attach(app, fresh, self.now_ms())?;
            let token = attached.token.clone();
            inner.lines.insert(token, (attached.session, sender));
            attached
        };
        (self.observer)(&Event::Attached {
            push_token: attached.token.clone(),
            topic: app.topic().to_owned(),
            install: app.install().to_owned(),
            stored: attached
                .stored
                .as_ref()
                .map(|parcel| parcel.push.apns_id.clone()),
        });
        Ok((attached, line))
    }

    /// Ends an attachment. What it did not hand over is kept, or goes to the attachment that
    /// replaced it.
    pub fn detach(
        &self,
        token: &PushToken,
        session: Session,
        line: &mut Line,
        held: Option<Arc<Parcel>>,
    ) {
        let now_ms = self.now_ms();
        let gone = {
            let mut inner = self.lock();
            inner.hang_up(token, session);
            line.close();
            let waiting = std::iter::from_fn(|| line.try_recv().ok());
            for parcel in held.into_iter().chain(waiting) {
                inner.hand_over(&parcel, now_ms);
            }
            inner.exchange.is_away(token)
        };
        if gone {
            let push_token = token.clone();
            (self.observer)(&Event::Detached { push_token });
        }
    }
}

impl Inner {
    fn hand_to_phone(&mut self, push: Push, now_ms: u64) -> Entry {
        let delivery = self.exchange.take(push, now_ms);
        let copies = delivery.send.map_or(0, |(_, copies)| copies);
        for _ in 0..copies {
            self.hand_over(&delivery.parcel, now_ms);
        }
        Entry::taken(&delivery.parcel.push, delivery.outcome, now_ms)
    }

    fn hand_to_simulator(
        &mut self,
        queue: &mpsc::Sender<Arc<Push>>,
        push: Push,
        now_ms: u64,
    ) -> Entry {
        let faults = &mut self.exchange.faults;
        let lost = faults.drops(&push.token, push.envelope.push_type);
        let push = Arc::new(push);
        let outcome = if !lost && queue.try_send(Arc::clone(&push)).is_ok() {
            Outcome::Delivered
        } else {
            Outcome::Dropped
        };
        let entry = Entry::taken(&push, outcome, now_ms);
        self.exchange.journal.record(entry.clone());
        entry
    }

    /// Hands a push to its phone, or keeps it. A phone that does not read counts as away.
    fn hand_over(&mut self, parcel: &Arc<Parcel>, now_ms: u64) {
        let Some(session) = self.exchange.undelivered(parcel, now_ms) else {
            return;
        };
        let token = &parcel.push.token;
        let line = self.lines.get(token);
        if line.is_none_or(|(_, line)| line.try_send(Arc::clone(parcel)).is_err()) {
            self.hang_up(token, session);
            self.exchange.undelivered(parcel, now_ms);
        }
    }

    fn hang_up(&mut self, token: &PushToken, session: Session) {
        if self.lines.get(token).is_some_and(|(of, _)| *of == session) {
            self.lines.remove(token);
        }
        self.exchange.detach(token, session);
    }
}
