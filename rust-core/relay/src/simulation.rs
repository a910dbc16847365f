//! What a deterministic simulation needs: a seed, a database in memory that outlives the relay, and
//! a hook in every transaction. Only with the cargo feature `simulation`. Nothing happens until one
//! of these is used, and then only on the thread that used it.
//!
//! The simulation drives the real relay on one thread, without a runtime:
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::body::Body;
//! use futures_util::FutureExt;
//! use tower::ServiceExt;
//! use truebadge_relay::{
//!     apns::{Answer, PushHeaders},
//!     clock::ManualClock,
//!     driver::report,
//!     http::{App, Work, router},
//!     planner::Rules,
//!     random,
//!     secret::Hash,
//!     simulation::{self, MemoryFile, Moment, Strike},
//!     store::{Claim, Store},
//! };
//!
//! simulation::seed(7); // tokens, routes, epochs, ids and jitter of this thread
//! let time = ManualClock::at(1_780_000_000_000);
//! let file = MemoryFile::new().unwrap(); // stays while stores over it come and go; `clear` empties it
//!
//! // Starting the relay. After a kill: the same again over the same `file`.
//! let store = Arc::new(file.open(Some(Rules::default())));
//! store.release_claims().unwrap(); // as `serve` does: what was being sent is due again
//! let app = App {
//!     store: store.clone(),
//!     clock: time.clock(),
//!     bell: Arc::default(), // nobody waits for it here: ask `claim` after each request
//!     producer: Some(Hash::of("the-producer-key-of-this-world")),
//!     limiter: Arc::default(),
//!     work: Work::Inline,
//! };
//!
//! // A request is answered at its first poll.
//! let request = http::Request::post("/v1/accounts/alice/device_tokens")
//!     .header("authorization", "Bearer the-producer-key-of-this-world")
//!     .body(Body::empty())
//!     .unwrap();
//! let answer = router(app).oneshot(request).now_or_never().unwrap().unwrap();
//! assert_eq!(answer.status(), 201);
//!
//! // The driver's turn.
//! match store.claim(time.now()).unwrap() {
//!     Claim::Push(push) => {
//!         let headers = PushHeaders::of(&push, time.now() / 1000); // and push.payload, push.push_token
//!         let (status, reason, retry_after) = (200, "", None); // the modelled APNs
//!         let answer = Answer::of(status, reason, retry_after);
//!         let report = report(answer, &push, time.now(), random::fraction());
//!         store.record(&push.key, &report, time.now()).unwrap();
//!     }
//!     Claim::Wait(at) => { /* the next at that time, or after the next request */ }
//!     Claim::Idle => { /* nothing until a request makes something due */ }
//! }
//!
//! // The fifth transaction from now is the last of this life.
//! let mut left = 5;
//! let hook = simulation::on_transactions(move |moment| {
//!     left -= u32::from(moment == Moment::Commit);
//!     if left == 0 { Strike::Kill } else { Strike::Pass }
//! });
//! # drop(hook);
//! // Run each step in `std::panic::catch_unwind(AssertUnwindSafe(…))`; when what it caught
//! // `.is::<simulation::Killed>()`, drop `store` and every clone of the app, and start again.
//! ```
//!
//! Killing the relay anywhere else is dropping it between two steps: outside of a transaction
//! nothing of it is worth more than what the database holds. What a transaction may meet:
//!
//! | [`Moment`] | [`Strike::Kill`] | [`Strike::Busy`], [`Strike::Fail`] |
//! |---|---|---|
//! | `Begin` | nothing happened | 503 with `Retry-After`, 500; nothing happened |
//! | `Commit` | rolled back | the same |
//! | `Committed` | it took effect, and nobody is told | the caller is told of a failure, and it took effect |

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, Transaction};

use crate::{
    planner::Rules,
    store::{
        Result, StoreError,
        sqlite::{SqliteStore, schema},
    },
};

