//! Bearer tokens: made from the system's randomness, kept as their hashes.
//!
//! A token has 256 bits of randomness, so one round of SHA-256 is enough: there is nothing to guess.

use sha2::{Digest as _, Sha256};

use crate::random;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Hashes a text.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash's bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hash(redacted)")
    }
}

/// What a secret is for; it begins with these letters, so that one in the wrong place is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The app's backend.
    ProducerKey,
    /// A phone.
    DeviceToken,
}

/// Makes a secret.
pub fn generate(purpose: Purpose) -> std::io::Result<String> {
    let prefix = match purpose {
        Purpose::ProducerKey => "tbp_",
        Purpose::DeviceToken => "tbd_",
    };
    Ok(format!("{prefix}{}", random::name::<32>()?))
}
