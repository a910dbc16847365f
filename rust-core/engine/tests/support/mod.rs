//! A phone around the real engine: bridges that remember what they were told, and a clock and a
//! relay that the test moves.
#![allow(dead_code, unused_imports, missing_docs, clippy::unwrap_used)]

pub mod life;
mod relay;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tempfile::TempDir;
use truebadge_engine::{
    AppBadge, AtZero, BadgeState, Bridges, Cause, Clock, Configuration, CredentialProvider,
    DeliveredNotification, DeliveredNotifications, Engine, Process, Reply, Secret, Timestamp,
    WakeOutcome, transport::Transport,
};
use truebadge_protocol::{
    AccountId, ConversationId, ConversationState, DeviceId, Position, PushPayload, Route, Totals,
    Version, messages::PushEnvironment, push::Aps,
};

pub use relay::{Committed, FakeRelay, Fault, Meanwhile, Relays};

pub const BUDGET: Duration = Duration::from_secs(25);
pub const RELAY: &str = "https://relay.example/";

#[derive(Debug, Default)]
pub struct Icon {
    pub set: Mutex<Vec<u32>>,
    pub refuses: AtomicBool,
    /// What iOS drops when it is set to zero; nothing when there is none.
    pub drops: Mutex<Option<Arc<Centre>>>,
    /// Runs within the next call, once: what happens while iOS is asked.
    pub meanwhile: Mutex<Option<Meanwhile>>,
}

impl AppBadge for Icon {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(Meanwhile(happens)) = meanwhile {
            happens();
        }
        if self.refuses.load(Ordering::Relaxed) {
            return reply.fail();
        }
        self.set.lock().unwrap().push(badge);
        if badge == 0
            && let Some(centre) = &*self.drops.lock().unwrap()
        {
            centre.delivered.lock().unwrap().clear();
            centre.log("zero");
        }
        reply.succeed(());
    }
}

/// Notification Centre.
#[derive(Debug, Default)]
pub struct Centre {
    pub delivered: Mutex<Vec<DeliveredNotification>>,
    listings: Mutex<[Vec<DeliveredNotification>; 2]>,
    events: Mutex<Vec<String>>,
    /// Where requests to list wait for the test, when it wants that.
    pub waiting: Mutex<Option<Vec<Reply<Vec<DeliveredNotification>>>>>,
}

impl Centre {
    fn log(&self, what: &str) {
        self.events.lock().unwrap().push(what.to_owned());
    }

    /// The identifiers of those that are shown.
    pub fn shown(&self) -> Vec<String> {
        let shown = self.delivered.lock().unwrap();
        shown.iter().map(|one| one.identifier.clone()).collect()
    }

    /// What was removed and restored since the last call, and when iOS dropped everything.
    pub fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// From now on requests to list are answered when the test says so.
    pub fn answers_slowly(&self) {
        *self.waiting.lock().unwrap() = Some(Vec::new());
    }

    /// Whether a request to list waits.
    pub fn is_asked(&self) -> bool {
        let waiting = self.waiting.lock().unwrap();
        waiting.as_ref().is_some_and(|waiting| !waiting.is_empty())
    }

    /// Answers those that wait, and all later ones at once.
    pub fn answers(&self) {
        let waiting = self.waiting.lock().unwrap().take();
        for reply in waiting.unwrap_or_default() {
            self.list(reply);
        }
    }
}

impl DeliveredNotifications for Centre {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        if let Some(waiting) = &mut *self.waiting.lock().unwrap() {
            return waiting.push(reply);
        }
        let shown = self.delivered.lock().unwrap().clone();
        let mut listings = self.listings.lock().unwrap();
        *listings = [std::mem::take(&mut listings[1]), shown.clone()];
        drop(listings);
        reply.succeed(shown);
    }

    fn remove(&self, identifiers: Vec<String>, reply: Reply<()>) {
        self.log(&format!("remove {}", identifiers.join(", ")));
        self.delivered
            .lock()
            .unwrap()
            .retain(|shown| !identifiers.contains(&shown.identifier));
        reply.succeed(());
    }

    fn restore(&self, identifiers: Vec<String>, reply: Reply<()>) {
        self.log(&format!("restore {}", identifiers.join(", ")));
        let mut known = self.listings.lock().unwrap().concat();
        known.retain(|one| identifiers.contains(&one.identifier));
        self.delivered.lock().unwrap().extend(known);
        reply.succeed(());
    }
}

