//! Apple's place: takes the pushes that the relay under test sends, as APNs' provider interface.
//!
//! The headers and the payload are judged with the rules of `apns-sim`. Provider tokens are looked at
//! but not verified, since nobody gave this program the key.

use std::{
    collections::HashMap,
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use apns_sim::{headers::Envelope, payload::Payload};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use crate::{
    case::{Stop, Verdict},
    exchange::one_line,
};

/// Pushes that are kept for a phone.
const KEPT: usize = 256;
/// Phones that are remembered.
const PHONES: usize = 4096;

/// A push.
#[derive(Debug, Clone)]
pub struct Push {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its payload.
    pub body: Bytes,
}

impl Push {
    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// The payload.
    pub fn json(&self) -> Verdict<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.fail("a payload in JSON", error.to_string()))
    }

    /// TrueBadge's part of it.
    pub fn tb(&self) -> Verdict<Value> {
        let tb = self.json()?["tb"].take();
        if tb.is_object() {
            Ok(tb)
        } else {
            Err(self.fail("a `tb` in the payload", tb.to_string()))
        }
    }

    /// What the headers say, by Apple's rules.
    pub fn envelope(&self) -> Verdict<Envelope> {
        Envelope::parse(&self.headers)
            .map_err(|reason| self.fail("headers that APNs takes", format!("{reason:?}")))
    }

    /// What iOS does with the payload.
    pub fn payload(&self) -> Verdict<Payload> {
        Payload::parse(&self.body)
            .map_err(|reason| self.fail("a payload that APNs takes", format!("{reason:?}")))
    }

    /// The number that it paints.
    pub fn badge(&self) -> Verdict<Option<u64>> {
        Ok(self.json()?["aps"]["badge"].as_u64())
    }

    /// Whether it is on the silent lane.
    pub fn is_silent(&self) -> bool {
        self.header("apns-push-type") == "background"
    }

    /// Fails with this push.
    pub fn fail(&self, expected: impl Into<String>, seen: impl Into<String>) -> Stop {
        let mut text = "> POST /3/device/<push token>\n".to_owned();
        for name in [
            "topic",
            "push-type",
            "priority",
            "collapse-id",
            "expiration",
            "id",
        ] {
            let name = format!("apns-{name}");
            // Writing to a text cannot fail.
            let _ = writeln!(text, "> {name}: {}", self.header(&name));
        }
        text.push_str("> ");
        text.push_str(&one_line(&String::from_utf8_lossy(&self.body)));
        Stop::Failed {
            expected: expected.into(),
            seen: seen.into(),
            exchange: Some(text),
        }
    }

    /// What the provider token says of itself: its header.
    pub fn provider_token(&self) -> Verdict<Value> {
        let text = self.header("authorization");
        let header = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| token.split('.').next())
            .and_then(|header| URL_SAFE_NO_PAD.decode(header).ok())
            .and_then(|header| serde_json::from_slice(&header).ok());
        header.ok_or_else(|| {
            self.fail(
                "authorization: bearer and a JSON Web Token",
                "something else",
            )
        })
    }
}

#[derive(Debug, Default)]
struct Inbox {
    pushes: HashMap<String, Vec<Push>>,
    refusals: HashMap<String, (u16, &'static str)>,
}

/// The listener.
#[derive(Debug)]
pub struct Apns {
    inbox: Mutex<Inbox>,
    came: Notify,
    patience: Duration,
    address: SocketAddr,
}

impl Apns {
    /// Listens; a push that does not come within `patience` is missed.
    pub async fn listen(address: SocketAddr, patience: Duration) -> std::io::Result<Arc<Self>> {
        let listener = TcpListener::bind(address).await?;
        let apns = Arc::new(Self {
            inbox: Mutex::default(),
            came: Notify::new(),
            patience,
            address: listener.local_addr()?,
        });
        let router = Router::new()
            .route("/3/device/{token}", post(device))
            .with_state(Arc::clone(&apns));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(apns)
    }

    /// What the relay under test takes for APNs' address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on pushes to this token are refused.
    pub fn refuse(&self, token: &str, status: u16, reason: &'static str) {
        self.inbox()
            .refusals
            .insert(token.to_owned(), (status, reason));
    }

    /// Pushes that came for this token so far.
    pub fn all(&self, token: &str) -> Vec<Push> {
        self.inbox().pushes.get(token).cloned().unwrap_or_default()
    }

    /// The push with which this holds, the first after `skip` others; waits for it.
    pub async fn find(
        &self,
        token: &str,
        what: &str,
        holds: impl Fn(&Push) -> bool,
    ) -> Verdict<Push> {
        let found = async {
            loop {
                let came = self.came.notified();
                if let Some(push) = self.all(token).into_iter().find(|push| holds(push)) {
                    return push;
                }
                came.await;
            }
        };
        tokio::time::timeout(self.patience, found)
            .await
            .map_err(|_| {
                let (seconds, count) = (self.patience.as_secs_f32(), self.all(token).len());
                let url = self.url();
                let seen = format!("none in {seconds} s at {url}, of {count} pushes to this phone");
                match self.all(token).last() {
                    Some(push) => push.fail(format!("a push {what}"), seen),
                    None => Stop::failed(format!("a push {what}"), seen),
                }
            })
    }

    /// The push that tells this version or a newer one.
    pub async fn at(&self, token: &str, version: u64) -> Verdict<Push> {
        let tells = |push: &Push| push.tb().is_ok_and(|tb| tb["v"].as_u64() >= Some(version));
        let what = format!("with version {version} or newer");
        self.find(token, &what, tells).await
    }
}

async fn device(
    State(apns): State<Arc<Apns>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let refusal = {
        let mut inbox = apns.inbox();
        if inbox.pushes.len() < PHONES || inbox.pushes.contains_key(&token) {
            let pushes = inbox.pushes.entry(token.clone()).or_default();
            if pushes.len() < KEPT {
                pushes.push(Push { headers, body });
            }
        }
        inbox.refusals.get(&token).copied()
    };
    apns.came.notify_waiters();
    match refusal {
        None => StatusCode::OK.into_response(),
        Some((status, reason)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(json!({ "reason": reason }))).into_response()
        }
    }
}
