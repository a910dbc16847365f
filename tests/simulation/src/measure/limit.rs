//! The limit: what nobody can do better, within the model.
//!
//! It has servers and an app that know, at every moment and at no cost, what the truth is, whether the
//! phone is reachable, and what becomes of a push. It can only do what iOS and APNs let through:
//!
//! - While the app's code runs and HTTPS works, it sets the truth as soon as the truth changes, with
//!   `setBadgeCount`, which takes the time that the model draws for it.
//! - Otherwise, whenever the icon is wrong and a painted push could change it, one is on its way that
//!   says the truth. It takes the latency that the model draws for it, and no other delay: it is sent in
//!   the moment in which the truth changes or the phone can be reached again, whichever is later; it is
//!   never lost, overtaken, stored or doubled, it waits for none that was sent before, and one that
//!   would arrive with an older number is called back. If the phone goes away meanwhile, another one is
//!   sent in the moment in which it is back.
//! - Its painted pushes wake the app where iOS allows it, and the app asks for a background refresh
//!   whenever it runs, so that it has each wake that a client can have.
//!
//! Nobody can send a number before it is true, so nobody is faster than one latency, on average: a
//! second copy of a push waits behind the first, and where it overtakes, APNs soon answers 429.

use std::sync::Arc;

use simphone::{Effect, Notification, Payload, Process, Rules, Time, Why};

use super::{
    Event, Measured, Script, Seeds,
    phone::{Kind, Model, push},
};

struct Limit<'a> {
    model: Model,
    random: fastrand::Rng,
    rules: &'a Rules,
    /// A push on its way: when it arrives, and what it says.
    flies: Option<(Time, u32)>,
    /// A number on its way to the icon.
    sets: Option<(Time, u32)>,
}

pub(super) fn live(rules: &Arc<Rules>, seeds: Seeds, script: &Script, end: Time) -> Measured {
    let mut limit = Limit {
        model: Model::new(rules, seeds),
        random: fastrand::Rng::with_seed(seeds.client),
        rules,
        flies: None,
        sets: None,
    };
    let mut events = script.events.iter().peekable();
    loop {
        let planned = events.peek().map(|(time, _)| *time);
        let flies = limit.flies.map(|(time, _)| time);
        let next = [planned, limit.model.next(), flies]
            .into_iter()
            .flatten()
            .min();
        let Some(next) = next.filter(|next| *next < end) else {
            break;
        };
        limit.model.now = limit.model.now.max(next);
        while let Some((_, event)) = events.next_if(|(time, _)| *time <= limit.model.now) {
            limit.happens(event);
        }
        limit.settle();
    }
    limit.model.meter.end(end)
}

impl Limit<'_> {
    fn happens(&mut self, event: &Event) {
        self.model.happens(event);
        self.effects();
    }

    fn settle(&mut self) {
        self.arrives();
        self.effects();
        self.act();
        self.effects();
        self.model.look();
    }

    fn arrives(&mut self) {
        let Some((_, number)) = self.flies.take_if(|(time, _)| *time <= self.model.now) else {
            return;
        };
        let token = self.model.phone.token();
        if let Some(token) = token.filter(|_| number == self.model.truth.badge()) {
            let push = woken_by(push(&self.model.phone, token, Kind::Painted, number));
            self.model.phone.arrive(self.model.now, push);
        }
    }

    /// Our code is done in no time.
    fn effects(&mut self) {
        let now = self.model.now;
        for effect in self.model.effects() {
            let Effect::Wake(wake) = effect else {
                continue;
            };
            if wake.process == Process::App && wake.why != Why::Left {
                self.model.phone.register_for_pushes(now);
                self.model.phone.submit_refresh(now, now);
            }
            self.act_in_code();
            if wake.until != Time::NEVER {
                self.model.phone.completed(now, wake.id);
            }
        }
    }

    fn act_in_code(&mut self) {
        let (now, truth) = (self.model.now, self.model.truth.badge());
        self.sets = self.sets.filter(|(time, _)| *time > now);
        let coming = self
            .sets
            .map_or(self.model.phone.badge(), |(_, number)| number);
        if self.model.can_run() && coming != truth {
            let set = self.model.phone.set_badge(now, Process::App, truth);
            self.sets = set.ok().map(|at| (at, truth));
        }
    }

    /// Brings the truth on its way, if it is not there and not on its way.
    fn act(&mut self) {
        self.act_in_code();
        let truth = self.model.truth.badge();
        let wrong = self.model.phone.badge() != truth && !self.model.can_run();
        if !wrong || !self.model.can_be_painted() {
            self.flies = None;
        } else if self.flies.is_none_or(|(_, number)| number != truth) {
            let latency = self.rules.apns.latency.draw(&mut self.random);
            self.flies = Some((self.model.now + latency, truth));
            self.model.meter.measured.pushes += 1;
        }
    }
}

/// The same push, which also wakes the app.
fn woken_by(push: Notification) -> Notification {
    let aps = simphone::Aps {
        content_available: true,
        ..push.payload.aps().unwrap_or_default()
    };
    Notification {
        payload: Payload::new(aps, push.payload.shared()),
        ..push
    }
}