/// The token that all accounts have, and those of accounts that have another one, or none; and where
/// requests to forget one wait for the test, when it wants that.
#[derive(Debug)]
pub struct Keychain(
    pub Mutex<Option<String>>,
    pub Mutex<HashMap<AccountId, Option<String>>>,
    pub Mutex<Option<Vec<Reply<()>>>>,
);

impl Keychain {
    pub fn token(&self, account: &AccountId) -> Option<String> {
        let own = self.1.lock().unwrap().get(account).cloned();
        own.unwrap_or_else(|| self.0.lock().unwrap().clone())
    }

    pub fn store(&self, account: &AccountId, token: Option<&str>) {
        let token = token.map(ToOwned::to_owned);
        self.1.lock().unwrap().insert(account.clone(), token);
    }
}

impl CredentialProvider for Keychain {
    fn credentials(
        &self,
        account: &AccountId,
        refused: Option<Secret>,
        reply: Reply<Option<Secret>>,
    ) {
        if refused.is_some() {
            let mut token = self.0.lock().unwrap();
            *token = token.as_ref().map(|_| "fresh".to_owned());
        }
        reply.succeed(self.token(account).map(Secret::new));
    }

    fn forget(&self, account: &AccountId, credentials: Secret, reply: Reply<()>) {
        if let Some(waiting) = &mut *self.2.lock().unwrap() {
            return waiting.push(reply);
        }
        if self.token(account).as_deref() == Some(credentials.expose()) {
            self.store(account, None);
        }
        reply.succeed(());
    }
}

/// Both clocks of a phone; only the test moves them.
#[derive(Debug)]
pub struct Watch {
    wall: AtomicI64,
    elapsed: tokio::sync::watch::Sender<Duration>,
    /// Who waits for at most a second waits in vain: the second goes by.
    pub in_vain: AtomicBool,
}

impl Watch {
    fn new() -> Self {
        Self {
            wall: AtomicI64::new(1_790_000_000_000),
            elapsed: tokio::sync::watch::Sender::new(Duration::ZERO),
            in_vain: AtomicBool::new(false),
        }
    }

    /// Time goes by, also while the phone sleeps.
    pub fn advance(&self, duration: Duration) {
        self.set_wall(i64::try_from(duration.as_millis()).unwrap());
        self.elapsed.send_modify(|elapsed| *elapsed += duration);
    }

    /// Somebody sets the wall clock so many milliseconds forward, or back.
    pub fn set_wall(&self, by_ms: i64) {
        self.wall.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.elapsed() + duration;
        let mut elapsed = self.elapsed.subscribe();
        let sender = self.elapsed.clone();
        let in_vain = self.in_vain.load(Ordering::Relaxed) && duration <= Duration::from_secs(1);
        async move {
            if in_vain {
                sender.send_modify(|elapsed| *elapsed += duration);
            }
            let ended = elapsed.wait_for(|elapsed| *elapsed >= until).await.is_ok();
            assert!(ended, "the watch outlives who sleeps by it");
        }
        .boxed()
    }
}

pub struct Phone {
    pub engine: Engine,
    pub icon: Arc<Icon>,
    pub centre: Arc<Centre>,
    pub keychain: Arc<Keychain>,
    pub watch: Arc<Watch>,
    pub relay: Arc<FakeRelay>,
    pub directory: Arc<TempDir>,
}

impl Phone {
    /// A phone with one account, `alice`, that has not synced yet.
    pub fn new() -> Self {
        let phone = Self::empty(&Arc::new(FakeRelay::new()));
        phone.engine.add_account(&alice(), RELAY).unwrap();
        phone
    }

