//! The push: what APNs carries, read from untrusted bytes and written within 4,096 of them.

mod aps;
mod short;

use serde::Serialize;

pub use aps::{AlertText, Aps};
#[cfg(feature = "schema")]
pub(crate) use short::Envelope;
use short::{Short, offset, read, too_deep};

use crate::{
    ConversationId, ConversationState, Epoch, Position, Route, Totals, Version,
    limits::PAYLOAD_BYTES,
};

/// The `tb` part of a payload.
///
/// Pushes are cumulative: `base` is the cursor that the device last confirmed, so whichever push
/// arrives repairs all those lost before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushPayload {
    /// `r`: which of the device's accounts this is for.
    pub route: Route,
    /// `e`: the history that the versions belong to.
    pub epoch: Epoch,
    /// `i`: this device's push counter, one more with each push sent.
    pub counter: u64,
    /// `p`: `rows` holds every row that changed above this version.
    pub base: Version,
    /// `v`: the version at which `totals` are true.
    pub version: Version,
    /// `n`: the account's totals at `version`.
    pub totals: Totals,
    /// `k`: the highest operation of this device that is in them.
    pub acknowledged: u64,
    /// `c`: the rows, each in its newest state; without them the phone must sync.
    pub rows: Option<Vec<ConversationState>>,
    /// `a`: the item that an alert push is about, so that its notification can be removed once it
    /// is read.
    pub item: Option<(ConversationId, Position)>,
    /// `s`: the relay sends it again until it hears that it came, so the phone is to sync after it.
    pub sync_wanted: bool,
}

/// Why bytes are not a TrueBadge payload. Repeats nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Longer than APNs carries.
    #[error("the payload is {0} bytes long, more than APNs carries")]
    TooLarge(usize),
    /// Not JSON, or JSON of another shape, or nested deeper than 64 levels. The number says where
    /// reading stopped.
    #[error("the payload is not TrueBadge JSON (at byte {0})")]
    NotUnderstood(usize),
    /// JSON without a `tb` part: somebody else's push.
    #[error("the payload has no TrueBadge part")]
    NotOurs,
    /// A number or flag that no sender of this version writes.
    #[error("the payload's {0} is out of range")]
    OutOfRange(&'static str),
}

/// Why a payload could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Even without rows it is longer than APNs carries: the alert's text must be shorter.
    #[error("the payload would be {0} bytes long, more than the 4,096 that APNs carries")]
    TooLarge(usize),
}

impl PushPayload {
    /// Reads a payload as APNs delivered it. Never panics; what it allocates is bounded by the
    /// payload's 4,096 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, PayloadError> {
        if bytes.len() > PAYLOAD_BYTES {
            return Err(PayloadError::TooLarge(bytes.len()));
        }
        if let Some(at) = too_deep(bytes) {
            return Err(PayloadError::NotUnderstood(at));
        }
        let envelope =
            read(bytes).map_err(|error| PayloadError::NotUnderstood(offset(bytes, &error)))?;
        envelope.tb.ok_or(PayloadError::NotOurs)?.into_payload()
    }

    /// Whether iOS set the icon's number from this payload by itself (Apple, "Generating a remote
    /// notification": `badge`), whosever it is. True as well for what nobody can read.
    pub fn paints(bytes: &[u8]) -> bool {
        bytes.len() > PAYLOAD_BYTES || aps::paints(bytes)
    }

    /// Writes the whole payload: `aps` and the `tb` part. Rows that do not fit are left out, so
    /// that the phone knows it must sync.
    pub fn compose(&self, aps: &Aps) -> Result<Vec<u8>, ComposeError> {
        let mut whole = Composed {
            aps,
            tb: Short::of(self),
        };
        let mut bytes = encode(&whole);
        if bytes.len() > PAYLOAD_BYTES && whole.tb.c.take().is_some() {
            bytes = encode(&whole);
        }
        if bytes.len() > PAYLOAD_BYTES {
            Err(ComposeError::TooLarge(bytes.len()))
        } else {
            Ok(bytes)
        }
    }
}

#[derive(Serialize)]
struct Composed<'a> {
    aps: &'a Aps,
    tb: Short,
}

fn encode(whole: &Composed<'_>) -> Vec<u8> {
    serde_json::to_vec(whole).expect("plain structs with string keys always become JSON")
}
