//! The accounts' copy beside the store: what a damaged store must not lose and no relay can give
//! back. Written by the app only; holds neither credentials nor tokens.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use rusqlite::TransactionBehavior;
use serde::{Deserialize, Serialize};
use truebadge_protocol::{AccountId, BadgePolicy};
use url::Url;

use super::{State, Store, Tx, damage, transact};
use crate::{
    EngineError,
    engine::Process,
    simulation::{Point, reach},
};

const FILE: &str = "truebadge-accounts.json";
/// More than this is not read: it is none of ours.
const LONGEST: u64 = 1 << 20;

/// Accounts and choices, as they lie beside the store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub(super) accounts: Vec<KeptAccount>,
    #[serde(default)]
    pub(super) policy: Option<BadgePolicy>,
}

/// An account without what its relay can give back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptAccount {
    pub(super) account: AccountId,
    pub(super) relay: Url,
    pub(super) participates: bool,
    #[serde(default)]
    pub(super) signed_out: bool,
}

impl Store {
    /// Writes the copy if it is not what the store says. A failure is no reason to fail what the
    /// person did: the copy is needed only once the store itself is lost.
    pub(super) fn keep_accounts(&self, state: &mut State) {
        if self.process != Process::App {
            return;
        }
        let State {
            connection, kept, ..
        } = state;
        let Some(connection) = connection else { return };
        let reading = TransactionBehavior::Deferred;
        let wanted = transact(connection, reading, Kept::of);
        let Ok(wanted) = wanted else { return };
        let there = kept.take().unwrap_or_else(|| Kept::beside(&self.path));
        if there != wanted
            && let Err(error) = wanted.write_beside(&self.path)
        {
            tracing::warn!(%error, "the copy of the accounts was not written");
            return;
        }
        if there.accounts.iter().any(|account| !wanted.has(account)) {
            // Nothing of an account that was signed out stays behind (S7).
            damage::forget_aside(&self.path);
        }
        *kept = Some(wanted);
    }

    /// Takes an account out of the copy before it is signed out: a store that is lost between the two
    /// must not bring it back (S7). Tells what was there before, if it did: when the account stays after all,
    /// that goes to [`Store::keep_again`].
    pub fn keep_without(&self, account: &AccountId) -> Option<Kept> {
        if self.process != Process::App {
            return None;
        }
        let mut state = self.lock();
        // Opening it later would write the copy again. What is in its way, the sign-out will say.
        if self.opened(&mut state).is_err() {
            return None;
        }
        let before = Kept::beside(&self.path);
        let mut wanted = before.clone();
        wanted.accounts.retain(|kept| kept.account != *account);
        if wanted == before {
            return None;
        }
        if let Err(error) = wanted.write_beside(&self.path) {
            tracing::warn!(%error, "the copy of the accounts was not written");
            return None;
        }
        damage::forget_aside(&self.path);
        state.kept = Some(wanted);
        Some(before)
    }

    /// Puts back what [`Store::keep_without`] took away. The store itself may not be readable now, and
    /// may be damaged when it is opened the next time.
    pub fn keep_again(&self, before: &Kept) {
        let mut state = self.lock();
        if let Err(error) = before.write_beside(&self.path) {
            tracing::warn!(%error, "the copy of the accounts was not written");
        }
        state.kept = None;
        self.keep_accounts(&mut state);
    }
}

impl Kept {
    fn of(tx: &Tx<'_>) -> Result<Self, EngineError> {
        let accounts = tx.accounts()?.into_iter().map(|account| KeptAccount {
            account: account.account,
            relay: account.relay,
            participates: account.participates,
            signed_out: account.signed_out,
        });
        Ok(Self {
            accounts: accounts.collect(),
            policy: Some(tx.policy()?),
        })
    }

    fn has(&self, account: &KeptAccount) -> bool {
        let same = |other: &KeptAccount| other.account == account.account;
        self.accounts.iter().any(same)
    }

    /// The copy beside this store; empty when there is none that can be read.
    pub(super) fn beside(store: &Path) -> Self {
        let read = || -> io::Result<Self> {
            let mut bytes = Vec::new();
            let file = File::open(store.with_file_name(FILE))?;
            file.take(LONGEST).read_to_end(&mut bytes)?;
            Ok(serde_json::from_slice(&bytes)?)
        };
        read().unwrap_or_default()
    }

    /// Whoever reads meanwhile sees the old copy or the new one, also after a power cut.
    fn write_beside(&self, store: &Path) -> io::Result<()> {
        reach(Point::Keeps).map_err(io::Error::other)?;
        let path = store.with_file_name(FILE);
        let new = path.with_extension("json.new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(new, path)?;
        _ = reach(Point::Kept);
        Ok(())
    }
}
