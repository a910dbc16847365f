//! Two clients as they are common today. Both are as good as such clients get: nothing in their servers
//! or apps goes wrong, only what is out of their hands.
//!
//! **Silent pushes only** ([`Client::SilentOnly`]). A new item that alerts is sent as an alert with the
//! number, which iOS paints. Every other change of the number is sent as a background push of priority
//! 5, and the app sets that number when it is woken.
//!
//! **Paint once** ([`Client::PaintOnce`]). Alerts as above. Every other change is sent as a push of type
//! alert that holds nothing but the number, which iOS paints. The app is not woken.
//!
//! Both:
//!
//! - The server sends a push in the moment in which the number changes, and not again. One that APNs
//!   does not take (429, 500, 503) is tried again after 10 s, and after twice as long each time, up to
//!   10 min; alerts keep their order, and of the other changes the newest is sent, with the number as it
//!   is then. A token that APNs refuses (400, 410) is forgotten until the app registers another.
//! - A change that the person made on this phone is not sent to it.
//! - The app registers its token at each launch, and fetches whenever it is opened, when the network is
//!   back while it runs, and after every change while it is in front; a fetch that fails is tried again
//!   10 s later while it is in front. What is fetched is shown with what the person did here laid over it.
//! - What the person reads here is taken off the badge at once, and sent at once, or with the next fetch.
//! - A request takes 30 ms to 1.5 s each way; our code takes 50 ms for a push.

mod server;

use std::{collections::BTreeMap, sync::Arc};

use simphone::{Effect, Millis, Process, Rules, Time, Token, Wake, WakeId, Why};

use super::{Account, Client, Event, Measured, ONE_WAY, Script, Seeds, phone::Model};
use server::Server;

const CODE: Millis = Millis(50);
const AGAIN: Millis = Millis::seconds(10);

/// Something that is due.
#[derive(Debug)]
enum Due {
    /// The app's token reaches the server.
    Registers(Token),
    /// A fetch reaches the server, with changes that were made here.
    Fetches(u64, Vec<Event>),
    /// The answer reaches the phone: what the server has, and how many of its changes are in it.
    Fetched(u64, Box<Account>, usize),
    /// The app fetches again.
    TriesAgain,
    /// The server sends again.
    SendsAgain,
    /// A wake is over, and sets a number.
    Done(WakeId, Option<u32>),
}

struct Simple {
    model: Model,
    random: fastrand::Rng,
    queue: BTreeMap<(Time, u64), Due>,
    queued: u64,
    server: Server,
    /// What the app knows: what it fetched, with the changes made here laid over.
    known: Account,
    /// Changes made here that the app does not know to be on the server.
    unsent: Vec<Event>,
    /// A token that did not reach the server.
    unregistered: Option<Token>,
    /// The fetch that is under way, by number.
    fetch: Option<u64>,
    /// Something happened since it was sent.
    fetch_again: bool,
}

pub(super) fn live(
    client: Client,
    rules: &Arc<Rules>,
    seeds: Seeds,
    script: &Script,
    end: Time,
) -> Measured {
    let mut simple = Simple {
        model: Model::new(rules, seeds),
        random: fastrand::Rng::with_seed(seeds.client),
        queue: BTreeMap::new(),
        queued: 0,
        server: Server::new(client),
        known: Account::default(),
        unsent: Vec::new(),
        unregistered: None,
        fetch: None,
        fetch_again: false,
    };
    let mut events = script.events.iter().peekable();
    loop {
        let planned = events.peek().map(|(time, _)| *time);
        let queued = simple.queue.keys().next().map(|(time, _)| *time);
        let next = [planned, queued, simple.model.next()]
            .into_iter()
            .flatten()
            .min();
        let Some(next) = next.filter(|next| *next < end) else {
            break;
        };
        let now = simple.model.now.max(next);
        simple.model.now = now;
        while let Some((_, event)) = events.next_if(|(time, _)| *time <= now) {
            simple.happens(event);
        }
        while let Some(first) = simple
            .queue
            .first_entry()
            .filter(|first| first.key().0 <= now)
        {
            let due = first.remove();
            simple.due(due);
        }
        simple.effects();
        simple.model.look();
    }
    simple.model.meter.end(end)
}

impl Simple {
    fn later(&mut self, after: Millis, due: Due) {
        self.queued += 1;
        self.queue
            .insert((self.model.now + after, self.queued), due);
    }

    fn happens(&mut self, event: &Event) {
        self.model.happens(event);
        match event {
            Event::Item { .. } | Event::ReadElsewhere { .. } | Event::MarkElsewhere(_) => {
                self.tell_server(*event);
            }
            Event::Servers(true) => {
                for event in self.server.take_missed() {
                    self.tell_server(event);
                }
            }
            Event::ReadHere { .. } => {
                self.known.follow(event);
                self.unsent.push(*event);
                self.show(self.known.badge());
                self.fetch();
            }
            Event::Servers(false) | Event::Phone(_) => {}
        }
        self.effects();
    }

