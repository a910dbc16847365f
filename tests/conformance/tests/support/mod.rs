//! TrueBadge's relay in this process, with a mistake or none, and its pushes sent to the suite.

use std::{path::Path, sync::Arc, time::Duration};

use conformance::{
    apns::Apns,
    case::Case,
    run::{self, Done, Plan},
    server::Server,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};
use truebadge_relay::{
    apns::{Client, Endpoints, ProviderTokens, generate_key},
    clock::Clock,
    driver::Driver,
    faults::Fault,
    http::{App, RateLimiter, RateLimits, Work, serve},
    planner::Rules,
    secret::Hash,
    store::{Store, sqlite::SqliteStore},
};

/// The producer key.
pub const PRODUCER: &str = "a-producer-key-for-tests-only";

/// A relay that runs until it is dropped.
pub struct Relay {
    pub url: String,
    pub apns: Arc<Apns>,
    _stop: watch::Sender<bool>,
    _directory: tempfile::TempDir,
}

impl Relay {
    /// `patience` is how long a push may take.
    pub async fn start(fault: Option<Fault>, patience: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let apns = Apns::listen(([127, 0, 0, 1], 0).into(), patience)
            .await
            .unwrap();
        let store = Arc::new(open(&directory.path().join("relay.db"), fault));
        let key = generate_key().unwrap();
        let tokens = ProviderTokens::new(key.as_bytes(), "KEYID12345", "TEAMID1234").unwrap();
        let client = Client::new(Endpoints::both(&apns.url()).unwrap(), tokens, None).unwrap();
        let (clock, bell) = (Clock::system(), Arc::new(Notify::new()));
        let shared: Arc<dyn Store> = store;
        let driver = Driver::new(
            Arc::clone(&shared),
            client,
            clock.clone(),
            Arc::clone(&bell),
        );
        let limits = RateLimits {
            device: 150,
            ..RateLimits::default()
        };
        let app = App {
            store: shared,
            clock,
            bell,
            producer: Some(Hash::of(PRODUCER)),
            limiter: Arc::new(RateLimiter::new(limits)),
            work: Work::Threads,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(driver.run(stopped.clone()));
        tokio::spawn(serve(listener, app, stopped));
        Self {
            url,
            apns,
            _stop: stop,
            _directory: directory,
        }
    }

    /// Runs these cases against it.
    pub async fn check(&self, cases: Vec<Case>) -> Vec<Done> {
        let plan = Plan {
            server: Arc::new(Server::new(&self.url, PRODUCER).unwrap()),
            apns: Some(Arc::clone(&self.apns)),
            cases,
        };
        let (_stopper, stop) = watch::channel(false);
        run::run(plan, stop, |_| {}).await
    }
}

fn open(path: &Path, fault: Option<Fault>) -> SqliteStore {
    let rules = Rules {
        quiet: Duration::from_millis(20),
        burst: Duration::from_millis(100),
        ..Rules::default()
    };
    SqliteStore::open(path, Some(rules))
        .unwrap()
        .with_fault(fault)
}
