//! A phone, its relay, APNs and the network between them, on one thread and in virtual time.

mod at_once;
mod calls;
mod close;
mod happen;
mod network;
mod person;
mod phone;
mod pushes;
mod storage;
mod week;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::{Arc, Mutex, atomic::Ordering},
};

use fastrand::Rng;
use simphone::{Apns, App, Environment, Phone, Preset, Process, Time, WakeId};
use tokio::sync::oneshot;
use truebadge_engine::{Disposition, Engine, WakeOutcome, simulation};
use truebadge_protocol::messages::Event;
use truebadge_relay::{
    planner::{Lanes, Rules},
    store::Outgoing,
};

use crate::{
    audit::{AccountRow, Audit},
    backend::Backend,
    executor::{Executor, Owner, Polled},
    ground::Ground,
    host::{Answer, Calls, Clocks},
    measure::Seeds,
    plan::{Character, Planned, mix},
    run::Options,
    tally::Tally,
    timeline::Timeline,
    violation::{Property, Violation},
    watch::Watch,
};
use network::Flight;
use storage::Storage;

/// A step that found nothing wrong, or did.
pub(crate) type Step = Result<(), Violation>;

/// A task that can go on waits for less than this, in milliseconds: longer, and iOS would be to blame.
const PATIENCE: u64 = 20;

/// How long after its deadline a wake may end. The deadline's timer, and each task between it and the shell,
/// may wait for almost [`PATIENCE`], one after the other: five such waits are allowed for.
const AFTER_A_DEADLINE: u64 = 5 * PATIENCE;

/// Everything.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own about the run"
)]
pub(crate) struct World {
    seed: u64,
    rng: Rng,
    now: Time,
    options: Options,
    backend: Backend,
    apns: Apns,
    phone: Phone,
    clocks: Arc<Clocks>,
    calls: Calls,
    executor: Executor,
    storage: Storage,
    ground: Ground,
    audit: Audit,
    watch: Watch,
    processes: BTreeMap<Process, Running>,
    owners: u32,
    ended: Arc<Mutex<Vec<Ended>>>,
    queue: BinaryHeap<Reverse<Queued>>,
    queued: BTreeMap<u64, Due>,
    places: u64,
    /// When the relay may have a push to send.
    relay_due: Option<Time>,
    plan: Plan,
    /// A week of the workload that is lived instead of a plan.
    week: Option<week::Week>,
    accounts: Vec<person::Account>,
    /// The newest item of each conversation that was planned.
    newest: BTreeMap<(usize, u8), u64>,
    /// How far the person has read each one on this phone.
    reads: BTreeMap<(usize, u8), u64>,
    /// Of a hundred requests so many fail.
    requests_fail: u8,
    relay_down_until: Time,
    pushes_down_until: Time,
    /// The closing phase: nothing bad happens any more.
    closing: bool,
    /// The store was damaged.
    damaged: bool,
    /// It was, and the accounts whose sign-out was cut short went with it.
    icon_may_stay: bool,
    /// Badges were forbidden, and nobody has painted the icon since.
    unpainted: bool,
    /// The mirror was made wrong, and is repaired by now or not.
    diverged: bool,
    /// An account whose mirror was made wrong, as it was then, until it is right again.
    wrong: Option<AccountRow>,
    /// Of a hundred pushes so many leave their rows out.
    bare: u8,
    /// Answers take seconds.
    slow: bool,
    /// So many of the next pushes are lost although APNs took them.
    pushes_to_lose: u8,
    /// The last number that was set in this step.
    last_number: Option<u32>,
    /// The relay is killed while its next push is under way.
    kill_at_send: bool,
    /// The person reads in the app at the instant at which its extension commits something.
    at_once: bool,
    /// That happened in this step, with this number.
    two_at_once: Option<u32>,
    /// The number that is set now is followed by another one in the same step.
    overtaken: bool,
    /// The account that the person signs out when it next asks for its token.
    signs_out: Option<usize>,
    /// How often iOS gave a push token that was another one.
    tokens: u32,
    token: Option<simphone::Token>,
    /// Wakes whose tasks have not ended, and when they began.
    open: BTreeMap<u64, (Owner, Time)>,
    /// The newest push that was handed over, and what became of the last wake.
    last_push: Option<Vec<u8>>,
    last_wake: Option<(Option<Disposition>, bool)>,
    seen_notifications: Vec<simphone::Delivered>,
    tally: Tally,
    timeline: Timeline,
}

