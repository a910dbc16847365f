//! The engine under a deterministic simulator: on one thread, in an order that the test chooses, from
//! a seed, and killed where the test says.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use futures_util::future::BoxFuture;
use support::{BUDGET, Fault, Icon, Phone, RELAY, alice, configuration, conversation, position};
use truebadge_engine::{
    Bridges, Cause, Engine, EngineError, Process, Spawner, WakeOutcome,
    simulation::{self, Bug, Killed, Point, Verdict},
    store::{Store, StoredOperation},
};
use truebadge_protocol::Level;

/// Runs tasks in turn, on the test's own thread.
#[derive(Default)]
struct Turns(Mutex<Vec<BoxFuture<'static, ()>>>);

impl std::fmt::Debug for Turns {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Turns")
    }
}

impl Spawner for Turns {
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), EngineError> {
        self.0.lock().unwrap().push(task);
        Ok(())
    }
}

impl Turns {
    fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let mut context = Context::from_waker(Waker::noop());
        let mut main = pin!(main);
        for _turn in 0..10_000 {
            if let Poll::Ready(value) = main.as_mut().poll(&mut context) {
                return value;
            }
            let mut tasks = std::mem::take(&mut *self.0.lock().unwrap());
            tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
            self.0.lock().unwrap().append(&mut tasks);
        }
        panic!("it does not end");
    }
}

/// Another process over the phone's store, on an executor of the test's.
fn simulated(phone: &Phone, turns: &Arc<Turns>) -> Engine {
    Engine::with_spawner(
        configuration(phone.directory.path(), Process::App),
        Bridges {
            badge: Arc::new(Icon::default()),
            delivered: phone.centre.clone(),
            credentials: phone.keychain.clone(),
            transport: phone.relay.clone(),
            clock: phone.watch.clone(),
        },
        turns.clone(),
    )
    .unwrap()
}

fn refresh(engine: &Engine, turns: &Turns) -> WakeOutcome {
    turns.run(engine.refresh(Cause::BackgroundRefresh, BUDGET))
}

fn read(engine: &Engine, id: &str) -> Result<u32, EngineError> {
    let shown = engine.mark_read(&alice(), &conversation(id), position(1), 0)?;
    Ok(shown.badge)
}

/// Kills, or fails, at the nth time that the store comes to a point.
fn at(point: Point, nth: u32, verdict: Verdict) {
    let mut times = 0;
    simulation::hook(Some(Box::new(move |reached| {
        times += u32::from(reached == point);
        if reached == point && times == nth {
            verdict.clone()
        } else {
            Verdict::GoOn
        }
    })));
}

fn outbox(phone: &Phone) -> Vec<StoredOperation> {
    let configuration = configuration(phone.directory.path(), Process::App);
    let store = Store::new(&configuration, phone.watch.clone());
    let read = store.read(|tx| tx.operations(tx.account(&alice())?.key));
    read.unwrap()
}

/// A phone with one unread item in each of two conversations, synced on the test's executor.
fn synced() -> (Phone, Arc<Turns>, Engine) {
    let (phone, turns) = (Phone::new(), Arc::new(Turns::default()));
    phone.relay.commit("a", 1, 1);
    phone.relay.commit("b", 1, 1);
    let engine = simulated(&phone, &turns);
    let outcome = refresh(&engine, &turns);
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.badge.unwrap().badge, 2);
    (phone, turns, engine)
}

/// What chance decided in a run: operation ids, and when the relay may be asked again.
fn chances(seed: u64) -> (Vec<StoredOperation>, i64) {
    simulation::seed(seed);
    let (phone, turns, engine) = synced();
    read(&engine, "a").unwrap();
    read(&engine, "b").unwrap();
    for _ in 0..3 {
        phone.relay.plan(&[Some(Fault::Lost)]);
        let outcome = turns.run(engine.refresh(Cause::Foreground, BUDGET));
        assert!(outcome.error.is_some());
    }
    let configuration = configuration(phone.directory.path(), Process::App);
    let store = Store::new(&configuration, phone.watch.clone());
    let retry = store.read(|tx| Ok(tx.account(&alice())?.retry_at));
    (outbox(&phone), retry.unwrap().0)
}

#[test]
fn the_same_seed_gives_the_same_ids_and_pauses() {
    let first = chances(7);
    assert_eq!(first, chances(7));
    let other = chances(8);
    assert_ne!(first.0[0].id, other.0[0].id);
    assert_ne!(first.1, other.1);
}

