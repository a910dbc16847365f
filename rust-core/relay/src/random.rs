//! All of the relay's randomness: tokens, routes, epochs, `apns-id`s, jitter. It is the system's,
//! except in a simulation (`simulation::seed`).

use std::io::{Error, Result};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Fills with random bytes, good enough for secrets.
pub fn fill(bytes: &mut [u8]) -> Result<()> {
    #[cfg(feature = "simulation")]
    if crate::simulation::fill(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes).map_err(|error| Error::other(error.to_string()))
}

/// A random name of `N` bytes, in the letters of a URL.
pub fn name<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A random UUID.
pub fn uuid() -> Result<uuid::Uuid> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// A number between 0 and 1, for jitter; without randomness, the middle.
pub fn fraction() -> f64 {
    let mut bytes = [0; 4];
    match fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
