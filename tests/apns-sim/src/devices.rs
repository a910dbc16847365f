//! Which device tokens there are, whose they are, and who is attached. Pure: time and randomness
//! are arguments.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::headers::is_topic;
use crate::limits;

/// A device token: hexadecimal, in lower case. It names one app on one device.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PushToken(String);

/// Not a device token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device token is hexadecimal, two digits a byte, at most 100 bytes")]
pub struct NotAToken;

impl PushToken {
    /// Reads a token; capital digits are the same token.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let fits = (2..=limits::DEVICE_TOKEN_DIGITS).contains(&text.len());
        if !fits
            || !text.len().is_multiple_of(2)
            || !text.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return Err(NotAToken);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// A token of 32 bytes, as APNs gives out.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut digits = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(digits, "{byte:02x}"); // writing to a String cannot fail
        }
        Self(digits)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first eight digits: enough to tell phones apart on a console.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Debug for PushToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushToken({}…)", self.short())
    }
}

impl TryFrom<String> for PushToken {
    type Error = NotAToken;

    fn try_from(text: String) -> Result<Self, NotAToken> {
        Self::parse(&text)
    }
}

impl From<PushToken> for String {
    fn from(token: PushToken) -> Self {
        token.0
    }
}

/// An app (its bundle identifier) on one install.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct App {
    topic: String,
    install: String,
}

/// Why a phone cannot attach.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// The path's topic is no bundle identifier that this server serves.
    #[error("no app has the topic {0:?} here: start apns-sim with --topic {0}")]
    UnknownTopic(String),
    /// The path's topic cannot be a bundle identifier.
    #[error("a topic is a bundle identifier: letters, digits, hyphens and dots")]
    BadTopic,
    /// The path's install is no usable name.
    #[error("an install's name has 1 to 64 characters, none of them a control character")]
    BadInstall,
    /// The table is full.
    #[error("this server knows as many devices as it can hold: restart apns-sim")]
    Full,
}

impl App {
    /// Checks the names that a phone gives.
    pub fn new(topic: &str, install: &str, topics: &[String]) -> Result<Self, AttachError> {
        if !is_topic(topic) {
            return Err(AttachError::BadTopic);
        }
        if !topics.iter().any(|known| known == topic) {
            return Err(AttachError::UnknownTopic(topic.to_owned()));
        }
        let mut chars = install.chars();
        if install.is_empty()
            || chars
                .by_ref()
                .take(limits::INSTALL_CHARS)
                .any(char::is_control)
            || chars.next().is_some()
        {
            return Err(AttachError::BadInstall);
        }
        Ok(Self {
            topic: topic.to_owned(),
            install: install.to_owned(),
        })
    }

    /// The bundle identifier.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The name that the phone chose.
    pub fn install(&self) -> &str {
        &self.install
    }
}

/// One attachment of a phone; a later one of the same app replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session(u64);

/// What APNs knows of a token that a provider names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It belongs to this topic.
    Known,
    /// It was never given out.
    Unknown,
    /// It belongs to another topic.
    OtherTopic,
    /// It ended at this Unix millisecond.
    Dead(u64),
}

#[derive(Debug)]
struct Device {
    app: App,
    dead_since_ms: Option<u64>,
    session: Option<Session>,
}

/// All devices.
#[derive(Debug, Default)]
pub struct Devices {
    by_token: HashMap<PushToken, Device>,
    by_app: HashMap<App, PushToken>,
    last_session: u64,
}

impl Devices {
    /// Attaches a phone: under the token that it has, or under `fresh` when it has none or when its
    /// own ended, as after a reinstall.
    pub fn attach(
        &mut self,
        app: &App,
        fresh: PushToken,
    ) -> Result<(PushToken, Session), AttachError> {
        let token = match self.by_app.get(app) {
            Some(token) => token.clone(),
            None => self.register(app, fresh)?,
        };
        self.last_session += 1;
        let session = Session(self.last_session);
        if let Some(device) = self.by_token.get_mut(&token) {
            device.session = Some(session);
        }
        Ok((token, session))
    }

    fn register(&mut self, app: &App, fresh: PushToken) -> Result<PushToken, AttachError> {
        if self.by_token.len() >= limits::DEVICES || self.by_token.contains_key(&fresh) {
            return Err(AttachError::Full);
        }
        let device = Device {
            app: app.clone(),
            dead_since_ms: None,
            session: None,
        };
        self.by_token.insert(fresh.clone(), device);
        self.by_app.insert(app.clone(), fresh.clone());
        Ok(fresh)
    }

    /// Ends one attachment, unless a later one replaced it already.
    pub fn detach(&mut self, token: &PushToken, session: Session) {
        let device = self.by_token.get_mut(token);
        if let Some(device) = device.filter(|device| device.session == Some(session)) {
            device.session = None;
        }
    }

    /// The attachment through which a token's phone is reached now.
    pub fn session(&self, token: &PushToken) -> Option<Session> {
        self.by_token.get(token)?.session
    }

    /// What APNs would say of a token under a topic.
    pub fn standing(&self, token: &PushToken, topic: &str) -> Standing {
        match self.by_token.get(token) {
            None => Standing::Unknown,
            Some(device) => match device.dead_since_ms {
                Some(since) => Standing::Dead(since),
                None if device.app.topic() == topic => Standing::Known,
                None => Standing::OtherTopic,
            },
        }
    }

    /// Whether a token ended.
    pub fn is_dead(&self, token: &PushToken) -> bool {
        let device = self.by_token.get(token);
        device.is_some_and(|device| device.dead_since_ms.is_some())
    }

    /// Ends a token, as when the app is deleted; false when it was never given out. The phone's
    /// next attachment gets a new one.
    pub fn end(&mut self, token: &PushToken, now_ms: u64) -> bool {
        let Some(device) = self.by_token.get_mut(token) else {
            return false;
        };
        if device.dead_since_ms.is_none() {
            device.dead_since_ms = Some(now_ms);
            self.by_app.remove(&device.app);
        }
        true
    }

    /// Every device: token, app, whether it is attached, whether its token is dead.
    pub fn iter(&self) -> impl Iterator<Item = (&PushToken, &App, bool, bool)> {
        self.by_token.iter().map(|(token, device)| {
            let dead = device.dead_since_ms.is_some();
            (token, &device.app, device.session.is_some(), dead)
        })
    }
}
