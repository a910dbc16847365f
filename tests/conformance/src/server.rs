//! The relay under test.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

use crate::{
    case::{Stop, Verdict},
    exchange::{Exchange, kept, without},
};

/// A request that is not answered within this has failed.
const PATIENCE: Duration = Duration::from_secs(15);
/// "response body: 4 MiB".
const ANSWER_BYTES: usize = 4 << 20;
/// A 429 is waited out when it asks for no more than this.
const LONGEST_WAIT: u64 = 20;

/// Whose credentials a request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// None at all.
    Nobody,
    /// The app's backend.
    Producer,
    /// Whoever has this token.
    Token(&'a str),
}

/// A request.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The method.
    pub method: Method,
    /// The path, with its query.
    pub path: String,
    /// Whose credentials.
    pub who: Who<'a>,
    /// The body's bytes; none sends no body.
    pub body: Option<Vec<u8>>,
    /// Headers besides the credentials.
    pub headers: Vec<(&'static str, String)>,
    /// Whether a 429 is waited out.
    pub patient: bool,
}

impl<'a> Ask<'a> {
    /// Without a body.
    pub fn new(method: Method, path: impl Into<String>, who: Who<'a>) -> Self {
        Self {
            method,
            path: path.into(),
            who,
            body: None,
            headers: Vec::new(),
            patient: true,
        }
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    /// With any body.
    #[must_use]
    pub fn bytes(mut self, media: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", media)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// The whole exchange.
    pub exchange: Exchange,
}

impl Answer {
    /// Fails with this exchange.
    pub fn fail(&self, expected: impl Into<String>, seen: impl Into<String>) -> Stop {
        Stop::Failed {
            expected: expected.into(),
            seen: seen.into(),
            exchange: Some(self.exchange.text()),
        }
    }

    /// Fails unless it has this status.
    pub fn status(&self, expected: u16) -> Verdict {
        if self.status == expected {
            return Ok(());
        }
        Err(self.fail(
            format!("status {expected}"),
            format!("status {}", self.status),
        ))
    }

    /// The JSON of an answer with this status.
    pub fn json(&self, status: u16) -> Verdict<Value> {
        self.status(status)?;
        let media = self.header("content-type");
        if !media.starts_with("application/json") {
            return Err(self.fail("content-type: application/json", media));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| self.fail("a JSON body", error.to_string()))
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The problem document (RFC 9457) that an error must be: its status, media type and `type`.
    pub fn problem(&self, status: u16, kind: &str) -> Verdict<Value> {
        self.status(status)?;
        let media = self.header("content-type").split(';').next();
        let media = media.unwrap_or_default().trim();
        if media != "application/problem+json" {
            return Err(self.fail("content-type: application/problem+json", media));
        }
        let problem: Value = serde_json::from_slice(&self.body)
            .map_err(|error| self.fail("a problem document in JSON", error.to_string()))?;
        let wanted = format!("urn:truebadge:problem:{kind}");
        if problem["type"] != wanted {
            return Err(self.fail(format!("type {wanted}"), problem["type"].to_string()));
        }
        if problem["status"] != status {
            let seen = problem["status"].to_string();
            return Err(self.fail("the problem's `status` is the answer's", seen));
        }
        for field in ["title", "detail"] {
            if problem[field].as_str().is_none_or(str::is_empty) {
                let seen = problem[field].to_string();
                return Err(self.fail(format!("a sentence as `{field}`"), seen));
            }
        }
        Ok(problem)
    }
}

/// The relay under test.
#[derive(Debug)]
pub struct Server {
    http: reqwest::Client,
    url: String,
    producer: String,
    secrets: Mutex<Vec<String>>,
}

impl Server {
    /// A relay at this address. An error is a sentence for whoever gave it.
    pub fn new(url: &str, producer: &str) -> Result<Self, String> {
        let parsed = Url::parse(url).map_err(|error| format!("{url} is no address: {error}"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!("{url} is no address: give http://… or https://…"));
        }
        // An error says that a provider is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("HTTPS cannot be set up: {error}"))?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            producer: producer.to_owned(),
            secrets: Mutex::new(vec![producer.to_owned()]),
        })
    }

    /// From now on this is not shown.
    pub fn keep_secret(&self, secret: &str) {
        self.locked().push(secret.to_owned());
    }

    /// What may be shown of a text.
    pub fn publishable(&self, text: &str) -> String {
        without(text, &self.locked())
    }

    fn locked(&self) -> MutexGuard<'_, Vec<String>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks; waits out a 429 that says for how long.
    pub async fn send(&self, ask: &Ask<'_>) -> Verdict<Answer> {
        let answer = self.once(ask).await?;
        let wait = answer.header("retry-after").parse::<u64>().ok();
        match wait {
            Some(wait) if ask.patient && answer.status == 429 && wait <= LONGEST_WAIT => {
                tokio::time::sleep(Duration::from_secs(wait)).await;
                self.once(ask).await
            }
            _ => Ok(answer),
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> Verdict<Answer> {
        let url = format!("{}{}", self.url, ask.path);
        let mut request = self.http.request(ask.method.clone(), url);
        let credentials = match ask.who {
            Who::Nobody => "",
            Who::Producer => {
                request = request.bearer_auth(&self.producer);
                "producer key"
            }
            Who::Token(token) => {
                request = request.bearer_auth(token);
                "device token"
            }
        };
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let body = ask.body.clone().unwrap_or_default();
        let mut exchange = Exchange {
            request: format!("{} {}", ask.method, ask.path),
            credentials,
            headers: owned(&ask.headers),
            body: kept(&body),
            ..Exchange::default()
        };
        if ask.body.is_some() {
            request = request.body(body);
        }
        let answered = async {
            let mut response = request.send().await?;
            let mut body = Vec::new();
            while body.len() <= ANSWER_BYTES {
                let Some(chunk) = response.chunk().await? else {
                    break;
                };
                body.extend_from_slice(&chunk);
            }
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, body))
        };
        let (status, headers, body) = answered.await.map_err(|error| {
            exchange.answer = broke(&error);
            Stop::Failed {
                expected: "an answer".to_owned(),
                seen: broke(&error),
                exchange: Some(exchange.text()),
            }
        })?;
        exchange.answered(status, &headers, &body);
        let answer = Answer {
            status,
            headers,
            body,
            exchange,
        };
        if answer.body.len() > ANSWER_BYTES {
            return Err(answer.fail("a body of at most 4 MiB", "more"));
        }
        if answer.status >= 500 && answer.status != 503 {
            let seen = format!("status {}", answer.status);
            return Err(answer.fail("an answer that is no failure of the relay", seen));
        }
        Ok(answer)
    }
}

fn owned(headers: &[(&'static str, String)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// Says what failed, with its causes.
fn broke(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
