//! Stores in memory: a phone's life without a disk.

use std::{
    cell::RefCell,
    ffi::CStr,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::{Connection, OpenFlags, backup::Backup};

use crate::{EngineError, store};

/// SQLite's own file system in memory: the connections of a process to one name see the same.
const VFS: &CStr = c"memdb";

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

thread_local! {
    /// Where this thread's stores lie, if not in their files.
    static USED: RefCell<Option<Arc<Place>>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Place {
    name: PathBuf,
    commits: Commits,
    /// Connections that nobody has at present.
    left: Mutex<Vec<Connection>>,
}

/// How often something was committed to a store in memory, by whichever connection: as long as it is
/// the same, so is what the store holds.
#[derive(Debug, Clone, Default)]
pub struct Commits(Arc<AtomicU64>);

impl Commits {
    /// So often until now.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A store in memory, for one phone after the other. While it is in use, each store of this thread is
/// this one, whatever its directory; only the accounts' copy beside a store is a file. Everything is as
/// with a file (transactions, locks, what another process sees), but that opening it costs next to
/// nothing: a connection that is closed is rolled back, and left open for the next process.
#[derive(Debug)]
pub struct MemoryStore {
    place: Arc<Place>,
    /// It lives as long as a connection to it.
    connection: Connection,
}

impl MemoryStore {
    /// A store that nothing was ever written to.
    pub fn new() -> Result<Self, EngineError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            name: PathBuf::from(format!("/truebadge-{number}")),
            commits: Commits::default(),
            left: Mutex::default(),
        };
        let mut connection = place.connect(FLAGS | OpenFlags::SQLITE_OPEN_CREATE)?;
        store::prepare_in_memory(&mut connection)?;
        Ok(Self {
            place: Arc::new(place),
            connection,
        })
    }

    /// Begins its use on this thread.
    pub fn begin_use(&self) {
        USED.set(Some(Arc::clone(&self.place)));
    }

    /// Ends the use of whichever is in use: stores lie in their files again.
    pub fn end_use() {
        USED.set(None);
    }

    /// Empties it, so that it is as a new one, also in the numbers that it gives out. No process may
    /// have it open.
    pub fn clear(&mut self) -> Result<(), EngineError> {
        let transaction = self.connection.transaction()?;
        {
            let sql = "SELECT name FROM sqlite_master WHERE type = 'table'";
            let mut tables = transaction.prepare_cached(sql)?;
            let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
            for table in tables {
                let sql = format!("DELETE FROM {}", table?);
                transaction.prepare_cached(&sql)?.execute([])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Whether a process has it open.
    pub fn is_open(&self) -> bool {
        // This, and perhaps what is in use on this thread.
        Arc::strong_count(&self.place) > 1 + usize::from(in_memory())
    }

    /// Writes it into a file that is not there yet, as a store there. How that looks depends on what
    /// is in it alone, and not on what was in it before.
    pub fn write_to(&self, file: &Path) -> Result<(), EngineError> {
        let mut file = Connection::open(file)?;
        Backup::new(&self.connection, &mut file)?.step(-1)?;
        Ok(file.execute_batch("VACUUM")?)
    }

    /// Counts what is committed to it.
    pub fn commits(&self) -> Commits {
        self.place.commits.clone()
    }

    /// Another connection, for whoever looks on.
    pub fn connect(&self) -> Result<Connection, EngineError> {
        Ok(self.place.connect(FLAGS)?)
    }
}

impl Place {
    fn connect(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open_with_flags_and_vfs(&self.name, flags, VFS)?;
        let commits = self.commits.clone();
        connection.commit_hook(Some(move || {
            commits.0.fetch_add(1, Ordering::Relaxed);
            false // it is committed
        }))?;
        Ok(connection)
    }

    fn left(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a store in memory is in use.
pub(crate) fn in_memory() -> bool {
    USED.with_borrow(|used| used.is_some())
}

/// A connection that was left open.
pub(crate) fn left_open() -> Option<Connected> {
    let place = USED.with_borrow(Clone::clone)?;
    let connection = place.left().pop();
    connection.map(|connection| Connected {
        connection: Some(connection),
        place: Some(place),
    })
}

/// Connects to the file, or to what is used in its place.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connected> {
    let place = USED.with_borrow(Clone::clone);
    let connection = match &place {
        Some(place) => place.connect(flags)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    Ok(Connected {
        connection: Some(connection),
        place,
    })
}

/// A connection that a process has. One to memory is left open when it is closed.
#[derive(Debug)]
pub(crate) struct Connected {
    /// Always, until it is dropped.
    connection: Option<Connection>,
    place: Option<Arc<Place>>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let (Some(connection), Some(place)) = (self.connection.take(), &self.place)
            && (connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok())
        {
            place.left().push(connection);
        }
    }
}

impl Deref for Connected {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        let connection = self.connection.as_ref();
        connection.unwrap_or_else(|| unreachable!("it is taken out only at the end"))
    }
}

impl DerefMut for Connected {
    fn deref_mut(&mut self) -> &mut Connection {
        let connection = self.connection.as_mut();
        connection.unwrap_or_else(|| unreachable!("it is taken out only at the end"))
    }
}
