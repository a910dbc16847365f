//! What the seeds of a thread stand on, one after the other: stores in memory that are emptied between
//! them. A new one for each seed would cost more than all that happens in it.

use std::{
    cell::RefCell,
    fs,
    io::{Error, Result},
    ops::Deref,
    path::PathBuf,
    rc::Rc,
};

use rusqlite::Connection;
use tempfile::TempDir;
use truebadge_engine::simulation::MemoryStore;
use truebadge_relay::simulation::MemoryFile;

use crate::run::Options;

thread_local! {
    static FREE: RefCell<Option<Stores>> = const { RefCell::new(None) };
}

/// The stores, as good as new; a later seed of this thread has them again.
#[derive(Debug)]
pub struct Ground(Option<Stores>);

/// A phone's and a relay's.
#[derive(Debug)]
pub struct Stores {
    base: PathBuf,
    /// Where a phone has its files.
    pub directory: TempDir,
    /// The phone's store.
    pub phone: MemoryStore,
    /// Looks into it.
    pub looker: Rc<Connection>,
    /// The relay's database.
    pub relay: MemoryFile,
}

impl Ground {
    /// Stores that hold nothing.
    pub fn prepare(options: &Options) -> Result<Self> {
        let base = options.directory();
        let fits = |stores: &Stores| stores.base == base && !stores.phone.is_open();
        let stores = match FREE.take().filter(fits) {
            Some(mut stores) => {
                stores.clear()?;
                stores
            }
            None => Stores::new(base)?,
        };
        Ok(Self(Some(stores)))
    }

    /// Removes what this thread has.
    pub fn remove() {
        FREE.take();
    }
}

impl Stores {
    fn new(base: PathBuf) -> Result<Self> {
        let phone = MemoryStore::new().map_err(Error::other)?;
        let looker = phone.connect().map_err(Error::other)?;
        looker.set_prepared_statement_cache_capacity(32);
        Ok(Self {
            directory: TempDir::with_prefix_in("truebadge-", &base)?,
            base,
            phone,
            looker: Rc::new(looker),
            relay: MemoryFile::new().map_err(Error::other)?,
        })
    }

    fn clear(&mut self) -> Result<()> {
        for file in fs::read_dir(self.directory.path())? {
            fs::remove_file(file?.path())?;
        }
        self.phone.clear().map_err(Error::other)?;
        self.relay.clear().map_err(Error::other)
    }
}

impl Deref for Ground {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        let stores = self.0.as_ref();
        stores.unwrap_or_else(|| unreachable!("they are given back only at the end"))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        MemoryStore::end_use();
        FREE.set(self.0.take());
    }
}
