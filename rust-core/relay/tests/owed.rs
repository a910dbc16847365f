//! Whatever happens, in any order: nothing is painted that may not be, no phone gets more silent
//! pushes than its budget, and what a phone is owed is sent, and comes to rest.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, time::Duration};

use proptest::{collection::vec, prelude::*};
use serde_json::json;
use truebadge_protocol::{AccountId, DeviceId, Epoch, PushPayload, Version, messages::Changes};
use truebadge_relay::{
    planner::{Lane, Repeats, Rules},
    secret::Hash,
    simulation::MemoryFile,
    store::{
        Ask, Claim, Credential, Outgoing, PushKey, Report, Store, TokenRow, sqlite::SqliteStore,
    },
};

const NOW: u64 = 1_780_000_000_000;
const HOUR: u64 = 3_600_000;

#[derive(Debug, Clone, Copy)]
enum Answer {
    Accepted,
    Again,
    Unknown,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Item {
        bob: bool,
        mention: bool,
    },
    Read {
        bob: bool,
    },
    Later {
        millis: u64,
    },
    Sync {
        receipts: bool,
    },
    /// The answer is lost on the way.
    SyncInVain {
        receipts: bool,
    },
    Conditions {
        badges: bool,
        refresh: bool,
        power: bool,
        sole: bool,
    },
    Apns(Answer),
    /// The next push comes, and APNs' answer is under way until it lands.
    Slow,
    Land,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let answer = prop_oneof![
        4 => Just(Answer::Accepted),
        1 => Just(Answer::Again),
        1 => Just(Answer::Unknown),
    ];
    prop_oneof![
        4 => any::<(bool, bool)>().prop_map(|(bob, mention)| Step::Item { bob, mention }),
        3 => any::<bool>().prop_map(|bob| Step::Read { bob }),
        3 => prop_oneof![0..3000_u64, 0..HOUR, 0..24 * HOUR].prop_map(|millis| Step::Later { millis }),
        1 => any::<bool>().prop_map(|receipts| Step::Sync { receipts }),
        1 => any::<bool>().prop_map(|receipts| Step::SyncInVain { receipts }),
        1 => any::<[bool; 4]>().prop_map(|[badges, refresh, power, sole]| Step::Conditions {
            badges, refresh, power, sole
        }),
        2 => answer.prop_map(Step::Apns),
        2 => Just(Step::Slow),
        2 => Just(Step::Land),
        1 => Just(Step::Restart),
    ]
}

/// Something happens, and APNs does with the push of it what it likes.
fn change() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Item {
            bob: true,
            mention: false
        }),
        Just(Step::Read { bob: true }),
        Just(Step::Apns(Answer::Unknown)),
        Just(Step::Apns(Answer::Accepted)),
        Just(Step::Slow),
        Just(Step::Land),
        any::<bool>().prop_map(|receipts| Step::Sync { receipts }),
        any::<bool>().prop_map(|receipts| Step::SyncInVain { receipts }),
        (0..3000_u64).prop_map(|millis| Step::Later { millis }),
    ]
}

struct World {
    store: SqliteStore,
    token: TokenRow,
    now: u64,
    position: u64,
    answer: Answer,
    paintable: bool,
    reachable_silently: bool,
    epoch: Option<Epoch>,
    cursor: Version,
    received: Vec<u64>,
    /// When silent pushes reached APNs, or may have.
    silent: Vec<u64>,
    /// The newest version that APNs took, or that an answer gave.
    told: Version,
    /// What the icon may show.
    shown: BTreeSet<u64>,
    slow: bool,
    /// A push of which APNs' answer is under way.
    under_way: Option<(PushKey, Report)>,
}

fn alice() -> AccountId {
    AccountId::new("alice").unwrap()
}