    /// A phone with one account that has synced once.
    pub async fn synced() -> Self {
        let phone = Self::new();
        let outcome = phone.refresh().await;
        assert_eq!(outcome.error, None);
        phone
    }

    pub fn empty(relay: &Arc<FakeRelay>) -> Self {
        Self::over(Arc::new(tempfile::tempdir().unwrap()), Process::App, relay)
    }

    /// Another process, or the same one started anew, over the same store.
    pub fn again(&self, process: Process) -> Self {
        Self::over(Arc::clone(&self.directory), process, &self.relay)
    }

    /// Another process of the same phone, over the same store and under the same icon.
    pub fn beside(&self, process: Process) -> Self {
        Self {
            engine: self.engine_as(|configuration| configuration.process = process),
            icon: self.icon.clone(),
            centre: self.centre.clone(),
            keychain: self.keychain.clone(),
            watch: self.watch.clone(),
            relay: self.relay.clone(),
            directory: self.directory.clone(),
        }
    }

    /// Another engine on this phone, over the same store.
    pub fn engine_as(&self, configure: impl FnOnce(&mut Configuration)) -> Engine {
        let mut configuration = configuration(self.directory.path(), Process::App);
        configure(&mut configuration);
        Engine::new(configuration, self.bridges(self.relay.clone())).unwrap()
    }

    /// Another engine on this phone, with another way to its relays.
    pub fn engine_over(&self, transport: Arc<dyn Transport>) -> Engine {
        self.engine_of(Process::App, transport)
    }

    /// Another process' engine on this phone, with another way to its relays.
    pub fn engine_of(&self, process: Process, transport: Arc<dyn Transport>) -> Engine {
        let configuration = configuration(self.directory.path(), process);
        Engine::new(configuration, self.bridges(transport)).unwrap()
    }

    fn bridges(&self, transport: Arc<dyn Transport>) -> Bridges {
        Bridges {
            badge: self.icon.clone(),
            delivered: self.centre.clone(),
            credentials: self.keychain.clone(),
            transport,
            clock: self.watch.clone(),
        }
    }

    /// Another engine over the same store, with another iOS around it.
    pub fn with_ios(
        &self,
        badge: Arc<dyn AppBadge>,
        delivered: Arc<dyn DeliveredNotifications>,
    ) -> Engine {
        Engine::new(
            configuration(self.directory.path(), Process::App),
            Bridges {
                badge,
                delivered,
                credentials: self.keychain.clone(),
                transport: self.relay.clone(),
                clock: self.watch.clone(),
            },
        )
        .unwrap()
    }

    fn over(directory: Arc<TempDir>, process: Process, relay: &Arc<FakeRelay>) -> Self {
        let (icon, centre) = (Arc::new(Icon::default()), Arc::new(Centre::default()));
        let keychain = Arc::new(Keychain(
            Mutex::new(Some("stored".to_owned())),
            Mutex::default(),
            Mutex::default(),
        ));
        let watch = Arc::new(Watch::new());
        let engine = Engine::new(
            configuration(directory.path(), process),
            Bridges {
                badge: icon.clone(),
                delivered: centre.clone(),
                credentials: keychain.clone(),
                transport: relay.clone(),
                clock: watch.clone(),
            },
        )
        .unwrap();
        Self {
            engine,
            icon,
            centre,
            keychain,
            watch,
            relay: relay.clone(),
            directory,
        }
    }

    pub async fn refresh(&self) -> WakeOutcome {
        self.engine.refresh(Cause::Foreground, BUDGET).await
    }

    /// A refresh in which the nth request meets the nth fault.
    pub async fn refresh_with_faults(&self, faults: &[Option<Fault>]) -> WakeOutcome {
        self.relay.plan(faults);
        self.refresh().await
    }

    pub async fn push(&self, payload: &[u8]) -> WakeOutcome {
        self.engine.handle_push(payload.to_vec(), BUDGET).await
    }

