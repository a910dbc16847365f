//! iOS ends a notification service extension that takes too much memory (S9).
//!
//! Linux only: the most memory that the process had is read from `/proc`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a panic is the report

mod support;

use processes::{
    backend::{Backend, Push, item},
    child::{Child, Phone},
    mirror::Mirror,
    obey::Role,
    orders::{Done, Order},
    relay::Relay,
    system,
};
use truebadge_protocol::Route;

/// Active conversations of a very large account.
const CONVERSATIONS: usize = 20_000;
/// Operations of a person who was offline for days.
const OPERATIONS: usize = 500;
/// Of the 24 MB that iOS lets an extension have, half is the host's.
const BOUND: u64 = 12 * 1024;

#[test]
fn s9_the_extension_stays_small_on_a_large_account() {
    let mut world = World::new();
    world.wait_in_the_outbox();
    let mut extension = world.phone.start(Role::Extension);
    extension.line(); // it runs, and has made nothing yet
    let before = Memory::of(&extension);
    let stage = |what: &str, extension: &Child| {
        let now = Memory::of(extension);
        let (most, program) = (now.most - before.most, now.program - before.program);
        let own = most - program;
        println!("{own:6} KiB at most, and {program:5} KiB of the program's file, {what}");
        own
    };

    for _ in 0..90 {
        let push = world.push(Push::Cumulative);
        let received = extension.obey(&Order::Receive(push));
        assert_eq!(received.error, None);
    }
    stage("with an outbox of 500 operations", &extension);
    for _ in 0..10 {
        let push = world.push(Push::WithoutRows);
        assert_synced(&extension.obey(&Order::Push(push)));
    }
    stage("with gaps, and the outbox sent", &extension);
    world.relay.restart_history();
    for _ in 0..5 {
        let push = world.push(Push::Cumulative);
        assert_synced(&extension.obey(&Order::Push(push)));
    }
    stage("with a reset of 20,000 conversations", &extension);
    for _ in 0..95 {
        let kind = Push::any(&mut world.rng);
        let push = world.push(kind);
        assert_synced(&extension.obey(&Order::Push(push)));
    }
    let most = stage("after 200 pushes", &extension);

    let mirror = Mirror::read(&world.phone.store).unwrap();
    mirror.assert_consistent(&world.phone.store);
    assert!(mirror.rows.len() >= CONVERSATIONS);
    assert!(mirror.operations.is_empty());
    assert!(most < BOUND, "{most} KiB");
}

/// In KiB.
struct Memory {
    /// The most that the process had in RAM at a time.
    most: u64,
    /// Of that, the pages of its program's file that it ran. iOS does not count them: it can drop
    /// them at any time. They only become more, so what is left of `most` without them was needed
    /// at least.
    program: u64,
}

impl Memory {
    fn of(process: &Child) -> Self {
        Self {
            most: system::memory(process.pid(), "VmHWM"),
            program: system::memory(process.pid(), "RssFile"),
        }
    }
}

/// A conversation that is read once.
fn once(number: usize) -> String {
    format!("read-once-{number}")
}

fn assert_synced(done: &Done) {
    assert_eq!(done.error, None);
    assert!(done.badge.is_some());
}

struct World {
    rng: fastrand::Rng,
    relay: Relay,
    backend: Backend,
    phone: Phone,
    route: Route,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = support::folder();
        let mut rng = fastrand::Rng::with_seed(9);
        let relay = Relay::start(folder.path());
        let backend = Backend::new(&relay, &mut rng);
        let many: Vec<usize> = (0..CONVERSATIONS).collect();
        for some in many.chunks(1000) {
            let id = |number: &usize| format!("a-conversation-with-a-long-name-{number}");
            relay.commit(some.iter().map(|number| item(&id(number), 1)).collect());
        }
        let read = (0..OPERATIONS).map(|number| item(&once(number), 1));
        relay.commit(read.collect());
        let phone = Phone::new(env!("CARGO_BIN_EXE_phone-process"), folder.path(), &relay);
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
            _folder: folder,
        }
    }

    /// What the person read in the app while there was no network.
    fn wait_in_the_outbox(&self) {
        let mut app = self.phone.start(Role::App);
        let read = app.obey(&Order::ReadFirst((0..OPERATIONS).map(once).collect()));
        assert_eq!(read.error, None);
    }

    fn push(&mut self, kind: Push) -> String {
        self.backend.report(&self.relay, &mut self.rng);
        let device = &self.phone.device;
        self.backend.push(&self.relay, device, &self.route, kind)
    }
}
