//! Where the engine's tasks run: on a small runtime of its own, or wherever the host says.

use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use futures_util::future::BoxFuture;
use tokio::runtime;

use crate::EngineError;

/// Runs the engine's tasks.
///
/// The engine needs nothing else of an executor: its tasks wait for the [`Clock`](crate::Clock), the
/// [`Transport`](crate::transport::Transport), the bridges and each other, and a task that is to be
/// given up ends by itself when it is polled next. So a host can run them where it likes, also on one
/// thread and in an order of its own. The device's own clock and the built-in transport need a runtime
/// of tokio's around them.
pub trait Spawner: Send + Sync + fmt::Debug {
    /// Runs a task to its end, whatever becomes of the caller. Returns at once.
    ///
    /// A task that panics, or that is dropped before its end, is the wake's failure
    /// ([`EngineError::Runtime`]) and nobody else's. `Err` when the task can't be run at all.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), EngineError>;
}

/// One thread of tokio's. Started by the first thing that must wait, so that a wake which needs no
/// waiting pays nothing for it.
#[derive(Debug, Default)]
pub(crate) struct OwnRuntime {
    started: OnceLock<runtime::Runtime>,
    starting: Mutex<()>,
}

impl OwnRuntime {
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

impl Spawner for OwnRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), EngineError> {
        self.started()?.spawn(task);
        Ok(())
    }
}

impl Drop for OwnRuntime {
    /// Never blocks: the last owner may be one of Swift's threads, or a task of a runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.started.take() {
            runtime.shutdown_background();
        }
    }
}
