//! The way to the relay: one request, one answer.

#[cfg(feature = "builtin-transport")]
mod builtin;

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;
use url::Url;

use crate::redact::Secret;

#[cfg(feature = "builtin-transport")]
pub use builtin::BuiltinTransport;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Replace.
    Put,
    /// Add.
    Post,
    /// Remove.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request to a relay. Its `Debug` shows neither the path nor the credentials.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// Sent as `Authorization: Bearer …`.
    pub credentials: Secret,
    /// A JSON body, sent as `application/json`.
    pub body: Option<Vec<u8>>,
    /// Give up after this long.
    pub timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("body_bytes", &self.body.as_ref().map_or(0, Vec::len))
            .finish_non_exhaustive()
    }
}

/// A relay's answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, as [`retry_after`] reads it.
    pub retry_after: Option<Duration>,
    /// The body; a transport refuses one above
    /// [`RESPONSE_BYTES`](truebadge_protocol::limits::RESPONSE_BYTES).
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No network, no such host, or nobody listens.
    #[error("no connection")]
    NoConnection,
    /// The request's time ran out.
    #[error("no answer in time")]
    TimedOut,
    /// TLS failed: the certificate is not trusted, or it is not TLS.
    #[error("no trusted connection")]
    NotTrusted,
    /// The answer is larger than a phone reads.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection broke, or the answer is not HTTP.
    #[error("the connection broke")]
    Broken,
    /// The relay answered with an error that may pass.
    #[error("HTTP status {0}")]
    Status(u16),
}

/// The pause that a `Retry-After` header asks for (RFC 9110, section 10.2.3), where it is a number of
/// seconds. A date means little to a phone whose clock may be wrong: it makes a pause of its own.
pub fn retry_after(header: &str) -> Option<Duration> {
    let digits = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| header.parse().ok())?;
    seconds.map(Duration::from_secs)
}

/// Carries requests to relays. Dropping the future cancels the request.
///
/// Every transport keeps one contract: the cases in `tests/transport-contract`.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends one request.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}
