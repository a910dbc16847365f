//! For the phone, with a device token.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

#[cfg(feature = "schema")]
use crate::limits::NUMBER;
use crate::{
    BadgePolicy, ConversationId, ConversationState, Digest, Epoch, Level, OperationId, Position,
    Route, Totals, Version, bounded,
    limits::{
        ALERT_TEXT_BYTES, CHANGES, OPERATIONS, POSITIONS, PUSH_TOKEN_DIGITS, SHORT_ID_BYTES,
        TOPIC_BYTES,
    },
};

/// Which of Apple's two push services a token belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PushEnvironment {
    /// Apps that Xcode installed.
    Sandbox,
    /// TestFlight and the App Store.
    #[default]
    Production,
}

/// What the phone's settings let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches in iOS' settings"
)]
pub struct Conditions {
    /// The person lets the app badge its icon.
    pub badges_allowed: bool,
    /// The person lets the app show notifications.
    pub alerts_allowed: bool,
    /// Background App Refresh is on, for the phone and for the app.
    pub background_refresh: bool,
    /// Low Power Mode is on.
    pub low_power_mode: bool,
}

impl Default for Conditions {
    /// Everything is let through.
    fn default() -> Self {
        Self {
            badges_allowed: true,
            alerts_allowed: true,
            background_refresh: true,
            low_power_mode: false,
        }
    }
}

/// `PUT /v1/devices/{device}`. Idempotent; a changed push token replaces the old one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceRegistration {
    /// APNs' token in hexadecimal; none while the phone has none. Data: never parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "optional_push_token")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^[0-9A-Fa-f]{1,512}$")))]
    pub push_token: Option<String>,
    /// Which push service the token belongs to.
    pub environment: PushEnvironment,
    /// The app's bundle identifier, sent as `apns-topic`.
    #[serde(deserialize_with = "topic")]
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[0-9A-Za-z.-]{1,255}$"))
    )]
    pub topic: String,
    /// Which number the badge shows; a painted push follows it.
    #[serde(default)]
    pub policy: BadgePolicy,
    /// The app badges this account only, so a painted number is the whole app's.
    #[serde(default)]
    pub sole_account: bool,
    /// What the phone's settings let through.
    #[serde(default)]
    pub conditions: Conditions,
    /// The app's version, for the operator's eyes.
    #[serde(default)]
    #[serde(deserialize_with = "bounded::text::<_, SHORT_ID_BYTES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = SHORT_ID_BYTES)))]
    pub app_version: String,
}

impl std::fmt::Debug for DeviceRegistration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DeviceRegistration")
            .field("push_token", &self.push_token.as_ref().map(|_| "redacted"))
            .field("environment", &self.environment)
            .field("topic", &self.topic)
            .field("policy", &self.policy)
            .field("sole_account", &self.sole_account)
            .field("conditions", &self.conditions)
            .field("app_version", &self.app_version)
            .finish()
    }
}

/// What goes into the path of a request to APNs must not be able to change that path.
fn optional_push_token<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match bounded::optional_text::<D, PUSH_TOKEN_DIGITS>(deserializer)? {
        Some(token) if token.is_empty() || !token.bytes().all(|b| b.is_ascii_hexdigit()) => Err(
            D::Error::custom("a push token is a text of hexadecimal digits"),
        ),
        token => Ok(token),
    }
}

/// What goes into a header of a request to APNs must be a bundle identifier: letters, digits,
/// hyphens and periods (Apple, "CFBundleIdentifier").
fn topic<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let topic = bounded::text::<D, TOPIC_BYTES>(deserializer)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !topic.is_empty() && topic.bytes().all(allowed) {
        Ok(topic)
    } else {
        Err(D::Error::custom(
            "a topic is a bundle identifier: letters, digits, hyphens and periods",
        ))
    }
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceRegistered {
    /// This device's account, in pushes.
    pub route: Route,
    /// The account's history.
    pub epoch: Epoch,
    /// The account's newest version.
    pub head: Version,
    /// The relay's clock, Unix milliseconds.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub server_time: u64,
}

/// Why APNs will not push to a phone's token any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushTokenEnded {
    /// It is no token of this environment: APNs' 400 `BadDeviceToken`.
    BadDeviceToken,
    /// It is another app's: APNs' 400 `DeviceTokenNotForTopic`.
    DeviceTokenNotForTopic,
    /// The app was removed or the token has expired: APNs' 410.
    Unregistered,
    /// A reason that this version does not know. What to do about it is the same.
    #[serde(other)]
    Unknown,
}

/// A schema that lists today's reasons would refuse tomorrow's.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for PushTokenEnded {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PushTokenEnded".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Why APNs will not push to a phone's token any more. Other reasons may \
                            be added; what to do about them is the same.",
            "type": "string",
            "pattern": "^[a-z_]+$",
            "examples": ["bad_device_token", "device_token_not_for_topic", "unregistered"],
        })
    }
}

