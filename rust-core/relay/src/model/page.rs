//! Where a page of changes starts.

use crate::faults::{self, Fault};
use truebadge_protocol::{Epoch, Version};

/// Where a page starts and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageStart {
    /// Rows above this version.
    pub above: Version,
    /// Only active rows: the page starts a reset.
    pub reset: bool,
}

/// Whether a request is answered with a reset: no cursor, another history, or a cursor that this
/// history never had.
pub fn is_reset(asked: Option<&Epoch>, since: Version, epoch: &Epoch, head: Version) -> bool {
    let foreign = asked != Some(epoch) && !faults::is(Fault::ForeignEpochTaken);
    since == Version::ZERO || foreign || since > head
}

impl PageStart {
    /// The start of the page that a request asks for. Rows are never forgotten (removed ones stay
    /// as tombstones), so what continues a reset is an ordinary page.
    pub fn of(asked: Option<&Epoch>, since: Version, epoch: &Epoch, head: Version) -> Self {
        if is_reset(asked, since, epoch, head) {
            Self {
                above: Version::ZERO,
                reset: true,
            }
        } else {
            Self {
                above: if faults::is(Fault::SinceIgnored) {
                    Version::ZERO
                } else {
                    since
                },
                reset: false,
            }
        }
    }
}