/// A process that runs our code.
struct Running {
    owner: Owner,
    engine: Arc<Engine>,
    frozen: bool,
    /// The shell suspended its engine.
    suspended: bool,
    /// Since when it runs without having been frozen.
    goes_on_since: Time,
}

/// A wake whose task has ended.
struct Ended {
    number: u64,
    owner: Owner,
    process: Process,
    wake: Option<WakeId>,
    began: Time,
    is_alert: bool,
    outcome: WakeOutcome,
}

/// The plan so far.
struct Plan {
    place: u32,
    next: Option<(Time, Planned)>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Queued {
    at: Time,
    tie: u64,
    place: u64,
}

/// What comes due by itself.
enum Due {
    /// A request reaches the relay, or is lost on the way.
    Arrives(Flight),
    /// Its answer reaches the phone.
    Answered(Owner, oneshot::Sender<Answer>, Answer),
    /// A timer of a process.
    Wakes(oneshot::Sender<()>),
    /// iOS answers a process.
    Replies(Owner, Box<dyn FnOnce()>),
    /// APNs answers the relay.
    PushAnswered(Box<Outgoing>, simphone::Answer),
    /// The relay's process starts again.
    RelayStarts,
    /// The app's backend reports again what the relay did not take.
    Reports(usize, Vec<Event>),
    /// The person has left the app, and the shell puts everything away.
    PutAway(WakeId),
    /// The person signs an account out.
    SignsOut(usize),
}

impl World {
    /// The world of a seed: the app has just been installed.
    pub(crate) fn new(seed: u64, options: &Options) -> Result<Self, Violation> {
        let mut rng = Rng::with_seed(mix(seed, 1 << 40));
        seed_this_thread(&mut rng);
        let ground = Ground::prepare(options).map_err(|error| broken(&error))?;
        let character = Character::of(seed);
        let presets = [Preset::Kind, Preset::Documented, Preset::Harsh];
        let preset = options
            .preset
            .unwrap_or(presets[usize::from(character.kind)]);
        let mut rules = preset.rules();
        rules.toss_open_questions(rng.u64(..));
        let seeds = Seeds {
            phone: rng.u64(..),
            apns: rng.u64(..),
            client: seed,
        };
        let relay = (ground.relay.clone(), relay_rules(character));
        let mut backend =
            Backend::new(2, relay, options.planted.relay()).map_err(|error| broken(&error))?;
        backend.page = character.page;
        let mut world = Self::made(&Arc::new(rules), seeds, rng, (ground, backend), options);
        world.bare = character.bare;
        world.slow = character.slow;
        world.at_once = character.at_once;
        world.settle_in(character)?;
        Ok(world)
    }

    /// A world in which nothing has happened yet.
    fn made(
        rules: &Arc<simphone::Rules>,
        seeds: Seeds,
        rng: Rng,
        (ground, backend): (Ground, Backend),
        options: &Options,
    ) -> Self {
        let app = App {
            topic: "com.example.app".into(),
            environment: Environment::Production,
        };
        let storage = Storage::new();
        let audit = Audit::of(&ground, lies_in_files(seeds.client));
        Self {
            seed: seeds.client,
            now: Time::ZERO,
            backend,
            apns: Apns::new(Arc::clone(rules), seeds.apns),
            phone: Phone::new(Arc::clone(rules), app, seeds.phone, Time::ZERO),
            clocks: Arc::default(),
            calls: Calls::default(),
            executor: Executor::default(),
            storage,
            audit,
            ground,
            watch: Watch::default(),
            processes: BTreeMap::new(),
            owners: 0,
            ended: Arc::default(),
            queue: BinaryHeap::new(),
            queued: BTreeMap::new(),
            places: 0,
            relay_due: None,
            plan: Plan {
                place: 0,
                next: None,
            },
            week: None,
            accounts: Vec::new(),
            newest: BTreeMap::new(),
            reads: BTreeMap::new(),
            requests_fail: 0,
            relay_down_until: Time::ZERO,
            pushes_down_until: Time::ZERO,
            closing: false,
            damaged: false,
            icon_may_stay: false,
            unpainted: false,
            diverged: false,
            wrong: None,
            bare: 0,
            slow: false,
            pushes_to_lose: 0,
            last_number: None,
            kill_at_send: false,
            at_once: false,
            two_at_once: None,
            overtaken: false,
            signs_out: None,
            tokens: 0,
            token: None,
            open: BTreeMap::new(),
            last_push: None,
            last_wake: None,
            seen_notifications: Vec::new(),
            tally: Tally::default(),
            timeline: Timeline::new(options.told),
            options: options.clone(),
            rng,
        }
    }

