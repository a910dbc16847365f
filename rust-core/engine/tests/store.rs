//! The store's file: suspension, other processes, newer and damaged ones, and the schema.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::fs;

use rusqlite::Connection;
use support::{Phone, push, unread};
use truebadge_engine::{EngineError, Process};

#[tokio::test]
async fn after_suspend_no_file_of_the_store_is_open_and_every_call_says_so() {
    let phone = Phone::new();
    phone.refresh().await;
    assert!(
        open_files(&phone)
            .iter()
            .any(|path| path.contains("truebadge.sqlite"))
    );

    phone.engine.suspend();

    assert_eq!(open_files(&phone), Vec::<String>::new());
    assert_eq!(phone.engine.badge().unwrap_err(), EngineError::Suspended);
    assert_eq!(phone.refresh().await.error, Some(EngineError::Suspended));
    phone.engine.resume();
    assert!(phone.refresh().await.synced);
}

#[tokio::test]
async fn a_background_wake_leaves_no_file_open() {
    let phone = Phone::synced().await;
    let background = phone.again(Process::App);
    phone.engine.suspend();
    let new = phone.relay.commit("a", 1, 1);

    background
        .push(&push(&phone.relay, 1, 0, 1, Some(vec![new]), unread(1, 1)))
        .await;

    assert_eq!(open_files(&phone), Vec::<String>::new());
}

/// The files under the phone's directory that this process has open (Linux).
fn open_files(phone: &Phone) -> Vec<String> {
    let under = phone.directory.path().to_str().unwrap().to_owned();
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .map(|path| path.to_string_lossy().into_owned())
        .filter(|path| path.starts_with(&under))
        .collect()
}

#[tokio::test]
async fn the_extension_never_creates_a_store() {
    let phone = Phone::empty(&std::sync::Arc::new(support::FakeRelay::new()));
    let extension = phone.again(Process::Extension);

    let outcome = extension.push(b"{}").await;

    assert_eq!(outcome.error, Some(EngineError::AppMustRunFirst));
    assert_eq!(extension.icon(), None);
    assert!(!phone.store().exists());
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_untouched() {
    let phone = Phone::synced().await;
    phone.engine.suspend();
    Connection::open(phone.store())
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(phone.store()).unwrap();

    let newer = phone.again(Process::App);
    let outcome = newer.refresh().await;

    assert_eq!(
        outcome.error,
        Some(EngineError::StoreTooNew {
            found: 99,
            known: 2
        })
    );
    assert_eq!(newer.icon(), None);
    assert_eq!(fs::read(phone.store()).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_store_leaves_the_badge_as_it_was() {
    let phone = Phone::synced().await;
    phone.engine.suspend();
    fs::write(
        phone.store(),
        b"this is no database, whatever its name says",
    )
    .unwrap();

    let damaged = phone.again(Process::App);
    let outcome = damaged.push(b"{}").await;

    assert_eq!(outcome.error, Some(EngineError::StoreDamaged));
    assert_eq!(outcome.badge, None);
    assert_eq!(damaged.icon(), None);
}

#[tokio::test]
async fn rows_that_this_code_never_writes_are_damage_and_not_a_panic() {
    let phone = Phone::new();
    phone.relay.commit("a", 1, 1);
    phone.refresh().await;
    let store = Connection::open(phone.store()).unwrap();
    store
        .execute("UPDATE rows SET version = -5, level = 77", [])
        .unwrap();

    let error = phone.engine.conversations(&support::alice()).unwrap_err();

    assert_eq!(error, EngineError::StoreDamaged);
}

#[test]
fn the_schema_file_is_what_the_migrations_make() {
    let migrated = tempfile::tempdir().unwrap();
    let phone = Phone::new();
    phone.engine.badge().unwrap();
    let written = Connection::open(migrated.path().join("schema")).unwrap();
    written
        .execute_batch(include_str!("../src/store/schema.sql"))
        .unwrap();

    assert_eq!(
        schema(&Connection::open(phone.store()).unwrap()),
        schema(&written)
    );
}

fn schema(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    // SQLite keeps the text of a statement, and a column that was added later has its own spacing.
    let packed = |sql: String| sql.split_whitespace().collect::<String>();
    rows.unwrap().map(|sql| packed(sql.unwrap())).collect()
}
