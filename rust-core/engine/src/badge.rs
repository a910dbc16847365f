//! Totals + policy → number. Pure.
//!
//! An account's totals come from its mirror when that is complete, and from the newest totals that
//! the server told when those are ahead of it; pending operations are laid over either. So the
//! number is always some state that the server committed, with this phone's own operations over
//! it (S1).

use truebadge_protocol::{BadgePolicy, Totals};

use crate::model::Mirror;

/// One conversation with pending operations: what it adds in the base, and what it should add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlaid {
    /// What the base row adds.
    pub base: Totals,
    /// What it adds with all pending operations laid over.
    pub shown: Totals,
    /// What it adds with only those laid over that the totals ahead do not hold.
    pub shown_ahead: Totals,
}

/// An account's totals as the person should see them.
pub fn account_totals(mirror: &Mirror, overlaid: impl IntoIterator<Item = Overlaid>) -> Totals {
    let from = mirror
        .ahead
        .as_ref()
        .map_or(mirror.totals, |ahead| ahead.totals);
    overlaid.into_iter().fold(from, |totals, conversation| {
        let shown = if mirror.ahead.is_some() {
            conversation.shown_ahead
        } else {
            conversation.shown
        };
        totals.replacing(conversation.base, shown)
    })
}

/// The number on the icon for the accounts that take part.
pub fn badge(policy: BadgePolicy, accounts: impl IntoIterator<Item = Totals>) -> u32 {
    policy.badge(accounts.into_iter().sum())
}
