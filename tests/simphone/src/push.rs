//! A push, as a provider sends it and a phone gets it.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::time::Time;

/// A device token: one app on one phone. Data to everybody but APNs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

impl Token {
    /// Reads what a token prints as; nothing for a token that no phone of the model can
    /// have (APNs answers `BadDeviceToken` to those).
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(&"0".repeat(48))?;
        let hexadecimal = digits.len() == 16 && digits.bytes().all(|one| one.is_ascii_hexdigit());
        hexadecimal
            .then(|| u64::from_str_radix(digits, 16).ok().map(Self))
            .flatten()
    }
}

/// 64 hexadecimal digits, as APNs' tokens have today.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:064x}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:016x})", self.0)
    }
}

/// Which of Apple's two push services a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// For builds from Xcode.
    Sandbox,
    /// For TestFlight and the App Store.
    Production,
}

/// `apns-push-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PushType {
    /// A person notices it: an alert, a badge, a sound.
    Alert,
    /// Only the app notices it.
    Background,
}

/// `apns-priority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// 10: at once.
    Immediate,
    /// 5: as the phone's power allows.
    PowerAware,
    /// 1: without waking the phone.
    Low,
}

/// `apns-expiration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expiration {
    /// 0: one attempt, nothing stored.
    Immediate,
    /// Not delivered after this moment.
    At(Time),
    /// No header: APNs stores it for as long as it stores anything.
    Policy,
}

/// One push, on its way from a provider to a phone. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// To which app on which phone.
    pub token: Token,
    /// `apns-topic`: the app's bundle identifier.
    pub topic: Arc<str>,
    /// To which of Apple's hosts it is sent.
    pub environment: Environment,
    /// `apns-push-type`.
    pub push_type: PushType,
    /// `apns-priority`.
    pub priority: Priority,
    /// `apns-expiration`.
    pub expiration: Expiration,
    /// `apns-collapse-id`.
    pub collapse_id: Option<Arc<str>>,
    /// The body.
    pub payload: Payload,
}

/// What iOS itself reads in a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aps {
    /// The number for the icon.
    pub badge: Option<u32>,
    /// Whether it asks for the app to be woken.
    pub content_available: bool,
    /// Whether it asks for the notification service extension.
    pub mutable_content: bool,
    /// Whether there is anything to show.
    pub alert: bool,
}

/// A push's body: its bytes, and what iOS reads in them. It is read once, however often it is
/// cloned.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    bytes: Arc<[u8]>,
    aps: Option<Aps>,
}

impl Payload {
    /// Reads a body; what is no JSON object is kept as well, and APNs refuses it.
    pub fn read(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        // serde would take a list for the struct, too.
        let object = bytes.trim_ascii_start().starts_with(b"{");
        let body = object.then(|| serde_json::from_slice::<Body>(&bytes).ok());
        Self {
            aps: body.flatten().map(Aps::from),
            bytes,
        }
    }

    /// A body that need not be JSON, for clients that are models themselves and need no parsing.
    pub fn new(aps: Aps, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            bytes: bytes.into(),
            aps: Some(aps),
        }
    }

    /// The bytes, as the app gets them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same bytes, shared.
    pub fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// What iOS reads in it; nothing when it is no JSON object.
    pub fn aps(&self) -> Option<Aps> {
        self.aps
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes, {:?})", self.bytes.len(), self.aps)
    }
}

/// Every value may be of any type: iOS ignores what it does not understand.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    aps: serde_json::Value,
}

impl From<Body> for Aps {
    fn from(body: Body) -> Self {
        let number = |key| body.aps.get(key).and_then(serde_json::Value::as_u64);
        let alert = body.aps.get("alert");
        Self {
            badge: number("badge").and_then(|badge| u32::try_from(badge).ok()),
            content_available: number("content-available") == Some(1),
            mutable_content: number("mutable-content") == Some(1),
            alert: alert.is_some_and(|alert| alert.is_string() || alert.is_object()),
        }
    }
}
