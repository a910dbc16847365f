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

/// What to do with a push now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
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
    pub stored: Option<Arc<Push>>,
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
    push: Arc<Push>,
    until: u64,
}

/// All devices, what is kept for them, the planted faults, and the journal.
#[derive(Debug, Default)]
pub struct Exchange {
    devices: Devices,
    stored: HashMap<PushToken, Stored>,
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
            .map(|stored| stored.push);
        Ok(Attached {
            token,
            session,
            stored,
        })
    }

    /// Ends an attachment; false when a later one replaced it already.
    pub fn detach(&mut self, token: &PushToken, session: Session) -> bool {
        self.devices.detach(token, session)
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
    pub fn take(&mut self, push: &Arc<Push>, now_ms: u64) -> Delivery {
        let delivery = self.decide(push, now_ms);
        self.journal
            .record(Entry::taken(push, delivery.outcome, now_ms));
        delivery
    }

    fn decide(&mut self, push: &Arc<Push>, now_ms: u64) -> Delivery {
        let push_type = push.envelope.push_type;
        if self.faults.drops(&push.token, push_type) {
            return Delivery {
                outcome: Outcome::Dropped,
                send: None,
            };
        }
        let Some(session) = self.devices.session(&push.token) else {
            return Delivery {
                outcome: self.store(push, now_ms),
                send: None,
            };
        };
        let (outcome, copies) = if self.faults.duplicates(&push.token, push_type) {
            (Outcome::Duplicated, 2)
        } else {
            (Outcome::Delivered, 1)
        };
        Delivery {
            outcome,
            send: Some((session, copies)),
        }
    }

    /// A push that could not be handed over after all: the attachment to try next, or none, and
    /// then it is stored.
    pub fn undelivered(&mut self, push: &Arc<Push>, now_ms: u64) -> Option<Session> {
        let session = self.devices.session(&push.token);
        if session.is_none() {
            self.store(push, now_ms);
        }
        session
    }

    fn store(&mut self, push: &Arc<Push>, now_ms: u64) -> Outcome {
        let Some(until) = push.envelope.expiration.stored_until(now_ms / 1_000) else {
            return Outcome::Dropped;
        };
        let push = Arc::clone(push);
        self.stored
            .insert(push.token.clone(), Stored { push, until });
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
                stored: self.stored.get(token).map(|s| s.push.apns_id.clone()),
            })
            .collect();
        phones.sort_by(|a, b| {
            (&a.topic, &a.install, &a.push_token).cmp(&(&b.topic, &b.install, &b.push_token))
        });
        phones
    }
}
