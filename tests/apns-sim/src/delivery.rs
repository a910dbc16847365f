//! What happens to a push that was taken: delivered, stored for a phone that is away, or lost and
//! doubled as planted. A pure state machine: time and randomness are arguments, and what must be
//! sent is its answer.
//!
//! Source for the storage: Apple, "Sending notification requests to APNs" (`apns-expiration`) and
//! "Viewing the status of push notifications": APNs keeps one notification per app while a device
//! is away, the newest, for 30 days at most.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::devices::{App, AttachError, Devices, PushToken, Session, Standing};
use crate::faults::Faults;
use crate::journal::{Entry, Journal, Outcome};
use crate::provider::Push;
use crate::reason::Reason;

/// A push that was taken, with its place in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// The push.
    pub push: Push,
    number: u64,
}

/// What to do with a push now.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The push, to be handed over.
    pub parcel: Arc<Parcel>,
    /// What became of it.
    pub outcome: Outcome,
    /// Through which attachment it is sent, and how often.
    pub send: Option<(Session, u8)>,
}

/// A phone that attached.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    /// Its device token.
    pub token: PushToken,
    /// This attachment.
    pub session: Session,
    /// What was kept for it while it was away.
    pub stored: Option<Arc<Parcel>>,
}

/// A phone, for `GET /control/phones`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phone {
    /// Its device token.
    pub push_token: PushToken,
    /// The app's bundle identifier.
    pub topic: String,
    /// The name that it chose.
    pub install: String,
    /// Whether it is attached.
    pub attached: bool,
    /// Whether its token ended.
    pub dead: bool,
    /// The `apns-id` of what is kept for it.
    pub stored: Option<String>,
}

#[derive(Debug)]
struct Stored {
    parcel: Arc<Parcel>,
    until: u64,
}

/// All devices, what is kept for them, the planted faults, and the journal.
#[derive(Debug, Default)]
pub struct Exchange {
    devices: Devices,
    stored: HashMap<PushToken, Stored>,
    taken: u64,
    /// The faults in force.
    pub faults: Faults,
    /// What came lately.
    pub journal: Journal,
}

impl Exchange {
    /// Attaches a phone at the Unix millisecond `now_ms`; `fresh` is its token if it needs one.
    pub fn attach(
        &mut self,
        app: &App,
        fresh: PushToken,
        now_ms: u64,
    ) -> Result<Attached, AttachError> {
        let (token, session) = self.devices.attach(app, fresh)?;
        let stored = self
            .stored
            .remove(&token)
            .filter(|stored| now_ms / 1_000 <= stored.until)
            .map(|stored| stored.parcel);
        Ok(Attached {
            token,
            session,
            stored,
        })
    }

    /// Ends an attachment, unless a later one replaced it already.
    pub fn detach(&mut self, token: &PushToken, session: Session) {
        self.devices.detach(token, session);
    }

    /// Whether a token's phone is not attached.
    pub fn is_away(&self, token: &PushToken) -> bool {
        self.devices.session(token).is_none()
    }

    /// What APNs would say of a token under a topic.
    pub fn standing(&self, token: &PushToken, topic: &str) -> Standing {
        self.devices.standing(token, topic)
    }

    /// Whether a planted fault refuses this push.
    pub fn planted_refusal(&mut self, push: &Push) -> Option<Reason> {
        self.faults.refuses(&push.token, push.envelope.push_type)
    }

    /// Takes a push at `now_ms` and writes it down.
    pub fn take(&mut self, push: Push, now_ms: u64) -> Delivery {
        self.taken += 1;
        let number = self.taken;
        let parcel = Arc::new(Parcel { push, number });
        let (outcome, send) = self.decide(&parcel, now_ms);
        self.journal
            .record(Entry::taken(&parcel.push, outcome, now_ms));
        Delivery {
            parcel,
            outcome,
            send,
        }
    }

    fn decide(&mut self, parcel: &Arc<Parcel>, now_ms: u64) -> (Outcome, Option<(Session, u8)>) {
        let (token, push_type) = (&parcel.push.token, parcel.push.envelope.push_type);
        if self.faults.drops(token, push_type) {
            return (Outcome::Dropped, None);
        }
        match self.devices.session(token) {
            None => (self.store(parcel, now_ms), None),
            Some(session) if self.faults.duplicates(token, push_type) => {
                (Outcome::Duplicated, Some((session, 2)))
            }
            Some(session) => (Outcome::Delivered, Some((session, 1))),
        }
    }

    /// A push that could not be handed over after all: the attachment to try next, or none, and
    /// then it is stored, unless a newer one is.
    pub fn undelivered(&mut self, parcel: &Arc<Parcel>, now_ms: u64) -> Option<Session> {
        let session = self.devices.session(&parcel.push.token);
        if session.is_none() {
            self.store(parcel, now_ms);
        }
        session
    }

    fn store(&mut self, parcel: &Arc<Parcel>, now_ms: u64) -> Outcome {
        let push = &parcel.push;
        let dead = self.devices.is_dead(&push.token);
        let until = push.envelope.expiration.stored_until(now_ms / 1_000);
        let Some(until) = until.filter(|_| !dead) else {
            return Outcome::Dropped;
        };
        let newer = |stored: &Stored| stored.parcel.number > parcel.number;
        if !self.stored.get(&push.token).is_some_and(newer) {
            let parcel = Arc::clone(parcel);
            self.stored
                .insert(push.token.clone(), Stored { parcel, until });
        }
        Outcome::Stored
    }

    /// Ends a token, as when the app is deleted; false when it was never given out.
    pub fn end_token(&mut self, token: &PushToken, now_ms: u64) -> bool {
        self.stored.remove(token);
        self.devices.end(token, now_ms)
    }

    /// Every phone, by topic and install.
    pub fn phones(&self) -> Vec<Phone> {
        let mut phones: Vec<Phone> = self
            .devices
            .iter()
            .map(|(token, app, attached, dead)| Phone {
                push_token: token.clone(),
                topic: app.topic().to_owned(),
                install: app.install().to_owned(),
                attached,
                dead,
                stored: self
                    .stored
                    .get(token)
                    .map(|s| s.parcel.push.apns_id.clone()),
            })
            .collect();
        phones.sort_by(|a, b| {
            (&a.topic, &a.install, &a.push_token).cmp(&(&b.topic, &b.install, &b.push_token))
        });
        phones
    }
}