impl World {
    fn new() -> Self {
        let file = MemoryFile::new().unwrap();
        let store = file.open(Some(Rules {
            repeats: Repeats::After([60, 600, 7_200].map(Duration::from_secs).to_vec()),
            ..Rules::default()
        }));
        let hash = Hash::of("token");
        store.mint_token(&alice(), "token", &hash, NOW).unwrap();
        let Some(Credential::Device(token)) = store.authenticate(&hash).unwrap() else {
            panic!("it was minted");
        };
        let mut world = Self {
            store,
            token,
            now: NOW,
            position: 0,
            answer: Answer::Accepted,
            paintable: true,
            reachable_silently: true,
            epoch: None,
            cursor: Version::ZERO,
            received: Vec::new(),
            silent: Vec::new(),
            told: Version::ZERO,
            shown: BTreeSet::new(),
            slow: false,
            under_way: None,
        };
        world.take(Step::Conditions {
            badges: true,
            refresh: true,
            power: false,
            sole: true,
        });
        world.take(Step::Sync { receipts: false });
        world
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Item { bob, mention } => {
                self.position += 1;
                self.event(&json!({ "type": "item", "conversation": name(bob),
                                    "position": self.position, "mention": mention }));
            }
            Step::Read { bob } => {
                self.event(&json!({ "type": "read", "conversation": name(bob),
                                    "up_to": self.position }));
            }
            Step::Later { millis } => self.now += millis,
            Step::Sync { receipts } => self.sync(receipts),
            Step::SyncInVain { receipts } => drop(self.ask(receipts)),
            Step::Conditions {
                badges,
                refresh,
                power,
                sole,
            } => {
                let registration = json!({
                    "push_token": "aabb", "environment": "sandbox", "topic": "com.example.app",
                    "sole_account": sole,
                    "conditions": { "badges_allowed": badges, "alerts_allowed": true,
                                    "background_refresh": refresh, "low_power_mode": power } });
                let registration = serde_json::from_value(registration).unwrap();
                let phone = DeviceId::new("phone").unwrap();
                self.store
                    .register(self.token, &phone, &registration, self.now)
                    .unwrap();
                self.paintable = badges && sole;
                self.reachable_silently = refresh && !power;
            }
            Step::Apns(answer) => self.answer = answer,
            Step::Slow => self.slow = true,
            Step::Land => self.land(),
            Step::Restart => {
                self.store.release_claims().unwrap();
                self.under_way = None;
            }
        }
    }

    fn land(&mut self) {
        self.slow = false;
        if let Some((key, report)) = self.under_way.take() {
            self.store.record(&key, &report, self.now).unwrap();
        }
    }

    fn event(&self, event: &serde_json::Value) {
        let events = serde_json::from_value(json!({ "events": [event] })).unwrap();
        self.store
            .commit_events(&alice(), &events, None, self.now)
            .unwrap();
    }

    fn sync(&mut self, receipts: bool) {
        let answer = self.ask(receipts);
        self.epoch = Some(answer.epoch);
        self.cursor = answer.next;
        self.told = answer.head;
        self.shown = BTreeSet::from([answer.totals.unread]);
    }

    fn ask(&mut self, receipts: bool) -> Changes {
        let ask = Ask {
            epoch: self.epoch.clone(),
            since: self.cursor,
            limit: 100,
            received: if receipts {
                std::mem::take(&mut self.received)
            } else {
                Vec::new()
            },
        };
        self.store.changes(self.token, &ask, self.now).unwrap()
    }

    /// Sends what is due now; tells when the next is.
    fn send(&mut self) -> Option<u64> {
        for _ in 0..100 {
            match self.store.claim(self.now).unwrap() {
                Claim::Push(push) => self.sent(&push),
                Claim::Wait(at) if at > self.now => return Some(at),
                Claim::Wait(_) => {}
                Claim::Idle => return None,
            }
        }
        panic!("a busy loop");
    }

    fn sent(&mut self, push: &Outgoing) {
        let payload = PushPayload::parse(&push.payload).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&push.payload).unwrap();
        let painted = json["aps"]["badge"].as_u64();
        match push.lane {
            Lane::Painted => {
                assert!(self.paintable, "painted where it may not be");
                assert_eq!(painted, Some(payload.totals.unread));
            }
            Lane::Silent => {
                assert_eq!(painted, None);
                assert!(self.reachable_silently, "silent where it cannot arrive");
            }
            Lane::Alert => panic!("no event has a text"),
        }
        let report = match self.answer {
            Answer::Accepted => Report::Accepted,
            Answer::Again => Report::Again(self.now + 1000),
            Answer::Unknown => Report::Unknown(self.now + 1000),
        };
        if !matches!(report, Report::Again(_)) {
            self.received.push(payload.counter);
            if push.lane == Lane::Silent {
                self.silent.push(self.now);
                let recent = self
                    .silent
                    .iter()
                    .filter(|at| **at + HOUR > self.now)
                    .count();
                assert!(recent <= 3, "{recent} silent pushes in an hour");
            }
        }
        let unread = payload.totals.unread;
        match report {
            Report::Accepted => {
                self.told = self.told.max(payload.version);
                self.shown = BTreeSet::from([unread]);
            }
            Report::Unknown(_) => drop(self.shown.insert(unread)),
            _ => {}
        }
        self.under_way = Some((push.key, report));
        if !self.slow {
            self.land();
        }
    }

    /// Step after step, and what is due after each.
    fn live(&mut self, steps: &[Step]) {
        for step in steps {
            self.take(*step);
            self.send();
        }
    }

    /// Until nothing is due any more.
    fn until_rest(&mut self) -> Vec<u64> {
        self.answer = Answer::Accepted;
        self.land();
        let mut moments = Vec::new();
        while let Some(at) = self.send() {
            moments.push(at);
            assert!(moments.len() < 20, "it never comes to rest: {moments:?}");
            self.now = at;
        }
        moments
    }
}

