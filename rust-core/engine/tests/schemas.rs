//! Stores that earlier versions wrote, as they wrote them, and what nobody should have written there.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use rusqlite::Connection;
use support::life::{Life, SCHEMA, kept, named};
use truebadge_engine::{EngineError, Process, WakeOutcome};

/// Two operations of Alice's that no relay has seen, all three accounts, and nothing shown that is not
/// so.
fn assert_taken_over(life: &Life, outcome: &WakeOutcome) {
    assert_eq!(outcome.error, None);
    assert!(outcome.synced && outcome.shown);
    assert_eq!(life.phone.icon(), Some(life.truth()));
    let accounts = life.phone.engine.accounts().unwrap();
    assert_eq!(accounts.len(), 3);
    assert!(accounts.iter().all(|account| account.pending == 0));
    assert_eq!(life.home.0.lock().unwrap().operations_applied, 3);
}

#[tokio::test]
async fn the_store_of_every_schema_is_taken_over_with_what_was_not_sent_yet() {
    for schema in 1..=SCHEMA {
        let life = Life::with_store_of(schema).await;

        assert_eq!(life.phone.engine.badge().unwrap().badge, 11);
        let outcome = life.phone.refresh().await;

        assert_taken_over(&life, &outcome);
        assert!(
            !outcome.rebuilt,
            "schema {schema} is not what was kept: where it is unreleased, delete the file and run this \
             with --ignored"
        );
        let asked = life.home.requests();
        let anew = |request: &String| request.ends_with("since=0");
        assert!(!asked.iter().any(anew), "a whole mirror is kept: {asked:?}");
    }
}

#[tokio::test]
async fn what_was_not_sent_yet_outlives_a_store_of_every_schema_that_is_damaged() {
    for schema in 1..=SCHEMA {
        let life = Life::with_store_of(schema).await;
        let damage = "UPDATE accounts SET cursor = -1; DROP INDEX IF EXISTS rows_by_version";
        assert!(plant(&life, schema, damage));

        let outcome = life.phone.refresh().await;

        assert!(outcome.rebuilt);
        assert_taken_over(&life, &outcome);
    }
}

#[tokio::test]
async fn what_the_relays_refused_and_were_not_told_outlives_the_version() {
    let life = Life::with_store_of(2).await;
    let refused = life.phone.engine.rejected_operations().unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].account, named("alice"));

    let path = life.phone.store();
    let told = || {
        let store = Connection::open(&path).unwrap();
        let count = "SELECT count(*) FROM departures";
        store
            .query_row(count, [], |row| row.get::<_, u32>(0))
            .unwrap()
            == 0
    };
    assert!(!told());
    life.phone.refresh().await;
    assert!(told());
}

