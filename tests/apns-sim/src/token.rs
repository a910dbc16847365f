//! The provider's authentication token: an ES256 JWT, checked as APNs checks it. Pure: the time is
//! an argument.
//!
//! Source: Apple, "Establishing a token-based connection to APNs". How often a token may change is
//! counted per connection, as Apple's engineers describe it (developer forums, threads 674772 and
//! 675879): a provider that starts anew with a new token on a new connection is served.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey, LineEnding};
use p256::{PublicKey, SecretKey};
use serde::Deserialize;

use crate::limits;
use crate::reason::Reason;

/// The key whose signatures are accepted.
#[derive(Clone)]
pub struct ProviderKey {
    team_id: String,
    key_id: String,
    verifying: DecodingKey,
}

/// What is wrong with a key file. None of these carries any of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither kind of PEM.
    #[error(
        "the key is neither a .p8 private key (BEGIN PRIVATE KEY) nor its public part (BEGIN PUBLIC KEY): give the AuthKey_….p8 from Apple or one made by `truebadge-relay keygen`"
    )]
    NotPem,
    /// The right kind of PEM around something that is no P-256 key.
    #[error("the key is not on the curve P-256, which is the only one that APNs takes")]
    NotP256,
}

impl ProviderKey {
    /// Takes a `.p8` file's text, or the PEM of its public part.
    pub fn from_pem(team_id: &str, key_id: &str, pem: &str) -> Result<Self, KeyError> {
        let public: PublicKey = if pem.contains("BEGIN PRIVATE KEY") {
            SecretKey::from_pkcs8_pem(pem)
                .map_err(|_| KeyError::NotP256)?
                .public_key()
        } else if pem.contains("BEGIN PUBLIC KEY") {
            PublicKey::from_public_key_pem(pem).map_err(|_| KeyError::NotP256)?
        } else {
            return Err(KeyError::NotPem);
        };
        let pem = public
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::NotP256)?;
        Ok(Self {
            team_id: team_id.to_owned(),
            key_id: key_id.to_owned(),
            verifying: DecodingKey::from_ec_pem(pem.as_bytes()).map_err(|_| KeyError::NotP256)?,
        })
    }

    /// Verifies a token and gives the Unix second at which it was issued.
    fn issued_at(&self, token: &str) -> Result<u64, Reason> {
        let invalid = Reason::InvalidProviderToken;
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid)?;
        if header.alg != Algorithm::ES256 || header.kid.as_deref() != Some(&self.key_id) {
            return Err(invalid);
        }
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear(); // APNs' tokens have no `exp`: their age counts
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &validation)
            .map_err(|_| invalid)?
            .claims;
        if claims.iss == self.team_id {
            Ok(claims.iat)
        } else {
            Err(invalid)
        }
    }
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderKey")
            .field("team_id", &self.team_id)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: u64,
}

/// What one connection knows of its provider's tokens.
#[derive(Debug, Default)]
pub struct ConnectionTokens {
    current: Option<Accepted>,
}

#[derive(Debug)]
struct Accepted {
    token: String,
    issued_at: u64,
    first_seen: u64,
}

impl ConnectionTokens {
    /// Checks the `authorization` header of a request that came at the Unix second `now`.
    ///
    /// A token that was verified before is recognised, and not verified again; its age is always
    /// checked. A refused token changes nothing.
    pub fn check(
        &mut self,
        authorization: Option<&str>,
        key: &ProviderKey,
        now: u64,
    ) -> Result<(), Reason> {
        let token = bearer(authorization)?;
        if let Some(current) = self.current.as_ref().filter(|known| known.token == token) {
            return check_age(current.issued_at, now);
        }
        let issued_at = key.issued_at(token)?;
        check_age(issued_at, now)?;
        let renewable = |known: &Accepted| {
            now.saturating_sub(known.first_seen) >= limits::PROVIDER_TOKEN_RENEWAL_SECONDS
        };
        if !self.current.as_ref().is_none_or(renewable) {
            return Err(Reason::TooManyProviderTokenUpdates);
        }
        self.current = Some(Accepted {
            token: token.to_owned(),
            issued_at,
            first_seen: now,
        });
        Ok(())
    }
}

fn bearer(authorization: Option<&str>) -> Result<&str, Reason> {
    let (scheme, token) = authorization
        .and_then(|value| value.trim().split_once(' '))
        .ok_or(Reason::MissingProviderToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(Reason::MissingProviderToken);
    }
    if token.len() <= limits::PROVIDER_TOKEN_BYTES {
        Ok(token.trim())
    } else {
        Err(Reason::InvalidProviderToken)
    }
}

fn check_age(issued_at: u64, now: u64) -> Result<(), Reason> {
    if issued_at > now.saturating_add(limits::CLOCK_SKEW_SECONDS) {
        return Err(Reason::InvalidProviderToken);
    }
    if now.saturating_sub(issued_at) > limits::PROVIDER_TOKEN_AGE_SECONDS {
        Err(Reason::ExpiredProviderToken)
    } else {
        Ok(())
    }
}
