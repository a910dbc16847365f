//! A transport that the host implements, beside the one that is built in.
//!
//! A request is cancelled by an object: [`HostTransport::send`] gives the exchange that it began, and
//! the engine cancels that when it no longer waits. So a cancellation can't come before there is
//! something to cancel, and no names of requests have to be kept on either side.

use std::{
    fmt::{self, Debug},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::oneshot;
use truebadge_engine::transport::{self as inner, retry_after};
use truebadge_protocol::limits::RESPONSE_BYTES;

use crate::{TrueBadgeError, bridge::Host};

/// Carries requests to relays.
///
/// Every transport keeps one contract: the cases in `tests/transport-contract`. It follows no
/// redirect, keeps no cookie and no answer, and reads no more than it is told to.
#[uniffi::export(foreign)]
pub trait HostTransport: Send + Sync + Debug {
    /// Sends a request, and gives the exchange that has begun.
    fn send(&self, request: HttpRequest, reply: Arc<HttpReply>) -> Arc<dyn HttpExchange>;
}

/// A request that is under way.
#[uniffi::export(foreign)]
pub trait HttpExchange: Send + Sync + Debug {
    /// Nobody waits for the answer any more: ends the request and closes what it used. Comes once,
    /// also after the answer, when there is nothing left to end.
    fn cancel(&self);
}

/// A request to a relay.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpRequest {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: String,
    /// The whole address. It goes to the relay as it is encoded.
    pub url: String,
    /// The account's token, for `Authorization: Bearer …`. Never for a log.
    pub credentials: String,
    /// A JSON body, sent as `application/json`.
    pub body: Option<Vec<u8>>,
    /// The whole exchange may take this long.
    pub timeout_ms: u32,
    /// The answer's body may be this long. A longer one is too large, and is not read to its end.
    pub response_bytes: u32,
}

impl Debug for HttpRequest {
    /// Safe to log: shows neither the address nor the credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// A relay's answer.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpResponse {
    /// The HTTP status. An error status is an answer too.
    pub status: u16,
    /// The header `Retry-After`, as it came.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Debug for HttpResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum HttpFailure {
    /// No network, no such host, or nobody listens.
    NoConnection,
    /// The request's time ran out.
    TimedOut,
    /// TLS failed.
    NotTrusted,
    /// The answer is larger than it may be.
    TooLarge,
    /// The connection broke, the answer is not HTTP, or anything else.
    Broken,
}

impl From<HttpFailure> for inner::TransportError {
    fn from(failure: HttpFailure) -> Self {
        match failure {
            HttpFailure::NoConnection => Self::NoConnection,
            HttpFailure::TimedOut => Self::TimedOut,
            HttpFailure::NotTrusted => Self::NotTrusted,
            HttpFailure::TooLarge => Self::TooLarge,
            HttpFailure::Broken => Self::Broken,
        }
    }
}

type Answer = Result<HttpResponse, HttpFailure>;

/// Where the answer to [`HostTransport::send`] goes. Dropped unanswered, the connection broke; a
/// second answer changes nothing.
#[derive(Debug, uniffi::Object)]
pub struct HttpReply(Mutex<Option<oneshot::Sender<Answer>>>);

#[uniffi::export]
impl HttpReply {
    /// The relay answered.
    pub fn succeed(&self, response: HttpResponse) -> Result<(), TrueBadgeError> {
        self.answer(Ok(response));
        Ok(())
    }

    /// There is no answer.
    pub fn fail(&self, failure: HttpFailure) -> Result<(), TrueBadgeError> {
        self.answer(Err(failure));
        Ok(())
    }
}

impl HttpReply {
    fn answer(&self, answer: Answer) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nobody waits any more when the request was cancelled; that is no failure.
        let _ = sender.map(|sender| sender.send(answer));
    }
}

/// Cancels its exchange when it is dropped, which is when the engine no longer waits.
struct UnderWay(Arc<dyn HttpExchange>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Host<dyn HostTransport> {
    async fn exchange(
        &self,
        request: inner::Request,
    ) -> Result<inner::Response, inner::TransportError> {
        let timeout = request.timeout;
        let (sender, answer) = oneshot::channel();
        let reply = Arc::new(HttpReply(Mutex::new(Some(sender))));
        let _under_way = UnderWay(self.0.send(request.into(), reply));
        // The host watches its time itself; one that does not is not waited for.
        let Ok(answer) = tokio::time::timeout(timeout, answer).await else {
            return Err(inner::TransportError::TimedOut);
        };
        let response = answer.map_err(|_| inner::TransportError::Broken)??;
        if response.body.len() > RESPONSE_BYTES {
            return Err(inner::TransportError::TooLarge);
        }
        Ok(inner::Response {
            status: response.status,
            retry_after: response.retry_after.as_deref().and_then(retry_after),
            body: response.body,
        })
    }
}

impl inner::Transport for Host<dyn HostTransport> {
    fn send(
        &self,
        request: inner::Request,
    ) -> BoxFuture<'_, Result<inner::Response, inner::TransportError>> {
        self.exchange(request).boxed()
    }
}

impl From<inner::Request> for HttpRequest {
    fn from(request: inner::Request) -> Self {
        Self {
            method: request.method.as_str().to_owned(),
            url: request.url.into(),
            credentials: request.credentials.expose().to_owned(),
            body: request.body,
            timeout_ms: milliseconds(request.timeout),
            response_bytes: u32::try_from(RESPONSE_BYTES).unwrap_or(u32::MAX),
        }
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
