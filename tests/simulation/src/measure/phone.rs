//! A modelled phone and its APNs, for clients that are models themselves.

use std::sync::Arc;

use simphone::{
    Apns, App, Effect, Environment, Expiration, Notification, Payload, Phone, Priority, Process,
    PushType, Rules, Time, Token, Wake, Why,
};

use super::{Account, Event, Meter, OnlyHere, Seeds, Seen};

/// A phone, APNs, the truth, and the meter.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: Time,
    pub(super) apns: Apns,
    pub(super) phone: Phone,
    pub(super) truth: Account,
    pub(super) servers_up: bool,
    only_here: OnlyHere,
    pub(super) meter: Meter,
}

impl Model {
    pub(super) fn new(rules: &Arc<Rules>, seeds: Seeds) -> Self {
        let app = App {
            topic: "com.example.app".into(),
            environment: Environment::Production,
        };
        Self {
            now: Time::ZERO,
            apns: Apns::new(Arc::clone(rules), seeds.apns),
            phone: Phone::new(Arc::clone(rules), app, seeds.phone, Time::ZERO),
            truth: Account::default(),
            servers_up: true,
            only_here: OnlyHere::default(),
            meter: Meter::default(),
        }
    }

    /// When the phone or APNs does something by itself. An outage that begins or ends is something.
    pub(super) fn next(&mut self) -> Option<Time> {
        let outage = self.apns.outage_changes_after(self.now);
        let all = [self.apns.next(), self.phone.next(), outage];
        all.into_iter()
            .flatten()
            .min()
            .map(|next| next.max(self.now))
    }

    /// What the truth and the phone make of something that happens.
    pub(super) fn happens(&mut self, event: &Event) {
        let before = self.truth.badge();
        self.truth.follow(event);
        let truth = self.truth.badge();
        self.only_here.happens(event, truth != before);
        let falls = truth < before;
        match event {
            Event::Phone(happening) => self.phone.happen(self.now, *happening),
            Event::Servers(up) => self.servers_up = *up,
            Event::ReadElsewhere { .. } if falls => self.meter.falls_elsewhere(self.now),
            _ => {}
        }
    }

    /// What came of everything so far, for our code to see.
    pub(super) fn effects(&mut self) -> Vec<Effect> {
        for notification in self.apns.advance(self.now) {
            self.phone.arrive(self.now, notification);
        }
        let effects = self.phone.advance(self.now);
        for effect in &effects {
            self.apns.obey(self.now, effect);
            if let Effect::Wake(wake) = effect
                && in_background(wake)
            {
                self.meter.measured.wakes += 1;
            }
        }
        effects
    }

    /// Whether our code could set the icon now, with what the servers know.
    pub(super) fn can_run(&self) -> bool {
        self.servers_up
            && self.phone.running(Process::App)
            && self.phone.has_https()
            && self.phone.unlocked()
    }

    /// Whether a painted push that arrived now would change the icon, and could arrive.
    pub(super) fn can_be_painted(&mut self) -> bool {
        self.servers_up && self.phone.can_be_painted() && !self.apns.is_out(self.now)
    }

    pub(super) fn look(&mut self) {
        self.only_here.passes(&self.phone, self.servers_up);
        let out = self.apns.is_out(self.now);
        let seen = Seen {
            icon: self.phone.badge(),
            truth: self.truth.badge(),
            reachable: is_reachable(&self.phone, self.servers_up, out, self.now),
            known: self.only_here.is_nothing(),
        };
        self.meter.look(self.now, seen);
    }
}

/// Whether something could make the icon now; see [`super::meter`].
pub(crate) fn is_reachable(phone: &Phone, servers_up: bool, apns_out: bool, now: Time) -> bool {
    let by_code = phone.running(Process::App) && phone.has_https() && phone.unlocked();
    let by_push = phone.can_be_reached(now) && !apns_out;
    servers_up && phone.conditions().badges_allowed && (by_code || by_push)
}

/// Whether iOS gave our code a moment that nobody at the phone asked for.
pub(crate) fn in_background(wake: &Wake) -> bool {
    matches!(
        wake.why,
        Why::SilentPush(_) | Why::PaintedPush(_) | Why::Extension { .. } | Why::Refresh
    )
}

/// What a push is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Shows something, with the number.
    Alert,
    /// The number alone, which iOS sets.
    Painted,
    /// The number alone, for the app.
    Silent,
}

/// A push with a number in it, for iOS, for the app, or both.
pub(super) fn push(phone: &Phone, token: Token, kind: Kind, number: u32) -> Notification {
    let silent = kind == Kind::Silent;
    let aps = simphone::Aps {
        badge: (!silent).then_some(number),
        content_available: silent,
        mutable_content: false,
        alert: kind == Kind::Alert,
    };
    Notification {
        token,
        topic: Arc::clone(&phone.app().topic),
        environment: phone.app().environment,
        push_type: if silent {
            PushType::Background
        } else {
            PushType::Alert
        },
        priority: if silent {
            Priority::PowerAware
        } else {
            Priority::Immediate
        },
        expiration: Expiration::Policy,
        collapse_id: (kind != Kind::Alert).then(|| "badge".into()),
        payload: Payload::new(aps, number.to_be_bytes()),
    }
}
