//! Why APNs refuses a push: its status codes and reason strings.
//!
//! Source: Apple, "Handling notification responses from APNs", tables "Status codes" and
//! "Response error strings".

use std::fmt;

use serde::{Deserialize, Serialize};

/// A reason string of Apple's, as it stands in the JSON body of a refusal.
///
/// All of Apple's documented reasons are here, also those that only a planted fault brings about
/// (see [`crate::faults`]), so that a provider can be tried against each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // The names are Apple's.
pub enum Reason {
    BadCollapseId,
    BadDeviceToken,
    BadExpirationDate,
    BadMessageId,
    BadPriority,
    BadTopic,
    DeviceTokenNotForTopic,
    DuplicateHeaders,
    IdleTimeout,
    InvalidPushType,
    MissingDeviceToken,
    MissingTopic,
    PayloadEmpty,
    TopicDisallowed,
    BadCertificate,
    BadCertificateEnvironment,
    ExpiredProviderToken,
    Forbidden,
    InvalidProviderToken,
    MissingProviderToken,
    UnrelatedKeyIdInToken,
    BadEnvironmentKeyIdInToken,
    BadPath,
    MethodNotAllowed,
    ExpiredToken,
    Unregistered,
    PayloadTooLarge,
    TooManyProviderTokenUpdates,
    TooManyRequests,
    InternalServerError,
    ServiceUnavailable,
    Shutdown,
}

impl Reason {
    /// Every reason, in the order of Apple's table.
    pub const ALL: [Self; 32] = [
        Self::BadCollapseId,
        Self::BadDeviceToken,
        Self::BadExpirationDate,
        Self::BadMessageId,
        Self::BadPriority,
        Self::BadTopic,
        Self::DeviceTokenNotForTopic,
        Self::DuplicateHeaders,
        Self::IdleTimeout,
        Self::InvalidPushType,
        Self::MissingDeviceToken,
        Self::MissingTopic,
        Self::PayloadEmpty,
        Self::TopicDisallowed,
        Self::BadCertificate,
        Self::BadCertificateEnvironment,
        Self::ExpiredProviderToken,
        Self::Forbidden,
        Self::InvalidProviderToken,
        Self::MissingProviderToken,
        Self::UnrelatedKeyIdInToken,
        Self::BadEnvironmentKeyIdInToken,
        Self::BadPath,
        Self::MethodNotAllowed,
        Self::ExpiredToken,
        Self::Unregistered,
        Self::PayloadTooLarge,
        Self::TooManyProviderTokenUpdates,
        Self::TooManyRequests,
        Self::InternalServerError,
        Self::ServiceUnavailable,
        Self::Shutdown,
    ];

    /// The HTTP status that goes with this reason.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadCollapseId
            | Self::BadDeviceToken
            | Self::BadExpirationDate
            | Self::BadMessageId
            | Self::BadPriority
            | Self::BadTopic
            | Self::DeviceTokenNotForTopic
            | Self::DuplicateHeaders
            | Self::IdleTimeout
            | Self::InvalidPushType
            | Self::MissingDeviceToken
            | Self::MissingTopic
            | Self::PayloadEmpty
            | Self::TopicDisallowed => 400,
            Self::BadCertificate
            | Self::BadCertificateEnvironment
            | Self::ExpiredProviderToken
            | Self::Forbidden
            | Self::InvalidProviderToken
            | Self::MissingProviderToken
            | Self::UnrelatedKeyIdInToken
            | Self::BadEnvironmentKeyIdInToken => 403,
            Self::BadPath => 404,
            Self::MethodNotAllowed => 405,
            Self::ExpiredToken | Self::Unregistered => 410,
            Self::PayloadTooLarge => 413,
            Self::TooManyProviderTokenUpdates | Self::TooManyRequests => 429,
            Self::InternalServerError => 500,
            Self::ServiceUnavailable | Self::Shutdown => 503,
        }
    }

    /// Whether the refusal carries a `timestamp`: Apple sends it with 410 only.
    pub const fn has_timestamp(self) -> bool {
        self.status() == 410
    }
}

/// The reason string, as APNs writes it.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f) // the variants have Apple's names
    }
}

/// A push that APNs does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// With 410: since when (Unix milliseconds) APNs knows that the token is no longer valid.
    pub timestamp_ms: Option<u64>,
}

impl Refusal {
    /// The JSON body, as APNs writes it.
    pub fn body(&self) -> String {
        match self.timestamp_ms {
            Some(ms) => format!(r#"{{"reason":"{}","timestamp":{ms}}}"#, self.reason),
            None => format!(r#"{{"reason":"{}"}}"#, self.reason),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            timestamp_ms: None,
        }
    }
}
