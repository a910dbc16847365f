//! All randomness of the engine comes from here, so that a simulated run can be told its seed.

use crate::simulation;

/// Random bytes; none when the system has none.
fn bytes<const LENGTH: usize>() -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let filled = simulation::fill(&mut bytes) || getrandom::fill(&mut bytes).is_ok();
    filled.then_some(bytes)
}

/// A random number; none when the system has none.
pub(crate) fn number() -> Option<u32> {
    bytes().map(u32::from_le_bytes)
}

/// A random name (RFC 9562, version 4: it tells nothing, not even when it was given); none when the
/// system has no randomness.
pub(crate) fn name() -> Option<String> {
    let name = uuid::Builder::from_random_bytes(bytes()?).into_uuid();
    Some(name.to_string())
}