/// What the columns' types let in, and this code never writes.
const HOSTILE: &[&str] = &[
    "UPDATE accounts SET cursor = -1",
    "UPDATE accounts SET cursor = 9223372036854775807",
    "UPDATE accounts SET cursor = 1",
    "UPDATE accounts SET unread = -1, digest = 0",
    "UPDATE accounts SET unread = 9007199254740991, mentions = 9007199254740991",
    "UPDATE accounts SET epoch = ''",
    "UPDATE accounts SET epoch = 'epoch-9'",
    "UPDATE accounts SET epoch = hex(zeroblob(400000))",
    "UPDATE accounts SET epoch = hex(zeroblob(4000000))",
    "UPDATE accounts SET route = 'x' || char(0) || key",
    "UPDATE accounts SET registration = 'x'",
    "UPDATE accounts SET staging_epoch = 'epoch-1', staging_next = 1",
    "UPDATE accounts SET staging_epoch = '', staging_next = -1",
    "UPDATE accounts SET ahead_epoch = 'epoch-1', ahead_version = 9007199254740990",
    "UPDATE accounts SET ahead_epoch = 'epoch-9', ahead_version = 7, ahead_unread = 99",
    "UPDATE accounts SET ahead_unread = -1",
    "UPDATE accounts SET next_operation = -1",
    "UPDATE accounts SET next_operation = 0",
    "UPDATE accounts SET next_operation = 9223372036854775807",
    "UPDATE accounts SET retry_at = 9223372036854775807, failures = 4294967295",
    "UPDATE accounts SET retry_at = -9223372036854775808, failures = -1",
    "UPDATE accounts SET registered_at = -9223372036854775808",
    "UPDATE accounts SET registered_at = 9223372036854775807",
    "UPDATE rows SET version = -5, level = 77",
    "UPDATE rows SET unread = 4294967295, mentions = 4294967295",
    "UPDATE rows SET newest = 9223372036854775807",
    "UPDATE rows SET id = '' WHERE id = 'a'",
    "UPDATE rows SET id = hex(zeroblob(400000)) WHERE id = 'a'",
    "UPDATE staged SET version = -1",
    "DELETE FROM staged WHERE id = 'x'",
    "DELETE FROM rows",
    "UPDATE operations SET seen = -1, base_unread = 4294967295",
    "UPDATE operations SET seen = 9007199254740990",
    "UPDATE operations SET remaining = 4294967295, base_unread = 4294967295",
    "UPDATE operations SET applied = -1",
    "UPDATE operations SET applied = 0, heard = 7",
    "UPDATE operations SET heard = 1",
    "UPDATE operations SET number = number + 100",
    "UPDATE operations SET id = id || id",
    "INSERT INTO receipts SELECT key, -1 FROM accounts",
    "INSERT INTO receipts SELECT key, 9223372036854775807 FROM accounts",
    "UPDATE settings SET value = x'00ff' WHERE name = 'policy'",
    "UPDATE settings SET value = -1 WHERE name = 'generation'",
    "UPDATE settings SET value = 9223372036854775807 WHERE name = 'generation'",
    "UPDATE settings SET value = 'many' WHERE name = 'badge'",
    "INSERT OR REPLACE INTO settings VALUES ('held_since', 9223372036854775807)",
    "UPDATE settings SET value = hex(zeroblob(400000)) WHERE name = 'push_token'",
    "DROP TABLE receipts",
    "CREATE TABLE planted (x); CREATE VIEW early AS SELECT * FROM planted",
];

/// Puts the store that was kept of a schema in this phone's place, with hostile rows. `false` where the
/// schema does not let them in.
fn plant(life: &Life, schema: u32, hostile: &str) -> bool {
    std::fs::copy(kept(schema), life.phone.store()).unwrap();
    let store = Connection::open(life.phone.store()).unwrap();
    store.execute_batch(hostile).is_ok()
}

fn hostile() -> impl Iterator<Item = (u32, &'static str)> {
    (1..=SCHEMA).flat_map(|schema| HOSTILE.iter().map(move |hostile| (schema, *hostile)))
}

#[tokio::test]
async fn hostile_rows_of_every_schema_end_with_the_truth_after_one_wake_of_the_app() {
    let mut wrong = Vec::new();
    for (schema, hostile) in hostile() {
        let life = Life::with_store_of(schema).await;
        if !plant(&life, schema, hostile) {
            continue;
        }
        let first = life.phone.refresh().await;

        let (shown, truth) = (life.phone.icon(), life.truth());
        let again = life.phone.refresh().await;
        if shown != Some(truth) || !again.synced || again.rebuilt {
            wrong.push((schema, hostile, shown, truth, first, again));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn s8_hostile_rows_of_every_schema_are_left_alone_by_the_extension() {
    let mut wrong = Vec::new();
    let phone = Life::with_store_of(SCHEMA).await;
    for (schema, hostile) in hostile() {
        let life = phone.opened_by(Process::Extension);
        if !plant(&life, schema, hostile) {
            continue;
        }
        let before = life.phone.files();

        let outcome = life.phone.push(&life.home.push(1, 5)).await;

        let after = life.phone.files();
        let damaged = [
            Some(EngineError::StoreDamaged),
            Some(EngineError::AppMustRunFirst),
        ];
        let touched = after != before || life.phone.icon().is_some_and(|icon| icon != 11);
        let removed = before.keys().any(|file| !after.contains_key(file));
        if removed || (touched && damaged.contains(&outcome.error)) {
            wrong.push((schema, hostile, before, after, outcome));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Once, when a schema is new: what is kept of a released one is never written again.
#[tokio::test]
#[ignore = "writes the store of a new schema to the fixtures"]
async fn keep_the_store_of_the_newest_schema() {
    let life = Life::until(SCHEMA).await;
    assert!(
        !kept(SCHEMA).exists(),
        "what is kept is never written again"
    );
    std::fs::copy(life.phone.store(), kept(SCHEMA)).unwrap();
}
