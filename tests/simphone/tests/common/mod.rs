//! A phone, APNs, and what came of it.

#![allow(dead_code, missing_docs)] // no test file needs all of it

use std::sync::Arc;

use simphone::*;

pub const TOPIC: &str = "com.example.app";

/// Rules that leave nothing to chance, with one or two changed.
pub fn rules(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::kind();
    rules.apns.latency = Delay::exactly(Millis(100));
    rules.background.refresh_after = Delay::exactly(Millis::minutes(10));
    rules.life.suspends_after = Delay::exactly(Millis::seconds(1));
    rules.life.suspended_lives = Delay::exactly(Millis::days(9));
    rules.life.boot = Delay::exactly(Millis::seconds(30));
    rules.extension.lingers = Delay::exactly(Millis::minutes(1));
    change(&mut rules);
    rules
}

pub fn app() -> App {
    App {
        topic: TOPIC.into(),
        environment: Environment::Production,
    }
}

pub struct World {
    pub apns: Apns,
    pub phone: Phone,
    pub now: Time,
    /// Everything that the phone did, with its time.
    pub log: Vec<(Time, Effect)>,
    /// What our code does in a wake: calls its completion after so long, or never.
    pub works_for: Option<Millis>,
    ends: Vec<(Time, WakeId)>,
}

impl World {
    /// A phone whose app was never opened.
    pub fn fresh(rules: Rules, seed: u64) -> Self {
        let rules = Arc::new(rules);
        Self {
            apns: Apns::new(Arc::clone(&rules), seed),
            phone: Phone::new(rules, app(), seed + 1, Time::ZERO),
            now: Time::ZERO,
            log: Vec::new(),
            works_for: Some(Millis::seconds(1)),
            ends: Vec::new(),
        }
    }

    /// A phone whose app was opened once and has its token; it is suspended now.
    pub fn new(rules: Rules) -> Self {
        let mut world = Self::fresh(rules, 1);
        world.happen(Happening::Open);
        world.phone.register_for_pushes(world.now);
        world.pass(Millis::minutes(1));
        world.happen(Happening::Home);
        world.pass(Millis::minutes(1));
        world.log.clear();
        world
    }

    pub fn token(&self) -> Token {
        self.phone.token().expect("the app asked for a token")
    }

    pub fn happen(&mut self, happening: Happening) {
        self.phone.happen(self.now, happening);
        self.pass(Millis::ZERO);
    }

    /// Lets time pass.
    pub fn pass(&mut self, length: Millis) {
        let end = self.now + length;
        loop {
            for notification in self.apns.advance(self.now) {
                self.phone.arrive(self.now, notification);
            }
            let now = self.now;
            let due = |(time, _): &mut (Time, WakeId)| *time <= now;
            for (_, wake) in self.ends.extract_if(.., due).collect::<Vec<_>>() {
                self.phone.completed(self.now, wake);
            }
            for effect in self.phone.advance(self.now) {
                self.apns.obey(self.now, &effect);
                if let (Effect::Wake(wake), Some(length)) = (&effect, self.works_for)
                    && wake.why != Why::Foreground
                {
                    self.ends.push((self.now + length, wake.id));
                }
                self.log.push((self.now, effect));
            }
            let ends = self.ends.iter().map(|(time, _)| *time).min();
            let next = [self.apns.next(), self.phone.next(), ends];
            match next.into_iter().flatten().min().filter(|next| *next <= end) {
                Some(next) => self.now = self.now.max(next),
                None => break,
            }
        }
        self.now = end;
    }

    pub fn push(&self, push_type: PushType, body: &str) -> Notification {
        Notification {
            token: self.token(),
            topic: TOPIC.into(),
            environment: Environment::Production,
            push_type,
            priority: match push_type {
                PushType::Alert => Priority::Immediate,
                PushType::Background => Priority::PowerAware,
            },
            expiration: Expiration::Policy,
            collapse_id: None,
            payload: Payload::read(body.as_bytes()),
        }
    }

    pub fn send(&mut self, notification: Notification) -> Answer {
        self.apns.send(self.now, notification)
    }

    /// Sends a background push, and waits until it is there.
    pub fn silent(&mut self, text: &str) {
        let push = self.push(PushType::Background, &silent(text));
        assert!(self.send(push).is_taken());
        self.pass(Millis::seconds(5));
    }

    /// Sends a push that only sets the number, and waits until it is there.
    pub fn painted(&mut self, badge: u32) {
        let body = format!(r#"{{"aps":{{"badge":{badge},"content-available":1}}}}"#);
        let push = self.push(PushType::Alert, &body);
        assert!(self.send(push).is_taken());
        self.pass(Millis::seconds(5));
    }

    /// Sends an alert, and waits until it is there.
    pub fn alert(&mut self, badge: u32, collapse_id: &str) {
        let mut push = self.push(PushType::Alert, &alert(badge));
        push.collapse_id = Some(collapse_id.into());
        assert!(self.send(push).is_taken());
        self.pass(Millis::seconds(5));
    }

    /// The bodies of the pushes that the app was woken for.
    pub fn woken_for(&self) -> Vec<String> {
        let bodies = self.log.iter().filter_map(|(_, effect)| match effect {
            Effect::Wake(Wake {
                why: Why::SilentPush(body) | Why::PaintedPush(body),
                ..
            }) => Some(String::from_utf8_lossy(body.bytes()).into_owned()),
            _ => None,
        });
        bodies.collect()
    }

    pub fn saw(&self, effect: &Effect) -> bool {
        self.log.iter().any(|(_, seen)| seen == effect)
    }

    /// Whether a process was ended.
    pub fn killed_something(&self) -> bool {
        let killed = |effect: &Effect| matches!(effect, Effect::Kill(..));
        self.log.iter().any(|(_, effect)| killed(effect))
    }

    /// The wakes of a process, in order.
    pub fn wakes(&self, process: Process) -> Vec<Wake> {
        let wakes = self.log.iter().filter_map(|(_, effect)| match effect {
            Effect::Wake(wake) if wake.process == process => Some(wake.clone()),
            _ => None,
        });
        wakes.collect()
    }

    pub fn last_wake(&self) -> Wake {
        let wake = self.log.iter().rev().find_map(|(_, effect)| match effect {
            Effect::Wake(wake) => Some(wake.clone()),
            _ => None,
        });
        wake.expect("a wake")
    }
}

pub fn silent(text: &str) -> String {
    format!(r#"{{"aps":{{"content-available":1}},"tb":"{text}"}}"#)
}

pub fn alert(badge: u32) -> String {
    format!(r#"{{"aps":{{"alert":"Hello","mutable-content":1,"badge":{badge}}}}}"#)
}
