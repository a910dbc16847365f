//! What happens between two steps: pushes between pages and resets, two processes that send at once,
//! histories, stores and relays that were left. Each was wrong once.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{BUDGET, Fault, Meanwhile, Phone, alice, conversation, delivered};
use truebadge_engine::{
    Cause, Process,
    store::{Durability, Store},
};
use truebadge_protocol::Level;

#[tokio::test]
async fn s4_a_row_that_overtakes_the_totals_shown_does_not_bring_back_what_was_read_here() {
    let phone = Phone::new();
    phone.relay.commit("a", 3, 3);
    phone.refresh().await;
    phone.relay.arrive("b", 1);
    phone
        .engine
        .receive_push(&phone.relay.push_without_rows(1, 1))
        .unwrap();
    assert_eq!(phone.icon(), Some(4));
    assert_eq!(phone.read_here("a", 3, 0).badge, 1);
    phone.relay.read_elsewhere("a");
    let receipt = phone.engine.receive_push(&phone.relay.push(2, 2)).unwrap();
    assert_eq!(receipt.badge.badge, 1, "read here, and read there");
}

#[tokio::test]
async fn s2_totals_that_the_mirror_has_passed_are_shown_no_more() {
    let phone = Phone::new();
    phone.relay.commit("a", 3, 3);
    phone.refresh().await;
    phone.relay.arrive("b", 1);
    phone
        .engine
        .receive_push(&phone.relay.push_without_rows(1, 1))
        .unwrap();
    assert_eq!(phone.read_here("a", 3, 0).badge, 1);
    phone.relay.read_elsewhere("a");
    let late = phone.relay.push(2, 1);
    phone.relay.arrive("c", 1);
    let r = phone
        .engine
        .receive_push(&phone.relay.push_without_rows(3, 1))
        .unwrap();
    assert!(r.badge.badge <= 2, "before: {}", r.badge.badge);
    let r = phone.engine.receive_push(&late).unwrap();
    assert!(r.badge.badge <= 2, "after: {}", r.badge.badge);
}

#[tokio::test]
async fn l2_a_wrong_mirror_is_fetched_anew_also_when_it_shows_after_several_pages() {
    let phone = Phone::new();
    phone.relay.commit("a", 2, 2);
    phone.refresh().await;
    let store = rusqlite::Connection::open(phone.store()).unwrap();
    store.execute("UPDATE rows SET unread = 9", []).unwrap();
    store
        .execute("UPDATE accounts SET unread = 9, digest = 1", [])
        .unwrap();
    drop(store);
    phone.relay.0.lock().unwrap().page = 2;
    for id in ["b", "c", "d"] {
        phone.relay.commit(id, 1, 1);
    }
    let outcome = phone.refresh().await;
    let rows = phone.engine.conversations(&alice()).unwrap();
    assert_eq!((outcome.error, rows[0].state.unread), (None, 2));
}

#[tokio::test]
async fn s2_a_push_between_two_pages_hides_none_of_their_rows() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.refresh().await;
    phone.relay.0.lock().unwrap().page = 2;
    for id in ["b", "c", "d"] {
        phone.relay.commit(id, 1, 1);
    }
    let extension = phone.beside(Process::Extension);
    let relay = phone.relay.clone();
    let second = {
        let relay = relay.clone();
        Meanwhile(Box::new(move || {
            relay.arrive("d", 1);
            let push = relay.push(1, 3);
            extension.engine.receive_push(&push).unwrap();
        }))
    };
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
        relay.0.lock().unwrap().meanwhile = Some(second);
    })));
    let outcome = phone.refresh().await;
    let set = phone.icon.set.lock().unwrap().clone();
    assert!(set.is_sorted(), "never falls: {set:?}");
    assert_eq!(outcome.error, None);
}

#[tokio::test]
async fn s3_an_operation_that_both_processes_send_takes_effect_once() {
    let phone = Phone::new();
    phone.relay.commit("a", 0, 1);
    phone.refresh().await;
    let extension = phone.beside(Process::Extension);
    phone.mark_here("a", true);
    let (under_way, go_on) = phone.relay.hold();
    let app = phone.refresh();
    let other = async {
        under_way.await.unwrap();
        phone.relay.fail(Fault::AnswerLost);
        extension.engine.refresh(Cause::Extension, BUDGET).await;
        phone.relay.read_elsewhere("a");
        go_on.send(()).unwrap();
    };
    let (_, ()) = futures_util::future::join(app, other).await;
    let applied = phone.relay.0.lock().unwrap().operations_applied;
    assert_eq!((applied, phone.relay.truth().unread), (1, 0));
}

