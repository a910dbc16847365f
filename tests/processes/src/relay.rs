//! The relay, in the test's process, on a loopback port. The test is its backend and its operator.

use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::{net::TcpListener, runtime::Runtime, sync::watch};
use truebadge_protocol::{
    AccountId, ConversationState, DeviceId, Epoch, Version,
    messages::{Changes, Event, EventsRequest},
};
use truebadge_relay::{
    clock::Clock,
    http::{App, RateLimiter, RateLimits, Work, serve},
    random,
    secret::{self, Hash, Purpose},
    store::{Ask, Credential, Store, TokenRow, sqlite::SqliteStore},
};

/// A relay that serves one account until it is dropped. It never pushes: the test does.
#[derive(Debug)]
pub struct Relay {
    /// Its address.
    pub url: String,
    /// The account.
    pub account: AccountId,
    store: Arc<SqliteStore>,
    observer: TokenRow,
    stop: watch::Sender<bool>,
    _runtime: Runtime,
}

/// What the relay knows of the account at one moment.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The version above which rows were asked for.
    pub base: Version,
    /// The rows that changed above it, or all active ones above none.
    pub changes: Changes,
    /// The phone's newest operation that was applied.
    pub acknowledged: u64,
}

impl Relay {
    /// Starts one over an empty database in this folder.
    pub fn start(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let store = Arc::new(SqliteStore::open(&folder.join("relay.db"), None).unwrap());
        let account = AccountId::new("alice").unwrap();
        store.create_account(&account, now()).unwrap();
        let often = RateLimits {
            producer: u32::MAX,
            device: u32::MAX,
            stranger: u32::MAX,
        };
        let app = App {
            store: Arc::clone(&store) as _,
            clock: Clock::system(),
            bell: Arc::default(),
            producer: None,
            limiter: Arc::new(RateLimiter::new(often)),
            work: Work::Threads,
        };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        runtime.spawn(serve(listener, app, stopped));
        let observer = mint(&store, &account);
        let observer = match store.authenticate(&Hash::of(observer)).unwrap() {
            Some(Credential::Device(row)) => row,
            other => panic!("a new token is {other:?}"),
        };
        Self {
            url,
            account,
            store,
            observer,
            stop,
            _runtime: runtime,
        }
    }

    /// A device token for a phone.
    pub fn mint(&self) -> String {
        mint(&self.store, &self.account)
    }

    /// The backend reports events.
    pub fn commit(&self, events: Vec<Event>) {
        let request = EventsRequest { events };
        self.store
            .commit_events(&self.account, &request, None, now())
            .unwrap();
    }

    /// The operator restored a backup.
    pub fn restart_history(&self) {
        self.store.restart_histories().unwrap();
    }

    /// What it knows, with the rows above a version that is chosen by the cursor that the phone last
    /// confirmed and the head. The phone may be talking to it meanwhile.
    pub fn moment(&self, device: &DeviceId, base: impl Fn(Version, Version) -> Version) -> Moment {
        loop {
            let before = self.store.account(&self.account).unwrap();
            let known = before.devices.iter().find(|it| it.device == *device);
            let confirmed = known.and_then(|known| known.cursor).unwrap_or_default();
            let base = base(confirmed, before.summary.head);
            let changes = self.changes(before.summary.epoch.clone(), base);
            if before == self.store.account(&self.account).unwrap() {
                return Moment {
                    base,
                    changes,
                    acknowledged: known.map_or(0, |known| known.acknowledged),
                };
            }
        }
    }

    /// Every conversation that it has heard of, and the phone's newest operation.
    pub fn everything(&self, device: &DeviceId) -> (Vec<ConversationState>, u64) {
        let first = Version::ZERO.next(); // above nothing there would be active ones only
        let now = self.moment(device, |_, _| first);
        (now.changes.changes, now.acknowledged)
    }

    fn changes(&self, epoch: Epoch, since: Version) -> Changes {
        let mut ask = Ask {
            epoch: Some(epoch),
            since,
            limit: 1000,
            received: Vec::new(),
        };
        let mut all = self.store.changes(self.observer, &ask, now()).unwrap();
        while all.more {
            ask.since = all.next;
            let more = self.store.changes(self.observer, &ask, now()).unwrap();
            all.changes.extend(more.changes);
            (all.more, all.next) = (more.more, more.next);
        }
        all
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn mint(store: &SqliteStore, account: &AccountId) -> String {
    let token = secret::generate(Purpose::DeviceToken).unwrap();
    let id = random::name::<9>().unwrap();
    store
        .mint_token(account, &id, &Hash::of(&token), now())
        .unwrap();
    token
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
