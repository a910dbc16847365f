//! A server in this process, a provider that talks HTTP/2 to it with real signatures, and phones.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use apns_sim::{Clock, Config, Event, ProviderKey, Running, Server};
use futures_util::{SinkExt as _, StreamExt as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub const TOPIC: &str = "com.example.app";
pub const OTHER_TOPIC: &str = "com.example.other";
pub const TEAM: &str = "TEAMID1234";
pub const KEY_ID: &str = "KEYID12345";
/// Some moment, in Unix seconds.
pub const NOW: u64 = 1_780_000_000;
pub const UNKNOWN_TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A P-256 key, as PEM in PKCS#8: what Apple calls a .p8 file.
pub fn new_key() -> String {
    rcgen::KeyPair::generate().unwrap().serialize_pem()
}

pub fn provider_key(pem: &str) -> ProviderKey {
    ProviderKey::from_pem(TEAM, KEY_ID, pem).unwrap()
}

/// A provider token with these claims.
pub fn sign(pem: &str, kid: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = kid.map(str::to_owned);
    let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// A good provider token that was issued at this second.
pub fn provider_token(pem: &str, issued_at: u64) -> String {
    sign(pem, Some(KEY_ID), &json!({ "iss": TEAM, "iat": issued_at }))
}

/// A client that speaks HTTP/2 from the first byte, on connections of its own.
pub fn http2_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default(); // the first one wins
    reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap()
}

pub struct World {
    pub running: Running,
    pub pem: String,
    pub client: reqwest::Client,
    pub events: mpsc::UnboundedReceiver<Event>,
    seconds: Arc<AtomicU64>,
    token: String,
}

impl World {
    pub async fn start() -> Self {
        Self::configured(|_| {}).await
    }

    pub async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let pem = new_key();
        let seconds = Arc::new(AtomicU64::new(NOW));
        let (told, events) = mpsc::unbounded_channel();
        let topics = vec![TOPIC.to_owned(), OTHER_TOPIC.to_owned()];
        let mut config = Config::new(provider_key(&pem), topics);
        let ticking = Arc::clone(&seconds);
        let clock: Clock = Arc::new(move || ticking.load(Ordering::SeqCst) * 1_000);
        config.clock = clock;
        config.observer = Arc::new(move |event| {
            let _ = told.send(event.clone()); // a test that ended does not listen
        });
        change(&mut config);
        Self {
            running: Server::start(config).await.unwrap(),
            token: provider_token(&pem, NOW),
            pem,
            client: http2_client(),
            events,
            seconds,
        }
    }

    /// Lets time pass.
    pub fn later(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A good silent push.
    pub fn silent(&self, token: &str) -> Push {
        self.push(
            token,
            "background",
            "5",
            &json!({ "aps": { "content-available": 1 } }),
        )
    }

    /// A good push that paints a number, and wakes the app besides.
    pub fn painted(&self, token: &str, badge: u32) -> Push {
        let payload = json!({ "aps": { "badge": badge, "content-available": 1 } });
        self.push(token, "alert", "10", &payload)
    }

    pub fn push(&self, token: &str, push_type: &str, priority: &str, payload: &Value) -> Push {
        Push {
            client: self.client.clone(),
            method: reqwest::Method::POST,
            base: self.running.provider_url.clone(),
            path: format!("/3/device/{token}"),
            headers: Vec::new(),
            body: payload.to_string().into_bytes(),
        }
        .header("authorization", &format!("bearer {}", self.token))
        .header("apns-topic", TOPIC)
        .header("apns-push-type", push_type)
        .header("apns-priority", priority)
    }

    pub async fn phone(&self, install: &str) -> Phone {
        Phone::attach(&self.running.phones_url, TOPIC, install).await
    }

    /// A phone that has room for a few pushes only as long as it does not read them.
    pub async fn phone_with_little_room(&self, install: &str) -> Phone {
        Phone::attach_through(&self.running.phones_url, TOPIC, install, Some(4_096)).await
    }

    /// Whether a push is kept for the first phone.
    pub async fn kept_something(&self) -> bool {
        self.get("/control/phones").await[0]["stored"].is_string()
    }

    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.running.phones_url);
        let response = reqwest::get(url).await.unwrap();
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.running.phones_url);
        let response = reqwest::Client::new()
            .post(url)
            .json(body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// Waits until the server says that a phone went away.
    pub async fn someone_left(&mut self) {
        loop {
            if let Event::Detached { .. } = self.events.recv().await.unwrap() {
                return;
            }
        }
    }
}

/// A push that is being written.
#[derive(Clone)]
pub struct Push {
    client: reqwest::Client,
    method: reqwest::Method,
    base: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Push {
    /// Sets a header, in place of one that is there.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.without(name).also(name, value)
    }

    /// Adds a header, even if it is there.
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub fn method(mut self, method: reqwest::Method) -> Self {
        self.method = method;
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn client(mut self, client: &reqwest::Client) -> Self {
        self.client = client.clone();
        self
    }

    pub async fn send(self) -> Answer {
        let url = format!("{}{}", self.base, self.path);
        let mut request = self.client.request(self.method, url).body(self.body);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.version(), reqwest::Version::HTTP_2);
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let (apns_id, unique_id) = (header("apns-id").unwrap(), header("apns-unique-id"));
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body: Option<Value> = (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap());
        let field = |name: &str| {
            body.as_ref()
                .map(|body| body[name].clone())
                .unwrap_or_default()
        };
        Answer {
            status,
            apns_id,
            unique_id,
            reason: field("reason").as_str().unwrap_or_default().to_owned(),
            timestamp: field("timestamp").as_u64(),
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub apns_id: String,
    pub unique_id: Option<String>,
    pub reason: String,
    pub timestamp: Option<u64>,
}

impl Answer {
    #[track_caller]
    pub fn is(&self, status: u16, reason: &str) {
        assert_eq!((self.status, self.reason.as_str()), (status, reason));
    }

    #[track_caller]
    pub fn accepted(&self) {
        self.is(200, "");
    }
}

pub struct Phone {
    socket: WebSocketStream<TcpStream>,
    pub token: String,
}

impl Phone {
    pub async fn attach(base: &str, topic: &str, install: &str) -> Self {
        Self::attach_through(base, topic, install, None).await
    }

    async fn attach_through(base: &str, topic: &str, install: &str, room: Option<u32>) -> Self {
        let url = format!("{}/phones/{topic}/{install}", base.replace("http:", "ws:"));
        let address = base.replace("http://", "").parse().unwrap();
        let connection = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = room {
            connection.set_recv_buffer_size(bytes).unwrap();
        }
        let connection = connection.connect(address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(url, connection)
            .await
            .unwrap();
        let mut phone = Self {
            socket,
            token: String::new(),
        };
        let greeting = phone.frame().await.unwrap();
        assert_eq!(greeting["type"], "registered");
        assert_eq!(greeting["environment"], "sandbox");
        greeting["push_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut phone.token);
        phone
    }

    /// The next push.
    pub async fn push(&mut self) -> Value {
        let frame = self.frame().await.unwrap();
        assert_eq!(frame["type"], "push");
        frame
    }

    /// The next frame, or none when the server closed.
    pub async fn frame(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Says something; the server may hang up meanwhile.
    pub async fn say(&mut self, text: String) {
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// Goes away, and waits until the server has answered the farewell.
    pub async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
        while self.socket.next().await.is_some() {}
    }
}