thread_local! {
    static SEEDED: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

type Hook = Box<dyn FnMut(Moment) -> Strike>;

/// From now on this thread's randomness follows from the seed.
pub fn seed(seed: u64) {
    SEEDED.set(Some(fastrand::Rng::with_seed(seed)));
}

/// Fills from the seed, if this thread has one.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    SEEDED.with_borrow_mut(|seeded| match seeded {
        Some(random) => {
            random.fill(bytes);
            true
        }
        None => false,
    })
}

/// Where a transaction is. Reads have the same three moments as writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before it begins.
    Begin,
    /// All is written, and it is about to commit. One that fails by itself does not come here.
    Commit,
    /// It is committed.
    Committed,
}

/// What happens to it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// Nothing.
    Pass,
    /// The process ends: the thread unwinds with [`Killed`].
    Kill,
    /// Another process holds the database.
    Busy,
    /// The disk fails.
    Fail,
}

/// What a killed relay unwinds with, by `std::panic::resume_unwind`: no panic hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed;

/// Holds a hook; without it the hook is gone.
#[must_use = "the hook goes with it"]
#[derive(Debug)]
pub struct Hooked(());

impl Drop for Hooked {
    fn drop(&mut self) {
        HOOK.set(None);
    }
}

/// From now on every transaction of this thread asks the hook at each of its moments. There is one
/// hook; setting another replaces it.
pub fn on_transactions(hook: impl FnMut(Moment) -> Strike + 'static) -> Hooked {
    HOOK.set(Some(Box::new(hook)));
    Hooked(())
}

/// A transaction has come to this moment.
pub(crate) fn at(moment: Moment) -> Result<()> {
    // Taken out while it runs, so that it may use a store itself.
    let Some(mut hook) = HOOK.take() else {
        return Ok(());
    };
    let strike = hook(moment);
    HOOK.with_borrow_mut(|place| {
        place.get_or_insert(hook);
    });
    match strike {
        Strike::Pass => Ok(()),
        Strike::Kill => std::panic::resume_unwind(Box::new(Killed)),
        Strike::Busy => Err(StoreError::Busy),
        Strike::Fail => Err(StoreError::Failed("the disk failed".to_owned())),
    }
}

/// A database in memory that stores open and leave, as they do with a file. Opening it costs next to
/// nothing: the connection stays open between them. A transaction that a kill broke off is rolled
/// back while the thread unwinds, as SQLite does it when it opens a file again. A clone is the same file.
#[derive(Debug, Clone)]
pub struct MemoryFile(Arc<Mutex<Connection>>);

impl MemoryFile {
    /// An empty one.
    pub fn new() -> Result<Self> {
        let connection = schema::prepared(Connection::open_in_memory()?)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// A store over it; see [`SqliteStore::open`].
    pub fn open(&self, rules: Option<Rules>) -> SqliteStore {
        SqliteStore::over(Arc::clone(&self.0), rules)
    }

    /// A backup of what it holds now.
    pub fn copy(&self) -> Result<Self> {
        let copy = Self(Arc::new(Mutex::new(Connection::open_in_memory()?)));
        copy.restore(self)?;
        Ok(copy)
    }

    /// Holds what a backup holds. The operator then starts new histories
    /// ([`Store::restart_histories`](crate::store::Store::restart_histories)).
    pub fn restore(&self, backup: &Self) -> Result<()> {
        let from = backup.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let copying = rusqlite::backup::Backup::new(&from, &mut to)?;
        copying.run_to_completion(i32::MAX, std::time::Duration::ZERO, None)?;
        Ok(())
    }

    /// Empties it, which costs far less than a new one: SQLite need not read the schema and prepare
    /// every statement again. It is as a new one then, also in the row numbers that it gives out.
    pub fn clear(&self) -> Result<()> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction()?;
        for table in tables(&tx)? {
            tx.prepare_cached(&format!("DELETE FROM {table}"))?
                .execute([])?;
        }
        tx.commit()?;
        Ok(())
    }
}

/// Also SQLite's own, which has the highest row numbers so far.
fn tables(tx: &Transaction<'_>) -> Result<Vec<String>> {
    let mut statement = tx.prepare_cached("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}
