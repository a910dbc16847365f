//! The engine's tasks: what they give, and how they are given up. Where they run is the
//! [`Spawner`]'s.

use std::{future::Future, sync::Arc};

use futures_util::{
    FutureExt, TryFutureExt,
    future::{AbortHandle, BoxFuture, abortable},
};
use tokio::sync::oneshot;

use crate::{EngineError, Spawner};

#[derive(Debug)]
pub(super) struct Tasks(Arc<dyn Spawner>);

impl Tasks {
    pub(super) fn new(spawner: Arc<dyn Spawner>) -> Self {
        Self(spawner)
    }

    /// Runs a task and gives its result to whatever executor awaits it. Dropping the returned future
    /// gives the task up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (task, handle) = abortable(task);
        let _given_up = AbortOnDrop(handle);
        let ended = self.start(task)?.await?;
        ended.map_err(|_| EngineError::Runtime)
    }

    /// Starts a task, which goes on whatever becomes of the caller. Gives the way to its result.
    pub(super) fn start<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<BoxFuture<'static, Result<T, EngineError>>, EngineError> {
        let (sender, result) = oneshot::channel();
        // When nobody waits for it any more, that is no failure.
        let task = task.map(|value| drop(sender.send(value)));
        self.0.spawn(task.boxed())?;
        let ended = result.map_err(|_| {
            tracing::error!("a task of the engine did not end");
            EngineError::Runtime
        });
        Ok(ended.boxed())
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
