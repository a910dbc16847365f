//! One phone, accounts on several relays, of which each lives its own life.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{collections::BTreeMap, sync::Arc};

use support::{BUDGET, FakeRelay, Fault, Phone, Relays, alice, push, unread};
use truebadge_engine::{AccountView, Disposition, EngineError};
use truebadge_protocol::AccountId;

/// The phone's name for the account that its own relay calls alice too.
fn at_work() -> AccountId {
    AccountId::new("alice at work").unwrap()
}

struct TwoRelays {
    phone: Phone,
    home: Arc<FakeRelay>,
    work: Arc<FakeRelay>,
}

/// Two accounts with 3 and 4 unread messages, each on a relay of its own.
async fn two_relays() -> TwoRelays {
    let mut phone = Phone::new();
    let home = Arc::clone(&phone.relay);
    let work = Arc::new(FakeRelay::new());
    "route-work".clone_into(&mut work.0.lock().unwrap().route);
    let relays = BTreeMap::from([("relay", home.clone()), ("work", work.clone())]);
    phone.engine = phone.engine_over(Arc::new(Relays(relays)));
    phone
        .engine
        .add_account(&at_work(), "https://work.example/")
        .unwrap();
    home.commit("family", 3, 3);
    work.commit("team", 4, 4);
    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(7));
    TwoRelays { phone, home, work }
}

fn view(phone: &Phone, account: &AccountId) -> AccountView {
    let accounts = phone.engine.accounts().unwrap();
    let found = accounts.into_iter().find(|one| one.account == *account);
    found.unwrap()
}

#[tokio::test]
async fn a_relay_that_is_down_keeps_its_newest_truth_while_the_others_move_on() {
    let TwoRelays { phone, home, work } = two_relays().await;
    home.read_elsewhere("family");
    work.read_elsewhere("team");
    work.fail(Fault::Lost);

    let outcome = phone.refresh().await;

    assert!(!outcome.synced);
    assert!(matches!(outcome.error, Some(EngineError::Transport(_))));
    assert_eq!(phone.icon(), Some(4));
    assert_eq!(view(&phone, &at_work()).totals, unread(4, 1));

    assert!(phone.refresh().await.synced);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn a_relay_that_does_not_answer_does_not_hold_up_the_number_of_another() {
    let TwoRelays { phone, home, work } = two_relays().await;
    home.read_elsewhere("family");
    let (under_way, go_on) = work.hold();
    let phone = Arc::new(phone);
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.refresh().await });
    under_way.await.unwrap();

    phone.until(|phone| phone.icon() == Some(4)).await;

    go_on.send(()).unwrap();
    assert!(wake.await.unwrap().synced);
}

#[tokio::test]
async fn each_account_has_a_pause_an_end_and_pushes_of_its_own() {
    let TwoRelays { phone, home, work } = two_relays().await;
    work.fail(Fault::Problem(truebadge_protocol::ProblemKind::Gone));

    let outcome = phone.refresh().await;

    assert_eq!(outcome.signed_out, [at_work()]);
    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(3));
    let new = home.commit("family", 5, 5);
    let bytes = push(&home, 1, 1, 2, Some(vec![new]), unread(5, 1));
    assert_eq!(
        phone.push(&bytes).await.disposition,
        Some(Disposition::Applied)
    );
    assert_eq!(phone.icon(), Some(5));
}

#[tokio::test]
async fn the_person_is_told_which_account_to_sign_in_to_again() {
    let TwoRelays { phone, home, work } = two_relays().await;
    home.fail(Fault::Lost);
    work.0
        .lock()
        .unwrap()
        .refused_tokens
        .push("stored".to_owned());
    phone.keychain.store(&at_work(), Some("stored"));

    let outcome = phone.refresh().await;
    assert_eq!(outcome.credentials_wanted, [at_work()]);

    phone.keychain.store(&at_work(), None);
    let outcome = phone.refresh().await;
    assert_eq!(outcome.credentials_wanted, [at_work()]);
    assert_eq!(outcome.error, Some(EngineError::NoCredentials));

    phone.keychain.store(&at_work(), Some("fresh"));
    let outcome = phone.refresh().await;
    assert!(outcome.credentials_wanted.is_empty());
    assert!(outcome.synced);
}