#[test]
fn s3_a_kill_before_the_commit_leaves_the_old_state_and_one_after_it_the_new() {
    for (point, operations, badge) in [(Point::Commits, 0, 2), (Point::Committed, 1, 1)] {
        let (phone, turns, engine) = synced();
        at(point, 1, Verdict::Kill);
        let killed = simulation::until_killed(|| read(&engine, "a"));
        simulation::hook(None);
        assert_eq!(killed, Err(Killed));
        drop(engine);
        assert_eq!(outbox(&phone).len(), operations, "{point:?}");
        let engine = simulated(&phone, &turns);
        assert_eq!(engine.badge().unwrap().badge, badge, "{point:?}");
    }
}

#[test]
fn s3_a_wake_that_is_killed_at_any_commit_goes_on_in_the_next_and_its_end_writes_nothing() {
    let mut kills = 0;
    for nth in 1.. {
        let (phone, turns, engine) = synced();
        read(&engine, "a").unwrap();
        at(Point::Commits, nth, Verdict::Kill);
        let killed = simulation::until_killed(|| refresh(&engine, &turns));
        simulation::hook(None);
        let there = phone.files();
        turns.0.lock().unwrap().clear();
        drop(engine);
        assert_eq!(phone.files(), there);
        let engine = simulated(&phone, &turns);
        let outcome = refresh(&engine, &turns);
        assert_eq!((outcome.error, outcome.badge.unwrap().badge), (None, 1));
        assert_eq!(outbox(&phone), []);
        if killed.is_ok() {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 4, "a wake that sends has several commits: {kills}");
}

#[test]
fn s8_a_store_that_fails_says_how_and_changes_nothing() {
    for (point, error) in [
        (Point::Begins, EngineError::Busy),
        (Point::Commits, EngineError::StorageFull),
    ] {
        let (phone, _turns, engine) = synced();
        at(point, 1, Verdict::Fail(error.clone()));
        assert_eq!(read(&engine, "a"), Err(error));
        simulation::hook(None);
        assert_eq!(outbox(&phone), []);
        assert_eq!(engine.badge().unwrap().badge, 2);
        assert_eq!(read(&engine, "a"), Ok(1));
    }
}

#[test]
fn s8_before_the_first_unlock_the_store_is_left_alone() {
    let (phone, turns, engine) = synced();
    drop(engine);
    let there = phone.files();
    at(Point::Opens, 1, Verdict::Fail(EngineError::Locked));
    let outcome = refresh(&simulated(&phone, &turns), &turns);
    simulation::hook(None);
    assert_eq!(
        (outcome.error, outcome.badge),
        (Some(EngineError::Locked), None)
    );
    assert_eq!(phone.files(), there);
}

#[test]
fn l2_a_kill_around_the_copy_of_the_accounts_loses_no_account() {
    for point in [Point::Keeps, Point::Kept] {
        let (phone, turns) = (Phone::new(), Arc::new(Turns::default()));
        let bob = truebadge_engine::model::AccountId::new("bob").unwrap();
        let engine = simulated(&phone, &turns);
        at(point, 1, Verdict::Kill);
        let killed = simulation::until_killed(|| engine.add_account(&bob, RELAY));
        simulation::hook(None);
        assert_eq!(killed, Err(Killed));
        drop(engine);
        assert_eq!(simulated(&phone, &turns).accounts().unwrap().len(), 2);
        std::fs::write(phone.store(), b"nothing of SQLite's").unwrap();
        assert_eq!(simulated(&phone, &turns).accounts().unwrap().len(), 2);
    }
}

#[test]
fn l2_a_kill_around_the_rebuilding_of_a_damaged_store_loses_no_account() {
    for point in [Point::Rebuilds, Point::Rebuilt] {
        let (phone, turns, engine) = synced();
        drop(engine);
        std::fs::write(phone.store(), b"nothing of SQLite's").unwrap();
        at(point, 1, Verdict::Kill);
        let engine = simulated(&phone, &turns);
        let killed = simulation::until_killed(|| refresh(&engine, &turns));
        simulation::hook(None);
        assert_eq!(killed, Err(Killed));
        drop(engine);
        let outcome = refresh(&simulated(&phone, &turns), &turns);
        assert_eq!((outcome.error, outcome.badge.unwrap().badge), (None, 2));
    }
}

#[test]
fn l2_a_rebuilding_that_failed_is_tried_again() {
    let (phone, turns, engine) = synced();
    drop(engine);
    std::fs::write(phone.store(), b"nothing of SQLite's").unwrap();
    let engine = simulated(&phone, &turns);
    at(Point::Rebuilds, 1, Verdict::Fail(EngineError::StorageFull));
    // In the foreground the store stays open.
    let failed = turns.run(engine.refresh(Cause::Foreground, BUDGET));
    assert_eq!(failed.error, Some(EngineError::StorageFull));
    let outcome = turns.run(engine.refresh(Cause::Foreground, BUDGET));
    simulation::hook(None);
    assert_eq!((outcome.error, outcome.badge.unwrap().badge), (None, 2));
}

#[test]
fn s7_a_sign_out_that_was_killed_after_its_commit_is_not_undone_by_damage() {
    let mut killed_after_it = 0;
    for nth in 1..10 {
        let (phone, turns, engine) = synced();
        at(Point::Committed, nth, Verdict::Kill);
        let killed = simulation::until_killed(|| engine.sign_out(&alice()));
        simulation::hook(None);
        drop(engine);
        // Not by way of an engine, which would write the copy anew.
        let store = rusqlite::Connection::open(phone.store()).unwrap();
        let count = |row: &rusqlite::Row<'_>| row.get::<_, u32>(0);
        let there = store.query_row("SELECT count(*) FROM accounts", [], count);
        drop(store);
        std::fs::write(phone.store(), b"nothing of SQLite's").unwrap();
        let engine = simulated(&phone, &turns);
        refresh(&engine, &turns);
        if there.unwrap() == 0 {
            killed_after_it += u32::from(killed.is_err());
            assert_eq!(engine.accounts().unwrap(), []);
        }
    }
    assert!(killed_after_it > 0, "no kill came after the commit");
}

#[test]
fn s7_a_sign_out_that_failed_leaves_the_account_in_the_copy_beside_the_store() {
    let (phone, _turns, engine) = synced();
    at(Point::Commits, 1, Verdict::Fail(EngineError::StorageFull));
    let failed = engine.sign_out(&alice());
    simulation::hook(None);
    assert_eq!(failed, Err(EngineError::StorageFull));
    let copy = phone.store().with_file_name("truebadge-accounts.json");
    assert!(std::fs::read_to_string(copy).unwrap().contains("alice"));
}

#[test]
fn s6_a_sign_out_while_suspended_writes_no_file() {
    let (phone, _turns, engine) = synced();
    engine.suspend();
    assert_eq!(engine.sign_out(&alice()), Err(EngineError::Suspended));
    let copy = phone.store().with_file_name("truebadge-accounts.json");
    assert!(std::fs::read_to_string(copy).unwrap().contains("alice"));
}

#[test]
fn a_hook_is_asked_at_each_point_in_order() {
    let (_phone, _turns, engine) = synced();
    let asked = Rc::new(Cell::new(Vec::new()));
    let noted = asked.clone();
    simulation::hook(Some(Box::new(move |point| {
        let mut points = noted.take();
        points.push(point);
        noted.set(points);
        Verdict::GoOn
    })));
    engine.set_participation(&alice(), false).unwrap();
    simulation::hook(None);
    let asked = asked.take();
    assert_eq!(asked[0], Point::Opens, "the wake had closed the store");
    let written = [Point::Commits, Point::Committed];
    assert!(asked.windows(2).any(|two| two == written), "{asked:?}");
    let kept = [Point::Keeps, Point::Kept];
    assert!(asked.windows(2).any(|two| two == kept), "{asked:?}");
}

#[test]
fn every_deliberate_bug_has_a_name_of_its_own_and_breaks_a_property() {
    let properties = "S1 S2 S3 S4 S5 S6 S7 S8 S9 L1 L2";
    for bug in Bug::ALL {
        assert_eq!(bug.to_string().parse(), Ok(*bug));
        assert!(
            properties
                .split(' ')
                .any(|property| property == bug.breaks())
        );
    }
    assert!("no-such-bug".parse::<Bug>().is_err());
}

#[test]
fn a_deliberate_bug_is_there_on_the_thread_that_planted_it_and_only_until_it_is_taken_away() {
    let (_phone, _turns, engine) = synced();
    let mute = |id: &str| engine.set_level(&alice(), &conversation(id), Level::None);
    simulation::plant(Some(Bug::MutingWaits));
    assert_eq!(mute("a").unwrap().badge, 2);
    std::thread::scope(|scope| {
        let elsewhere = scope.spawn(|| engine.set_participation(&alice(), true));
        assert_eq!(elsewhere.join().unwrap().unwrap().badge, 1);
    });
    assert_eq!(mute("a").unwrap().badge, 2);
    simulation::plant(None);
    assert_eq!(mute("b").unwrap().badge, 0);
}
