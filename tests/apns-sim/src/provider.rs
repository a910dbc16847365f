//! From a provider's request to APNs' verdict: pure. The time, what is known of device tokens and
//! what this connection knows of provider tokens are arguments.

use http::HeaderMap;

use crate::devices::{PushToken, Standing};
use crate::headers::{self, Envelope, PushType};
use crate::payload::Payload;
use crate::reason::{Reason, Refusal};
use crate::token::{ConnectionTokens, ProviderKey};

/// What a provider may do here.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whose signature counts.
    pub key: ProviderKey,
    /// The apps that are served.
    pub topics: Vec<String>,
}

/// A provider's request, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// `:method`.
    pub method: &'r str,
    /// `:path`, without a query.
    pub path: &'r str,
    /// All header fields.
    pub headers: &'r HeaderMap,
    /// The payload; more than 4,096 bytes only need to be recognisable as such.
    pub body: &'r [u8],
}

/// A push that APNs takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// The provider's `apns-id`, or the one that was made for it.
    pub apns_id: String,
    /// Whose phone.
    pub token: PushToken,
    /// What the headers say.
    pub envelope: Envelope,
    /// What it carries.
    pub payload: Payload,
}

/// Judges a request that came at the Unix millisecond `now_ms`.
///
/// Apple does not publish in which order it checks; this is the order in which a request becomes
/// understandable: the path, who asks, what the headers say, whose phone, the payload.
pub fn judge(
    request: Request<'_>,
    apns_id: &str,
    rules: &Rules,
    tokens: &mut ConnectionTokens,
    now_ms: u64,
    standing: impl FnOnce(&PushToken, &str) -> Standing,
) -> Result<Push, Refusal> {
    let digits = device_digits(request.path)?;
    if request.method != "POST" {
        return Err(Reason::MethodNotAllowed.into());
    }
    headers::no_duplicates(request.headers)?;
    let invalid = Reason::InvalidProviderToken;
    let authorization = headers::text(request.headers, "authorization", invalid)?;
    tokens.check(authorization, &rules.key, now_ms / 1_000)?;
    let envelope = Envelope::parse(request.headers)?;
    if !rules.topics.contains(&envelope.topic) {
        return Err(Reason::TopicDisallowed.into());
    }
    let token = PushToken::parse(digits).map_err(|_| Reason::BadDeviceToken)?;
    let payload = Payload::parse(request.body)?;
    match_type(&envelope, &payload)?;
    check_standing(standing(&token, &envelope.topic))?;
    Ok(Push {
        apns_id: apns_id.to_owned(),
        token,
        envelope,
        payload,
    })
}

/// The token's place in `/3/device/{token}`, not yet checked.
pub fn device_digits(path: &str) -> Result<&str, Reason> {
    let rest = path.strip_prefix("/3/device").ok_or(Reason::BadPath)?;
    match rest.strip_prefix('/') {
        Some("") => Err(Reason::MissingDeviceToken),
        Some(digits) if !digits.contains('/') => Ok(digits),
        None if rest.is_empty() => Err(Reason::MissingDeviceToken),
        _ => Err(Reason::BadPath),
    }
}

/// Push type, priority and payload must agree.
///
/// Apple: a background push always has priority 5, 10 is an error; it carries `content-available`
/// and no alert, badge or sound. "If there's a mismatch, APNs may return an error, delay the
/// delivery of the notification, or drop it altogether": here it is always the error, so that a
/// test sees it.
fn match_type(envelope: &Envelope, payload: &Payload) -> Result<(), Reason> {
    match envelope.push_type {
        PushType::Background if envelope.priority != 5 => Err(Reason::BadPriority),
        PushType::Background if !payload.wakes() || payload.interacts() => {
            Err(Reason::InvalidPushType)
        }
        PushType::Alert if !payload.interacts() => Err(Reason::InvalidPushType),
        PushType::Background | PushType::Alert => Ok(()),
    }
}

fn check_standing(standing: Standing) -> Result<(), Refusal> {
    match standing {
        Standing::Known => Ok(()),
        Standing::Unknown => Err(Reason::BadDeviceToken.into()),
        Standing::OtherTopic => Err(Reason::DeviceTokenNotForTopic.into()),
        Standing::Dead(since) => Err(Refusal {
            reason: Reason::Unregistered,
            timestamp_ms: Some(since),
        }),
    }
}