fn name(bob: bool) -> &'static str {
    if bob { "bob" } else { "eve" }
}

const AN_ITEM: Step = Step::Item {
    bob: true,
    mention: false,
};

#[test]
fn a_phone_that_cannot_be_painted_and_has_synced_is_sent_nothing_more() {
    let mut world = World::new();
    world.live(&[
        AN_ITEM,
        Step::Conditions {
            badges: false,
            refresh: true,
            power: false,
            sole: false,
        },
        AN_ITEM,
        Step::Later { millis: 300 },
    ]);
    assert_eq!(world.silent.len(), 1);
    world.live(&[Step::Sync { receipts: false }]);
    world.until_rest();
    assert_eq!(world.silent.len(), 1);
}

#[test]
fn what_any_of_the_unanswered_pushes_may_have_told_is_taken_back() {
    let mut world = World::new();
    world.live(&[
        AN_ITEM,
        Step::Conditions {
            badges: true,
            refresh: false,
            power: false,
            sole: true,
        },
        Step::Sync { receipts: false },
        Step::Read { bob: true },
        Step::Apns(Answer::Unknown),
        Step::Later { millis: 300 },
        AN_ITEM,
        Step::Later { millis: 1000 },
    ]);
    assert_eq!(world.shown, BTreeSet::from([0, 1]));
    world.until_rest();
    assert_eq!(world.shown, BTreeSet::from([1]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_last_fall_is_painted_and_repeated_until_it_rests(
        steps in vec(step(), 0..40)
    ) {
        let mut world = World::new();
        world.live(&steps);
        world.until_rest();
        world.take(Step::Conditions { badges: true, refresh: true, power: false, sole: true });
        world.take(Step::Item { bob: true, mention: false });
        world.until_rest();
        world.take(Step::Read { bob: true });
        let (fell, before) = (world.now, world.told);
        let moments = world.until_rest();
        prop_assert!(world.told > before);
        let since: Vec<u64> = moments.iter().map(|at| (at - fell) / 1000).collect();
        prop_assert!(since.ends_with(&[60, 660, 7860]) || since == [60, 660, 7860], "{since:?}");
    }

    #[test]
    fn what_can_be_told_is_told(steps in vec(step(), 0..40), more in vec(change(), 1..6)) {
        let mut world = World::new();
        world.live(&steps);
        world.take(Step::Conditions { badges: true, refresh: false, power: false, sole: true });
        world.sync(false);
        world.live(&more);
        world.until_rest();
        let shown = world.shown.clone();
        world.sync(false);
        prop_assert_eq!(shown, world.shown);
    }
}
