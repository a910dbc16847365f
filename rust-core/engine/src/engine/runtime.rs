//! The engine's own small runtime. Started by the first thing that must wait, so that a wake which
//! needs no waiting pays nothing for it.

use std::{
    future::Future,
    sync::{Mutex, OnceLock, PoisonError},
};

use tokio::{runtime, task::JoinHandle};

use crate::EngineError;

#[derive(Debug, Default)]
pub(super) struct Runtime {
    started: OnceLock<runtime::Runtime>,
    starting: Mutex<()>,
}

impl Runtime {
    /// Runs a task on the runtime and gives its result to whatever executor awaits it. Dropping the
    /// returned future aborts the task.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, EngineError> {
        let mut running = AbortOnDrop(self.started()?.spawn(task));
        (&mut running.0).await.map_err(|error| {
            tracing::error!(
                panicked = error.is_panic(),
                "a task of the engine did not end"
            );
            EngineError::Runtime
        })
    }

    /// Runs a task on the runtime, whatever becomes of the caller.
    pub(super) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), EngineError> {
        self.started()?.spawn(task);
        Ok(())
    }

    fn started(&self) -> Result<&runtime::Runtime, EngineError> {
        if let Some(runtime) = self.started.get() {
            return Ok(runtime);
        }
        // One start at a time: a second runtime must not be dropped where blocking is not allowed.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = self.started.get() {
            return Ok(runtime);
        }
        let started = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("truebadge")
            .enable_all()
            .build()
            .map_err(|_| EngineError::Runtime)?;
        Ok(self.started.get_or_init(|| started))
    }
}

impl Drop for Runtime {
    /// Never blocks: the last owner may be one of Swift's threads, or a task of a runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.started.take() {
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
