//! The device tokens, where an iPhone has the Keychain.

use std::collections::HashMap;

use truebadge_engine::{CredentialProvider, Reply, Secret};
use truebadge_protocol::AccountId;

use crate::options::Account;

/// Gives what the flags gave.
#[derive(Debug)]
pub struct Credentials(HashMap<AccountId, Secret>);

impl Credentials {
    /// Of these accounts.
    pub fn of(accounts: &[Account]) -> Self {
        let pair = |account: &Account| (account.id.clone(), account.token.clone());
        Self(accounts.iter().map(pair).collect())
    }
}

impl CredentialProvider for Credentials {
    /// A refused token has no successor here: the person would have to sign in.
    fn credentials(
        &self,
        account: &AccountId,
        refused: Option<Secret>,
        reply: Reply<Option<Secret>>,
    ) {
        let known = self.0.get(account).cloned();
        reply.succeed(known.filter(|token| Some(token) != refused.as_ref()));
    }
}
