//! The relay's state in one SQLite file.
//!
//! One connection behind a lock: SQLite has one writer anyway, and every call is one short
//! transaction. `schema.sql` is the current schema; `migrations` lead to it.

mod accounts;
mod claim;
mod compose;
mod convert;
mod credentials;
mod devices;
mod record;
mod refusals;
mod rows;
mod schedule;
pub(crate) mod schema;
mod sync;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use truebadge_protocol::{
    AccountId, ConversationId, DeviceId,
    messages::{
        Changes, Committed, ConversationUpsert, DeviceRegistered, DeviceRegistration,
        EventsRequest, OperationsApplied, OperationsRequest,
    },
};

use super::{
    AccountDetail, AccountSummary, Ask, Claim, Credential, IdempotencyKey, PushKey, Report, Result,
    Store, StoreError, TokenRow, TokenSummary,
};
#[cfg(feature = "simulation")]
use crate::simulation::{self, Moment};
use crate::{
    faults::{self, Fault},
    planner::Rules,
    random,
    secret::Hash,
};
use truebadge_sqlite::Transaction;

/// The store.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    rules: Option<Rules>,
    #[cfg(feature = "faults")]
    fault: Option<Fault>,
}

impl SqliteStore {
    /// Opens the file, and makes it if it is not there. Without rules nothing is ever owed to a
    /// device: there is no way to send it.
    pub fn open(path: &Path, rules: Option<Rules>) -> Result<Self> {
        Ok(Self::with(schema::open(path, true)?, rules))
    }

    /// A store in memory, for tests: what it keeps goes with it.
    pub fn in_memory(rules: Option<Rules>) -> Result<Self> {
        Ok(Self::with(
            schema::prepared(Connection::open_in_memory()?)?,
            rules,
        ))
    }

    /// Opens a file that must be there, for the operator's commands.
    pub fn open_existing(path: &Path) -> Result<Self> {
        Ok(Self::with(schema::open(path, false)?, None))
    }

    fn with(connection: Connection, rules: Option<Rules>) -> Self {
        Self::over(Arc::new(Mutex::new(connection)), rules)
    }

    /// A store over a connection that is prepared.
    pub(crate) fn over(connection: Arc<Mutex<Connection>>, rules: Option<Rules>) -> Self {
        Self {
            connection,
            rules,
            #[cfg(feature = "faults")]
            fault: None,
        }
    }