    /// Lives through the plan, and then through the closing phase.
    pub(crate) fn live(&mut self) -> Step {
        for _ in 0..self.options.events {
            if !self.step()? {
                break;
            }
        }
        self.close()
    }

    /// What was tried, how many happenings of the plan there were, and the timeline.
    pub(crate) fn end_of_run(mut self) -> (Tally, u32, String) {
        for what in self.storage.happened() {
            self.tally.fault(what);
        }
        self.tally.seeds = 1;
        (self.tally, self.plan.place, self.timeline.into_text())
    }

    /// One step. False when nothing will ever happen any more.
    fn step(&mut self) -> Result<bool, Violation> {
        self.tally.events += 1;
        let next = self.next_time();
        let ready = self.is_ready();
        let soon = next.is_some_and(|next| next.since(self.now).0 < PATIENCE);
        if ready && !(soon && self.rng.u8(..8) == 0) {
            self.go_on()?;
        } else {
            let Some(next) = next else {
                return Ok(false);
            };
            self.advance(next);
            self.come_due()?;
        }
        self.settle()?;
        self.measure();
        Ok(true)
    }

    fn is_ready(&mut self) -> bool {
        let processes = &self.processes;
        self.executor.is_ready(|owner| runs(processes, owner))
    }

    fn go_on(&mut self) -> Step {
        let mut act = self.act_of_the_app();
        let (processes, storage) = (&self.processes, &self.storage);
        let asleep = |owner| {
            let running = running(processes, owner);
            storage.suspended(running.is_some_and(|running| running.suspended));
            let extension = processes.get(&Process::Extension);
            if extension.is_some_and(|extension| extension.owner == owner)
                && let Some(act) = act.take()
            {
                storage.meanwhile(act);
            }
        };
        let runs = |owner| runs(processes, owner);
        let polled = self.executor.go_on(&mut self.rng, runs, asleep);
        let Some((owner, polled)) = polled else {
            return Ok(());
        };
        if let Some(number) = self.storage.came_of_it() {
            self.note(format_args!("the person reads in the app at this instant"));
            self.two_at_once = Some(number);
            self.look(true)?;
        }
        match polled {
            Polled::Went => Ok(()),
            Polled::Panicked(payload) if payload.is::<simulation::Killed>() => {
                if let Some(process) = self.process_of(owner) {
                    self.killed(process)?;
                }
                Ok(())
            }
            Polled::Panicked(payload) => std::panic::resume_unwind(payload),
        }
    }

    fn process_of(&self, owner: Owner) -> Option<Process> {
        let mut all = self.processes.iter();
        all.find(|(_, running)| running.owner == owner)
            .map(|(process, _)| *process)
    }

    /// When something happens next by itself.
    fn next_time(&mut self) -> Option<Time> {
        self.plan_ahead();
        let planned = self.plan.next.as_ref().map(|(at, _)| *at);
        let queued = self.queue.peek().map(|Reverse(queued)| queued.at);
        let week = self.next_of_the_week();
        let all = [
            planned,
            queued,
            self.phone.next(),
            self.apns.next(),
            self.relay_due,
            week,
        ];
        all.into_iter()
            .flatten()
            .min()
            .map(|next| next.max(self.now))
    }

    fn plan_ahead(&mut self) {
        if self.plan.next.is_some() || self.closing || self.week.is_some() {
            return;
        }
        let place = self.plan.place;
        let place = match &self.options.keep {
            None => Some(place),
            Some(keep) => keep.iter().copied().find(|kept| *kept >= place),
        };
        if let Some(place) = place {
            let planned = Planned::at(self.seed, place);
            let at = self.now + simphone::Millis(planned.after);
            self.plan.next = Some((at, planned));
            self.plan.place = place;
        }
    }

    fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
        self.clocks.elapsed.store(self.now.0, Ordering::Relaxed);
        self.backend.set_time(self.now);
    }

    /// Does what is due now: one thing.
    fn come_due(&mut self) -> Step {
        if self.apns.next().is_some_and(|next| next <= self.now) {
            return self.pushes_arrive();
        }
        if self.phone.next().is_some_and(|next| next <= self.now) {
            return self.phone_moves();
        }
        if let Some(Reverse(queued)) = self.queue.peek()
            && queued.at <= self.now
        {
            let place = queued.place;
            self.queue.pop();
            return match self.queued.remove(&place) {
                Some(due) => self.due(due),
                None => Ok(()),
            };
        }
        if self.relay_due.is_some_and(|due| due <= self.now) {
            return self.relay_sends();
        }
        if let Some(event) = self.week_comes_due() {
            return self.lives(event);
        }
        if let Some((at, planned)) = self.plan.next
            && at <= self.now
        {
            self.plan.next = None;
            self.plan.place += 1;
            return self.happen(planned.what);
        }
        Ok(())
    }

