//! What APNs answers to a provider.

use std::fmt;

use crate::time::{Millis, Time};

/// Why APNs refuses a push. The names are Apple's ("Handling notification responses from APNs").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// 400: no such token, or one of the other environment.
    BadDeviceToken,
    /// 400: the token belongs to another app.
    DeviceTokenNotForTopic,
    /// 400: the collapse id is longer than 64 bytes.
    BadCollapseId,
    /// 400: a background push whose priority is not 5.
    BadPriority,
    /// 400: there is no payload, or none that is a JSON object.
    PayloadEmpty,
    /// 410: the token has ended.
    Unregistered,
    /// 413: the payload is larger than 4 KB.
    PayloadTooLarge,
    /// 429: too many pushes in a row to one token.
    TooManyRequests,
    /// 500.
    InternalServerError,
    /// 503.
    ServiceUnavailable,
}

impl Reason {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadDeviceToken
            | Self::DeviceTokenNotForTopic
            | Self::BadCollapseId
            | Self::BadPriority
            | Self::PayloadEmpty => 400,
            Self::Unregistered => 410,
            Self::PayloadTooLarge => 413,
            Self::TooManyRequests => 429,
            Self::InternalServerError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

/// The reason string, as APNs writes it.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f) // the variants have Apple's names
    }
}

/// APNs' answer to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 when the push was taken, which does not mean that it arrives.
    pub status: u16,
    /// Why not.
    pub reason: Option<Reason>,
    /// The header `Retry-After`, where there is one.
    pub retry_after: Option<Millis>,
    /// With 410: when APNs found that the token had ended (`timestamp`).
    pub ended_at: Option<Time>,
}

impl Answer {
    /// 200.
    pub const TAKEN: Self = Self {
        status: 200,
        reason: None,
        retry_after: None,
        ended_at: None,
    };

    pub(super) const fn refused(reason: Reason) -> Self {
        Self {
            status: reason.status(),
            reason: Some(reason),
            retry_after: None,
            ended_at: None,
        }
    }

    /// Whether the push was taken.
    pub const fn is_taken(&self) -> bool {
        self.status == 200
    }
}
