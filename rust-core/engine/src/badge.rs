//! Totals + policy → number. Pure.
//!
//! An account's totals come from its mirror, or from newer ones that the server told; pending operations
//! are laid over either. So the number is always some state that the server committed, with this phone's
//! own operations over it (S1). One case is an estimate, because nobody here can know better: the person
//! acts while newer totals are shown whose rows have not come. Then the conversation that he acted on is
//! taken to be as it was last seen.

use truebadge_protocol::{BadgePolicy, Totals};

/// One conversation with pending operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlaid {
    /// What it adds to the account's totals: with those operations laid over that these hold already.
    pub held: Totals,
    /// What it should add: with all of them laid over.
    pub shown: Totals,
}

/// An account's totals as the person should see them: `from` with operations laid over.
pub fn account_totals(from: Totals, overlaid: impl IntoIterator<Item = Overlaid>) -> Totals {
    overlaid.into_iter().fold(from, |totals, conversation| {
        totals.replacing(conversation.held, conversation.shown)
    })
}

/// The number on the icon for the accounts that take part.
pub fn badge(policy: BadgePolicy, accounts: impl IntoIterator<Item = Totals>) -> u32 {
    policy.badge(accounts.into_iter().sum())
}