#[tokio::test]
async fn no_relay_sees_what_the_phone_calls_its_accounts_or_another_relays_token() {
    let TwoRelays { phone, home, work } = two_relays().await;
    phone.keychain.store(&alice(), Some("token of home"));
    phone.keychain.store(&at_work(), Some("token of work"));
    home.0.lock().unwrap().registrations.clear();
    phone.read_here("family", 3, 0);
    phone
        .engine
        .mark_unread(&at_work(), &support::conversation("team"), true)
        .unwrap();
    phone
        .engine
        .set_policy(truebadge_protocol::BadgePolicy::Conversations)
        .unwrap();

    assert!(phone.refresh().await.synced);

    for (relay, token) in [(&home, "token of home"), (&work, "token of work")] {
        let asked = relay.requests();
        assert!(asked.iter().any(|one| one.starts_with("PUT")));
        assert!(asked.iter().any(|one| one.starts_with("POST")));
        assert!(!asked.iter().any(|one| one.contains("alice")), "{asked:?}");
        let tokens = relay.0.lock().unwrap().bound_tokens.clone();
        assert_eq!(tokens, ["stored", token]);
    }
}

#[tokio::test]
async fn a_relay_that_copies_the_route_of_another_account_is_not_understood() {
    let TwoRelays { phone, home, work } = two_relays().await;
    "route-alice".clone_into(&mut work.0.lock().unwrap().route);
    let account = at_work();
    phone.engine.sign_out(&account).unwrap();
    work.0.lock().unwrap().bound_tokens.clear();
    phone
        .engine
        .add_account(&account, "https://work.example/")
        .unwrap();

    let outcome = phone.refresh().await;

    assert!(matches!(
        outcome.error,
        Some(EngineError::NotUnderstood { .. })
    ));
    assert!(view(&phone, &alice()).complete);
    let new = home.commit("family", 5, 5);
    let bytes = push(&home, 1, 1, 2, Some(vec![new]), unread(5, 1));
    let outcome = phone.engine.handle_push(bytes, BUDGET).await;
    assert_eq!(outcome.disposition, Some(Disposition::Applied));
}

#[tokio::test]
async fn an_account_that_takes_no_part_is_kept_up_to_date_and_does_not_count() {
    let TwoRelays { phone, work, .. } = two_relays().await;
    let badge = phone.engine.set_participation(&at_work(), false).unwrap();
    assert_eq!(badge.badge, 3);
    assert_eq!(phone.icon(), Some(3));

    let new = work.commit("team", 9, 9);
    let bytes = push(&work, 1, 1, 2, Some(vec![new]), unread(9, 1));
    // iOS painted the account's number, which is not the app's.
    phone.icon.set.lock().unwrap().push(9);
    phone.push(&bytes).await;

    assert_eq!(phone.icon(), Some(3));
    assert_eq!(view(&phone, &at_work()).totals, unread(9, 1));
    phone.engine.set_participation(&at_work(), true).unwrap();
    assert_eq!(phone.icon(), Some(12));
}

#[tokio::test]
async fn an_account_that_moves_during_a_wake_is_synced_with_its_new_relay_before_the_wake_says_so()
{
    for by_another_process in [false, true] {
        let TwoRelays { phone, home, work } = two_relays().await;
        "epoch-work".clone_into(&mut work.0.lock().unwrap().epoch);
        phone.refresh().await;
        phone.engine.set_participation(&at_work(), false).unwrap();
        let (under_way, go_on) = home.hold();
        let other = phone.engine_as(|_| ());
        let phone = Arc::new(phone);
        let waking = Arc::clone(&phone);
        let wake = tokio::spawn(async move { waking.refresh().await });
        under_way.await.unwrap();
        // A relay never gives two accounts the same route.
        "route-moved".clone_into(&mut work.0.lock().unwrap().route);

        let mover = if by_another_process {
            &other
        } else {
            &phone.engine
        };
        mover
            .add_account(&alice(), "https://work.example/")
            .unwrap();

        // Where this process moved it, nobody waits for the old relay any more.
        let _ = go_on.send(());
        let outcome = wake.await.unwrap();
        assert_eq!((outcome.synced, outcome.error), (true, None));
        assert_eq!(view(&phone, &alice()).totals, unread(4, 1));
        assert_eq!(outcome.badge.unwrap().badge, 4, "{by_another_process}");
    }
}
