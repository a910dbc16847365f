//! Where the relay's state lives: one transaction per call, versions without holes.
//!
//! [`Store`] is what the rest of the relay knows of it. [`sqlite::SqliteStore`] keeps it in one file.
//! What a change makes due to be pushed is written in the transaction of the change, so a push that
//! is owed survives a crash.

pub mod sqlite;
mod types;

pub use types::*;

use truebadge_protocol::{
    AccountId, ConversationId, DeviceId,
    messages::{
        Changes, Committed, ConversationUpsert, DeviceRegistered, DeviceRegistration,
        EventsRequest, OperationsApplied, OperationsRequest,
    },
};

use crate::secret::Hash;

/// Why a call to the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such account, token or device, or not for this caller.
    #[error("not found")]
    NotFound,
    /// The device signed out or its account was removed.
    #[error("the account or the device has ended")]
    Gone,
    /// The device has not registered yet.
    #[error("the device is not registered")]
    NotRegistered,
    /// An operation's number is not the one after the last.
    #[error("operation {expected} is expected next, not {found}")]
    Hole {
        /// The number that must come next.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The idempotency key was used for another body.
    #[error("the idempotency key was used for another body")]
    KeyReused,
    /// Another process holds the database.
    #[error("the database is busy")]
    Busy,
    /// The database cannot be used; the sentence says what to do.
    #[error("{0}")]
    Unusable(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// A result of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The relay's state. Times are Unix milliseconds.
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// The mistake that it makes on purpose.
    #[cfg(feature = "faults")]
    fn fault(&self) -> Option<crate::faults::Fault> {
        None
    }
    /// Whether the store answers.
    fn check(&self) -> Result<()>;
    /// Whose credentials these are.
    fn authenticate(&self, hash: &Hash) -> Result<Option<Credential>>;
    /// Adds a producer key.
    fn add_producer_key(&self, hash: &Hash, now: u64) -> Result<()>;

    /// Commits events together. With a key seen before, answers as it did then.
    fn commit_events(
        &self,
        account: &AccountId,
        events: &EventsRequest,
        key: Option<&IdempotencyKey>,
        now: u64,
    ) -> Result<Committed>;
    /// Takes over a whole state.
    fn upsert(
        &self,
        account: &AccountId,
        id: &ConversationId,
        state: &ConversationUpsert,
        now: u64,
    ) -> Result<Committed>;

    /// Makes an account, if it is not there. False when it was.
    fn create_account(&self, account: &AccountId, now: u64) -> Result<bool>;
    /// Removes an account and all that belongs to it. Its device tokens answer 410 from then on.
    fn remove_account(&self, account: &AccountId) -> Result<()>;
    /// Starts a new history for every account, after a backup was restored: versions that phones
    /// have seen may be given out again, for something else. Returns how many accounts there are.
    fn restart_histories(&self) -> Result<usize>;
    /// Every account.
    fn accounts(&self) -> Result<Vec<AccountSummary>>;
    /// An account with its devices.
    fn account(&self, account: &AccountId) -> Result<AccountDetail>;

    /// Keeps a device token of an account.
    fn mint_token(&self, account: &AccountId, id: &str, hash: &Hash, now: u64) -> Result<()>;
    /// Ends a device token; nothing is sent to a device that has no other.
    fn revoke_token(&self, account: &AccountId, id: &str) -> Result<()>;
    /// An account's device tokens.
    fn tokens(&self, account: &AccountId) -> Result<Vec<TokenSummary>>;

    /// Registers a device, or changes its registration.
    fn register(
        &self,
        token: TokenRow,
        device: &DeviceId,
        registration: &DeviceRegistration,
        now: u64,
    ) -> Result<DeviceRegistered>;
    /// Signs a device out; its token answers 410 from then on.
    fn sign_out(&self, token: TokenRow, device: &DeviceId) -> Result<()>;
    /// A page of changes; takes note of what the device confirms with the request.
    fn changes(&self, token: TokenRow, ask: &Ask, now: u64) -> Result<Changes>;
    /// Applies a device's operations together, and answers with a page of changes. Those that it had
    /// before are skipped; that one of them was refused is said again.
    fn operate(
        &self,
        token: TokenRow,
        operations: &OperationsRequest,
        ask: &Ask,
        now: u64,
    ) -> Result<OperationsApplied>;

    /// Takes a push that is due, or tells when the next one will be. A push that was taken is the
    /// only one to its device until [`Store::record`].
    fn claim(&self, now: u64) -> Result<Claim>;
    /// Takes note of what became of a push.
    fn record(&self, push: &PushKey, report: &Report, now: u64) -> Result<()>;
    /// Forgets what has waited longer than it may: texts of notifications that were never sent.
    fn tidy(&self, now: u64) -> Result<()>;
    /// Makes pushes due again that were taken when the process ended.
    fn release_claims(&self) -> Result<()>;
}
