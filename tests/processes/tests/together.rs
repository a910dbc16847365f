//! The app and its extension at once, over one store.
//!
//! `TRUEBADGE_ROUNDS` says how much is done in all (10,000 when absent), `TRUEBADGE_SEED` repeats a
//! run's choices.
#![allow(clippy::unwrap_used)] // a panic is the report

mod support;

use std::{collections::VecDeque, time::Instant};

use fastrand::Rng;
use processes::{
    backend::{Backend, Push},
    child::{Orders, Phone},
    icon,
    mirror::Mirror,
    obey::Role,
    orders::{Line, Order},
    relay::Relay,
    truth::{self, Done},
};
use support::{Tally, number, seed};
use truebadge_protocol::Route;

#[test]
fn two_processes_at_once_end_with_the_right_totals_and_the_newest_badge_last() {
    let (seed, rounds) = (seed(), number("TRUEBADGE_ROUNDS", 10_000));
    println!("{rounds} rounds; again with TRUEBADGE_SEED={seed}");
    let began = Instant::now();
    let mut world = World::new(seed);
    let (mut app, app_said) = world.phone.start(Role::App).listen();
    let (mut extension, extension_said) = world.phone.start(Role::Extension).listen();
    for _ in 0..rounds {
        if world.rng.bool() {
            world.backend.report(&world.relay, &mut world.rng);
        }
        if world.rng.bool() {
            world.tell_app(&mut app);
        } else {
            world.tell_extension(&mut extension);
        }
    }
    let last = Order::Receive(world.push(Push::Cumulative));
    app.give(&last);
    extension.give(&last);
    drop((app, extension));
    let app_said = app_said.join().unwrap();
    let extension_said = extension_said.join().unwrap();
    world.judge("app", &app_said, rounds);
    world.judge("extension", &extension_said, rounds);
    println!("{:8} s", began.elapsed().as_secs());
    world.tally.print();
    world.assert_the_newest_badge_is_last();
    world.assert_all_arrives();
}

struct World {
    rng: Rng,
    relay: Relay,
    backend: Backend,
    phone: Phone,
    route: Route,
    done: Done,
    /// Pushes that may still come: late, or once more.
    under_way: VecDeque<String>,
    tally: Tally,
    _folder: tempfile::TempDir,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let folder = support::folder();
        let relay = Relay::start(folder.path());
        let backend = Backend::new(&relay, &mut rng);
        let program = env!("CARGO_BIN_EXE_phone-process");
        let phone = Phone::new(program, folder.path(), &relay);
        let mut app = phone.start(Role::App);
        assert_eq!(app.obey(&Order::AddAccount).error, None);
        for _ in 0..2 {
            assert!(app.obey(&Order::Refresh { foreground: false }).synced);
        }
        let account = Mirror::read(&phone.store).unwrap().account.unwrap();
        Self {
            rng,
            relay,
            backend,
            phone,
            route: account.route.unwrap(),
            done: Done::default(),
            under_way: VecDeque::new(),
            tally: Tally::default(),
            _folder: folder,
        }
    }

    /// Pushes, and what the person does. Now and then the app is opened, syncs, and sleeps.
    fn tell_app(&mut self, app: &mut Orders) {
        let foreground = self.rng.bool();
        match self.rng.u8(..) {
            0..64 => app.give(&Order::Read {
                pick: self.rng.usize(..),
                leave: self.rng.u32(0..3),
            }),
            64..72 => app.give(&Order::Mark {
                pick: self.rng.usize(..),
            }),
            72..80 => app.give(&Order::Refresh { foreground }),
            80..84 => {
                app.give(&Order::Suspend);
                app.give(&Order::Resume);
            }
            _ => self.send_push(app, Order::Receive),
        }
    }

    fn tell_extension(&mut self, extension: &mut Orders) {
        match self.rng.u8(..) {
            0..4 => self.send_push(extension, Order::Push),
            _ => self.send_push(extension, Order::Receive),
        }
    }

    /// One push of those under way, among which there is a new one. Some never come, some twice.
    fn send_push(&mut self, to: &mut Orders, order: fn(String) -> Order) {
        let kind = Push::any(&mut self.rng);
        let push = self.push(kind);
        self.under_way.push_back(push);
        let which = if self.rng.u8(0..4) == 0 {
            self.rng.usize(..self.under_way.len())
        } else {
            self.under_way.len() - 1
        };
        to.give(&order(self.under_way[which].clone()));
        if self.rng.u8(0..8) > 0 {
            self.under_way.remove(which);
        }
        self.under_way.truncate(8);
    }

    fn push(&mut self, kind: Push) -> String {
        let device = &self.phone.device;
        self.backend.push(&self.relay, device, &self.route, kind)
    }

    /// Nothing failed but what another process stood in the way of, and that is not the rule.
    fn judge(&mut self, who: &'static str, printed: &[Line], rounds: u64) {
        let mut doing = None;
        let mut busy = 0;
        for line in printed {
            match line {
                Line::Doing(deed) => doing = Some(deed),
                Line::Done(done) => {
                    let deed = doing.take();
                    if done.acknowledged {
                        self.done.add(deed.unwrap());
                        self.tally.add("operations");
                    } else if done.busy {
                        busy += 1;
                    } else {
                        assert_eq!(done.error, None, "{who}");
                    }
                    if done.disposition.is_some() {
                        self.tally.add("pushes");
                    }
                }
                _ => {}
            }
        }
        println!("{busy:8} times the {who} found the store busy");
        assert!(busy * 20 < rounds, "busy is the rule");
    }

    fn assert_the_newest_badge_is_last(&self) {
        let mirror = Mirror::read(&self.phone.store).unwrap();
        mirror.assert_consistent(&self.phone.store);
        let set = icon::read(&self.phone.icon);
        let shown = set.last().unwrap().badge;
        assert_eq!(shown, mirror.badge, "an older badge was set last");
        let right = truth::badge(self.backend.truth.newest(), &self.done);
        assert_eq!(shown, right, "{mirror:?}");
        let (relay, _) = self.relay.everything(&self.phone.device);
        self.done.assert_kept(&relay, |deed| mirror.will_send(deed));
    }

    fn assert_all_arrives(&self) {
        let mut app = self.phone.start(Role::App);
        let refreshed = app.obey(&Order::Refresh { foreground: false });
        assert!(refreshed.synced, "{refreshed:?}");
        let mirror = Mirror::read(&self.phone.store).unwrap();
        mirror.assert_consistent(&self.phone.store);
        let right = truth::badge(self.backend.truth.newest(), &self.done);
        assert_eq!((mirror.badge, mirror.operations), (right, vec![]));
        let (relay, acknowledged) = self.relay.everything(&self.phone.device);
        self.done.assert_kept(&relay, |_| false);
        assert_eq!(acknowledged, self.done.count, "each was applied once");
    }
}
