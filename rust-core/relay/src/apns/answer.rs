//! What APNs' answers mean for a push. Pure.

use std::time::Duration;

use truebadge_protocol::messages::PushTokenEnded;

/// What to do about an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// APNs took the push.
    Accepted,
    /// The push token has ended or was never this app's: stop sending to it.
    TokenEnded(PushTokenEnded),
    /// The provider token is too old: renew it and send again at once.
    RenewToken,
    /// Not now: send again, not before so long if APNs said how long.
    Again {
        /// APNs' reason, or the status.
        reason: String,
        /// What `Retry-After` said.
        after: Option<Duration>,
    },
    /// APNs may have taken it or not: its answer did not come, or says nothing of the push. Sent
    /// again, as another push: Apple does not promise that one `apns-id` is delivered once.
    Unknown {
        /// What happened.
        reason: String,
        /// What `Retry-After` said.
        after: Option<Duration>,
    },
    /// The relay's key, team or topic is not what APNs expects: no push will get through until the
    /// operator corrects it. Sent again later.
    Misconfigured(String),
    /// This push will never be taken.
    Refused(String),
}

impl Answer {
    /// Understands a status and a reason.
    pub fn of(status: u16, reason: &str, after: Option<Duration>) -> Self {
        let named = || {
            if reason.is_empty() {
                format!("status {status}")
            } else {
                reason.to_owned()
            }
        };
        match (status, reason) {
            (200, _) => Self::Accepted,
            (400, "BadDeviceToken") => Self::TokenEnded(PushTokenEnded::BadDeviceToken),
            (400, "DeviceTokenNotForTopic") => {
                Self::TokenEnded(PushTokenEnded::DeviceTokenNotForTopic)
            }
            (410, _) => Self::TokenEnded(PushTokenEnded::Unregistered),
            (403, "ExpiredProviderToken") => Self::RenewToken,
            (403, _) | (400, "TopicDisallowed" | "MissingTopic" | "BadTopic") => {
                Self::Misconfigured(named())
            }
            (429 | 503, _) => Self::Again {
                reason: named(),
                after,
            },
            (500.., _) => Self::Unknown {
                reason: named(),
                after,
            },
            _ => Self::Refused(named()),
        }
    }
}

/// How long to wait after so many failures: doubles from 1 s to a minute, with full jitter over the
/// upper half. `jitter` is between 0 and 1. Not longer: when APNs is there again, badges that changed
/// meanwhile are wrong until the wait is over, and a relay has few pushes under way at a time anyway.
pub fn backoff(attempts: u32, jitter: f64) -> Duration {
    let whole = Duration::from_secs(1 << attempts.min(10)).min(Duration::from_mins(1));
    whole.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}
