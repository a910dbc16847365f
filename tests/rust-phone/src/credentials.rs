//! The device tokens, where an iPhone has the Keychain.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use truebadge_engine::{CredentialProvider, Reply, Secret};
use truebadge_protocol::AccountId;

use crate::options::Account;

/// Gives what the flags gave.
#[derive(Debug)]
pub struct Credentials(Mutex<HashMap<AccountId, Secret>>);

impl Credentials {
    /// Of these accounts.
    pub fn of(accounts: &[Account]) -> Self {
        let pair = |account: &Account| (account.id.clone(), account.token.clone());
        Self(Mutex::new(accounts.iter().map(pair).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Secret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let known = self.lock().get(account).cloned();
        reply.succeed(known.filter(|token| Some(token) != refused.as_ref()));
    }

    fn forget(&self, account: &AccountId, credentials: Secret, reply: Reply<()>) {
        let mut tokens = self.lock();
        if tokens.get(account) == Some(&credentials) {
            tokens.remove(account);
        }
        drop(tokens);
        reply.succeed(());
    }
}