    fn tell_server(&mut self, event: Event) {
        self.server.hear(event, self.model.servers_up);
        self.send();
        if self.model.phone.in_foreground() {
            self.fetch();
        }
    }

    fn send(&mut self) {
        if let Some(wait) = self.server.send(&mut self.model) {
            self.later(wait, Due::SendsAgain);
        }
    }

    /// Sets the number, if the app runs and may.
    fn show(&mut self, number: u32) {
        if self.model.phone.running(Process::App) {
            // Where badges are forbidden nobody sees one.
            let _ = self
                .model
                .phone
                .set_badge(self.model.now, Process::App, number);
        }
    }

    fn fetch(&mut self) {
        if self.fetch.is_some() {
            self.fetch_again = true;
            return;
        }
        if !self.model.phone.has_https() {
            self.later(AGAIN, Due::TriesAgain);
            return;
        }
        self.queued += 1;
        self.fetch = Some(self.queued);
        let after = ONE_WAY.draw(&mut self.random);
        self.later(after, Due::Fetches(self.queued, self.unsent.clone()));
    }

    /// The fetch that was under way is over.
    fn fetch_ends(&mut self, well: bool) {
        self.fetch = None;
        let again = std::mem::take(&mut self.fetch_again);
        if !well {
            self.later(AGAIN, Due::TriesAgain);
        } else if again {
            self.fetch();
        }
    }

    fn can_ask(&self) -> bool {
        self.model.servers_up && self.model.phone.has_https()
    }

    fn due(&mut self, due: Due) {
        match due {
            Due::Registers(token) if self.can_ask() => {
                self.model.meter.measured.requests += 1;
                self.server.register(token);
            }
            Due::Registers(token) => self.unregistered = Some(token),
            Due::Fetches(number, changes) => self.fetch_arrives(number, &changes),
            Due::Fetched(number, account, changes) => self.fetched(number, *account, changes),
            Due::TriesAgain => {
                if self.model.phone.in_foreground() && self.fetch.is_none() {
                    self.fetch();
                }
            }
            Due::SendsAgain => {
                self.server.waits_no_longer();
                self.send();
            }
            Due::Done(wake, number) => {
                if let Some(number) = number {
                    self.show(number);
                }
                self.model.phone.completed(self.model.now, wake);
            }
        }
    }

    fn fetch_arrives(&mut self, number: u64, changes: &[Event]) {
        if !self.can_ask() {
            if self.fetch == Some(number) {
                self.fetch_ends(false);
            }
            return;
        }
        self.model.meter.measured.requests += 1;
        self.server.take_changes(changes);
        let account = Box::new(self.server.account().clone());
        let after = ONE_WAY.draw(&mut self.random);
        self.later(after, Due::Fetched(number, account, changes.len()));
    }

    fn fetched(&mut self, number: u64, account: Account, changes: usize) {
        if self.fetch != Some(number) {
            return;
        }
        if !self.model.phone.has_https() {
            self.fetch_ends(false);
            return;
        }
        self.unsent.drain(..changes);
        self.known = account;
        for change in &self.unsent {
            self.known.follow(change);
        }
        self.show(self.known.badge());
        self.fetch_ends(true);
    }

    fn effects(&mut self) {
        loop {
            let effects = self.model.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.effect(effect);
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Launch(Process::App) => {
                self.model.phone.register_for_pushes(self.model.now);
            }
            Effect::TokenIssued { token, .. } => self.register(token),
            Effect::Suspend(Process::App) | Effect::Kill(Process::App, _) => {
                // Its requests end with it, or nobody hears their answers.
                self.fetch = None;
                self.fetch_again = false;
            }
            Effect::Wake(wake) => self.wake(&wake),
            _ => {}
        }
    }

    fn register(&mut self, token: Token) {
        let after = ONE_WAY.draw(&mut self.random);
        self.later(after, Due::Registers(token));
    }

    fn wake(&mut self, wake: &Wake) {
        match &wake.why {
            Why::Foreground | Why::NetworkBack => {
                if let Some(token) = self.unregistered.take() {
                    self.register(token);
                }
                self.fetch();
                if wake.until != Time::NEVER {
                    self.later(CODE, Due::Done(wake.id, None));
                }
            }
            Why::SilentPush(payload) => {
                let number = payload.bytes().try_into().ok().map(u32::from_be_bytes);
                self.later(CODE, Due::Done(wake.id, number));
            }
            _ if wake.until != Time::NEVER => self.later(CODE, Due::Done(wake.id, None)),
            _ => {}
        }
    }
}