    /// The same, with a mistake.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn with_fault(mut self, fault: Option<Fault>) -> Self {
        self.fault = fault;
        self
    }

    fn write<T>(&self, call: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.transaction(TransactionBehavior::Immediate, call)
    }

    fn read<T>(&self, call: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.transaction(TransactionBehavior::Deferred, call)
    }

    fn transaction<T>(
        &self,
        behaviour: TransactionBehavior,
        call: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        // A panic rolled its transaction back; the connection is as good as before.
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        #[cfg(feature = "simulation")]
        simulation::at(Moment::Begin)?;
        let tx = Transaction::begin(&mut connection, behaviour)?;
        #[cfg(feature = "faults")]
        let call = |tx: &Transaction<'_>| faults::within(self.fault, || call(tx));
        let answer = call(&tx);
        #[cfg(feature = "faults")]
        let no_rollback = self.fault == Some(Fault::NoRollback);
        #[cfg(not(feature = "faults"))]
        let no_rollback = false;
        if answer.is_ok() || no_rollback {
            #[cfg(feature = "simulation")]
            simulation::at(Moment::Commit)?;
            tx.commit()?;
            #[cfg(feature = "simulation")]
            simulation::at(Moment::Committed)?;
        }
        answer
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// A random name for an epoch or a route.
fn random_name() -> Result<String> {
    random::name::<16>().map_err(|error| StoreError::Failed(error.to_string()))
}

impl Store for SqliteStore {
    #[cfg(feature = "faults")]
    fn fault(&self) -> Option<Fault> {
        self.fault
    }

    fn check(&self) -> Result<()> {
        self.read(|tx| Ok(tx.query_row("SELECT 1", [], |_| Ok(()))?))
    }

    fn authenticate(&self, hash: &Hash) -> Result<Option<Credential>> {
        self.read(|tx| credentials::authenticate(tx, hash))
    }

    fn add_producer_key(&self, hash: &Hash, now: u64) -> Result<()> {
        self.write(|tx| credentials::add_producer_key(tx, hash, now))
    }

    fn commit_events(
        &self,
        account: &AccountId,
        events: &EventsRequest,
        key: Option<&IdempotencyKey>,
        now: u64,
    ) -> Result<Committed> {
        let rules = self.rules.as_ref();
        self.write(|tx| accounts::commit_events(tx, rules, account, events, key, now))
    }

    fn upsert(
        &self,
        account: &AccountId,
        id: &ConversationId,
        state: &ConversationUpsert,
        now: u64,
    ) -> Result<Committed> {
        let rules = self.rules.as_ref();
        self.write(|tx| accounts::upsert(tx, rules, account, id, state, now))
    }

    fn create_account(&self, account: &AccountId, now: u64) -> Result<bool> {
        self.write(|tx| {
            let there = accounts::find(tx, account)?.is_some();
            accounts::find_or_create(tx, account, now)?;
            Ok(!there)
        })
    }

    fn remove_account(&self, account: &AccountId) -> Result<()> {
        self.write(|tx| accounts::remove(tx, account))
    }

    fn restart_histories(&self) -> Result<usize> {
        self.write(|tx| accounts::restart(tx))
    }

    fn accounts(&self) -> Result<Vec<AccountSummary>> {
        self.read(|tx| accounts::summaries(tx))
    }

    fn account(&self, account: &AccountId) -> Result<AccountDetail> {
        self.read(|tx| accounts::detail(tx, account))
    }

    fn mint_token(&self, account: &AccountId, id: &str, hash: &Hash, now: u64) -> Result<()> {
        self.write(|tx| credentials::mint(tx, account, id, hash, now))
    }

    fn revoke_token(&self, account: &AccountId, id: &str) -> Result<()> {
        self.write(|tx| credentials::revoke(tx, account, id))
    }

    fn tokens(&self, account: &AccountId) -> Result<Vec<TokenSummary>> {
        self.read(|tx| credentials::list(tx, account))
    }

    fn register(
        &self,
        token: TokenRow,
        device: &DeviceId,
        registration: &DeviceRegistration,
        now: u64,
    ) -> Result<DeviceRegistered> {
        self.write(|tx| devices::register(tx, token, device, registration, now))
    }

    fn sign_out(&self, token: TokenRow, device: &DeviceId) -> Result<()> {
        self.write(|tx| devices::sign_out(tx, token, device))
    }

    fn changes(&self, token: TokenRow, ask: &Ask, now: u64) -> Result<Changes> {
        self.write(|tx| sync::changes(tx, token, ask, now))
    }

    fn operate(
        &self,
        token: TokenRow,
        operations: &OperationsRequest,
        ask: &Ask,
        now: u64,
    ) -> Result<OperationsApplied> {
        let rules = self.rules.as_ref();
        self.write(|tx| sync::operate(tx, rules, token, operations, ask, now))
    }

    fn claim(&self, now: u64) -> Result<Claim> {
        match &self.rules {
            Some(rules) => self.write(|tx| claim::claim(tx, rules, now)),
            None => Ok(Claim::Idle),
        }
    }

    fn record(&self, push: &PushKey, report: &Report, now: u64) -> Result<()> {
        match &self.rules {
            Some(rules) => self.write(|tx| record::record(tx, rules, push, report, now)),
            None => Ok(()),
        }
    }

    fn tidy(&self, now: u64) -> Result<()> {
        self.write(|tx| claim::forget_old_alerts(tx, now))
    }

    fn release_claims(&self) -> Result<()> {
        self.write(|tx| {
            // They may have reached APNs: their counters are used up.
            if faults::is(Fault::ClaimsStay) {
                return Ok(());
            }
            if faults::is(Fault::ClaimsForgotten) {
                let taken = "SELECT id FROM devices WHERE in_flight IS NOT NULL";
                tx.execute(
                    &format!("DELETE FROM schedule WHERE device IN ({taken})"),
                    [],
                )?;
            }
            let sql = "UPDATE pushes SET status = 'unknown' WHERE status = 'taken'";
            tx.prepare_cached(sql)?.execute([])?;
            let sql = "UPDATE devices SET last_push = in_flight, in_flight = NULL \
                       WHERE in_flight IS NOT NULL";
            tx.prepare_cached(sql)?.execute([])?;
            Ok(())
        })
    }
}
