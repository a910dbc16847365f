//! SQLite's journal modes against each other where the connection opens and closes with every wake.
//!
//! `cargo bench -p truebadge-engine --bench journal` prints one table. The modes take turns within
//! every round, so that whatever else the machine does meets all of them alike.
#![allow(clippy::unwrap_used)]

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior, params};

const MODES: [&str; 4] = ["WAL", "DELETE", "TRUNCATE", "PERSIST"];
const ROUNDS: u32 = 300;
/// Conversations with something unread.
const ROWS: u32 = 1000;
/// How long the other process's read transaction lasts, and the pause between two.
const READER: Duration = Duration::from_millis(3);

/// What is measured, and how much a commit must survive.
const CASES: [(&str, &str, u32, bool); 4] = [
    ("a push", "NORMAL", 1, false),
    ("a push and a sync (5 commits)", "NORMAL", 5, false),
    ("an operation, durable", "FULL", 1, false),
    ("a push while another reads", "NORMAL", 1, true),
];

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let stores = MODES.map(|mode| directory.path().join(mode));
    for (mode, store) in MODES.iter().zip(&stores) {
        fill(store, mode);
    }
    println!("| case | mode | median µs | 95 % µs | busy |\n|---|---|---|---|---|");
    for (name, synchronous, commits, contended) in CASES {
        let mut measured = MODES.map(|_| Measured::default());
        for round in 0..ROUNDS {
            for ((mode, store), measured) in MODES.iter().zip(&stores).zip(&mut measured) {
                let reader = contended.then(|| Reader::start(store, mode));
                let begun = Instant::now();
                let result = wake(store, mode, synchronous, commits, round);
                measured.took(begun.elapsed(), result.is_err());
                drop(reader);
            }
        }
        for (mode, measured) in MODES.iter().zip(measured) {
            measured.print(name, mode);
        }
    }
}

#[derive(Default)]
struct Measured {
    times: Vec<Duration>,
    busy: u32,
}

impl Measured {
    fn took(&mut self, time: Duration, busy: bool) {
        self.times.push(time);
        self.busy += u32::from(busy);
    }

    fn print(mut self, case: &str, mode: &str) {
        self.times.sort();
        let at = |percent: usize| self.times[self.times.len() * percent / 100].as_micros();
        println!(
            "| {case} | {mode} | {} | {} | {} |",
            at(50),
            at(95),
            self.busy
        );
    }
}

fn open(store: &Path, mode: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(store)?;
    connection.busy_timeout(Duration::from_millis(50))?;
    connection.pragma_update(None, "journal_mode", mode)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn fill(store: &Path, mode: &str) {
    let mut connection = open(store, mode).unwrap();
    let filling = connection.transaction().unwrap();
    filling
        .execute_batch(include_str!("../src/store/schema.sql"))
        .unwrap();
    filling
        .execute(
            "INSERT INTO accounts (account, relay) VALUES ('alice', 'https://relay.example/')",
            [],
        )
        .unwrap();
    for number in 0..ROWS {
        put_row(&filling, number, number).unwrap();
    }
    filling.commit().unwrap();
}

fn put_row(connection: &Connection, number: u32, version: u32) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT OR REPLACE INTO rows VALUES (1, ?1, ?2, 3, 1, 40, 37, 0, 0, 0, 1)",
        params![format!("!conversation-{number:05}:matrix.example"), version],
    )
}

/// What the engine does in a wake: opens, commits so many times, closes.
fn wake(
    store: &Path,
    mode: &str,
    synchronous: &str,
    commits: u32,
    round: u32,
) -> rusqlite::Result<()> {
    let mut connection = open(store, mode)?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    for commit in 0..commits {
        let writing = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = ROWS + round * 5 + commit;
        put_row(&writing, (round * 7 + commit) % ROWS, version)?;
        writing.execute(
            "UPDATE accounts SET cursor = ?1, unread = ?1 WHERE key = 1",
            [version],
        )?;
        writing.execute("INSERT OR IGNORE INTO receipts VALUES (1, ?1)", [version])?;
        if synchronous == "FULL" {
            writing.execute(
                "INSERT OR REPLACE INTO operations (account, number, id, conversation, kind, seen,
                     base_unread, base_mentions) VALUES (1, ?1, 'id', 'a', 'read_up_to', 1, 1, 1)",
                [version % 20],
            )?;
        }
        for setting in ["badge", "generation", "complete"] {
            writing.execute(
                "INSERT OR REPLACE INTO settings VALUES (?1, ?2)",
                params![setting, version],
            )?;
        }
        writing.commit()?;
    }
    connection.close().map_err(|(_, error)| error)
}

/// Another process that reads now and then, as the app in the foreground does.
struct Reader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    fn start(store: &Path, mode: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (store, stopped): (PathBuf, _) = (store.to_owned(), Arc::clone(&stop));
        let started = Arc::new(AtomicBool::new(false));
        let reading = Arc::clone(&started);
        let thread = thread::spawn(move || {
            let mut connection = open(&store, mode).unwrap();
            while !stopped.load(Ordering::Relaxed) {
                let read = connection.transaction().unwrap();
                let counted =
                    read.query_row("SELECT count(*) FROM rows", [], |row| row.get::<_, u32>(0));
                reading.store(true, Ordering::Relaxed);
                thread::sleep(READER);
                drop((read, counted));
                thread::sleep(READER);
            }
        });
        while !started.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
