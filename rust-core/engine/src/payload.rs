//! Untrusted bytes → what they mean for the mirror. Pure; never panics; bounded by the payload's
//! 4,096 bytes.

use truebadge_protocol::PushPayload;

use crate::{
    model::Mirror,
    simulation::{Bug, is},
};

/// What the engine made of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Not a TrueBadge payload, or a damaged one.
    Malformed,
    /// For an account that is not on this phone (any more).
    NotForUs,
    /// Of another history: a reset is due.
    EpochChanged,
    /// The mirror knew all of it.
    Stale,
    /// It brought the mirror up to its version.
    Applied,
    /// It should have, but the recount did not match the server's totals: a reset is due.
    Diverged,
    /// Something before it is missing: a sync is due.
    Gap,
}

impl Disposition {
    /// Whether the mirror needs the relay after such a push.
    pub fn wants_sync(self) -> bool {
        matches!(
            self,
            Self::Malformed | Self::EpochChanged | Self::Diverged | Self::Gap
        )
    }
}

/// What a well-formed push is to a mirror, before its rows are counted: `Applied` here means that
/// its rows lead from the cursor to its version.
pub fn classify(push: &PushPayload, mirror: &Mirror) -> Disposition {
    if mirror.epoch.as_ref() != Some(&push.epoch) && !is(Bug::EpochIgnored) {
        Disposition::EpochChanged
    } else if push.version <= mirror.cursor && !is(Bug::StalePushApplied) {
        Disposition::Stale
    } else if push.base <= mirror.cursor && push.rows.is_some() {
        Disposition::Applied
    } else {
        Disposition::Gap
    }
}
