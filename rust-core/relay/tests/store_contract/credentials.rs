//! Who may do what.

use truebadge_protocol::Version;
use truebadge_relay::{
    secret::Hash,
    store::{Credential, StoreError},
};

use crate::world::{Make, NOW, account, device, item, registration};

pub fn only_what_was_added_opens_anything(make: Make) {
    let world = make(None);
    let key = Hash::of("key");
    assert_eq!(world.store.authenticate(&key).unwrap(), None);
    world.store.add_producer_key(&key, NOW).unwrap();
    world.store.add_producer_key(&key, NOW).unwrap();
    let known = world.store.authenticate(&key).unwrap();
    assert_eq!(known, Some(Credential::Producer));
    world.token("token");
    assert_eq!(world.store.authenticate(&Hash::of("tokem")).unwrap(), None);
    let tokens = world.store.tokens(&account("alice")).unwrap();
    assert_eq!((tokens.len(), tokens[0].id.as_str()), (1, "token"));
}

pub fn a_device_token_belongs_to_the_first_device_that_registers_with_it(make: Make) {
    let world = make(None);
    let token = world.token("token");
    world.register(token, "phone");
    world.register(token, "phone");
    let other = world.register_as(token, "tablet", &registration());
    assert!(matches!(other, Err(StoreError::NotFound)));
    let other = world.store.sign_out(token, &device("tablet"));
    assert!(matches!(other, Err(StoreError::NotFound)));
    let tokens = world.store.tokens(&account("alice")).unwrap();
    assert_eq!(tokens[0].device, Some(device("phone")));
}

pub fn a_revoked_token_opens_nothing_and_its_device_goes_on_with_another(make: Make) {
    let world = make(None);
    let mut phone = world.phone("phone");
    let read = serde_json::json!({ "number": 1, "id": "o", "seen": 0, "kind": "read_up_to",
                                   "conversation": "bob", "position": 3 });
    phone.operate(&[read]).unwrap();
    let alice = account("alice");
    let foreign = world.store.revoke_token(&account("bob"), "phone");
    assert!(matches!(foreign, Err(StoreError::NotFound)));
    world.store.revoke_token(&alice, "phone").unwrap();
    let again = world.store.revoke_token(&alice, "phone");
    assert!(matches!(again, Err(StoreError::NotFound)));
    assert_eq!(world.store.authenticate(&Hash::of("phone")).unwrap(), None);

    phone.token = world.token("another");
    world.register(phone.token, "phone");
    assert_eq!(phone.sync(&[]).acknowledged, 1);
}

pub fn signing_out_ends_the_token_and_doing_it_twice_does_nothing(make: Make) {
    let world = make(None);
    let phone = world.phone("phone");
    for _ in 0..2 {
        world.store.sign_out(phone.token, &device("phone")).unwrap();
        let known = world.store.authenticate(&Hash::of("phone")).unwrap();
        assert_eq!(known, Some(Credential::Ended(phone.token)));
    }
    assert_eq!(world.store.account(&account("alice")).unwrap().devices, []);
}

pub fn a_sign_out_that_comes_late_leaves_what_signed_in_after_it(make: Make) {
    let world = make(None);
    let before = world.token("before");
    world.register(before, "phone");
    let mut phone = world.phone("phone");
    world.store.sign_out(before, &device("phone")).unwrap();
    world.events(&[item("bob", 1)]);
    assert_eq!(phone.sync(&[]).head.get(), 1);
    let known = world.store.authenticate(&Hash::of("before")).unwrap();
    assert_eq!(known, Some(Credential::Ended(before)));
    // And its own sign-out ends all.
    world.store.sign_out(phone.token, &device("phone")).unwrap();
    assert_eq!(world.store.account(&account("alice")).unwrap().devices, []);
}

pub fn what_belongs_to_a_removed_account_has_ended(make: Make) {
    let world = make(None);
    world.events(&[item("bob", 1)]);
    let phone = world.phone("phone");
    world.store.remove_account(&account("alice")).unwrap();
    let again = world.store.remove_account(&account("alice"));
    assert!(matches!(again, Err(StoreError::NotFound)));
    let known = world.store.authenticate(&Hash::of("phone")).unwrap();
    assert_eq!(known, Some(Credential::Ended(phone.token)));
    assert!(world.store.create_account(&account("alice"), NOW).unwrap());
    assert!(!world.store.create_account(&account("alice"), NOW).unwrap());
    let known = world.store.authenticate(&Hash::of("phone")).unwrap();
    assert_eq!(
        known,
        Some(Credential::Ended(phone.token)),
        "it was another"
    );
    let accounts = world.store.accounts().unwrap();
    assert_eq!((accounts.len(), accounts[0].head), (1, Version::ZERO));
}
