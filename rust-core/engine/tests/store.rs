//! The store's file: suspension, other processes, newer and damaged ones, and the schema.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::fs;

use rusqlite::Connection;
use support::{Phone, push, unread};
use truebadge_engine::{Cause, EngineError, Process};

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

#[cfg(target_os = "linux")]
mod locks {
    use std::{fs, os::unix::fs::MetadataExt};

    use super::*;

    /// The locks that this process holds on files of the store, as the system lists them.
    fn held(phone: &Phone) -> Vec<String> {
        let files = fs::read_dir(phone.directory.path()).unwrap();
        let names: Vec<_> = files
            .map(|file| {
                let file = file.unwrap().metadata().unwrap();
                let (major, minor) = (file.dev() >> 8 & 0xfff, file.dev() & 0xff);
                format!(" {major:02x}:{minor:02x}:{} ", file.ino())
            })
            .collect();
        let process = format!(" {} ", std::process::id());
        let table = fs::read_to_string("/proc/locks").unwrap();
        let ours = |line: &&str| {
            line.contains(&process) && names.iter().any(|name| line.contains(name.as_str()))
        };
        table.lines().filter(ours).map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn s6_no_lock_is_held_after_suspend_nor_after_a_background_wake_nor_while_nothing_happens()
     {
        let phone = Phone::synced().await;
        let transaction = Connection::open(phone.store()).unwrap();
        transaction.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(!held(&phone).is_empty(), "the table is read right");
        drop(transaction);

        assert!(
            !open_files(&phone).is_empty(),
            "it is open in the foreground"
        );
        assert_eq!(held(&phone), Vec::<String>::new());

        phone.read_here("a", 1, 0);
        phone.engine.suspend();
        assert_eq!(held(&phone), Vec::<String>::new());

        for process in [Process::App, Process::Extension] {
            let background = phone.again(process);
            background.push(&phone.relay.push(1, 0)).await;
            assert_eq!(held(&phone), Vec::<String>::new());
        }
    }

    #[tokio::test]
    async fn s6_no_lock_is_held_after_a_store_could_not_be_opened_or_was_repaired() {
        for damage in [
            "PRAGMA user_version = 99",
            "UPDATE accounts SET cursor = -1",
        ] {
            for process in [Process::App, Process::Extension] {
                let phone = Phone::synced().await;
                phone.engine.suspend();
                let store = Connection::open(phone.store()).unwrap();
                store.execute_batch(damage).unwrap();
                drop(store);

                phone.again(process).push(&phone.relay.push(1, 0)).await;

                assert_eq!(held(&phone), Vec::<String>::new());
                assert_eq!(open_files(&phone), Vec::<String>::new());
            }
        }
    }
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
    let version = "PRAGMA user_version = 99; PRAGMA application_id = 0x54420063";
    let newer = Connection::open(phone.store()).unwrap();
    newer.execute_batch(version).unwrap();
    newer.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(newer);
    let before = phone.files();

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
    assert_eq!(phone.files(), before);
}

#[tokio::test]
async fn the_extension_leaves_a_store_of_an_older_version_to_the_app() {
    let phone = Phone::synced().await;
    phone.engine.suspend();
    let version = "PRAGMA user_version = 1; PRAGMA application_id = 0";
    let older = Connection::open(phone.store()).unwrap();
    older.execute_batch(version).unwrap();
    drop(older);
    let before = phone.files();

    let extension = phone.again(Process::Extension);
    let outcome = extension.push(&phone.relay.push(1, 0)).await;

    assert_eq!(outcome.error, Some(EngineError::AppMustRunFirst));
    assert_eq!(extension.icon(), None);
    assert_eq!(phone.files(), before);
}

#[tokio::test]
async fn the_extension_writes_what_a_push_brought_and_leaves_no_other_file() {
    let phone = Phone::synced().await;
    phone.engine.suspend();
    let files: Vec<_> = phone.files().into_keys().collect();
    let new = phone.relay.commit("a", 2, 2);

    let extension = phone.again(Process::Extension);
    extension
        .push(&push(&phone.relay, 1, 0, 1, Some(vec![new]), unread(2, 1)))
        .await;

    assert_eq!(phone.files().into_keys().collect::<Vec<_>>(), files);
    let app = phone.again(Process::App);
    assert_eq!(app.engine.badge().unwrap().badge, 2);
}

#[tokio::test]
async fn s8_while_another_process_writes_the_extension_waits_a_little_and_leaves_the_badge() {
    let phone = Phone::synced().await;
    phone.engine.suspend();
    let app = Connection::open(phone.store()).unwrap();
    app.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let extension = phone.again(Process::Extension);
    let begun = std::time::Instant::now();
    let outcome = extension.push(&phone.relay.push(1, 0)).await;

    assert_eq!(outcome.error, Some(EngineError::Busy));
    assert_eq!((outcome.badge, extension.icon()), (None, None));
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    app.execute_batch("ROLLBACK").unwrap();
    assert_eq!(extension.push(&phone.relay.push(1, 0)).await.error, None);
}

/// Runs by itself, and in a process of its own that may not read the store: permissions do not stop
/// root, so it becomes nobody for that.
#[tokio::test]
async fn s8_before_the_first_unlock_the_store_is_left_alone_and_the_badge_as_it_was() {
    use std::{
        os::unix::{fs::PermissionsExt, process::CommandExt},
        process::Command,
    };
    const NAME: &str = "s8_before_the_first_unlock_the_store_is_left_alone_and_the_badge_as_it_was";
    const NOBODY: u32 = 65_534;
    if let Some(directory) = std::env::var_os("TRUEBADGE_LOCKED_STORE") {
        return locked_store_is_left_alone(directory.as_ref()).await;
    }
    let phone = Phone::synced().await;
    phone.engine.suspend();
    let before = phone.files();
    let program = phone.directory.path().with_extension("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mode = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&program, 0o755);
    mode(phone.directory.path(), 0o777);
    mode(&phone.store(), 0);

    let mut command = Command::new(&program);
    command
        .args(["--exact", NAME])
        .env("TRUEBADGE_LOCKED_STORE", phone.directory.path());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY);
    }
    let output = command.output().unwrap();
    fs::remove_file(program).unwrap();
    mode(&phone.store(), 0o600);

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert_eq!(phone.files(), before);
}

