//! The token that says who sends: an ES256 JWT. Apple wants it no older than an hour, and a new one
//! no more often than every 20 minutes.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::{
    SecretKey,
    pkcs8::{EncodePrivateKey, LineEnding},
};
use serde::Serialize;

use crate::random;

/// A token is renewed at this age, in seconds.
const RENEWED_AT: u64 = 40 * 60;
/// APNs answers `TooManyProviderTokenUpdates` to one that is renewed before this age, in seconds.
const RENEWABLE_AT: u64 = 20 * 60;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a key.
    #[error("it is not an APNs key: the .p8 file from Apple's developer site is expected")]
    NotAKey,
    /// Signing failed.
    #[error("the key does not sign")]
    Sign,
    /// There is no randomness for a new key.
    #[error("the system gives no randomness")]
    Randomness,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: u64,
}

/// Makes provider tokens.
pub struct ProviderTokens {
    key: EncodingKey,
    key_id: String,
    team_id: String,
    current: Option<(String, u64)>,
}

impl std::fmt::Debug for ProviderTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProviderTokens(redacted)")
    }
}

impl ProviderTokens {
    /// Reads a `.p8` file's text.
    pub fn new(pem: &[u8], key_id: &str, team_id: &str) -> Result<Self, KeyError> {
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| KeyError::NotAKey)?;
        let mut tokens = Self {
            key,
            key_id: key_id.to_owned(),
            team_id: team_id.to_owned(),
            current: None,
        };
        tokens.sign(0)?; // a key of another curve is found out now, not with the first push
        Ok(tokens)
    }

    /// The token at a time, in Unix seconds: the current one, or a new one when it is 40 minutes
    /// old, or when the clock went back behind it.
    pub fn at(&mut self, now: u64) -> Result<String, KeyError> {
        match &self.current {
            Some((token, issued)) if (*issued..*issued + RENEWED_AT).contains(&now) => {
                Ok(token.clone())
            }
            _ => {
                let token = self.sign(now)?;
                self.current = Some((token.clone(), now));
                Ok(token)
            }
        }
    }

    /// APNs says that the token has expired: forgets it, so that the next one is new. False when it
    /// is too young for a new one; then it is the clock that is wrong.
    pub fn expired(&mut self, now: u64) -> bool {
        let old = self
            .current
            .as_ref()
            .is_none_or(|(_, issued)| now >= issued + RENEWABLE_AT || now < *issued);
        if old {
            self.current = None;
        }
        old
    }

    fn sign(&mut self, now: u64) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = None;
        header.kid = Some(self.key_id.clone());
        let claims = Claims {
            iss: &self.team_id,
            iat: now,
        };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| KeyError::Sign)
    }
}

/// Makes a key like Apple's, for a push service that is not Apple's.
pub fn generate_key() -> Result<String, KeyError> {
    // A random number below the curve's order is a key; nearly all numbers of 256 bits are.
    for _ in 0..16 {
        let mut bytes = [0; 32];
        random::fill(&mut bytes).map_err(|_| KeyError::Randomness)?;
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return key
                .to_pkcs8_pem(LineEnding::LF)
                .map(|pem| pem.to_string())
                .map_err(|_| KeyError::Randomness);
        }
    }
    Err(KeyError::Randomness)
}