    fn due(&mut self, due: Due) -> Step {
        match due {
            Due::Arrives(flight) => return self.request_arrives(flight),
            Due::Answered(owner, sender, answer) => self.answered(owner, sender, answer),
            Due::Wakes(sender) => drop(sender.send(())),
            Due::Replies(owner, reply) => {
                if self.process_of(owner).is_some() {
                    reply();
                }
            }
            Due::PushAnswered(push, answer) => return self.push_answered(&push, answer),
            Due::RelayStarts => return self.relay_starts(),
            Due::Reports(account, events) => return self.report(account, events),
            Due::PutAway(wake) => return self.put_away(wake),
            Due::SignsOut(account) => return self.sign_out(account),
        }
        Ok(())
    }

    fn later(&mut self, after: u64, due: Due) {
        self.places += 1;
        let queued = Queued {
            at: self.now + simphone::Millis(after),
            tie: self.rng.u64(..),
            place: self.places,
        };
        self.queued.insert(self.places, due);
        self.queue.push(Reverse(queued));
    }

    /// A wake that iOS did not freeze has not gone on over its deadline (S9).
    fn in_time(&self, (owner, began): (Owner, Time)) -> Step {
        let took = self.now.since(began);
        let ran = |running: &Running| !running.frozen && running.goes_on_since <= began;
        let late = took.0
            > u64::try_from(phone::BUDGET.as_millis()).unwrap_or(u64::MAX) + AFTER_A_DEADLINE;
        if late && running(&self.processes, owner).is_some_and(ran) {
            let what = format!("a wake took {took}");
            return Err(Violation::new(Property::S9, what));
        }
        Ok(())
    }

    /// What must hold after every step.
    fn check_step(&mut self) -> Step {
        if self.storage.was_opened_asleep() {
            let what = "the store was opened after suspend()";
            return Err(Violation::new(Property::S6, what));
        }
        self.open
            .values()
            .try_for_each(|wake| self.in_time(*wake))?;
        if self.storage.was_written() {
            self.check_mirror()?;
        }
        Ok(())
    }

    /// What the last step led to: calls of processes, ends of wakes, effects of the phone.
    fn settle(&mut self) -> Step {
        loop {
            let calls = self.calls.take();
            let ended = std::mem::take(&mut *lock(&self.ended));
            if calls.is_empty() && ended.is_empty() {
                return self.check_step();
            }
            let counts = self.number_that_counts(&calls);
            for (place, (owner, call)) in calls.into_iter().enumerate() {
                self.overtaken = place < counts;
                self.called(owner, call)?;
            }
            self.overtaken = false;
            self.check_number()?;
            for wake in &ended {
                self.wake_ended(wake)?;
            }
        }
    }
}

/// The operator's choices: those that people make, and some under which more pushes come.
fn relay_rules(character: Character) -> Rules {
    let lanes = match character.lanes {
        0 => Lanes::Silent,
        1 => Lanes::SilentFirst,
        2 => Lanes::Painted,
        _ => Lanes::Auto,
    };
    let often = Rules {
        silent_an_hour: 1_000,
        ..Rules::default()
    };
    Rules {
        lanes,
        ..if character.kind == 0 {
            often
        } else {
            Rules::default()
        }
    }
}

/// All that this thread's engines and relays leave to chance follows from here.
fn seed_this_thread(rng: &mut Rng) {
    simulation::seed(rng.u64(..));
    truebadge_relay::simulation::seed(rng.u64(..));
}

fn broken(error: &dyn std::fmt::Display) -> Violation {
    Violation::new(Property::Panic, error.to_string())
}

/// Most phones live in memory until something damages their store. Of some the app makes the file itself.
const fn lies_in_files(seed: u64) -> bool {
    seed.is_multiple_of(64)
}

fn running(processes: &BTreeMap<Process, Running>, owner: Owner) -> Option<&Running> {
    let mut all = processes.values();
    all.find(|running| running.owner == owner)
}

fn runs(processes: &BTreeMap<Process, Running>, owner: Owner) -> bool {
    running(processes, owner).is_some_and(|running| !running.frozen)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