async fn locked_store_is_left_alone(directory: &std::path::Path) {
    let phone = Phone::empty(&std::sync::Arc::new(support::FakeRelay::new()));
    for process in [Process::App, Process::Extension] {
        let engine = phone.engine_as(|configuration| {
            directory.clone_into(&mut configuration.directory);
            configuration.process = process;
        });
        let outcome = engine.refresh(Cause::Push, support::BUDGET).await;
        assert_eq!(outcome.error, Some(EngineError::Locked));
        assert_eq!((outcome.badge, phone.icon()), (None, None));
        assert_eq!(engine.badge().unwrap_err(), EngineError::Locked);
    }
}

#[test]
fn what_sqlite_says_is_told_as_what_to_do_about_it() {
    use rusqlite::ffi;
    let said =
        |code| EngineError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    assert_eq!(said(ffi::SQLITE_BUSY), EngineError::Busy);
    assert_eq!(said(ffi::SQLITE_FULL), EngineError::StorageFull);
    assert_eq!(said(ffi::SQLITE_AUTH), EngineError::Locked);
    assert_eq!(said(ffi::SQLITE_PERM), EngineError::Locked);
    assert_eq!(said(ffi::SQLITE_CORRUPT_INDEX), EngineError::StoreDamaged);
    assert_eq!(said(ffi::SQLITE_NOTADB), EngineError::StoreDamaged);
    let code = ffi::SQLITE_IOERR_READ;
    assert_eq!(said(code), EngineError::StoreUnavailable { code });
}

#[test]
fn a_new_store_has_the_schema_that_the_migrations_make() {
    let (new, migrated) = (Phone::new(), Phone::new());
    migrated.engine.suspend();
    std::fs::remove_file(migrated.store()).unwrap();
    let first = Connection::open(migrated.store()).unwrap();
    first
        .execute_batch(include_str!("../src/store/migrations/0001.sql"))
        .unwrap();
    first.pragma_update(None, "user_version", 1).unwrap();
    drop(first);

    migrated.engine.resume();
    migrated.engine.badge().unwrap();

    assert_eq!(schema(&new), schema(&migrated));
}

/// What the store's file says of itself, and every table and index in it.
fn schema(phone: &Phone) -> (Vec<u32>, Vec<String>) {
    let store = Connection::open(phone.store()).unwrap();
    let numbers = ["user_version", "application_id"].map(|name| {
        let number = store.pragma_query_value(None, name, |row| row.get(0));
        number.unwrap()
    });
    let mut statement = store
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    // SQLite keeps the text of a statement, and a column that was added later has its own spacing.
    let packed = |sql: String| sql.split_whitespace().collect::<String>();
    let texts = rows.unwrap().map(|sql| packed(sql.unwrap())).collect();
    (numbers.to_vec(), texts)
}

#[tokio::test]
async fn the_push_token_is_kept_once_and_a_new_one_is_told_to_the_relay() {
    let phone = Phone::new();
    phone.engine.set_push_token(Some("c0ffee")).unwrap();
    phone.refresh().await;

    let store = Connection::open(phone.store()).unwrap();
    let sql = "SELECT registration FROM accounts";
    let told: String = store.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(!told.contains("c0ffee"), "{told}");

    phone.refresh().await;
    phone.engine.set_push_token(Some("decaf0")).unwrap();
    phone.refresh().await;
    let relay = phone.relay.0.lock().unwrap();
    let tokens: Vec<_> = relay
        .registrations
        .iter()
        .map(|one| one.push_token.as_deref())
        .collect();
    assert_eq!(tokens, [Some("c0ffee"), Some("decaf0")]);
}