/// The query of `GET /v1/changes`, and of `POST /v1/operations`, whose answer holds changes too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangesQuery {
    /// The history that `since` belongs to; none before the first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The mirror's cursor: changes above it are wanted. Zero asks for a reset.
    #[serde(default)]
    pub since: Version,
    /// Most rows in the answer, 1 to 1,000; 500 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = CHANGES)))]
    pub limit: Option<u32>,
    /// Push counters seen since the last call, at most 256, joined by commas: `41,42,44`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[0-9]+(,[0-9]+){0,255}$"))
    )]
    pub received: Option<String>,
}

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changes {
    /// The account's history.
    pub epoch: Epoch,
    /// The rows are all active conversations, and what a completed reset does not name is gone.
    pub reset: bool,
    /// Ascending by version, each conversation once, in its newest state. At most 1,000.
    #[serde(deserialize_with = "bounded::list::<_, _, CHANGES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = CHANGES)))]
    pub changes: Vec<ConversationState>,
    /// The `since` of the next call.
    pub next: Version,
    /// The account's newest version; `totals` and `digest` are true at it.
    pub head: Version,
    /// Another page follows.
    pub more: bool,
    /// A push with this number is due, and is sent unless a request confirms `next`: the phone asks again
    /// once its icon shows the number. Absent: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
    /// The account's totals at `head`.
    pub totals: Totals,
    /// The digest of all active conversations at `head`.
    pub digest: Digest,
    /// The highest operation of this device that the relay has applied or rejected.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub acknowledged: u64,
    /// The counter of the newest push sent to this device for this account; 0 before the first.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub last_push: u64,
    /// APNs ended the push token that this device registered last, and why; absent while it can be
    /// used, and again once the device has registered anew, be it with the same token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_token_ended: Option<PushTokenEnded>,
    /// The relay's clock, Unix milliseconds.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub server_time: u64,
}

/// `POST /v1/operations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationsRequest {
    /// At most 100, numbers contiguous and ascending.
    #[serde(deserialize_with = "bounded::list::<_, _, OPERATIONS>")]
    #[cfg_attr(feature = "schema", schemars(length(max = OPERATIONS)))]
    pub operations: Vec<Operation>,
}

/// Something that the person did on a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Operation {
    /// One more than the device's operation before it for this account, from 1.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub number: u64,
    /// Random; the same when it is sent again.
    pub id: OperationId,
    /// The version that the person acted on: a read that saw less than an explicit mark-unread does
    /// not undo it.
    pub seen: Version,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
}

/// What the person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Read everything up to a position. Merges by maximum.
    ReadUpTo {
        /// Where.
        conversation: ConversationId,
        /// The new read marker.
        position: Position,
    },
    /// Read single items.
    ReadItems {
        /// Where.
        conversation: ConversationId,
        /// Which, at most 1,000.
        #[serde(deserialize_with = "bounded::list::<_, _, POSITIONS>")]
        #[cfg_attr(feature = "schema", schemars(length(max = POSITIONS)))]
        positions: Vec<Position>,
    },
    /// Marked the conversation unread by hand, or took that back.
    MarkedUnread {
        /// Where.
        conversation: ConversationId,
        /// Whether it is marked now.
        marked: bool,
    },
    /// Chose what of the conversation may count.
    SetLevel {
        /// Where.
        conversation: ConversationId,
        /// The new level.
        level: Level,
    },
}

impl Action {
    /// The conversation that it is about.
    pub fn conversation(&self) -> &ConversationId {
        match self {
            Self::ReadUpTo { conversation, .. }
            | Self::ReadItems { conversation, .. }
            | Self::MarkedUnread { conversation, .. }
            | Self::SetLevel { conversation, .. } => conversation,
        }
    }
}

/// The answer to operations: what became of them, and changes as `GET /v1/changes` gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationsApplied {
    /// One entry for each operation that this call applied or rejected. Of those that the relay had
    /// before it has the rejected ones again; `changes.acknowledged` covers the others.
    #[serde(deserialize_with = "bounded::list::<_, _, OPERATIONS>")]
    #[cfg_attr(feature = "schema", schemars(length(max = OPERATIONS)))]
    pub applied: Vec<OperationOutcome>,
    /// Changes above the query's `since`, after the operations.
    #[serde(flatten)]
    pub changes: Changes,
}

/// What became of one operation: exactly one of `version` and `rejected` is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationOutcome {
    /// Which.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub number: u64,
    /// The version at which it is in effect. An operation that changed nothing names the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Why it was refused, for the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "bounded::optional_text::<_, ALERT_TEXT_BYTES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = ALERT_TEXT_BYTES)))]
    pub rejected: Option<String>,
}
