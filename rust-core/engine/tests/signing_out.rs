//! Signing out: nothing of the account counts, writes or is sent from then on (S7), and the relay
//! hears of it sooner or later.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{sync::Arc, time::Duration};

use support::{BUDGET, FakeRelay, Fault, Meanwhile, Phone, RELAY, alice, delivered, push, unread};
use truebadge_engine::{Cause, Disposition, EngineError, Process};
use truebadge_protocol::ProblemKind;

const SIGN_OUT: &str = "DELETE v1/devices/phone-1?";

async fn phone_with_unread() -> Phone {
    let phone = Phone::new();
    phone.relay.commit("family", 3, 3);
    phone.refresh().await;
    phone.relay.requests();
    phone
}

fn rows_in_all_tables_but_departures(phone: &Phone) -> u32 {
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    let tables = [
        "accounts",
        "rows",
        "staged",
        "operations",
        "receipts",
        "rejections",
    ];
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        store.query_row(&sql, [], |row| row.get::<_, u32>(0))
    };
    tables.into_iter().map(|table| count(table).unwrap()).sum()
}

#[tokio::test]
async fn s7_signing_out_takes_the_account_off_the_phone_and_out_of_the_badge_without_a_network() {
    let phone = phone_with_unread().await;
    phone.mark_here("family", true);

    let badge = phone.engine.sign_out(&alice()).unwrap();

    assert_eq!((badge.badge, badge.known), (0, true));
    phone.until(|phone| phone.icon() == Some(0)).await;
    assert_eq!(rows_in_all_tables_but_departures(&phone), 0);
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
    let again = phone.engine.sign_out(&alice()).unwrap_err();
    assert_eq!(again, EngineError::UnknownAccount);
}

#[tokio::test]
async fn s7_the_badge_follows_although_the_other_account_was_never_heard_of() {
    let phone = phone_with_unread().await;
    let bob = truebadge_protocol::AccountId::new("bob").unwrap();
    phone.engine.add_account(&bob, RELAY).unwrap();

    phone.engine.sign_out(&alice()).unwrap();

    phone.until(|phone| phone.icon() == Some(0)).await;
}

#[tokio::test]
async fn s7_an_answer_that_comes_after_the_sign_out_writes_nothing() {
    for process in [Process::App, Process::Extension] {
        let phone = Arc::new(phone_with_unread().await);
        let other = phone.beside(process);
        phone.relay.commit("work", 2, 2);
        let signing_out = Arc::clone(&phone);
        phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
            signing_out.engine.sign_out(&alice()).unwrap();
        })));

        let outcome = other.engine.refresh(Cause::Foreground, BUDGET).await;

        assert_eq!(outcome.badge.unwrap().badge, 0, "{process:?}");
        assert_eq!(rows_in_all_tables_but_departures(&phone), 0);
    }
}

#[tokio::test]
async fn s7_a_request_under_way_in_this_process_is_given_up_at_once() {
    let phone = Arc::new(phone_with_unread().await);
    phone.read_here("family", 3, 0);
    let (under_way, _go_on) = phone.relay.hold();
    let waking = Arc::clone(&phone);
    let wake = tokio::spawn(async move { waking.refresh().await });
    under_way.await.unwrap();

    phone.engine.sign_out(&alice()).unwrap();

    phone.until(|_| wake.is_finished()).await;
    assert_eq!(wake.await.unwrap().error, None);
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 0);
}

#[tokio::test]
async fn the_relay_is_told_at_the_next_wake_and_then_the_credentials_go() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    assert_eq!(phone.keychain.token(&alice()).as_deref(), Some("stored"));

    phone.refresh().await;

    assert_eq!(phone.relay.requests(), [SIGN_OUT]);
    assert_eq!(phone.keychain.token(&alice()), None);
    phone.refresh().await;
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_relay_that_cannot_be_reached_is_told_of_the_sign_out_later_by_the_app_alone() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    phone.refresh_with_faults(&[Some(Fault::Lost)]).await;
    let restarted = phone.again(Process::App);
    phone.relay.requests();

    let extension = phone.again(Process::Extension);
    extension.refresh().await;
    assert_eq!(phone.relay.requests(), Vec::<String>::new());

    restarted.refresh().await;
    assert_eq!(phone.relay.requests(), [SIGN_OUT]);
}

