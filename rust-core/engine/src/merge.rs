//! Base state + change → base state. Pure, monotonic and idempotent.
//!
//! A row is applied iff its version is above both the row that it replaces and the cursor. So a
//! change that comes twice, late or out of order does nothing or the right thing (S2).

use truebadge_protocol::{ConversationState, Digest, Level, Totals, Version};

use crate::simulation::{Bug, is};

/// The row to keep after a change, or nothing when the change is old.
pub fn merge<'a>(
    current: Option<&ConversationState>,
    cursor: Version,
    incoming: &'a ConversationState,
) -> Option<&'a ConversationState> {
    let floor = current.map_or(cursor, |row| row.version.max(cursor));
    (incoming.version > floor).then_some(incoming)
}

/// Totals and digest, kept while rows change. Always equal to a recount (S5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// What the rows add up to.
    pub totals: Totals,
    /// The digest of the rows.
    pub digest: Digest,
}

impl Tally {
    /// Takes one row out and another in.
    pub fn replace(&mut self, old: Option<&ConversationState>, new: Option<&ConversationState>) {
        let counted = |row: &ConversationState| {
            if is(Bug::MutedCounts) {
                let level = Level::All;
                return ConversationState {
                    level,
                    ..row.clone()
                }
                .counted();
            }
            row.counted()
        };
        let totals = |row: Option<&ConversationState>| row.map_or(Totals::ZERO, counted);
        let digest = |row: Option<&ConversationState>| row.map_or(Digest::EMPTY, Digest::of_row);
        self.totals = self.totals.replacing(totals(old), totals(new));
        self.digest = self.digest.replacing(digest(old), digest(new));
    }
}
