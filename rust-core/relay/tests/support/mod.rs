//! A relay in this process, a backend and a phone that talk HTTP to it, and an APNs that answers as
//! it is told. Time stands still until a test moves it.

#![allow(dead_code, clippy::unwrap_used, clippy::missing_panics_doc)] // each file uses its part

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use truebadge_protocol::PushPayload;
use truebadge_relay::{
    apns::{Client, Endpoints, ProviderTokens, generate_key},
    clock::Clock,
    driver::Driver,
    http::{App, RateLimiter, RateLimits, Work, serve},
    planner::{Repeats, Rules},
    secret::Hash,
    store::{Store, sqlite::SqliteStore},
};

pub const PRODUCER: &str = "a-producer-key-for-tests-only";
pub const TOPIC: &str = "com.example.app";
/// Some moment, in Unix milliseconds.
pub const NOW: u64 = 1_780_000_000_000;

/// A push as APNs saw it.
#[derive(Debug, Clone)]
pub struct Pushed {
    pub token: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub version: http::Version,
    pub connection: String,
}

impl Pushed {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
    pub fn payload(&self) -> PushPayload {
        PushPayload::parse(&self.body).unwrap()
    }
    pub fn lane(&self) -> &'static str {
        match (self.header("apns-push-type"), &self.json()["aps"]["alert"]) {
            ("background", _) => "silent",
            (_, Value::Null) => "painted",
            _ => "alert",
        }
    }
    pub fn badge(&self) -> Option<u64> {
        self.json()["aps"]["badge"].as_u64()
    }
}

/// Status, reason, `Retry-After`.
type Refusal = (u16, String, Option<u64>);

#[derive(Debug, Clone, Default)]
pub struct Apns {
    pushed: Arc<Mutex<Vec<Pushed>>>,
    answers: Arc<Mutex<VecDeque<Refusal>>>,
}

impl Apns {
    pub async fn start() -> (Self, String) {
        let apns = Self::default();
        let router = Router::new()
            .route("/3/device/{token}", post(device))
            .with_state(apns.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        (apns, url)
    }

    /// The next pushes are answered so, instead of with 200.
    pub fn answer(&self, status: u16, reason: &str, retry_after: Option<u64>) {
        let answer = (status, reason.to_owned(), retry_after);
        self.answers.lock().unwrap().push_back(answer);
    }

    /// Everything is answered with 200 again.
    pub fn forgive(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// What came since the last call.
    pub fn take(&self) -> Vec<Pushed> {
        std::mem::take(&mut self.pushed.lock().unwrap())
    }
}

async fn device(
    State(apns): State<Apns>,
    Path(token): Path<String>,
    from: axum::extract::ConnectInfo<std::net::SocketAddr>,
    version: http::Version,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    apns.pushed.lock().unwrap().push(Pushed {
        token,
        headers,
        body: body.to_vec(),
        version,
        connection: from.0.to_string(),
    });
    let Some((status, reason, after)) = apns.answers.lock().unwrap().pop_front() else {
        return StatusCode::OK.into_response();
    };
    let status = StatusCode::from_u16(status).unwrap();
    let body = axum::Json(json!({ "reason": reason }));
    match after {
        Some(after) => (status, [("retry-after", after.to_string())], body).into_response(),
        None => (status, body).into_response(),
    }
}

/// An answer of the relay.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

pub struct Relay {
    pub url: String,
    pub store: Arc<SqliteStore>,
    pub apns: Apns,
    pub driver: Driver,
    pub key: String,
    pub directory: Arc<tempfile::TempDir>,
    http: reqwest::Client,
    now: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    limits: RateLimits,
    rules: Rules,
}

impl Relay {
    pub async fn start() -> Self {
        // One service answers for both of APNs' environments here.
        let rules = Rules {
            other_environment: false,
            repeats: Repeats::After([60, 600, 7_200].map(Duration::from_secs).to_vec()),
            ..Rules::default()
        };
        Self::with(rules, RateLimits::default()).await
    }

    pub async fn with(rules: Rules, limits: RateLimits) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let now = Arc::new(AtomicU64::new(NOW));
        Self::on(directory, now, rules, limits).await
    }

    /// Stops, and starts on the same database.
    pub async fn restart(self) -> Self {
        self.stop.send_replace(true);
        let (directory, now) = (Arc::clone(&self.directory), Arc::clone(&self.now));
        let (rules, limits) = (self.rules.clone(), self.limits);
        drop(self);
        Self::on(directory, now, rules, limits).await
    }

    async fn on(
        directory: Arc<tempfile::TempDir>,
        now: Arc<AtomicU64>,
        rules: Rules,
        limits: RateLimits,
    ) -> Self {
        let path: PathBuf = directory.path().join("relay.db");
        let store = Arc::new(SqliteStore::open(&path, Some(rules.clone())).unwrap());
        store.release_claims().unwrap();
        let (apns, apns_url) = Apns::start().await;
        let key = generate_key().unwrap();
        let tokens = ProviderTokens::new(key.as_bytes(), "KEYID12345", "TEAMID1234").unwrap();
        let client = Client::new(Endpoints::both(&apns_url).unwrap(), tokens, None).unwrap();
        let time = Arc::clone(&now);
        let clock = Clock::new(move || time.load(Ordering::SeqCst));
        let bell = Arc::new(Notify::new());
        let shared: Arc<dyn Store> = store.clone();
        let driver = Driver::new(
            Arc::clone(&shared),
            client,
            clock.clone(),
            Arc::clone(&bell),
        );
        let app = App {
            store: shared,
            clock,
            bell,
            producer: Some(Hash::of(PRODUCER)),
            limiter: Arc::new(RateLimiter::new(limits)),
            work: Work::Threads,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, app, stopped));
        Self {
            url,
            store,
            apns,
            driver,
            key,
            directory,
            http: reqwest::Client::new(),
            now,
            stop,
            limits,
            rules,
        }
    }

