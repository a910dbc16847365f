//! iOS kills a process that it suspends while it holds a lock on a shared file (S6).
//!
//! Linux only: the system's table of locks is read.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a panic is the report

use std::{collections::BTreeSet, path::Path};

use processes::{
    backend::{Backend, Push},
    child::{Child, Phone},
    mirror::Mirror,
    obey::Role,
    orders::{Line, Order},
    relay::Relay,
    system,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_phone-process");
const REFRESH: Order = Order::Refresh { foreground: false };

struct World {
    relay: Relay,
    backend: Backend,
    phone: Phone,
    rng: fastrand::Rng,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = fastrand::Rng::with_seed(6);
        let relay = Relay::start(folder.path());
        Self {
            backend: Backend::new(&relay, &mut rng),
            phone: Phone::new(PROGRAM, folder.path(), &relay),
            relay,
            rng,
            folder,
        }
    }

    /// A push that tells of something new.
    fn push(&mut self, kind: Push) -> String {
        let before = self.backend.truth.newest().clone();
        while *self.backend.truth.newest() == before {
            self.backend.report(&self.relay, &mut self.rng);
        }
        let account = Mirror::read(&self.phone.store).unwrap().account.unwrap();
        let route = account.route.unwrap();
        self.backend
            .push(&self.relay, &self.phone.device, &route, kind)
    }

    fn store(&self) -> &Path {
        &self.phone.store
    }
}

fn assert_no_lock(child: &Child, folder: &Path, after: &str) {
    let none = BTreeSet::new();
    assert_eq!(system::locked(child.pid(), folder), none, "locks {after}");
    assert_eq!(system::open(child.pid(), folder), none, "files {after}");
}

#[test]
fn s6_after_suspend_and_after_each_background_wake_no_lock_is_held() {
    let mut world = World::new();
    let mut app = world.phone.start(Role::App);
    assert_eq!(app.obey(&Order::AddAccount).error, None);
    assert_no_lock(&app, world.store(), "after the account was added");

    let refreshed = app.obey(&REFRESH);
    assert!(refreshed.synced, "{refreshed:?}");
    assert_no_lock(&app, world.store(), "after a background refresh");
    app.obey(&REFRESH); // tells the relay that the first one arrived

    let applied = app.obey(&Order::Push(world.push(Push::Cumulative)));
    assert_eq!(applied.disposition.as_deref(), Some("Applied"));
    assert_no_lock(&app, world.store(), "after a push");

    let synced = app.obey(&Order::Push(world.push(Push::WithoutRows)));
    assert_eq!(synced.disposition.as_deref(), Some("Gap"));
    assert!(synced.synced, "{synced:?}");
    assert_no_lock(&app, world.store(), "after a push that made it sync");

    app.obey(&Order::Receive(world.push(Push::Cumulative)));
    assert_no_lock(&app, world.store(), "after the local part of a push");

    let read = app.obey(&Order::Read { pick: 0, leave: 0 });
    assert!(read.acknowledged, "{read:?}");
    assert_no_lock(&app, world.store(), "after an operation in the background");

    let mut extension = world.phone.start(Role::Extension);
    let synced = extension.obey(&Order::Push(world.push(Push::WithoutRows)));
    assert!(synced.synced, "{synced:?}");
    assert_no_lock(&extension, world.store(), "after the extension's wake");
    let malformed = extension.obey(&Order::Push("not a push".to_owned()));
    assert_eq!(malformed.disposition.as_deref(), Some("Malformed"));
    assert_no_lock(&extension, world.store(), "after a malformed push");

    let refreshed = app.obey(&Order::Refresh { foreground: true });
    assert!(refreshed.synced, "{refreshed:?}");
    app.obey(&Order::Suspend);
    assert_no_lock(&app, world.store(), "after suspend()");
    let refused = app.obey(&REFRESH);
    assert!(refused.error.is_some(), "a wake while suspended");
    assert_no_lock(&app, world.store(), "after a wake while suspended");
    app.obey(&Order::Resume);
    app.obey(&REFRESH);
    assert_no_lock(&app, world.store(), "after a wake after resume()");
}

#[test]
fn s6_after_a_wake_that_failed_no_lock_is_held() {
    let mut world = World::new();
    let mut app = world.phone.start(Role::App);
    app.obey(&Order::AddAccount);
    assert!(app.obey(&REFRESH).synced);
    let push = world.push(Push::WithoutRows);

    let nobody = Phone {
        token: None,
        ..world.phone.clone()
    };
    let stranger = Phone {
        token: Some("not-a-token".to_owned()),
        ..world.phone.clone()
    };
    for (phone, why) in [
        (&nobody, "without credentials"),
        (&stranger, "with wrong credentials"),
    ] {
        for role in [Role::App, Role::Extension] {
            let mut child = phone.start(role);
            let failed = child.obey(&Order::Push(push.clone()));
            assert!(failed.error.is_some(), "{why}: {failed:?}");
            assert_no_lock(&child, world.store(), why);
        }
    }

    let World {
        relay,
        phone,
        folder: _folder,
        ..
    } = world;
    drop(relay);
    let failed = app.obey(&REFRESH);
    assert!(failed.error.is_some(), "without a relay: {failed:?}");
    assert_no_lock(&app, &phone.store, "after the relay was gone");

    // Who gives a wake up, as iOS does when the time is over, suspends before the process sleeps.
    app.obey(&Order::GiveUp);
    app.obey(&Order::Suspend);
    assert_no_lock(&app, &phone.store, "after a wake that was given up");
}

#[test]
fn a_lock_would_be_seen() {
    let world = World::new();
    let mut app = world.phone.start(Role::App);
    app.obey(&Order::AddAccount);
    app.send(&Order::Hold);
    while app.line() != Some(Line::Holding) {}
    let held = system::locked(app.pid(), world.store());
    assert!(
        !held.is_empty(),
        "a transaction is open, and no lock is seen"
    );
    assert!(!system::open(app.pid(), world.store()).is_empty());
    app.send(&Order::Resume); // any line lets it go on
    app.done();
    assert_no_lock(&app, world.store(), "after the transaction");

    // In the foreground the store stays open between calls, and nobody is kept out meanwhile.
    app.obey(&Order::Refresh { foreground: true });
    assert!(!system::open(app.pid(), world.store()).is_empty());
    assert!(system::locked(app.pid(), world.store()).is_empty());
}
