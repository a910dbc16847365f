//! What a credential may do after it was shown.
#![allow(clippy::unwrap_used)]

use truebadge_protocol::AccountId;
use truebadge_relay::{
    secret::Hash,
    store::{Ask, Credential, Store, StoreError, sqlite::SqliteStore},
};

#[test]
fn a_token_that_is_revoked_while_its_request_is_read_acts_for_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("relay.db"), None).unwrap();
    let mallory = AccountId::new("mallory").unwrap();
    let victim = AccountId::new("victim").unwrap();
    for account in [&mallory, &victim] {
        store.create_account(account, 1).unwrap();
    }
    let shown = Hash::of("mallory's");
    store.mint_token(&mallory, "token-1", &shown, 1).unwrap();
    let Some(Credential::Device(token)) = store.authenticate(&shown).unwrap() else {
        panic!("the token is known");
    };

    // While the body of the request is still on its way:
    store.revoke_token(&mallory, "token-1").unwrap();
    let fresh = Hash::of("victim's");
    store.mint_token(&victim, "token-2", &fresh, 2).unwrap();

    let answer = store.changes(
        token,
        &Ask {
            limit: 10,
            ..Ask::default()
        },
        3,
    );
    assert!(
        matches!(answer, Err(StoreError::NotFound | StoreError::Gone)),
        "{answer:?}"
    );
}
