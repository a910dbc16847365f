//! A phone whose process is killed at any moment, again and again over the same store.
//!
//! `TRUEBADGE_KILLS` says how often (2,000 when absent), `TRUEBADGE_SEED` repeats a run's choices.

#![allow(clippy::unwrap_used)] // a panic is the report

mod support;

use std::time::Duration;

use fastrand::Rng;
use processes::{
    backend::{Backend, Push},
    child::Phone,
    icon,
    mirror::Mirror,
    obey::Role,
    orders::{Deed, Line, Order},
    relay::Relay,
    truth::Done,
};
use support::{Tally, number, seed};
use truebadge_protocol::Route;

/// The schema that the first released version left.
const FIRST_SCHEMA: &str = include_str!("../../../rust-core/engine/src/store/migrations/0001.sql");

#[test]
fn s3_a_phone_that_is_killed_at_any_moment_loses_no_operation_and_shows_no_wrong_badge() {
    let (seed, kills) = (seed(), number("TRUEBADGE_KILLS", 2_000));
    println!("{kills} kills; again with TRUEBADGE_SEED={seed}");
    let lane = |lane: u64| {
        move || {
            let mut phone = Killed::new(seed.wrapping_add(lane));
            (0..kills / 2).for_each(|_| phone.live_and_die());
            phone.undisturbed();
            phone.tally
        }
    };
    let tally = std::thread::scope(|scope| {
        let other = scope.spawn(lane(1));
        let mine = lane(0)();
        mine.and(other.join().unwrap())
    });
    tally.print();
    // Each of these has its own way to go wrong: a run that never met one shows nothing of it.
    if kills >= 2_000 {
        for moment in [
            "the process started",
            "an order began",
            "an operation was called for",
            "the badge was set",
            "a request was under way",
            "an answer had come",
            "the relay had an operation, the phone did not know",
            "a reset was half fetched",
            "the store had never been opened to the end",
            "the interrupted operation was kept",
            "the interrupted operation was not kept",
        ] {
            assert!(tally.of(moment) > 0, "no kill while {moment}");
        }
    }
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own about the life"
)]
struct Killed {
    rng: Rng,
    relay: Relay,
    backend: Backend,
    phone: Phone,
    /// Everything that the person did, whether the relay knows or not.
    done: Done,
    /// Of those, how many were in an earlier history.
    before: u64,
    /// The relay's count when this history began: nothing, or as far as the phone had counted, when
    /// what comes first is operations.
    counted: Vec<u64>,
    /// Nothing is pending, and the phone knows all.
    settled: bool,
    /// The person acted while the number came from totals whose rows were not there: until they are, it is an
    /// estimate.
    estimated: bool,
    /// The phone has all rows that it was told of.
    complete: bool,
    /// Another history began. What the person did since is laid over it as that of somebody who saw nothing of
    /// it, until the relay has answered: a mark that this phone set and took back shows again meanwhile.
    restarted: bool,
    new_store: bool,
    route: Option<Route>,
    late: Vec<String>,
    lines_on_icon: usize,
    tally: Tally,
    folder: tempfile::TempDir,
}

