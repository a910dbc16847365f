//! The transport on reqwest: HTTP/2 where the relay speaks it, rustls with ring, the platform's own
//! trust store. Started by the first request, so that a wake that needs no network pays nothing.

use std::{
    error::Error,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use truebadge_protocol::limits::RESPONSE_BYTES;

use super::{Method, Request, Response, Transport, TransportError};

/// A connection that does not come about in this time will not.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A connection is not kept longer: a phone that slept, or went from Wi-Fi to mobile data, finds it
/// dead, and the clock that would notice stood still meanwhile.
const IDLE: Duration = Duration::from_secs(15);
/// A live connection answers a ping in this time.
const PING: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Debug, Default)]
pub struct BuiltinTransport {
    client: Mutex<Option<reqwest::Client>>,
}

impl BuiltinTransport {
    /// A transport that connects when it is first used.
    pub fn new() -> Self {
        Self::default()
    }

    fn client(&self) -> Result<reqwest::Client, TransportError> {
        let mut kept = self.kept();
        if let Some(client) = kept.as_ref() {
            return Ok(client.clone());
        }
        // Another part of the host may have installed a provider; either serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("truebadge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(IDLE)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING)
            .build()
            .map_err(|error| {
                tracing::error!(
                    connect = error.is_connect(),
                    "the HTTP client could not start"
                );
                TransportError::NotTrusted
            })?;
        Ok(kept.insert(client).clone())
    }

    /// Forgets connections of which one gave no answer: the next request makes a new one.
    fn forget_connections(&self) {
        *self.kept() = None;
    }

    fn kept(&self) -> MutexGuard<'_, Option<reqwest::Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let mut builder = self
            .client()?
            .request(method(request.method), request.url)
            .bearer_auth(request.credentials.expose())
            .timeout(request.timeout);
        if let Some(body) = request.body {
            builder = builder
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body);
        }
        let response = builder.send().await.map_err(|error| reduce(&error))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| super::retry_after(value.to_str().ok()?));
        let body = read_bounded(response).await?;
        Ok(Response {
            status,
            retry_after,
            body,
        })
    }
}

async fn read_bounded(mut response: reqwest::Response) -> Result<Vec<u8>, TransportError> {
    let bound = u64::try_from(RESPONSE_BYTES).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|told| told > bound) {
        return Err(TransportError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reduce(&error))? {
        if body.len() + chunk.len() > RESPONSE_BYTES {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Put => reqwest::Method::PUT,
        Method::Post => reqwest::Method::POST,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Keeps what to do and drops the rest: reqwest's own text repeats the address.
fn reduce(error: &reqwest::Error) -> TransportError {
    if is_tls(error) {
        TransportError::NotTrusted
    } else if error.is_timeout() {
        TransportError::TimedOut
    } else if error.is_connect() {
        TransportError::NoConnection
    } else {
        TransportError::Broken
    }
}

/// An `io::Error` gives as its source not what it carries, but the source of that.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let carried = error.downcast_ref::<io::Error>();
    let cause = match carried.and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    };
    error.is::<rustls::Error>() || cause.is_some_and(is_tls)
}

impl Transport for BuiltinTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let result = self.exchange(request).await;
            if matches!(
                result,
                Err(TransportError::TimedOut | TransportError::Broken)
            ) {
                self.forget_connections();
            }
            result
        }
        .boxed()
    }
}
