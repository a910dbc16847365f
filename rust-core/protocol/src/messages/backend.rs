//! For the app's backend, with the producer key.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::limits::NUMBER;
use crate::{
    ConversationId, Epoch, Level, Position, Totals, Version, bounded,
    limits::{ALERT_TEXT_BYTES, EVENTS, POSITIONS},
};

/// `POST /v1/accounts/{account}/events`. All of one call commit together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventsRequest {
    /// At most 1,000, applied in order.
    #[serde(deserialize_with = "bounded::list::<_, _, EVENTS>")]
    #[cfg_attr(feature = "schema", schemars(length(max = EVENTS)))]
    pub events: Vec<Event>,
}

/// Something that happened in the app's backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// An item arrived. At or below the read marker it never counts, whenever it arrives.
    Item {
        /// Where.
        conversation: ConversationId,
        /// Its place among the conversation's items, from 1. The same position twice is one item.
        position: Position,
        /// Whether it mentions the person.
        #[serde(default)]
        mention: bool,
        /// With it the relay sends the alert lane; without it the backend alerts by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alert: Option<Alert>,
    },
    /// Everything at or below `up_to` was read, on whatever device.
    Read {
        /// Where.
        conversation: ConversationId,
        /// The new read marker. A lower one than the current one changes nothing.
        up_to: Position,
    },
    /// Single items were read.
    ReadItems {
        /// Where.
        conversation: ConversationId,
        /// Which, at most 1,000.
        #[serde(deserialize_with = "bounded::list::<_, _, POSITIONS>")]
        #[cfg_attr(feature = "schema", schemars(length(max = POSITIONS)))]
        positions: Vec<Position>,
    },
    /// The person marked the conversation unread, or took that back.
    MarkedUnread {
        /// Where.
        conversation: ConversationId,
        /// Whether it is marked now.
        marked: bool,
    },
    /// What of the conversation may count.
    Level {
        /// Where.
        conversation: ConversationId,
        /// The new level.
        level: Level,
    },
    /// The conversation is gone for this account.
    Removed {
        /// Which.
        conversation: ConversationId,
    },
}

/// What a notification shows. Passed on to APNs, and not kept once sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alert {
    /// First line, at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "bounded::optional_text::<_, ALERT_TEXT_BYTES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = ALERT_TEXT_BYTES)))]
    pub title: Option<String>,
    /// Second line, at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "bounded::optional_text::<_, ALERT_TEXT_BYTES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = ALERT_TEXT_BYTES)))]
    pub subtitle: Option<String>,
    /// The text, at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "bounded::optional_text::<_, ALERT_TEXT_BYTES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = ALERT_TEXT_BYTES)))]
    pub body: Option<String>,
    /// The sound's name; `default` is iOS's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "bounded::optional_text::<_, ALERT_TEXT_BYTES>")]
    #[cfg_attr(feature = "schema", schemars(length(max = ALERT_TEXT_BYTES)))]
    pub sound: Option<String>,
}

impl std::fmt::Debug for Alert {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Alert(redacted)")
    }
}

/// `PUT /v1/accounts/{account}/conversations/{id}`: a whole state, for backends that count
/// themselves. The relay gives it a version if it differs from what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConversationUpsert {
    /// Unread items.
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))]
    pub unread: u32,
    /// Unread items that mention the person.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(max = u32::MAX)))]
    pub mentions: u32,
    /// The newest item's position.
    #[serde(default)]
    pub newest: Position,
    /// The read marker.
    #[serde(default)]
    pub read_up_to: Position,
    /// What of it may count.
    #[serde(default)]
    pub level: Level,
    /// Marked unread by hand.
    #[serde(default)]
    pub marked_unread: bool,
}

/// The answer to events and whole states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Committed {
    /// The history that `head` belongs to.
    pub epoch: Epoch,
    /// The account's newest version.
    pub head: Version,
    /// Conversations that changed in this call.
    #[serde(deserialize_with = "bounded::number")]
    #[cfg_attr(feature = "schema", schemars(range(max = NUMBER - 1)))]
    pub changed: u64,
    /// The totals at `head`.
    pub totals: Totals,
}

/// The answer to `POST /v1/accounts/{account}/device_tokens`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceToken {
    /// Names the token when it is revoked: `DELETE …/device_tokens/{id}`.
    pub id: String,
    /// The bearer token. Shown once; the relay keeps only its hash.
    pub token: String,
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DeviceToken(id: {}, token: redacted)", self.id)
    }
}
