//! What iOS itself reads of a payload.

use std::fmt;

use serde::{Deserialize, Serialize, de::IgnoredAny};

/// The part of a payload that iOS itself reads (Apple, "Generating a remote notification").
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Aps {
    /// What the notification shows; without it nothing is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertText>,
    /// The number that iOS paints by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<u32>,
    /// The sound's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// Groups notifications: the conversation's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// Asks iOS to start the app.
    #[serde(serialize_with = "as_one", skip_serializing_if = "std::ops::Not::not")]
    pub content_available: bool,
    /// Asks iOS to start the notification service extension.
    #[serde(serialize_with = "as_one", skip_serializing_if = "std::ops::Not::not")]
    pub mutable_content: bool,
}

/// An alert's words.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct AlertText {
    /// First line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl fmt::Debug for Aps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Aps")
            .field("alert", &self.alert)
            .field("badge", &self.badge)
            .field("sound", &self.sound.is_some())
            .field("thread_id", &self.thread_id.as_ref().map(|_| "redacted"))
            .field("content_available", &self.content_available)
            .field("mutable_content", &self.mutable_content)
            .finish()
    }
}

impl fmt::Debug for AlertText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AlertText(redacted)")
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn as_one<S: serde::Serializer>(_: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(1)
}

/// Whether there is a number for iOS in these bytes, or nobody can tell.
pub(super) fn paints(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Whole {
        aps: Option<Painted>,
    }
    #[derive(Deserialize)]
    struct Painted {
        badge: Option<IgnoredAny>,
    }
    match serde_json::from_slice::<Whole>(bytes) {
        Ok(whole) => whole.aps.is_some_and(|aps| aps.badge.is_some()),
        Err(_) => true,
    }
}
