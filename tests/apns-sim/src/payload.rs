//! What a payload makes a device do: pure, from untrusted bytes.
//!
//! Source: Apple, "Generating a remote notification", and "Pushing background updates to your
//! App". Only the keys of `aps` that iOS itself acts on are read; the rest is the app's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits;
use crate::reason::Reason;

/// A payload that is a JSON object of at most 4,096 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    text: String,
    aps: Map<String, Value>,
}

/// What iOS shows of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The first line.
    pub title: Option<String>,
    /// The second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The text.
    pub body: Option<String>,
}

impl Payload {
    /// Reads a request's body.
    ///
    /// Apple documents `PayloadTooLarge` and `PayloadEmpty` only; the second one also stands for
    /// what is no JSON object, since there is nothing in it that could be delivered.
    pub fn parse(body: &[u8]) -> Result<Self, Reason> {
        if body.len() > limits::PAYLOAD_BYTES {
            return Err(Reason::PayloadTooLarge);
        }
        let text = std::str::from_utf8(body).map_err(|_| Reason::PayloadEmpty)?;
        let mut object: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| Reason::PayloadEmpty)?;
        if object.is_empty() {
            return Err(Reason::PayloadEmpty);
        }
        let aps = match object.remove("aps") {
            Some(Value::Object(aps)) => aps,
            _ => Map::new(),
        };
        Ok(Self {
            text: text.to_owned(),
            aps,
        })
    }

    /// The JSON text, exactly as it came.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it asks for the app to be started in the background.
    pub fn wakes(&self) -> bool {
        self.is_one("content-available")
    }

    /// Whether it asks for the notification service extension.
    pub fn is_mutable(&self) -> bool {
        self.is_one("mutable-content")
    }

    /// The number that iOS paints on the icon, when it is one that iOS takes.
    pub fn badge(&self) -> Option<u32> {
        let number = self.aps.get("badge")?.as_u64()?;
        u32::try_from(number).ok()
    }

    /// The conversation that iOS groups the notification by.
    pub fn thread_id(&self) -> Option<&str> {
        self.aps.get("thread-id")?.as_str()
    }

    /// What iOS shows, when there is an alert at all.
    pub fn alert(&self) -> Option<Alert> {
        match self.aps.get("alert")? {
            Value::String(body) => Some(Alert {
                body: Some(body.clone()),
                ..Alert::default()
            }),
            Value::Object(parts) => {
                let part = |name: &str| parts.get(name).and_then(Value::as_str).map(str::to_owned);
                Some(Alert {
                    title: part("title"),
                    subtitle: part("subtitle"),
                    body: part("body"),
                })
            }
            _ => None,
        }
    }

    /// Whether it names anything that a person would notice: an alert, a badge or a sound.
    pub fn interacts(&self) -> bool {
        ["alert", "badge", "sound"]
            .iter()
            .any(|key| self.aps.get(*key).is_some_and(|value| !value.is_null()))
    }

    fn is_one(&self, key: &str) -> bool {
        self.aps.get(key).and_then(Value::as_u64) == Some(1)
    }
}
