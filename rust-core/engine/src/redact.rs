//! What is safe to log is a type: `{:?}` of everything here tells nobody a secret.
//!
//! Ids carry their own redaction (`truebadge_protocol::ids` prints a fingerprint). Credentials are a
//! [`Secret`]. Errors from SQLite and HTTP are reduced to codes before they are kept.

use std::fmt;

/// A credential. Prints as `Secret(redacted)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The credential itself, for the header that carries it. Never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}
