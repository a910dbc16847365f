//! The request headers of APNs' provider interface: pure, from untrusted values.
//!
//! Source: Apple, "Sending notification requests to APNs", table "Header fields".

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits;
use crate::reason::Reason;

/// What kind of push the provider says that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushType {
    /// A person notices it: an alert, a badge, a sound.
    Alert,
    /// Only the app notices it.
    Background,
}

impl PushType {
    /// The name, as it stands in `apns-push-type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Background => "background",
        }
    }
}

/// Apple's push types besides alert and background. Each needs a topic of its own (`….voip`,
/// `….complication`, …), which is never among ours.
const OTHER_PUSH_TYPES: [&str; 9] = [
    "complication",
    "controls",
    "fileprovider",
    "liveactivity",
    "location",
    "mdm",
    "pushtotalk",
    "voip",
    "widgets",
];

/// The headers that a provider may send once at most.
const ONCE: [&str; 7] = [
    "authorization",
    "apns-collapse-id",
    "apns-expiration",
    "apns-id",
    "apns-priority",
    "apns-push-type",
    "apns-topic",
];

/// When APNs gives up on a phone that is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiration {
    /// `apns-expiration: 0`: one attempt, nothing stored.
    Immediate,
    /// Kept until this Unix second at most.
    At(u64),
    /// No header: APNs keeps it as its own policy says (30 days).
    Policy,
}

impl Expiration {
    /// The last Unix second at which a push that arrived at `now` is still delivered; none when it
    /// is not stored at all.
    pub fn stored_until(self, now: u64) -> Option<u64> {
        let policy = now.saturating_add(limits::STORAGE_SECONDS);
        match self {
            Self::Immediate => None,
            Self::At(second) => (second > now).then_some(second.min(policy)),
            Self::Policy => Some(policy),
        }
    }

    /// The header's number, for the journal.
    pub const fn header(self) -> Option<u64> {
        match self {
            Self::Immediate => Some(0),
            Self::At(second) => Some(second),
            Self::Policy => None,
        }
    }
}

/// What the headers say, each one checked by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The bundle identifier.
    pub topic: String,
    /// What kind of push.
    pub push_type: PushType,
    /// 10 at once, 5 as the phone's power allows, 1 without waking it.
    pub priority: u8,
    /// When APNs may forget it.
    pub expiration: Expiration,
    /// Which notifications replace each other.
    pub collapse_id: Option<String>,
}

/// The `apns-id` of the answer: the provider's own, or a new one. A bad one is reported by
/// [`Envelope::parse`]; the answer then carries a new one.
pub fn apns_id(headers: &HeaderMap) -> String {
    match text(headers, "apns-id", Reason::BadMessageId) {
        Ok(Some(id)) if is_canonical_uuid(id) => id.to_owned(),
        _ => Uuid::new_v4().to_string(),
    }
}

/// Refuses a request that says the same thing twice.
pub fn no_duplicates(headers: &HeaderMap) -> Result<(), Reason> {
    let twice = |name: &str| headers.get_all(name).iter().nth(1).is_some();
    if ONCE.into_iter().any(twice) {
        Err(Reason::DuplicateHeaders)
    } else {
        Ok(())
    }
}

impl Envelope {
    /// Reads the `apns-` headers.
    pub fn parse(headers: &HeaderMap) -> Result<Self, Reason> {
        if text(headers, "apns-id", Reason::BadMessageId)?.is_some_and(|id| !is_canonical_uuid(id))
        {
            return Err(Reason::BadMessageId);
        }
        Ok(Self {
            expiration: expiration(headers)?,
            priority: priority(headers)?,
            collapse_id: collapse_id(headers)?,
            push_type: push_type(headers)?,
            topic: topic(headers)?,
        })
    }
}

/// A header's text. APNs' headers are ASCII; what is not, is bad in that header's own way.
pub(crate) fn text<'h>(
    headers: &'h HeaderMap,
    name: &str,
    bad: Reason,
) -> Result<Option<&'h str>, Reason> {
    match headers.get(name) {
        None => Ok(None),
        Some(value) => value.to_str().map(Some).map_err(|_| bad),
    }
}

fn expiration(headers: &HeaderMap) -> Result<Expiration, Reason> {
    let bad = Reason::BadExpirationDate;
    let Some(value) = text(headers, "apns-expiration", bad)? else {
        return Ok(Expiration::Policy);
    };
    match value.parse::<u64>() {
        Ok(0) => Ok(Expiration::Immediate),
        Ok(second) => Ok(Expiration::At(second)),
        Err(_) => Err(bad),
    }
}

fn priority(headers: &HeaderMap) -> Result<u8, Reason> {
    match text(headers, "apns-priority", Reason::BadPriority)? {
        None | Some("10") => Ok(10),
        Some("5") => Ok(5),
        Some("1") => Ok(1),
        Some(_) => Err(Reason::BadPriority),
    }
}

fn collapse_id(headers: &HeaderMap) -> Result<Option<String>, Reason> {
    match text(headers, "apns-collapse-id", Reason::BadCollapseId)? {
        None => Ok(None),
        Some(id) if (1..=limits::COLLAPSE_ID_BYTES).contains(&id.len()) => Ok(Some(id.to_owned())),
        Some(_) => Err(Reason::BadCollapseId),
    }
}

/// Apple demands the push type on watchOS and recommends it on iOS; here it is always demanded, so
/// that a provider that forgets it is found out.
fn push_type(headers: &HeaderMap) -> Result<PushType, Reason> {
    match text(headers, "apns-push-type", Reason::InvalidPushType)? {
        Some("alert") => Ok(PushType::Alert),
        Some("background") => Ok(PushType::Background),
        Some(other) if OTHER_PUSH_TYPES.contains(&other) => Err(Reason::TopicDisallowed),
        _ => Err(Reason::InvalidPushType),
    }
}

fn topic(headers: &HeaderMap) -> Result<String, Reason> {
    match text(headers, "apns-topic", Reason::BadTopic)? {
        None | Some("") => Err(Reason::MissingTopic),
        Some(topic) if is_topic(topic) => Ok(topic.to_owned()),
        Some(_) => Err(Reason::BadTopic),
    }
}

/// Whether this can be a bundle identifier: letters, digits, hyphens and dots.
pub fn is_topic(topic: &str) -> bool {
    (1..=limits::TOPIC_CHARS).contains(&topic.len())
        && topic
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

/// A UUID in five groups; Apple writes its own in capitals and takes both.
fn is_canonical_uuid(id: &str) -> bool {
    id.len() == 36 && Uuid::try_parse(id).is_ok()
}