impl Killed {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let folder = support::folder();
        let relay = Relay::start(folder.path());
        let phone = Phone::new(env!("CARGO_BIN_EXE_phone-process"), folder.path(), &relay);
        Self {
            backend: Backend::new(&relay, &mut rng),
            relay,
            phone,
            done: Done::default(),
            before: 0,
            counted: vec![0],
            settled: true,
            estimated: false,
            complete: true,
            restarted: false,
            new_store: true,
            route: None,
            late: Vec::new(),
            lines_on_icon: 0,
            tally: Tally::default(),
            rng,
            folder,
        }
    }

    fn live_and_die(&mut self) {
        if self.settled && self.rng.u8(..) < 12 {
            self.forget_store();
        } else if self.settled && self.rng.u8(..) < 24 {
            let (_, acknowledged) = self.relay.everything(&self.phone.device);
            self.relay.restart_history();
            self.restarted = true;
            self.before = self.done.count;
            self.counted = vec![0, acknowledged];
        }
        self.settled = false;
        // Of the hundred rows of a reset, and of the dozen that change in a life.
        self.phone.page = Some(self.rng.u32(3..40));
        let orders = self.orders();
        let role = match self.route {
            Some(_) if self.rng.u8(..4) == 0 => Role::Extension,
            _ => Role::App,
        };
        let printed = self.live(orders, role);
        self.judge(&printed);
        if self.rng.u8(0..3) == 0 {
            self.undisturbed();
        }
    }

    /// The app was deleted and installed again, or restored as an older version left it.
    fn forget_store(&mut self) {
        std::fs::remove_dir_all(&self.phone.store).unwrap();
        std::fs::create_dir(&self.phone.store).unwrap();
        if self.rng.bool() {
            let file = self.phone.store.join("truebadge.sqlite");
            let file = rusqlite::Connection::open(file).unwrap();
            file.execute_batch(FIRST_SCHEMA).unwrap();
            file.pragma_update(None, "user_version", 1).unwrap();
        }
        self.new_store = true;
        self.complete = false;
        self.route = None;
        self.late.clear();
    }

    /// What happens in the process' life, and at the relay meanwhile.
    fn orders(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        if self.route.is_none() {
            orders.push(Order::AddAccount);
        }
        for _ in 0..self.rng.usize(4..12) {
            while self.rng.bool() {
                self.backend.report(&self.relay, &mut self.rng);
            }
            let order = self.order();
            orders.extend(order);
        }
        orders
    }

    fn order(&mut self) -> Vec<Order> {
        let foreground = self.rng.bool();
        let refresh = vec![Order::Refresh { foreground }];
        let Some(route) = self.route.clone() else {
            return refresh; // before the first sync there is nothing to read and no push
        };
        match self.rng.u8(0..20) {
            0..6 => vec![Order::Read {
                pick: self.rng.usize(..),
                leave: self.rng.u32(0..3),
            }],
            6..8 => vec![Order::Mark {
                pick: self.rng.usize(..),
            }],
            8..16 => self.push(&route),
            16..19 => refresh,
            _ => vec![Order::Suspend, Order::Resume],
        }
    }

    /// A push comes once, twice, late or not at all; or something else comes.
    fn push(&mut self, route: &Route) -> Vec<Order> {
        let kind = Push::any(&mut self.rng);
        let (relay, device) = (&self.relay, &self.phone.device);
        let payload = self.backend.push(relay, device, route, kind);
        let order = if self.rng.bool() {
            Order::Receive
        } else {
            Order::Push
        };
        match self.rng.u8(0..10) {
            0 => vec![],
            1 => vec![order(payload.clone()), order(payload)],
            2 => {
                self.late.push(payload);
                vec![]
            }
            3 if !self.late.is_empty() => {
                let late = self.rng.usize(..self.late.len());
                vec![order(self.late.swap_remove(late))]
            }
            4 => vec![order("{\"aps\":{}}".to_owned())],
            _ => vec![order(payload)],
        }
    }

    /// Starts a process, and kills it a random moment after it printed a random line.
    fn live(&mut self, orders: Vec<Order>, role: Role) -> Vec<Line> {
        let last = if self.new_store && self.rng.bool() {
            self.rng.usize(0..4)
        } else {
            self.rng.usize(0..orders.iter().map(lines).sum())
        };
        let pause = match self.rng.u8(0..3) {
            0 => 0,
            1 => self.rng.u64(0..300),
            _ => self.rng.u64(0..3_000),
        };
        let mut count = orders.len();
        let mut child = self.phone.start(role);
        let feeder = child.feed(orders);
        let mut printed = Vec::new();
        while printed.len() < last && count > 0 {
            let line = child.line().unwrap();
            count -= usize::from(matches!(line, Line::Done(_)));
            printed.push(line);
        }
        std::thread::sleep(Duration::from_micros(pause));
        printed.extend(child.kill());
        feeder.join().unwrap();
        printed
    }

    fn judge(&mut self, printed: &[Line]) {
        self.tally.add(moment(printed.last()));
        let mut deeds = Vec::new();
        let mut order = 0;
        let mut doing: Option<Deed> = None;
        for line in printed {
            match line {
                Line::Call => order += 1,
                Line::Doing(deed) => doing = Some(deed.clone()),
                Line::Done(done) => {
                    assert_eq!(done.error, None);
                    assert_eq!(done.acknowledged, doing.is_some());
                    deeds.extend(doing.take().map(|deed| (order, deed)));
                }
                _ => {}
            }
        }
        let (mirror, _copy) = self.look();
        if let Some(deed) = doing {
            if mirror.will_send(&deed) {
                self.tally.add("the interrupted operation was kept");
                deeds.push((order, deed));
            } else {
                self.tally.add("the interrupted operation was not kept");
            }
        }
        let complete = mirror.is_complete();
        let exact = self.complete && complete && !self.restarted;
        self.estimated |= !(deeds.is_empty() || exact);
        self.assert_badges(&deeds);
        self.estimated &= !complete || self.restarted;
        self.complete = complete;
        for (_, deed) in &deeds {
            self.done.add(deed);
        }
        let (relay, acknowledged) = self.relay.everything(&self.phone.device);
        self.done.assert_kept(&relay, |deed| mirror.will_send(deed));
        self.note(&mirror, acknowledged);
    }

    /// Opens a copy of the store as the kill left it; the store itself is left for the next process.
    fn look(&self) -> (Mirror, tempfile::TempDir) {
        let copy = tempfile::tempdir_in(self.folder.path()).unwrap();
        for name in [
            "truebadge.sqlite",
            "truebadge.sqlite-wal",
            "truebadge.sqlite-journal",
        ] {
            let from = self.phone.store.join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(name)).unwrap();
            }
        }
        let mirror = Mirror::read(copy.path()).unwrap();
        mirror.assert_consistent(copy.path());
        (mirror, copy)
    }

    /// Every badge that was set since the last look is right, and none is older than the one before.
    fn assert_badges(&mut self, deeds: &[(u64, Deed)]) {
        let set = icon::read(&self.phone.icon);
        let mut done = self.done.clone();
        let mut deeds = deeds.iter().peekable();
        for set in &set[self.lines_on_icon..] {
            while let Some((_, deed)) = deeds.next_if(|(order, _)| *order <= set.order) {
                done.add(deed);
            }
            if self.estimated {
                continue;
            }
            if let Err(right) = self.backend.truth.show(set.badge, &done) {
                panic!("{set:?} was set; right would have been one of {right:?}");
            }
        }
        self.lines_on_icon = set.len();
    }

    fn note(&mut self, mirror: &Mirror, acknowledged: u64) {
        let unheard = mirror.operations.iter().any(|operation| {
            operation.pending.applied.is_none() && operation.pending.number <= acknowledged
        });
        if unheard {
            let moment = "the relay had an operation, the phone did not know";
            self.tally.add(moment);
        }
        let account = mirror.account.as_ref();
        if account.is_some_and(|account| account.staging.is_some()) {
            self.tally.add("a reset was half fetched");
        }
        if account.is_none() {
            self.tally.add("the store had never been opened to the end");
        }
        self.new_store = account.is_none();
        self.route = account.and_then(|account| account.route.clone());
    }

    /// A wake that nothing disturbs ends with the truth and an empty outbox (L1), and each operation
    /// was applied once.
    fn undisturbed(&mut self) {
        let mut child = self.phone.start(Role::App);
        assert_eq!(child.obey(&Order::AddAccount).error, None);
        let foreground = self.rng.bool();
        let done = child.obey(&Order::Refresh { foreground });
        assert_eq!(done.error, None);
        child.kill();
        self.assert_badges(&[]);
        let truth = processes::truth::badge(self.backend.truth.newest(), &self.done);
        let icon = icon::read(&self.phone.icon);
        assert_eq!(icon.last().unwrap().badge, truth);
        let (mirror, _copy) = self.look();
        assert_eq!((mirror.badge, mirror.operations), (truth, vec![]));
        let (relay, acknowledged) = self.relay.everything(&self.phone.device);
        self.done.assert_kept(&relay, |_| false);
        let since = self.done.count - self.before;
        if since > 0 {
            self.counted.retain(|start| start + since == acknowledged);
        }
        let counted = !self.counted.is_empty();
        assert!(counted, "{since} operations were applied as {acknowledged}");
        self.backend.truth.reached();
        self.route = mirror.account.and_then(|account| account.route);
        self.new_store = false;
        self.settled = true;
        (self.estimated, self.complete, self.restarted) = (false, true, false);
    }
}

/// How many lines it prints of an order, about.
fn lines(order: &Order) -> usize {
    match order {
        Order::Refresh { .. } => 10,
        Order::Read { .. } | Order::Mark { .. } | Order::Push(_) => 4,
        Order::Receive(_) => 3,
        _ => 2,
    }
}

/// What the phone was doing when it printed its last line.
fn moment(last: Option<&Line>) -> &'static str {
    match last {
        None | Some(Line::Ready | Line::Holding) => "the process started",
        Some(Line::Call) => "an order began",
        Some(Line::Doing(_)) => "an operation was called for",
        Some(Line::Setting) => "the badge was set",
        Some(Line::Request) => "a request was under way",
        Some(Line::Answer) => "an answer had come",
        Some(Line::Done(_)) => "an order had ended",
    }
}
