//! One error type. Each variant tells the caller what to do; none repeats a value from outside.

use crate::transport::TransportError;

/// Why a call did not do what it was asked. The badge is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The phone has not been unlocked since it started. Call again after the first unlock.
    #[error("the phone has not been unlocked since it started; try again after the first unlock")]
    Locked,
    /// Another process holds the store. Call again; nothing was changed.
    #[error("another process is using the store; try again")]
    Busy,
    /// `suspend()` was called. Call `resume()` first.
    #[error("the engine is suspended; resume it first")]
    Suspended,
    /// A newer version of the app wrote the store. Update the app; the store is untouched.
    #[error("the store was written by a newer version (schema {found}, this one knows {known})")]
    StoreTooNew {
        /// The store's schema version.
        found: u32,
        /// The newest that this code knows.
        known: u32,
    },
    /// The store is damaged. Repair it; the server has everything but unsent operations.
    #[error("the store is damaged and must be repaired")]
    StoreDamaged,
    /// The storage is full. Free some space; nothing was changed.
    #[error("the phone's storage is full")]
    StorageFull,
    /// The store can't be opened or written. Check the directory and its protection.
    #[error("the store can't be used (SQLite code {code})")]
    StoreUnavailable {
        /// SQLite's extended result code.
        code: i32,
    },
    /// The extension never creates or migrates the store. Open the app once.
    #[error("the store is not ready; open the app once")]
    AppMustRunFirst,
    /// No such account on this phone. Add it first.
    #[error("there is no such account on this phone")]
    UnknownAccount,
    /// The call's arguments are wrong. Fix the call.
    #[error("{0}")]
    InvalidArgument(&'static str),
    /// The account's outbox is full. Connect to its relay, then call again; nothing was changed.
    #[error("too much that was done here waits for the relay; connect, then try again")]
    OutboxFull,
    /// The relay can't be reached or answered with an error. It will be tried again.
    #[error("the relay can't be reached: {0}")]
    Transport(#[from] TransportError),
    /// The relay refused the credentials, also fresh ones. Sign in again.
    #[error("the relay refused the credentials; sign in again")]
    CredentialsRefused,
    /// The host gave no credentials for the account. Sign in again.
    #[error("there are no credentials for the account; sign in again")]
    NoCredentials,
    /// The relay's answer is not of this protocol. Check the relay's address and version.
    #[error("the relay's answer was not understood (HTTP status {status})")]
    NotUnderstood {
        /// The answer's status.
        status: u16,
    },
    /// The mirror was fetched anew and still does not add up to what the relay says. The badge shows
    /// the relay's totals; the next wake tries again. Check the relay: its totals or its digest are
    /// wrong.
    #[error("the relay's rows do not add up to its totals; the badge shows its totals")]
    MirrorDiverged,
    /// The account has ended at the relay. It no longer counts.
    #[error("the account has ended at the relay")]
    SignedOut,
    /// The time that the wake was given ran out. The next wake goes on.
    #[error("the time for this wake ran out; the next one goes on")]
    DeadlineReached,
    /// The bridge to iOS failed or did not answer.
    #[error("iOS did not take the request: {0}")]
    Bridge(&'static str),
    /// The engine could not start its runtime.
    #[error("the engine could not start its runtime")]
    Runtime,
}

impl EngineError {
    /// The person must sign in again before this can work.
    pub(crate) const fn wants_credentials(&self) -> bool {
        matches!(self, Self::CredentialsRefused | Self::NoCredentials)
    }
}

impl From<rusqlite::Error> for EngineError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let failure = match error {
            rusqlite::Error::SqliteFailure(failure, _) => failure,
            // A value from outside that no column holds. It was not written.
            rusqlite::Error::ToSqlConversionFailure(_) => {
                return Self::NotUnderstood { status: 200 };
            }
            // A column of an unexpected type, a row that must exist, a table or a column that is
            // not there: the file's content is wrong.
            _ => {
                tracing::error!("the store holds what this code never writes");
                return Self::StoreDamaged;
            }
        };
        let code = failure.extended_code;
        tracing::warn!(code, "the store failed");
        match failure.code {
            Code::DatabaseBusy | Code::DatabaseLocked => Self::Busy,
            Code::DatabaseCorrupt | Code::NotADatabase | Code::TooBig => Self::StoreDamaged,
            // The statements are fixed, so the schema is not what they were written for.
            Code::Unknown if code == rusqlite::ffi::SQLITE_ERROR => Self::StoreDamaged,
            Code::DiskFull => Self::StorageFull,
            Code::AuthorizationForStatementDenied | Code::PermissionDenied => Self::Locked,
            _ => Self::StoreUnavailable { code },
        }
    }
}
