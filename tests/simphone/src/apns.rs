//! Apple's push service, from a provider's request to the phone's connection.

mod answer;
mod device;
mod outage;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use answer::{Answer, Reason};
use device::{Device, Ended, Parcel};
use outage::Outages;

use crate::phone::{App, Effect};
use crate::push::{Environment, Notification, Priority, PushType, Token};
use crate::rules::{ApnsRules, Rules};
use crate::time::Time;

/// The longest `apns-collapse-id`, in bytes (Sending notification requests to APNs).
const COLLAPSE_ID_BYTES: usize = 64;

/// APNs, for any number of phones.
#[derive(Debug)]
pub struct Apns {
    rules: Arc<Rules>,
    random: fastrand::Rng,
    outages: Outages,
    devices: BTreeMap<Token, Device>,
    /// What travels, by the time of its arrival and the order in which it was sent off.
    travelling: BTreeMap<(Time, u64), Parcel>,
    departures: u64,
    taken: u64,
}

impl Apns {
    /// An APNs that knows no token yet. What is left to chance follows from the seed.
    pub fn new(rules: Arc<Rules>, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self {
            outages: Outages::new(&rules.apns, random.u64(..)),
            random,
            rules,
            devices: BTreeMap::new(),
            travelling: BTreeMap::new(),
            departures: 0,
            taken: 0,
        }
    }

    /// Follows what a phone did: its tokens, its connection. Give it every effect; most mean
    /// nothing to it.
    pub fn obey(&mut self, now: Time, effect: &Effect) {
        match effect {
            Effect::TokenIssued {
                token,
                topic,
                environment,
            } => self.register(*token, topic, *environment),
            Effect::TokenEnded(token) => self.end_token(now, *token),
            Effect::PushPath { token, up: true } => self.connect(now, *token),
            Effect::PushPath { token, up: false } => self.disconnect(*token),
            _ => {}
        }
    }

    /// A provider sends a push.
    pub fn send(&mut self, now: Time, notification: Notification) -> Answer {
        if let Some(reason) = self.refusal(now, &notification) {
            return self.refused(reason, notification.token);
        }
        self.taken += 1;
        let parcel = Parcel::new(notification, self.taken, now, &self.rules.apns);
        self.take(now, parcel);
        Answer::TAKEN
    }

    fn refusal(&mut self, now: Time, notification: &Notification) -> Option<Reason> {
        if self.outages.covers(now) {
            return Some(Reason::ServiceUnavailable);
        }
        let rules = &self.rules.apns;
        let token = notification.token;
        if let Some(reason) = malformed(notification, rules) {
            return Some(reason);
        }
        let Some(device) = self.devices.get_mut(&token) else {
            return Some(Reason::BadDeviceToken);
        };
        if device.environment != notification.environment {
            Some(Reason::BadDeviceToken)
        } else if device.topic != notification.topic {
            Some(Reason::DeviceTokenNotForTopic)
        } else if device.ended.is_some_and(|ended| ended.known_at <= now) {
            Some(Reason::Unregistered)
        } else if rules.internal_error.happens(&mut self.random) {
            Some(Reason::InternalServerError)
        } else if !device.takes_one(now, rules) {
            Some(Reason::TooManyRequests)
        } else {
            None
        }
    }

    fn refused(&self, reason: Reason, token: Token) -> Answer {
        let mut answer = Answer::refused(reason);
        let asks_to_wait = matches!(reason.status(), 429 | 503);
        let wait = self.rules.apns.retry_after;
        answer.retry_after = (asks_to_wait && wait.0 > 0).then_some(wait);
        if reason == Reason::Unregistered {
            let ended = self.devices.get(&token).and_then(|device| device.ended);
            answer.ended_at = ended.map(|ended| ended.known_at);
        }
        answer
    }

    fn take(&mut self, now: Time, parcel: Parcel) {
        let rules = &self.rules.apns;
        let lost = rules.loss.happens(&mut self.random);
        let device = self.devices.get(&parcel.notification.token);
        let Some(device) = device.filter(|device| !lost && device.ended.is_none()) else {
            return;
        };
        if !device.connected {
            self.store(parcel);
            return;
        }
        if rules.duplicate.happens(&mut self.random) {
            self.send_off(now, parcel.clone());
        }
        self.send_off(now, parcel);
    }

    /// Sends a parcel on its way to a phone that is there.
    fn send_off(&mut self, now: Time, parcel: Parcel) {
        let rules = &self.rules.apns;
        let mut arrives = now + rules.latency.draw(&mut self.random);
        let push = &parcel.notification;
        if push.priority != Priority::Immediate && push.push_type == PushType::Alert {
            arrives += rules.low_priority_wait.draw(&mut self.random);
        }
        self.depart(arrives, parcel);
    }

