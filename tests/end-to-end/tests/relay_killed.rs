//! A relay that is killed at any moment, again and again over the same database: of every change that it
//! acknowledged, a push that tells it or something newer reaches APNs.
//!
//! `TRUEBADGE_KILLS` says how often (500 when absent), `TRUEBADGE_SEED` repeats a run's choices.

#![allow(clippy::unwrap_used)] // a panic is the report

use std::{
    collections::BTreeMap,
    env,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use apns_sim::{Config, Event, ProviderKey, Running, Server};
use end_to_end::{
    Desktop, Process, Settings,
    apns::{KEY_ID, TEAM, TOPIC},
    process::PATIENCE,
    world,
};
use fastrand::Rng;
use futures_util::{StreamExt as _, future::join_all};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

/// Accounts, each with a phone, to which something happens at once.
const PHONES: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_killed_at_any_moment_loses_no_push_of_what_it_acknowledged() {
    let kills = number("TRUEBADGE_KILLS", 500);
    let seed = number("TRUEBADGE_SEED", fastrand::u64(..));
    println!("{kills} kills; again with TRUEBADGE_SEED={seed}");
    let began = Instant::now();
    let mut world = World::start(seed).await;
    while world.tally.kills < kills {
        world.live_and_die().await;
        world.come_back_and_tell().await;
    }
    let (tally, took) = (&world.tally, began.elapsed());
    println!("{tally:?} in {took:?}");
    // A kill before the acknowledgement or after the push shows nothing.
    if kills >= 500 {
        assert!(
            tally.between > kills / 10,
            "between acknowledgement and push: {tally:?}"
        );
        assert!(tally.unanswered > 0 && tally.under_way > 0, "{tally:?}");
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// How often a kill met what.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    /// Acknowledged changes that were not pushed yet.
    between: u64,
    /// Changes that were not acknowledged.
    unanswered: u64,
    /// Pushes of which the relay cannot know whether they arrived: they were sent twice.
    under_way: u64,
}

/// What APNs took for each push token.
type Taken = BTreeMap<String, Newest>;

#[derive(Debug, Clone, Default)]
struct Newest {
    version: u64,
    counters: Vec<u64>,
    /// The same version twice: the first was under way when the relay was killed.
    again: u64,
}

struct Account {
    name: String,
    push_token: String,
    /// The newest item.
    position: u64,
    unread: bool,
    /// What is to happen to it until the relay has acknowledged it.
    event: Option<Value>,
    /// The newest version that was acknowledged.
    acknowledged: u64,
}

struct World {
    rng: Rng,
    accounts: Vec<Account>,
    taken: watch::Receiver<Taken>,
    relay: Process,
    desktop: Desktop,
    tally: Tally,
    apns: Running,
    folder: TempDir,
}

impl World {
    async fn start(seed: u64) -> Self {
        let folder = folder();
        let producer_key = world::keys(folder.path()).await.unwrap();
        let (apns, taken) = apns(&folder.path().join("apns.p8")).await;
        let (relay, url) = serve(folder.path(), &apns).await;
        let desktop = Desktop::new(url, producer_key).unwrap();
        let accounts =
            (0..PHONES).map(|index| account(&apns, &desktop, format!("account-{index}")));
        Self {
            rng: Rng::with_seed(seed),
            accounts: join_all(accounts).await,
            taken,
            relay,
            desktop,
            tally: Tally::default(),
            apns,
            folder,
        }
    }

    /// Something happens to every account at once, until the relay is killed.
    async fn live_and_die(&mut self) {
        for account in &mut self.accounts {
            account.next_event(&mut self.rng);
        }
        let enough = self.rng.usize(0..=PHONES);
        let pause = Duration::from_micros(self.rng.u64(0..3_000));
        // Half of the kills follow an answer, half a push: its own answer is under way then.
        let by_pushes = self.rng.bool();
        let before = pushes(&self.taken.borrow());
        let (answered, mut answers) = watch::channel(0);
        let reports = self.accounts.iter_mut().map(|account| async {
            account.report(&self.desktop).await;
            answered.send_modify(|answered| *answered += 1);
        });
        let dies = async {
            let moment = async {
                if by_pushes {
                    let pushed = |taken: &Taken| pushes(taken) >= before + enough;
                    self.taken.wait_for(pushed).await.map(drop)
                } else {
                    let answered = |answered: &usize| *answered >= enough;
                    answers.wait_for(answered).await.map(drop)
                }
            };
            let came = tokio::time::timeout(PATIENCE, moment).await;
            came.expect("a push for each change").unwrap();
            tokio::time::sleep(pause).await;
            self.relay.kill().await.unwrap();
        };
        tokio::join!(dies, join_all(reports));
        self.count();
    }

    fn count(&mut self) {
        self.tally.kills += 1;
        let taken = self.taken.borrow();
        for account in &self.accounts {
            let waits = taken[&account.push_token].version < account.acknowledged;
            self.tally.between += u64::from(waits);
            self.tally.unanswered += u64::from(account.event.is_some());
        }
    }

    /// The relay starts again, and now and then is killed at that, too. What it acknowledged is
    /// pushed; then what it did not is reported again.
    async fn come_back_and_tell(&mut self) {
        while self.rng.u8(..) < 64 {
            self.restart().await;
            tokio::time::sleep(Duration::from_micros(self.rng.u64(0..3_000))).await;
            self.relay.kill().await.unwrap();
            self.count();
        }
        self.restart().await;
        self.all_are_told().await;
        let again = self
            .accounts
            .iter_mut()
            .map(|account| account.report(&self.desktop));
        join_all(again).await;
        assert!(self.accounts.iter().all(|account| account.event.is_none()));
        self.all_are_told().await;
        let taken = self.taken.borrow();
        self.tally.under_way = taken.values().map(|newest| newest.again).sum();
        for newest in taken.values() {
            let rising = newest.counters.is_sorted_by(|one, next| one < next);
            assert!(rising, "a counter for each push: {:?}", newest.counters);
        }
    }

    async fn restart(&mut self) {
        let (relay, url) = serve(self.folder.path(), &self.apns).await;
        self.relay = relay;
        self.desktop.relay = url;
    }

    async fn all_are_told(&mut self) {
        let accounts = &self.accounts;
        let told = |taken: &Taken| {
            accounts
                .iter()
                .all(|account| taken[&account.push_token].version >= account.acknowledged)
        };
        let mut taken = self.taken.clone();
        let told = tokio::time::timeout(PATIENCE, taken.wait_for(told)).await;
        if told.is_err() {
            let taken = self.taken.borrow();
            let lost = accounts.iter().filter_map(|account| {
                let version = taken[&account.push_token].version;
                let lost = version < account.acknowledged;
                lost.then_some((&account.name, version, account.acknowledged))
            });
            let lost: Vec<_> = lost.collect();
            panic!("acknowledged, and never pushed (account, pushed, acknowledged): {lost:?}");
        }
    }
}

impl Account {
    /// An item arrives, or all are read: either way the totals differ from those of the last push.
    fn next_event(&mut self, rng: &mut Rng) {
        self.event = Some(if self.unread && rng.u8(..) < 128 {
            self.unread = false;
            json!({ "type": "read", "conversation": "bob", "up_to": self.position })
        } else {
            self.unread = true;
            self.position += 1;
            json!({ "type": "item", "conversation": "bob", "position": self.position })
        });
    }

    /// Reports the event, if there is one that is not acknowledged. A relay that is gone acknowledges
    /// nothing.
    async fn report(&mut self, desktop: &Desktop) {
        let Some(event) = self.event.clone() else {
            return;
        };
        if let Ok(committed) = desktop.report(&self.name, &[event]).await {
            self.acknowledged = committed["head"].as_u64().unwrap();
            self.event = None;
        }
    }
}

fn pushes(taken: &Taken) -> usize {
    taken.values().map(|newest| newest.counters.len()).sum()
}

/// In memory where the system has a place for that: what a killed process has written stays either
/// way, and nobody waits for a disk, of which each push needs three answers.
fn folder() -> TempDir {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        tempfile::tempdir_in(shared).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Apple's place, in this process.
async fn apns(key: &Path) -> (Running, watch::Receiver<Taken>) {
    let key = std::fs::read_to_string(key).unwrap();
    let key = ProviderKey::from_pem(TEAM, KEY_ID, &key).unwrap();
    let mut config = Config::new(key, vec![TOPIC.to_owned()]);
    let (sender, taken) = watch::channel(Taken::new());
    let sender = Arc::new(Mutex::new(sender));
    config.observer = Arc::new(move |event| match event {
        Event::Attached { push_token, .. } => {
            let phone = push_token.as_str().to_owned();
            sender.lock().unwrap().send_modify(|taken| {
                taken.entry(phone).or_default();
            });
        }
        Event::Push(entry) if entry.status == 200 => {
            let phone = entry.push_token.as_ref().unwrap().as_str();
            let tb = &entry.payload.as_ref().unwrap()["tb"];
            let number = |name: &str| tb[name].as_u64().unwrap();
            sender.lock().unwrap().send_modify(|taken| {
                let newest = taken.get_mut(phone).unwrap();
                newest.again += u64::from(newest.version == number("v"));
                newest.version = newest.version.max(number("v"));
                newest.counters.push(number("i"));
            });
        }
        _ => {}
    });
    (Server::start(config).await.unwrap(), taken)
}

async fn serve(folder: &Path, apns: &Running) -> (Process, String) {
    let settings = Settings {
        coalesce: "5ms,20ms",
        escalate_after: "1h", // no repeats: each push here is a change's
        ..Settings::default()
    };
    let listen = "127.0.0.1:0";
    let served = world::serve(folder, &settings, &apns.provider_url, listen).await;
    served.unwrap()
}

/// An account with a phone that has its push token and registers; then it only gets pushes.
async fn account(apns: &Running, desktop: &Desktop, name: String) -> Account {
    let push_token = attach(apns, &name).await;
    let registration = json!({ "push_token": push_token, "environment": "sandbox", "topic": TOPIC,
                               "sole_account": true });
    let token = desktop.mint(&name).await.unwrap();
    let registered = reqwest::Client::new()
        .put(format!("{}/v1/devices/{name}", desktop.relay))
        .bearer_auth(token)
        .json(&registration)
        .send();
    registered.await.unwrap().error_for_status().unwrap();
    Account {
        name,
        push_token,
        position: 0,
        unread: false,
        event: None,
        acknowledged: 0,
    }
}

/// The phone attaches once, for its push token.
async fn attach(apns: &Running, install: &str) -> String {
    let address = apns.phones_url.replace("http://", "ws://");
    let address = format!("{address}/phones/{TOPIC}/{install}");
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    let frame = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let frame: Value = serde_json::from_str(&frame).unwrap();
    frame["push_token"].as_str().unwrap().to_owned()
}
