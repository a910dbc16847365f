//! What may go wrong, as the host sees it: each variant is one thing to do about it.

use std::fmt::Display;

use truebadge_engine::{EngineError, transport::TransportError};

/// Why a call did not do what it was asked. The badge is as it was; nothing was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TrueBadgeError {
    /// Passing trouble: call again later, or wait for the next wake.
    #[error("try again: {reason}")]
    TryAgain {
        /// What was in the way.
        reason: String,
    },
    /// The phone has not been unlocked since it started: call again after the first unlock.
    #[error("the phone has not been unlocked since it started")]
    Locked,
    /// The engine is suspended: resume it first.
    #[error("the engine is suspended")]
    Suspended,
    /// The account's credentials are no good: let the person sign in again.
    #[error("sign in again: {reason}")]
    SignIn {
        /// What the relay or the host said.
        reason: String,
    },
    /// The store is damaged: repair it. The server has everything but what was not sent yet.
    #[error("the store is damaged")]
    Repair,
    /// The phone's storage is full: free some.
    #[error("the phone's storage is full")]
    FreeSpace,
    /// The extension found no store that it may use: the app has to be opened once.
    #[error("the app has to be opened once")]
    OpenApp,
    /// A newer version of the app wrote the store: update the app.
    #[error("a newer version of the app wrote the store")]
    UpdateApp,
    /// The call is wrong: fix the code that makes it.
    #[error("fix the call: {reason}")]
    FixCall {
        /// Which argument, and what is wrong with it.
        reason: String,
    },
    /// The app's set-up is wrong: check the directory, or the relay's address and version.
    #[error("check the set-up: {reason}")]
    CheckSetUp {
        /// What does not fit.
        reason: String,
    },
    /// The call was cancelled. What it had committed stays.
    #[error("cancelled")]
    Cancelled,
}

impl TrueBadgeError {
    /// An argument that the engine would not understand.
    pub(crate) fn argument(name: &'static str, wrong: impl Display) -> Self {
        let error = Self::FixCall {
            reason: format!("{name}: {wrong}"),
        };
        tracing::warn!(%error, "a call from the host was refused");
        error
    }

    /// What to do about it, unlogged.
    pub(crate) fn of(error: &EngineError) -> Self {
        use EngineError as E;
        let reason = error.to_string();
        match error {
            E::Locked => Self::Locked,
            E::Suspended => Self::Suspended,
            E::StoreDamaged => Self::Repair,
            E::StorageFull => Self::FreeSpace,
            E::AppMustRunFirst => Self::OpenApp,
            E::StoreTooNew { .. } => Self::UpdateApp,
            E::UnknownAccount | E::InvalidArgument(_) => Self::FixCall { reason },
            E::CredentialsRefused | E::NoCredentials | E::SignedOut => Self::SignIn { reason },
            E::NotUnderstood { .. }
            | E::MirrorDiverged
            | E::StoreUnavailable { .. }
            | E::Transport(TransportError::NotTrusted | TransportError::TooLarge) => {
                Self::CheckSetUp { reason }
            }
            E::Busy
            | E::OutboxFull
            | E::Transport(_)
            | E::DeadlineReached
            | E::Bridge(_)
            | E::Runtime => Self::TryAgain { reason },
        }
    }
}

impl From<EngineError> for TrueBadgeError {
    /// The host may throw the error away; the log must not.
    fn from(error: EngineError) -> Self {
        tracing::warn!(%error, "a call failed");
        Self::of(&error)
    }
}

#[cfg(test)]
mod tests;
