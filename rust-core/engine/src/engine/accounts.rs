//! Accounts and their conversations.

use truebadge_protocol::AccountId;
use url::Url;

use super::{AccountView, BadgeState, ConversationView, Engine};
use crate::{
    EngineError, Timestamp,
    overlay::{PendingOperation, lay_over},
    store::{Account, Durability, Tx},
};

impl Engine {
    /// Adds an account on the relay at this address (`https://…`; `http://` on loopback only). One
    /// that is there is signed in again, or moves to the new address.
    ///
    /// `account` is the phone's own name for it, under which the host has its credentials. No relay
    /// ever sees it: there the token says whose request it is. So accounts that have the same name on
    /// two relays need two names here.
    ///
    /// An account that was signed out can be added again under its name, with a new token: give it to
    /// the [`CredentialProvider`](crate::CredentialProvider) after this call. The relay is then no
    /// longer told of the sign-out, if it was not yet.
    pub fn add_account(&self, account: &AccountId, relay: &str) -> Result<(), EngineError> {
        let relay = relay_address(relay)?;
        let visit = self.visit();
        let there = visit.store.read(|tx| tx.accounts())?;
        visit.change(Durability::Person, |tx| tx.add_account(account, &relay))?;
        let moved = |there: &&Account| there.account == *account && there.relay != relay;
        if let Some(moved) = there.iter().find(moved) {
            visit.fence(moved.key);
        }
        Ok(())
    }

    /// Signs an account out of this phone: its rows, operations, receipts and route go, and the badge
    /// follows. From here on nothing of it counts, is written or is sent, whatever is under way (S7).
    /// Its delivered notifications are removed.
    ///
    /// Needs no network. The app's next wakes tell the relay to stop sending, until it knows; then
    /// the host is asked to delete the credentials, which are needed so long. To tell the relay now,
    /// call [`Engine::refresh`] next.
    pub fn sign_out(&self, account: &AccountId) -> Result<BadgeState, EngineError> {
        let visit = self.visit();
        let now = visit.bridges.clock.now();
        let kept = visit.store.keep_without(account);
        let signed_out = visit.store.write(Durability::Person, |tx| {
            let account = tx.account(account)?;
            tx.sign_out(&account, now)?;
            Ok((account.key, tx.recount_badge()?))
        });
        let (key, state) = signed_out.inspect_err(|_| {
            if let Some(kept) = &kept {
                visit.store.keep_again(kept);
            }
        })?;
        visit.fence(key);
        let publication = visit.publish(state);
        let state = publication.state;
        visit.settle_later(publication);
        Ok(state)
    }

    /// Chooses whether an account takes part in the badge.
    pub fn set_participation(
        &self,
        account: &AccountId,
        participates: bool,
    ) -> Result<BadgeState, EngineError> {
        self.visit().change(Durability::Person, |tx| {
            let mut account = tx.account(account)?;
            account.participates = participates;
            tx.save_account(&account)
        })
    }

    /// The accounts, in the order in which they were added.
    pub fn accounts(&self) -> Result<Vec<AccountView>, EngineError> {
        self.visit().store.read(|tx| {
            tx.accounts()?
                .into_iter()
                .map(|account| account_view(tx, account))
                .collect()
        })
    }

    /// An account's conversations with something to show: unread ones, muted ones, and those with
    /// pending operations.
    pub fn conversations(&self, account: &AccountId) -> Result<Vec<ConversationView>, EngineError> {
        self.visit().store.read(|tx| {
            let account = tx.account(account)?;
            let mut views = all_shown(tx, &account)?;
            views.retain(|view| view.pending || view.state.is_active());
            views.sort_by(|a, b| a.state.id.cmp(&b.state.id));
            Ok(views)
        })
    }
}

/// Every conversation that the mirror or the outbox knows, as the person sees it.
pub(super) fn all_shown(
    tx: &Tx<'_>,
    account: &Account,
) -> Result<Vec<ConversationView>, EngineError> {
    let mut pending = tx.operations_by_conversation(account)?;
    let mut shown = Vec::new();
    for base in tx.newest_rows(account.key)? {
        let operations = pending.remove(&base.id).unwrap_or_default();
        shown.push(view(&base, &operations));
    }
    for (id, operations) in pending {
        shown.push(view(&tx.base_row(account.key, &id)?, &operations));
    }
    Ok(shown)
}

fn account_view(tx: &Tx<'_>, account: Account) -> Result<AccountView, EngineError> {
    Ok(AccountView {
        totals: tx.account_totals(&account)?,
        pending: tx.unheard(account.key)?,
        complete: account.mirror.is_complete(),
        account: account.account,
        relay: account.relay,
        pushes: account.pushes,
        push_token_ended: account.push_token_ended,
        participates: account.participates,
        signed_out: account.signed_out,
        synced_at: (account.synced_at > Timestamp::default()).then_some(account.synced_at),
    })
}

fn view(
    base: &truebadge_protocol::ConversationState,
    operations: &[PendingOperation],
) -> ConversationView {
    ConversationView {
        state: lay_over(base, operations),
        pending: !operations.is_empty(),
    }
}

/// Credentials travel with every request, so an address without TLS is for this machine only.
pub(crate) fn relay_address(text: &str) -> Result<Url, EngineError> {
    let mut url = Url::parse(text)
        .map_err(|_| EngineError::InvalidArgument("the relay's address is not a URL"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => {
            return Err(EngineError::InvalidArgument(
                "the relay's address has no host",
            ));
        }
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => {
            return Err(EngineError::InvalidArgument(
                "the relay's address must start with https://",
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EngineError::InvalidArgument(
            "the relay's address must not hold a password",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}
