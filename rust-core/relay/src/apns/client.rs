//! The connection: one for each endpoint, kept open and shared by all pushes.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
use serde::Deserialize;
use truebadge_protocol::messages::PushEnvironment;
use url::Url;

use super::{Answer, KeyError, ProviderTokens, PushHeaders};
use crate::{random, store::Outgoing};

/// Longest answer that is read; Apple's are below 100 bytes.
const ANSWER_BYTES: usize = 4096;

/// Where pushes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// For tokens of the production environment.
    pub production: Url,
    /// For tokens of the sandbox.
    pub sandbox: Url,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not `https`, nor `http` on this machine.
    #[error("the APNs endpoint must be https://…, or http:// on a loopback address")]
    Address,
    /// The CA file.
    #[error("the CA file holds no certificates in PEM form")]
    Certificates,
    /// TLS could not be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The key.
    #[error("{0}")]
    Key(#[from] KeyError),
}

impl Endpoints {
    /// Apple's.
    pub fn apple() -> Result<Self, ClientError> {
        Ok(Self {
            production: parse("https://api.push.apple.com")?,
            sandbox: parse("https://api.sandbox.push.apple.com")?,
        })
    }

    /// Another service for both environments. Cleartext HTTP/2 only on loopback.
    pub fn both(address: &str) -> Result<Self, ClientError> {
        let url = parse(address)?;
        let local = match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            _ => return Err(ClientError::Address),
        }
        Ok(Self {
            production: url.clone(),
            sandbox: url,
        })
    }

    fn of(&self, environment: PushEnvironment) -> &Url {
        match environment {
            PushEnvironment::Production => &self.production,
            PushEnvironment::Sandbox => &self.sandbox,
        }
    }
}

fn parse(address: &str) -> Result<Url, ClientError> {
    Url::parse(address).map_err(|_| ClientError::Address)
}

/// Sends pushes.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoints: Endpoints,
    tokens: Mutex<ProviderTokens>,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    reason: String,
}

impl Client {
    /// A client; `authority` holds the certificates to trust instead of the system's, in PEM form.
    pub fn new(
        endpoints: Endpoints,
        tokens: ProviderTokens,
        authority: Option<&[u8]>,
    ) -> Result<Self, ClientError> {
        // An error says that a provider is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .http2_prior_knowledge()
            .pool_idle_timeout(None)
            .http2_keep_alive_interval(Duration::from_mins(1))
            .http2_keep_alive_timeout(Duration::from_secs(20))
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(pem) = authority {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or(ClientError::Certificates)?;
            builder = builder.tls_certs_only(certificates);
        }
        let http = builder
            .build()
            .map_err(|error| ClientError::Tls(error.to_string()))?;
        Ok(Self {
            http,
            endpoints,
            tokens: Mutex::new(tokens),
        })
    }

    /// Sends a push at a time in Unix seconds. A provider token that APNs finds too old is renewed
    /// once.
    pub async fn send(&self, push: &Outgoing, now: u64) -> Answer {
        match self.attempt(push, now).await {
            Answer::RenewToken if self.expired(now) => match self.attempt(push, now).await {
                Answer::RenewToken => Self::clock_is_off(),
                answer => answer,
            },
            Answer::RenewToken => Self::clock_is_off(),
            answer => answer,
        }
    }

    fn clock_is_off() -> Answer {
        let what = "ExpiredProviderToken for a new token: set this machine's clock";
        Answer::Misconfigured(what.to_owned())
    }

    fn expired(&self, now: u64) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.expired(now)
    }

    async fn attempt(&self, push: &Outgoing, now: u64) -> Answer {
        let token = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            match tokens.at(now) {
                Ok(token) => token,
                Err(error) => return Answer::Misconfigured(error.to_string()),
            }
        };
        let mut url = self.endpoints.of(push.environment).clone();
        url.set_path(&format!("/3/device/{}", push.push_token));
        let Some(headers) = http(&PushHeaders::of(push, now), &token) else {
            return Answer::Refused("a header cannot carry the registration's topic".to_owned());
        };
        let request = self
            .http
            .post(url)
            .headers(headers)
            .body(push.payload.clone());
        match request.send().await {
            Ok(response) => understood(response).await,
            Err(error) => failed(&error),
        }
    }
}

/// As they go over HTTP, with the provider token.
fn http(headers: &PushHeaders<'_>, token: &str) -> Option<HeaderMap> {
    let mut authorization = HeaderValue::from_str(&format!("bearer {token}")).ok()?;
    authorization.set_sensitive(true);
    let mut map = HeaderMap::new();
    map.insert("authorization", authorization);
    map.insert("content-type", HeaderValue::from_static("application/json"));
    map.insert(
        "apns-push-type",
        HeaderValue::from_static(headers.push_type),
    );
    map.insert(
        "apns-priority",
        HeaderValue::from(u16::from(headers.priority)),
    );
    map.insert("apns-expiration", HeaderValue::from(headers.expiration));
    map.insert("apns-topic", HeaderValue::from_str(headers.topic).ok()?);
    let collapse_id = HeaderValue::from_str(headers.collapse_id).ok()?;
    map.insert("apns-collapse-id", collapse_id);
    let id = random::uuid().ok()?.to_string();
    map.insert("apns-id", HeaderValue::from_str(&id).ok()?);
    Some(map)
}

async fn understood(mut response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES {
            break;
        }
    }
    let reason = serde_json::from_slice::<Body>(&bytes)
        .map(|body| body.reason)
        .unwrap_or_default();
    // It reaches logs: only what a reason looks like is taken.
    let plain = reason.len() <= 64 && reason.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Answer::of(status, if plain { &reason } else { "" }, after)
}

/// Says what failed without the address, which has the push token in it. Without a connection APNs
/// has not seen the push; later it may have.
fn failed(error: &reqwest::Error) -> Answer {
    let after = None;
    if error.is_connect() {
        let reason = "APNs cannot be reached".to_owned();
        return Answer::Again { reason, after };
    }
    let reason = if error.is_timeout() {
        "APNs did not answer in time"
    } else {
        "the connection to APNs broke"
    };
    let reason = reason.to_owned();
    Answer::Unknown { reason, after }
}