    /// The person reads a conversation of Alice's here.
    pub fn read_here(&self, id: &str, up_to: u64, remaining: u32) -> BadgeState {
        let (id, up_to) = (conversation(id), position(up_to));
        self.engine
            .mark_read(&alice(), &id, up_to, remaining)
            .unwrap()
    }

    /// The person marks a conversation of Alice's here.
    pub fn mark_here(&self, id: &str, marked: bool) -> BadgeState {
        self.engine
            .mark_unread(&alice(), &conversation(id), marked)
            .unwrap()
    }

    /// Waits for what the engine does in the background.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let wait = async {
            while !holds(self) {
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_mins(1), wait).await;
        ended.expect("it never happened");
    }

    /// The number on the icon.
    pub fn icon(&self) -> Option<u32> {
        self.icon.set.lock().unwrap().last().copied()
    }

    pub fn store(&self) -> std::path::PathBuf {
        self.directory.path().join("truebadge.sqlite")
    }

    /// Every file in the store's directory by name, with a hash of what it holds. SQLite's journal is
    /// left out when it holds nothing.
    pub fn files(&self) -> BTreeMap<String, u64> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let read = entries.map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        });
        let something =
            |(name, bytes): &(String, Vec<u8>)| !(name.ends_with("-journal") && bytes.is_empty());
        read.filter(something)
            .map(|(name, bytes)| {
                let mut hasher = std::hash::DefaultHasher::new();
                std::hash::Hash::hash(&bytes, &mut hasher);
                (name, std::hash::Hasher::finish(&hasher))
            })
            .collect()
    }
}

pub fn configuration(directory: &Path, process: Process) -> Configuration {
    Configuration {
        directory: directory.to_owned(),
        device: DeviceId::new("phone-1").unwrap(),
        topic: "com.example.app".to_owned(),
        environment: PushEnvironment::Sandbox,
        app_version: "1.0".to_owned(),
        process,
        at_zero: AtZero::Keep,
    }
}

/// A notification about an item of Alice's, from a push at version 2.
pub fn delivered(identifier: &str, about: &str, item: u64) -> DeliveredNotification {
    DeliveredNotification {
        identifier: identifier.to_owned(),
        route: Some(Route::new("route-alice").unwrap()),
        conversation: conversation(about),
        position: Some(position(item)),
        version: Some(version(2)),
    }
}

pub fn alice() -> AccountId {
    AccountId::new("alice").unwrap()
}

pub fn conversation(id: &str) -> ConversationId {
    ConversationId::new(id).unwrap()
}

pub fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

pub fn position(number: u64) -> Position {
    Position::new(number).unwrap()
}

/// `unread` items up to position `newest` in a conversation, at a version.
pub fn row(id: &str, at: u64, unread: u32, newest: u64) -> ConversationState {
    ConversationState {
        version: version(at),
        unread,
        newest: position(newest),
        read_up_to: position(newest - u64::from(unread)),
        ..ConversationState::empty(conversation(id))
    }
}

/// A push with these rows and totals.
pub fn push(
    relay: &FakeRelay,
    counter: u64,
    base: u64,
    at: u64,
    rows: Option<Vec<ConversationState>>,
    totals: Totals,
) -> Vec<u8> {
    push_acknowledging(relay, counter, base, at, rows, totals, 0)
}

pub fn push_acknowledging(
    relay: &FakeRelay,
    counter: u64,
    base: u64,
    at: u64,
    rows: Option<Vec<ConversationState>>,
    totals: Totals,
    acknowledged: u64,
) -> Vec<u8> {
    let payload = PushPayload {
        route: relay.route(),
        epoch: relay.epoch(),
        counter,
        base: version(base),
        version: version(at),
        totals,
        acknowledged,
        rows,
        item: None,
        sync_wanted: false,
    };
    payload
        .compose(&Aps {
            // As iOS painted it.
            badge: Some(u32::try_from(totals.unread).unwrap()),
            content_available: true,
            ..Aps::default()
        })
        .unwrap()
}

pub fn unread(number: u64, conversations: u64) -> Totals {
    Totals {
        unread: number,
        mentions: 0,
        conversations,
    }
}
