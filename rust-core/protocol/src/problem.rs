//! Errors as RFC 9457 problem documents with a stable `type`.

use serde::{Deserialize, Serialize};

/// What went wrong, stable across versions. On the wire `urn:truebadge:problem:<name>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ProblemKind {
    /// 400: the request could not be understood; `field` says where.
    #[serde(rename = "urn:truebadge:problem:malformed")]
    Malformed,
    /// 401: no credentials, or none that the relay knows.
    #[serde(rename = "urn:truebadge:problem:unauthorized")]
    Unauthorized,
    /// 403: credentials of the wrong kind for this endpoint.
    #[serde(rename = "urn:truebadge:problem:forbidden")]
    Forbidden,
    /// 404: no such thing, or not yours; the answer does not tell which.
    #[serde(rename = "urn:truebadge:problem:not-found")]
    NotFound,
    /// 404: the relay has no such endpoint; it says nothing of an account or device.
    #[serde(rename = "urn:truebadge:problem:no-such-path")]
    NoSuchPath,
    /// 405: the path exists, the method does not.
    #[serde(rename = "urn:truebadge:problem:method-not-allowed")]
    MethodNotAllowed,
    /// 409: an operation's number leaves a hole, or an idempotency key was used for another body.
    #[serde(rename = "urn:truebadge:problem:conflict")]
    Conflict,
    /// 410: the account or device has ended; sign out.
    #[serde(rename = "urn:truebadge:problem:gone")]
    Gone,
    /// 413: the body is larger than the relay reads.
    #[serde(rename = "urn:truebadge:problem:too-large")]
    TooLarge,
    /// 415: the body is not `application/json`.
    #[serde(rename = "urn:truebadge:problem:unsupported-media-type")]
    UnsupportedMediaType,
    /// 429: too many requests; `Retry-After` says when to come back.
    #[serde(rename = "urn:truebadge:problem:too-many-requests")]
    TooManyRequests,
    /// 500: the relay failed; the same request may be sent again.
    #[serde(rename = "urn:truebadge:problem:internal")]
    Internal,
    /// 503: the relay is stopping or its database is busy; `Retry-After` says when to come back.
    #[serde(rename = "urn:truebadge:problem:unavailable")]
    Unavailable,
}

impl ProblemKind {
    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::NoSuchPath => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// A short title for a person.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request could not be understood",
            Self::Unauthorized => "Credentials are missing or unknown",
            Self::Forbidden => "These credentials do not allow this",
            Self::NotFound => "Not found",
            Self::NoSuchPath => "No such path",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Conflict => "The request conflicts with what the relay has",
            Self::Gone => "This has ended",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The body must be application/json",
            Self::TooManyRequests => "Too many requests",
            Self::Internal => "The relay failed",
            Self::Unavailable => "The relay is not available now",
        }
    }
}

/// A problem document (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// What went wrong.
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// A short title, the same for every problem of this type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do about this one.
    pub detail: String,
    /// The path of the field that was wrong, such as `events[3].position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// A problem of this kind, with a sentence that says what to do.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            field: None,
        }
    }

    /// The same, naming the field that was wrong.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}
