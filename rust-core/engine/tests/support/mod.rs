//! A phone around the real engine: bridges that remember what they were told, and a clock and a
//! relay that the test moves.
#![allow(dead_code, unused_imports, missing_docs, clippy::unwrap_used)]

mod relay;

use std::{
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
    AppBadge, BadgeState, Bridges, Cause, Clock, Configuration, CredentialProvider,
    DeliveredNotification, DeliveredNotifications, Engine, Process, Reply, Secret, Timestamp,
    WakeOutcome,
};
use truebadge_protocol::{
    AccountId, ConversationId, ConversationState, DeviceId, Position, PushPayload, Route, Totals,
    Version, messages::PushEnvironment, push::Aps,
};

pub use relay::{FakeRelay, Fault, Meanwhile};

pub const BUDGET: Duration = Duration::from_secs(25);
pub const RELAY: &str = "https://relay.example/";

#[derive(Debug, Default)]
pub struct Icon {
    pub set: Mutex<Vec<u32>>,
    pub refuses: AtomicBool,
}

impl AppBadge for Icon {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        if self.refuses.load(Ordering::Relaxed) {
            return reply.fail();
        }
        self.set.lock().unwrap().push(badge);
        reply.succeed(());
    }
}

#[derive(Debug, Default)]
pub struct Centre(pub Mutex<Vec<DeliveredNotification>>);

impl DeliveredNotifications for Centre {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        reply.succeed(self.0.lock().unwrap().clone());
    }

    fn remove(&self, identifiers: Vec<String>, reply: Reply<()>) {
        self.0
            .lock()
            .unwrap()
            .retain(|shown| !identifiers.contains(&shown.identifier));
        reply.succeed(());
    }
}

#[derive(Debug)]
pub struct Keychain(pub Mutex<Option<String>>);

impl CredentialProvider for Keychain {
    fn credentials(&self, _: &AccountId, refused: Option<Secret>, reply: Reply<Option<Secret>>) {
        let mut token = self.0.lock().unwrap();
        if refused.is_some() {
            *token = token.as_ref().map(|_| "fresh".to_owned());
        }
        reply.succeed(token.clone().map(Secret::new));
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
        let keychain = Arc::new(Keychain(Mutex::new(Some("stored".to_owned()))));
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

    /// The number on the icon.
    pub fn icon(&self) -> Option<u32> {
        self.icon.set.lock().unwrap().last().copied()
    }

    pub fn store(&self) -> std::path::PathBuf {
        self.directory.path().join("truebadge.sqlite")
    }
}

fn configuration(directory: &Path, process: Process) -> Configuration {
    Configuration {
        directory: directory.to_owned(),
        device: DeviceId::new("phone-1").unwrap(),
        topic: "com.example.app".to_owned(),
        environment: PushEnvironment::Sandbox,
        app_version: "1.0".to_owned(),
        process,
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
        route: Route::new("route-alice").unwrap(),
        epoch: relay.epoch(),
        counter,
        base: version(base),
        version: version(at),
        totals,
        acknowledged,
        rows,
        item: None,
    };
    payload
        .compose(&Aps {
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