    pub fn now(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    /// Lets time pass, and sends what is due then.
    pub async fn after(&self, millis: u64) -> Vec<Pushed> {
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.send().await
    }

    /// Sends what is due, to the end.
    pub async fn send(&self) -> Vec<Pushed> {
        self.driver.send_due().await.unwrap();
        self.driver.finish().await;
        // What waited for a push that was under way.
        self.driver.send_due().await.unwrap();
        self.driver.finish().await;
        self.apns.take()
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.raw(method, path, token, body, &[]).await
    }

    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some((media, body)) = body {
            request = request.header("content-type", media).body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer {
            status,
            headers,
            body,
        }
    }

    /// The backend reports events; they are taken.
    pub async fn events(&self, account: &str, events: Value) -> Value {
        let path = format!("/v1/accounts/{account}/events");
        let body = json!({ "events": events });
        let answer = self
            .request("POST", &path, Some(PRODUCER), Some(&body))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    /// `count` items arrive in a conversation.
    pub async fn items(&self, account: &str, conversation: &str, positions: &[u64]) {
        let items: Vec<Value> = positions.iter().map(|at| item(conversation, *at)).collect();
        self.events(account, json!(items)).await;
    }

    pub async fn read(&self, account: &str, conversation: &str, up_to: u64) {
        let read = json!([{ "type": "read", "conversation": conversation, "up_to": up_to }]);
        self.events(account, read).await;
    }

    pub async fn mint(&self, account: &str) -> String {
        let path = format!("/v1/accounts/{account}/device_tokens");
        let answer = self.request("POST", &path, Some(PRODUCER), None).await;
        assert_eq!(answer.status, 201);
        answer.body["token"].as_str().unwrap().to_owned()
    }

    pub async fn register(&self, token: &str, device: &str, registration: &Value) -> Value {
        let path = format!("/v1/devices/{device}");
        let answer = self
            .request("PUT", &path, Some(token), Some(registration))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    /// A phone with one account, registered and synced.
    pub async fn phone(&self, account: &str) -> Phone<'_> {
        let token = self.mint(account).await;
        self.register(&token, "phone-1", &registration()).await;
        let mut phone = Phone {
            relay: self,
            token,
            epoch: String::new(),
            cursor: 0,
        };
        phone.sync("").await;
        phone
    }
}

pub struct Phone<'a> {
    relay: &'a Relay,
    pub token: String,
    pub epoch: String,
    pub cursor: u64,
}

impl Phone<'_> {
    /// One request for changes, naming the pushes that arrived.
    pub async fn sync(&mut self, received: &str) -> Value {
        let path = format!("/v1/changes?{}", self.query(received));
        let answer = self
            .relay
            .request("GET", &path, Some(&self.token), None)
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        self.note(&answer.body);
        answer.body
    }

    pub async fn operate(&mut self, operations: Value) -> Answer {
        let path = format!("/v1/operations?{}", self.query(""));
        let body = json!({ "operations": operations });
        let answer = self
            .relay
            .request("POST", &path, Some(&self.token), Some(&body))
            .await;
        if answer.status == 200 {
            self.note(&answer.body);
        }
        answer
    }

    fn query(&self, received: &str) -> String {
        let (epoch, cursor) = (&self.epoch, self.cursor);
        format!("epoch={epoch}&since={cursor}&received={received}")
    }

    fn note(&mut self, changes: &Value) {
        changes["epoch"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.epoch);
        self.cursor = changes["next"].as_u64().unwrap();
    }
}

pub fn item(conversation: &str, position: u64) -> Value {
    json!({ "type": "item", "conversation": conversation, "position": position })
}

/// A registration that lets everything through.
pub fn registration() -> Value {
    json!({
        "push_token": "aabbccdd", "environment": "sandbox", "topic": TOPIC, "sole_account": true,
        "conditions": { "badges_allowed": true, "alerts_allowed": true,
                        "background_refresh": true, "low_power_mode": false },
    })
}
