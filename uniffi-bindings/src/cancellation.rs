//! Cancelling a wake from Swift.

use std::{future::Future, sync::Arc};

use tokio::sync::watch;

use crate::TrueBadgeError;

/// Given to an asynchronous call, it ends that call early: use it in `withTaskCancellationHandler`.
#[derive(Debug, uniffi::Object)]
pub struct Cancellation(watch::Sender<bool>);

#[uniffi::export]
impl Cancellation {
    /// One that was not used yet.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, TrueBadgeError> {
        Ok(Arc::new(Self(watch::Sender::new(false))))
    }

    /// Ends the call that it was given to, now or as soon as it starts. What that call has
    /// committed stays; the network request is dropped. Cancelling twice does nothing more.
    pub fn cancel(&self) -> Result<(), TrueBadgeError> {
        self.0.send_replace(true);
        Ok(())
    }
}

impl Cancellation {
    /// What `work` gives, unless it is cancelled first: then `work` is dropped.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, TrueBadgeError> {
        let mut asked = self.0.subscribe();
        tokio::select! {
            biased;
            // The sender lives in `self`, so this ends only by a cancellation.
            _ = asked.wait_for(|cancelled| *cancelled) => Err(TrueBadgeError::Cancelled),
            done = work => Ok(done),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn work_that_ends_by_itself_gives_its_value() {
        let cancellation = Cancellation::new().unwrap();
        assert_eq!(cancellation.or(async { 3 }).await, Ok(3));
    }

    #[tokio::test]
    async fn cancelling_ends_work_that_would_never_end() {
        let cancellation = Cancellation::new().unwrap();
        let call = cancellation.or(pending::<()>());
        let cancel = async { cancellation.cancel().unwrap() };
        assert_eq!(tokio::join!(call, cancel).0, Err(TrueBadgeError::Cancelled));
    }

    #[tokio::test]
    async fn a_call_that_was_cancelled_before_it_started_does_not_start() {
        let cancellation = Cancellation::new().unwrap();
        cancellation.cancel().unwrap();
        cancellation.cancel().unwrap();
        let started = async { unreachable!("cancelled beforehand") };
        assert_eq!(
            cancellation.or::<()>(started).await,
            Err(TrueBadgeError::Cancelled)
        );
    }
}
