//! The relay on one thread, without a runtime: every request is answered at its first poll, all
//! randomness follows from a seed, and any transaction may be the last of a process.

#![allow(clippy::unwrap_used)]

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

use axum::body::{Body, to_bytes};
use futures_util::FutureExt;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use truebadge_relay::{
    apns::{Answer, PushHeaders},
    clock::ManualClock,
    driver,
    http::{App, Work, router},
    planner::Rules,
    random,
    secret::Hash,
    simulation::{self, Killed, MemoryFile, Moment, Strike},
    store::{Claim, Store, sqlite::SqliteStore},
};

const PRODUCER: &str = "a-producer-key-for-tests-only";
const NOW: u64 = 1_780_000_000_000;

/// A relay that lives until it is dropped, over a database that stays.
struct Relay {
    store: Arc<SqliteStore>,
    router: axum::Router,
    time: ManualClock,
}

impl Relay {
    fn start(file: &MemoryFile, time: &ManualClock) -> Self {
        let store = Arc::new(file.open(Some(Rules::default())));
        store.release_claims().unwrap();
        let app = App {
            store: store.clone(),
            clock: time.clock(),
            bell: Arc::default(),
            producer: Some(Hash::of(PRODUCER)),
            limiter: Arc::default(),
            work: Work::Inline,
        };
        Self {
            store,
            router: router(app),
            time: time.clone(),
        }
    }

    fn request(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let answer = self.router.clone().oneshot(request).now_or_never().unwrap();
        let answer = answer.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), usize::MAX).now_or_never();
        let bytes = bytes.unwrap().unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn token(&self) -> String {
        let path = "/v1/accounts/alice/device_tokens";
        let (status, token) = self.request("POST", path, PRODUCER, None);
        assert_eq!(status, 201);
        token["token"].as_str().unwrap().to_owned()
    }

    /// An item arrives.
    fn item(&self, position: u64) -> (u16, Value) {
        let item = json!({ "type": "item", "conversation": "bob", "position": position });
        let events = json!({ "events": [item] });
        self.request("POST", "/v1/accounts/alice/events", PRODUCER, Some(&events))
    }

    /// Alice's phone.
    fn phone(&self) -> String {
        let token = self.token();
        let registration = json!({
            "push_token": "aabbccdd", "environment": "sandbox", "topic": "com.example.app",
            "sole_account": true,
            "conditions": { "badges_allowed": true, "alerts_allowed": true,
                            "background_refresh": true, "low_power_mode": false },
        });
        let (status, _) = self.request("PUT", "/v1/devices/phone", &token, Some(&registration));
        assert_eq!(status, 200);
        token
    }

    fn unread(&self, token: &str) -> u64 {
        let (_, changes) = self.request("GET", "/v1/changes?since=0", token, None);
        changes["totals"]["unread"].as_u64().unwrap()
    }
}

fn world() -> (MemoryFile, ManualClock) {
    (MemoryFile::new().unwrap(), ManualClock::at(NOW))
}

#[test]
fn a_whole_exchange_needs_one_thread_and_no_runtime() {
    let (file, time) = world();
    let relay = Relay::start(&file, &time);
    let phone = relay.phone();
    assert_eq!(relay.item(1).0, 200);
    assert_eq!(relay.unread(&phone), 1);
    let (_, changes) = relay.request("GET", "/v1/changes?since=0", &phone, None);
    let path = format!(
        "/v1/operations?epoch={}&since=1",
        changes["epoch"].as_str().unwrap()
    );
    let read = json!({ "operations": [{ "number": 1, "id": "op-1", "kind": "read_up_to",
                       "conversation": "bob", "position": 1, "seen": 1 }] });
    let (status, applied) = relay.request("POST", &path, &phone, Some(&read));
    assert_eq!(status, 200, "{applied}");
    assert_eq!(applied["totals"]["unread"], 0);
}

#[test]
fn the_driver_is_a_function_of_the_store_and_the_answer() {
    let (file, time) = world();
    let relay = Relay::start(&file, &time);
    relay.phone();
    relay.item(1);
    let Claim::Push(push) = relay.store.claim(time.now()).unwrap() else {
        panic!("a push is due");
    };
    let headers = PushHeaders::of(&push, relay.time.now() / 1000);
    assert_eq!((headers.push_type, headers.priority), ("alert", 10));
    let answer = Answer::of(200, "", None);
    let report = driver::report(answer, &push, time.now(), random::fraction());
    relay.store.record(&push.key, &report, time.now()).unwrap();
    let Claim::Wait(at) = relay.store.claim(time.now()).unwrap() else {
        panic!("it is not acknowledged");
    };
    time.set(at);
    let again = relay.store.claim(time.now()).unwrap();
    assert!(matches!(again, Claim::Push(again) if again.key.counter == 2));
}

#[test]
fn the_same_seed_gives_the_same_run_also_over_a_database_that_was_emptied() {
    let run = |file: &MemoryFile| {
        simulation::seed(7);
        let time = ManualClock::at(NOW);
        let relay = Relay::start(file, &time);
        let token = relay.phone();
        let changes = relay.request("GET", "/v1/changes?since=0", &token, None).1;
        relay.item(1);
        time.advance(2000);
        let push = relay.store.claim(time.now()).unwrap();
        (token, changes, format!("{push:?}"), random::uuid().unwrap())
    };
    let (first, other) = (MemoryFile::new().unwrap(), MemoryFile::new().unwrap());
    let once = run(&first);
    assert_eq!(once, run(&other));
    first.clear().unwrap();
    assert_eq!(once, run(&first));
}

#[test]
fn what_was_committed_outlives_the_relay_and_nothing_else_does() {
    for (moment, expected) in [(Moment::Commit, 1), (Moment::Committed, 2)] {
        let (file, time) = world();
        let relay = Relay::start(&file, &time);
        let phone = relay.phone();
        relay.item(1);
        let hook = simulation::on_transactions(move |at| {
            if at == moment {
                Strike::Kill
            } else {
                Strike::Pass
            }
        });
        let killed = catch_unwind(AssertUnwindSafe(|| relay.item(2))).unwrap_err();
        assert!(killed.is::<Killed>());
        drop((hook, relay));
        let relay = Relay::start(&file, &time);
        assert_eq!(relay.unread(&phone), expected, "killed at {moment:?}");
    }
}

#[test]
fn a_busy_or_failing_database_is_told_to_the_caller() {
    let strikes = [(Strike::Busy, 503), (Strike::Fail, 500)];
    for (strike, status) in strikes {
        let (file, time) = world();
        let relay = Relay::start(&file, &time);
        let phone = relay.phone();
        for (moment, expected) in [
            (Moment::Begin, 0),
            (Moment::Commit, 0),
            (Moment::Committed, 1),
        ] {
            let moments = Rc::new(RefCell::new(Vec::new()));
            let seen = Rc::clone(&moments);
            let hook = simulation::on_transactions(move |at| {
                seen.borrow_mut().push(at);
                if at == moment { strike } else { Strike::Pass }
            });
            assert_eq!(relay.item(1).0, status, "{moment:?}");
            drop(hook);
            assert_eq!(moments.borrow().last(), Some(&moment));
            assert_eq!(relay.unread(&phone), expected, "{moment:?}");
        }
    }
}