#[tokio::test]
async fn s5_what_was_refused_leaves_the_number_also_when_the_page_with_it_came_too_late() {
    let phone = Phone::new();
    phone.relay.commit("a", 3, 3);
    phone.refresh().await;
    let extension = phone.beside(Process::Extension);
    {
        let mut relay = phone.relay.0.lock().unwrap();
        relay.page = 1;
        relay.rejects_with = Some("not yours".to_owned());
    }
    phone.relay.commit("b", 1, 1);
    phone.relay.commit("c", 1, 1);

    // The extension has the first of two pages when the person reads, and the app sends that.
    let (first, answer_first) = phone.relay.hold();
    let other = extension.refresh();
    let app = async {
        first.await.unwrap();
        let (second, answer_second) = phone.relay.hold();
        answer_first.send(()).unwrap();
        second.await.unwrap();
        phone.read_here("a", 3, 0);
        let (sent, answer_sent) = phone.relay.hold();
        let refresh = phone.refresh();
        let overtaken = async {
            sent.await.unwrap();
            phone.relay.plan(&[None, Some(Fault::Lost)]);
            answer_second.send(()).unwrap();
            while !phone.relay.0.lock().unwrap().faults.is_empty() {
                tokio::task::yield_now().await;
            }
            phone.relay.plan(&[None, Some(Fault::Lost)]);
            answer_sent.send(()).unwrap();
        };
        futures_util::future::join(refresh, overtaken).await
    };
    futures_util::future::join(other, app).await;

    let account = &phone.engine.accounts().unwrap()[0];
    assert_eq!(account.pending, 0);
    assert_eq!(phone.engine.badge().unwrap().badge, 5);
    assert_eq!(phone.icon(), Some(5));
}

#[tokio::test]
async fn s3_a_late_push_of_a_history_that_is_over_confirms_nothing() {
    let phone = Phone::new();
    for id in ["a", "b", "c", "d"] {
        phone.relay.commit(id, 1, 1);
    }
    phone.refresh().await;
    for id in ["a", "b", "c"] {
        phone.mark_here(id, true);
    }
    phone.refresh().await;
    let cursor = phone.relay.0.lock().unwrap().now.head;
    phone.relay.arrive("a", 1);
    let late = phone.relay.push(1, cursor);
    {
        let mut state = phone.relay.0.lock().unwrap();
        state.epoch = "epoch-2".to_owned();
        state.acknowledged = 0;
        state.page = 2;
    }
    phone.relay.requests();
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;
    phone.read_here("d", 1, 0);
    phone.refresh_with_faults(&[Some(Fault::Lost)]).await;
    phone.engine.receive_push(&late).unwrap();
    phone.refresh().await;
    let rows = phone.relay.0.lock().unwrap().now.rows.clone();
    assert_eq!(rows[&support::conversation("d")].unread, 0, "read here");
}

#[tokio::test]
async fn s3_a_store_that_was_put_back_loses_nothing_to_a_lost_answer() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.relay.commit("b", 1, 1);
    phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;
    phone.engine.suspend();
    std::fs::copy(phone.store(), phone.directory.path().join("old")).unwrap();
    phone.engine.resume();
    for _ in 0..3 {
        phone.mark_here("a", true);
        phone.engine.refresh(Cause::BackgroundRefresh, BUDGET).await;
    }
    phone.engine.suspend();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", phone.store().display()));
    }
    std::fs::copy(phone.directory.path().join("old"), phone.store()).unwrap();
    phone.engine.resume();
    phone.read_here("b", 1, 0);
    phone.relay.requests();
    phone.refresh_with_faults(&[Some(Fault::AnswerLost)]).await;
    phone.refresh().await;
    let rows = phone.relay.0.lock().unwrap().now.rows.clone();
    assert_eq!(rows[&support::conversation("b")].unread, 0, "read here");
}

