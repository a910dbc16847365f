//! Forgets what may not be kept for longer, whether pushes are sent or not.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{clock::Clock, store::Store};

const EVERY: Duration = Duration::from_mins(15);

/// Runs until `stop` says true.
pub async fn run(store: Arc<dyn Store>, clock: Clock, mut stop: watch::Receiver<bool>) {
    loop {
        let (store, now) = (Arc::clone(&store), clock.now());
        match tokio::task::spawn_blocking(move || store.tidy(now)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "what is too old cannot be forgotten yet"),
            Err(error) => tracing::error!(%error, "forgetting what is too old broke off"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
