//! The last pushes, for tests and for people: a ring of bounded length.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::devices::PushToken;
use crate::headers::{Envelope, PushType};
use crate::limits;
use crate::payload::Payload;
use crate::provider::{Push, Request, device_digits};
use crate::reason::{Reason, Refusal};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Handed to the attached phone.
    Delivered,
    /// Kept for a phone that is away, in place of what was kept before.
    Stored,
    /// Accepted and lost: a planted fault, or `apns-expiration: 0` while the phone was away.
    Dropped,
    /// Handed to the attached phone twice: a planted fault.
    Duplicated,
    /// Answered with an error.
    Refused,
}

impl Outcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Stored => "stored",
            Self::Dropped => "dropped",
            Self::Duplicated => "duplicated",
            Self::Refused => "refused",
        }
    }
}

/// One request of a provider. What a refused one did not say properly is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// When it came, in Unix milliseconds.
    pub at_ms: u64,
    /// The `apns-id` of the answer.
    pub apns_id: String,
    /// Whose phone.
    pub push_token: Option<PushToken>,
    /// Which app.
    pub topic: Option<String>,
    /// What kind.
    pub push_type: Option<PushType>,
    /// How urgent.
    pub priority: Option<u8>,
    /// What it replaces.
    pub collapse_id: Option<String>,
    /// `apns-expiration`, where it was there.
    pub expiration: Option<u64>,
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's reason, with a refusal.
    pub reason: Option<Reason>,
    /// What became of it.
    pub outcome: Outcome,
    /// The number that it paints.
    pub badge: Option<u32>,
    /// What it carried.
    pub payload: Option<Value>,
}

impl Entry {
    /// A push that was taken.
    pub fn taken(push: &Push, outcome: Outcome, at_ms: u64) -> Self {
        let mut entry = Self::blank(&push.apns_id, at_ms);
        entry.status = 200;
        entry.outcome = outcome;
        entry.push_token = Some(push.token.clone());
        entry.envelope(&push.envelope);
        entry.payload(&push.payload);
        entry
    }

    /// A request that was refused.
    pub fn refused(request: Request<'_>, apns_id: &str, refusal: Refusal, at_ms: u64) -> Self {
        let mut entry = Self::blank(apns_id, at_ms);
        entry.status = refusal.reason.status();
        entry.reason = Some(refusal.reason);
        entry.push_token = device_digits(request.path)
            .ok()
            .and_then(|digits| PushToken::parse(digits).ok());
        if let Ok(envelope) = Envelope::parse(request.headers) {
            entry.envelope(&envelope);
        }
        if let Ok(payload) = Payload::parse(request.body) {
            entry.payload(&payload);
        }
        entry
    }

    fn blank(apns_id: &str, at_ms: u64) -> Self {
        Self {
            at_ms,
            apns_id: apns_id.to_owned(),
            push_token: None,
            topic: None,
            push_type: None,
            priority: None,
            collapse_id: None,
            expiration: None,
            status: 0,
            reason: None,
            outcome: Outcome::Refused,
            badge: None,
            payload: None,
        }
    }

    fn envelope(&mut self, envelope: &Envelope) {
        self.topic = Some(envelope.topic.clone());
        self.push_type = Some(envelope.push_type);
        self.priority = Some(envelope.priority);
        self.collapse_id.clone_from(&envelope.collapse_id);
        self.expiration = envelope.expiration.header();
    }

    fn payload(&mut self, payload: &Payload) {
        self.badge = payload.badge();
        self.payload = serde_json::from_str(payload.text()).ok();
    }
}

/// The ring.
#[derive(Debug, Default)]
pub struct Journal(VecDeque<Entry>);

impl Journal {
    /// Adds the newest, and forgets the oldest when there are too many.
    pub fn record(&mut self, entry: Entry) {
        if self.0.len() >= limits::JOURNAL {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    /// All that are remembered, newest last.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }
}