#[tokio::test]
async fn s3_a_late_push_of_a_relay_that_was_left_confirms_nothing_to_the_other() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.refresh().await;
    phone.read_here("a", 1, 0);
    let before = phone.relay.0.lock().unwrap().now.clone();
    phone.refresh_with_faults(&[Some(Fault::AnswerLost)]).await;
    let late = phone.relay.push(1, 1);
    {
        let mut state = phone.relay.0.lock().unwrap();
        state.epoch = "epoch-of-the-other".to_owned();
        state.acknowledged = 0;
        state.now = before;
        state.route = "route-of-the-other".to_owned();
    }
    phone
        .engine
        .add_account(&alice(), "https://other.example/")
        .unwrap();
    phone.engine.receive_push(&late).unwrap();
    phone.refresh().await;
    assert_eq!(phone.relay.truth().unread, 0, "read here");
}

#[tokio::test]
async fn a_push_of_a_history_that_is_over_is_not_counted() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.refresh().await;
    phone.relay.arrive("a", 1);
    let late = phone.relay.push(500, 1);
    {
        let mut state = phone.relay.0.lock().unwrap();
        state.epoch = "epoch-2".to_owned();
        state.last_push = 40;
    }
    phone.refresh().await;
    phone.relay.requests();
    phone.push(&late).await;
    assert!(phone.engine.accounts().unwrap()[0].pushes.received <= 40);
}

#[tokio::test]
async fn s2_a_late_push_of_a_history_that_is_over_tells_no_totals() {
    let phone = Phone::new();
    for id in ["a", "b", "c"] {
        phone.relay.commit(id, 1, 1);
    }
    phone.refresh().await;
    phone.relay.arrive("a", 6);
    phone.relay.arrive("a", 1);
    let late = phone.relay.push_without_rows(1, 4);
    {
        let mut state = phone.relay.0.lock().unwrap();
        state.epoch = "epoch-2".to_owned();
        state.page = 1;
    }
    phone.relay.read_elsewhere("a");
    phone.relay.requests();
    phone.refresh_with_faults(&[None, Some(Fault::Lost)]).await;
    assert_eq!(phone.icon(), Some(2));
    phone.engine.receive_push(&late).unwrap();
    assert_eq!(phone.icon(), Some(2));
}

#[tokio::test]
async fn a_zero_that_waits_is_shown_although_a_newer_number_was_committed_and_not_shown() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.relay.commit("m", 5, 5);
    phone.refresh().await;
    phone
        .engine
        .set_level(&alice(), &conversation("m"), Level::None)
        .unwrap();
    phone.refresh().await;
    phone
        .centre
        .delivered
        .lock()
        .unwrap()
        .push(delivered("about m", "m", 5));
    let centre = phone.centre.clone();
    *phone.icon.meanwhile.lock().unwrap() =
        Some(Meanwhile(Box::new(move || centre.answers_slowly())));
    assert_eq!(phone.read_here("a", 1, 0).badge, 0);
    phone.until(|phone| phone.centre.is_asked()).await;
    let head = phone.relay.0.lock().unwrap().now.head;
    phone.relay.arrive("a", 1);
    let push = phone.relay.push(1, head);
    phone.engine.receive_push(&push).unwrap();
    assert_eq!(phone.icon(), Some(1));
    assert_eq!(phone.read_here("a", 2, 0).badge, 0);
    // What a flight does when a page comes: the number is counted, and shown when the flight ends.
    let store = Store::new(
        &support::configuration(phone.directory.path(), Process::App),
        phone.watch.clone(),
    );
    store
        .write(Durability::Refetchable, |tx| tx.recount_badge())
        .unwrap();
    phone.centre.answers();
    phone.until(|phone| phone.icon() == Some(0)).await;
}

#[tokio::test]
async fn s7_what_was_signed_out_while_credentials_were_renewed_is_not_sent() {
    let phone = Phone::new();
    phone.relay.commit("a", 0, 1);
    phone.refresh().await;
    phone.mark_here("a", true);
    let extension = phone.beside(Process::Extension);
    let app = phone.beside(Process::App);
    phone
        .relay
        .0
        .lock()
        .unwrap()
        .refused_tokens
        .push("stored".to_owned());
    phone.relay.0.lock().unwrap().meanwhile = Some(Meanwhile(Box::new(move || {
        app.engine.sign_out(&alice()).unwrap();
    })));
    extension.engine.refresh(Cause::Extension, BUDGET).await;
    assert_eq!(phone.relay.0.lock().unwrap().operations_applied, 0);
}
