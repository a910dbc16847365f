//! What a phone gets over its WebSocket: one JSON text frame each.

use serde::{Deserialize, Serialize};

use crate::devices::PushToken;
use crate::headers::PushType;
use crate::payload::Alert;
use crate::provider::Push;

/// A frame from APNs to a phone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Frame {
    /// The first one: the phone's device token, as iOS hands it to the app.
    Registered {
        /// The token for this app on this install.
        push_token: PushToken,
        /// Which APNs gave it out: always `sandbox`.
        environment: String,
    },
    /// A push.
    Push(Box<PushFrame>),
}

/// A push, as iOS takes it apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushFrame {
    /// Its `apns-id`.
    pub apns_id: String,
    /// `alert` or `background`.
    pub push_type: PushType,
    /// 10, 5 or 1.
    pub priority: u8,
    /// The number that iOS paints by itself.
    pub badge: Option<u32>,
    /// What iOS shows.
    pub alert: Option<Alert>,
    /// What iOS groups the notification by.
    pub thread_id: Option<String>,
    /// Notifications with the same one replace each other on the phone.
    pub collapse_id: Option<String>,
    /// Whether iOS is asked to start the app in the background.
    pub wake: bool,
    /// Whether iOS starts the notification service extension.
    pub extension: bool,
    /// The payload's JSON text, unchanged.
    pub payload: String,
}

impl Frame {
    /// The greeting.
    pub fn registered(token: &PushToken) -> Self {
        Self::Registered {
            push_token: token.clone(),
            environment: "sandbox".to_owned(),
        }
    }

    /// A push's frame.
    pub fn push(push: &Push) -> Self {
        let is_alert = push.envelope.push_type == PushType::Alert;
        let alert = push.payload.alert().filter(|_| is_alert);
        Self::Push(Box::new(PushFrame {
            apns_id: push.apns_id.clone(),
            push_type: push.envelope.push_type,
            priority: push.envelope.priority,
            badge: push.payload.badge().filter(|_| is_alert),
            thread_id: push.payload.thread_id().map(str::to_owned),
            collapse_id: push.envelope.collapse_id.clone(),
            wake: push.payload.wakes(),
            extension: alert.is_some() && push.payload.is_mutable(),
            alert,
            payload: push.payload.text().to_owned(),
        }))
    }

    /// The frame's text.
    ///
    /// # Panics
    ///
    /// Never: a frame is a struct of strings and numbers, which is always JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a struct of strings and numbers is always JSON")
    }
}