    /// A parcel starts, and arrives then, or after all before it where it must not overtake.
    fn depart(&mut self, mut arrives: Time, parcel: Parcel) {
        let overtakes = self.rules.apns.overtake.happens(&mut self.random);
        if let Some(device) = self.devices.get_mut(&parcel.notification.token) {
            if !overtakes {
                arrives = arrives.max(device.ordered_until);
            }
            device.ordered_until = device.ordered_until.max(arrives);
        }
        self.departures += 1;
        self.travelling.insert((arrives, self.departures), parcel);
    }

    fn store(&mut self, parcel: Parcel) {
        let keeps_older = self.rules.apns.keeps_older;
        let Some(device) = self.devices.get_mut(&parcel.notification.token) else {
            return;
        };
        if !parcel.is_stored() {
            return;
        }
        let replaces = device.stored.as_ref().is_none_or(|stored| {
            stored.number < parcel.number && !keeps_older.happens(&mut self.random)
        });
        if replaces {
            device.stored = Some(parcel);
        }
    }

    /// When [`Apns::advance`] has something to hand over next.
    pub fn next(&self) -> Option<Time> {
        self.travelling
            .first_key_value()
            .map(|((time, _), _)| *time)
    }

    /// Lets time pass until `now`: the pushes that reach a connected phone, in order, each for the
    /// phone of its token ([`Phone::arrive`](crate::Phone::arrive)).
    pub fn advance(&mut self, now: Time) -> Vec<Notification> {
        let mut arrived = Vec::new();
        while let Some(first) = self.travelling.first_entry() {
            let (time, _) = *first.key();
            if time > now {
                break;
            }
            let parcel = first.remove();
            match self.devices.get(&parcel.notification.token) {
                Some(device) if device.ended.is_some() || parcel.expires < time => {}
                Some(device) if device.connected => arrived.push(parcel.notification),
                Some(_) => self.store(parcel),
                None => {}
            }
        }
        arrived
    }

    /// Gives out a token, when there is no [`Phone`](crate::Phone) that makes its own. Its phone is
    /// connected.
    pub fn issue_token(&mut self, app: &App) -> Token {
        let token = Token(self.random.u64(..));
        self.register(token, &app.topic, app.environment);
        token
    }

    fn register(&mut self, token: Token, topic: &Arc<str>, environment: Environment) {
        self.devices
            .entry(token)
            .or_insert_with(|| Device::new(Arc::clone(topic), environment));
    }

    /// A token is valid no more. APNs itself learns of it later.
    pub fn end_token(&mut self, now: Time, token: Token) {
        let learns_after = self.rules.apns.unregistered_after;
        let Some(device) = self.devices.get_mut(&token) else {
            return;
        };
        if device.ended.is_none() {
            let known_at = now + learns_after.draw(&mut self.random);
            device.ended = Some(Ended { known_at });
            device.stored = None;
        }
    }

    /// The phone of this token is there: it gets what was stored.
    pub fn connect(&mut self, now: Time, token: Token) {
        let redelivery = self.rules.apns.redelivery;
        let Some(device) = self.devices.get_mut(&token) else {
            return;
        };
        device.connected = true;
        if let Some(parcel) = device.stored.take() {
            let arrives = now + redelivery.draw(&mut self.random);
            self.depart(arrives, parcel);
        }
    }

    /// The phone of this token is away.
    pub fn disconnect(&mut self, token: Token) {
        if let Some(device) = self.devices.get_mut(&token) {
            device.connected = false;
        }
    }

    /// Whether APNs answers 503 to everything now.
    pub fn is_out(&mut self, now: Time) -> bool {
        self.outages.covers(now)
    }

    /// When the outage under way ends, or the next one begins; none when there never is one. For a
    /// measurement: no provider can know.
    pub fn outage_changes_after(&mut self, now: Time) -> Option<Time> {
        self.outages.changes_after(now)
    }

    /// The push that is stored for a phone that is away.
    pub fn stored(&self, token: Token) -> Option<&Notification> {
        let stored = self.devices.get(&token)?.stored.as_ref()?;
        Some(&stored.notification)
    }

    /// The rules that it lives by.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }
}

/// What is wrong with a push, whoever it is for.
fn malformed(push: &Notification, rules: &ApnsRules) -> Option<Reason> {
    let bytes = push.payload.bytes().len();
    let too_long = |id: &Arc<str>| id.len() > COLLAPSE_ID_BYTES;
    if u32::try_from(bytes).map_or(true, |bytes| bytes > rules.payload_bytes) {
        Some(Reason::PayloadTooLarge)
    } else if push.payload.aps().is_none() {
        Some(Reason::PayloadEmpty)
    } else if push.collapse_id.as_ref().is_some_and(too_long) {
        Some(Reason::BadCollapseId)
    } else if push.push_type == PushType::Background && push.priority != Priority::PowerAware {
        // Apple: "an error"; what APNs does about it is not said.
        Some(Reason::BadPriority)
    } else {
        None
    }
}