#[tokio::test]
async fn a_sign_out_that_fails_is_told_again_after_a_pause_that_survives_a_kill() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    let busy = Fault::Status(503, Some(Duration::from_mins(10)));
    phone.refresh_with_faults(&[Some(busy)]).await;
    let restarted = phone.again(Process::App);
    let background = || restarted.engine.refresh(Cause::BackgroundRefresh, BUDGET);
    phone.relay.requests();

    background().await;
    assert_eq!(phone.relay.requests(), Vec::<String>::new());

    restarted.watch.advance(Duration::from_mins(10));
    background().await;
    assert_eq!(phone.relay.requests(), [SIGN_OUT]);
}

#[tokio::test]
async fn a_relay_that_knows_the_account_no_more_counts_as_told() {
    for fault in [
        Fault::Problem(ProblemKind::Gone),
        Fault::Problem(ProblemKind::NotFound),
        Fault::Status(403, None),
    ] {
        let phone = phone_with_unread().await;
        phone.engine.sign_out(&alice()).unwrap();

        phone.refresh_with_faults(&[Some(fault.clone())]).await;

        assert_eq!(phone.keychain.token(&alice()), None, "{fault:?}");
        phone.relay.requests();
        phone.refresh().await;
        assert_eq!(phone.relay.requests(), Vec::<String>::new(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_finds_nothing_is_no_proof_that_the_relay_knows() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();

    phone
        .refresh_with_faults(&[Some(Fault::Status(404, None))])
        .await;

    assert!(phone.keychain.token(&alice()).is_some());
    phone.relay.requests();
    phone.refresh().await;
    assert_eq!(phone.relay.requests(), [SIGN_OUT]);
}

#[tokio::test]
async fn a_sign_out_without_credentials_is_over() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    phone.keychain.store(&alice(), None);
    phone.refresh().await;

    phone.keychain.store(&alice(), Some("of a later sign-in"));
    phone.refresh().await;

    assert_eq!(phone.relay.requests(), Vec::<String>::new());
    assert!(phone.keychain.token(&alice()).is_some());
}

#[tokio::test]
async fn a_relay_that_is_down_for_a_week_is_not_told_any_more_and_the_credentials_go() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    phone.watch.advance(Duration::from_hours(6 * 24));
    phone.refresh_with_faults(&[Some(Fault::Lost)]).await;
    assert!(phone.keychain.token(&alice()).is_some());

    phone.watch.advance(Duration::from_hours(24));
    phone.refresh_with_faults(&[Some(Fault::Lost)]).await;

    assert_eq!(phone.keychain.token(&alice()), None);
    phone.relay.requests();
    phone.refresh().await;
    assert_eq!(phone.relay.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_account_that_is_added_again_is_not_signed_out_afterwards() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    phone.engine.add_account(&alice(), RELAY).unwrap();
    phone.keychain.store(&alice(), Some("new"));

    let outcome = phone.refresh().await;

    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(3));
    let asked = phone.relay.requests();
    assert!(!asked.contains(&SIGN_OUT.to_owned()), "{asked:?}");
    assert_eq!(phone.keychain.token(&alice()).as_deref(), Some("new"));
}

#[tokio::test]
async fn a_sign_out_that_is_under_way_does_not_end_the_registration_that_follows_it() {
    let phone = Arc::new(phone_with_unread().await);
    phone.engine.sign_out(&alice()).unwrap();
    let (under_way, go_on) = phone.relay.hold();
    let refresh = |phone: &Arc<Phone>| {
        let phone = Arc::clone(phone);
        tokio::spawn(async move { phone.refresh().await })
    };
    let leaving = refresh(&phone);
    under_way.await.unwrap();

    phone.engine.add_account(&alice(), RELAY).unwrap();
    phone.keychain.store(&alice(), Some("new"));
    let coming = refresh(&phone);
    // The second wake would fly now, if it did not wait.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    leaving.await.unwrap();
    let outcome = coming.await.unwrap();

    assert!(outcome.synced);
    let asked = phone.relay.requests();
    assert_eq!(asked[0], SIGN_OUT);
    assert!(asked[1].starts_with("PUT"), "{asked:?}");
    assert_eq!(phone.icon(), Some(3));
    assert_eq!(phone.keychain.token(&alice()).as_deref(), Some("new"));
    assert!(phone.refresh().await.synced, "the relay knows it");
}

#[tokio::test]
async fn the_notifications_of_an_account_that_was_signed_out_go_also_those_that_come_later() {
    let phone = phone_with_unread().await;
    let mut foreign = delivered("foreign", "family", 1);
    foreign.route = Some(truebadge_protocol::Route::new("elsewhere").unwrap());
    phone
        .centre
        .delivered
        .lock()
        .unwrap()
        .extend([delivered("family 3", "family", 3), foreign]);

    phone.engine.sign_out(&alice()).unwrap();

    phone
        .until(|phone| phone.centre.shown() == ["foreign"])
        .await;
    // The relay had sent this one before it could know.
    let late = delivered("family 4", "family", 4);
    phone.centre.delivered.lock().unwrap().push(late);
    let new = phone.relay.commit("family", 4, 4);
    let bytes = push(&phone.relay, 1, 1, 2, Some(vec![new]), unread(4, 1));
    // iOS painted its number.
    phone.icon.set.lock().unwrap().push(4);

    let outcome = phone.push(&bytes).await;

    assert_eq!(outcome.disposition, Some(Disposition::NotForUs));
    assert_eq!(outcome.removed, ["family 4"]);
    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn what_a_push_painted_for_an_account_that_is_gone_is_not_shown_once_the_app_was_opened() {
    let phone = phone_with_unread().await;
    phone.engine.sign_out(&alice()).unwrap();
    assert!(phone.refresh().await.shown);
    // A relay that was restored knows the phone again. iOS paints its number without waking the app.
    phone.icon.set.lock().unwrap().push(4);

    phone.refresh().await;

    assert_eq!(phone.icon(), Some(0));
}

#[tokio::test]
async fn an_account_that_ended_at_its_relay_neither_counts_nor_sends_and_is_told_until_it_is_dealt_with()
 {
    let phone = phone_with_unread().await;
    let ended = [Some(Fault::Problem(ProblemKind::Gone))];
    let outcome = phone.refresh_with_faults(&ended).await;
    assert_eq!(outcome.signed_out, [alice()]);
    assert_eq!(phone.icon(), Some(0));
    phone.relay.requests();

    phone.mark_here("family", true);
    let new = phone.relay.commit("family", 4, 4);
    let bytes = push(&phone.relay, 1, 1, 2, Some(vec![new]), unread(4, 1));
    assert_eq!(
        phone.push(&bytes).await.disposition,
        Some(Disposition::NotForUs)
    );
    let restarted = phone.again(Process::App);
    assert_eq!(restarted.refresh().await.signed_out, [alice()]);

    assert_eq!(phone.relay.requests(), Vec::<String>::new());
    assert_eq!(restarted.engine.badge().unwrap().badge, 0);
    restarted.engine.add_account(&alice(), RELAY).unwrap();
    let outcome = restarted.refresh().await;
    assert_eq!(outcome.signed_out, []);
    assert!(outcome.synced);
    assert_eq!(restarted.icon(), Some(4));
}

#[tokio::test]
async fn an_answer_of_the_relay_that_an_account_has_left_writes_nothing_into_its_mirror() {
    let phone = Arc::new(phone_with_unread().await);
    phone.relay.commit("work", 2, 2);
    let elsewhere = Arc::new(FakeRelay::new());
    let moving = Arc::clone(&phone);
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
        let address = "https://elsewhere.example/";
        moving.engine.add_account(&alice(), address).unwrap();
    })));
    // The other relay cannot be reached yet.
    phone.relay.plan(&[None, Some(Fault::Lost)]);
    phone.beside(Process::Extension).refresh().await;
    assert_eq!(phone.engine.badge().unwrap().badge, 3);

    elsewhere.0.lock().unwrap().epoch = "epoch-2".to_owned();
    elsewhere.commit("new", 1, 1);
    let engine = phone.engine_over(elsewhere);
    let outcome = engine.refresh(Cause::Foreground, BUDGET).await;

    assert!(outcome.synced);
    assert_eq!(phone.icon(), Some(1));
}
