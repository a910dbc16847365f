//! Takes what is due from the store, sends it, and notes what became of it.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Notify, Semaphore, watch};

use crate::{
    apns::{Answer, Client, backoff},
    clock::Clock,
    random,
    store::{Claim, Outgoing, PushKey, Report, Store, StoreError},
};

/// Pushes under way at a time; APNs allows about a thousand streams on a connection.
const AT_A_TIME: usize = 64;
/// While the relay's own set-up is at fault, a push is tried so often.
const MISCONFIGURED: Duration = Duration::from_mins(5);
/// Longest time that APNs may ask for: an answer that makes no sense must not silence a phone.
const LONGEST: Duration = Duration::from_hours(1);
/// After the store failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Attempts to note what became of a push.
const NOTED_WITHIN: usize = 300;

/// The driver. Clones share everything.
#[derive(Debug, Clone)]
pub struct Driver {
    store: Arc<dyn Store>,
    client: Arc<Client>,
    clock: Clock,
    bell: Arc<Notify>,
    room: Arc<Semaphore>,
}

impl Driver {
    /// A driver; `bell` is rung by whoever changes what is due.
    pub fn new(store: Arc<dyn Store>, client: Client, clock: Clock, bell: Arc<Notify>) -> Self {
        Self {
            store,
            client: Arc::new(client),
            clock,
            bell,
            room: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// Runs until `stop` says true, and then until the pushes under way have ended.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let wait = match self.send_due().await {
                Ok(Some(at)) => Duration::from_millis(at.saturating_sub(self.clock.now())),
                Ok(None) => Duration::from_hours(1),
                Err(error) => {
                    tracing::error!(%error, "the schedule of pushes cannot be read");
                    PAUSE
                }
            };
            tokio::select! {
                () = self.bell.notified() => {}
                () = tokio::time::sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        self.finish().await;
    }

    /// Waits for the pushes under way.
    pub async fn finish(&self) {
        let all = u32::try_from(AT_A_TIME).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        drop(self.room.acquire_many(all).await);
    }

    /// Starts every push that is due now; tells when the next is due.
    pub async fn send_due(&self) -> Result<Option<u64>, StoreError> {
        loop {
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return Ok(None);
            };
            let now = self.clock.now();
            match self.with_store(move |store| store.claim(now)).await? {
                Claim::Push(push) => {
                    let driver = self.clone();
                    tokio::spawn(async move {
                        driver.send(&push).await;
                        drop(room);
                        driver.bell.notify_one();
                    });
                }
                Claim::Wait(at) if at <= now => {}
                Claim::Wait(at) => return Ok(Some(at)),
                Claim::Idle => return Ok(None),
            }
        }
    }

    async fn send(&self, push: &Outgoing) {
        let answer = self.client.send(push, self.clock.now() / 1000).await;
        let now = self.clock.now();
        log_answer(&answer);
        let report = report(answer, push, now, random::fraction());
        let (lane, counter) = (push.lane.name(), push.key.counter);
        let bytes = push.payload.len();
        match &report {
            Report::Accepted => tracing::info!(lane, counter, bytes, "push accepted"),
            Report::Again(at) => {
                tracing::warn!(
                    lane,
                    counter,
                    in_ms = at - now,
                    "push not accepted, sent again"
                );
            }
            Report::Unknown(at) => {
                tracing::warn!(
                    lane,
                    counter,
                    in_ms = at - now,
                    "push not known to be accepted, sent again"
                );
            }
            Report::Refused(reason) => tracing::error!(lane, counter, reason, "push refused"),
            Report::TokenEnded(reason) => {
                tracing::info!(lane, counter, ?reason, "push token ended");
            }
        }
        self.note(push.key, report, now).await;
    }

    /// Notes what became of a push; until that is done nothing else is sent to its device.
    async fn note(&self, key: PushKey, report: Report, now: u64) {
        for _ in 0..NOTED_WITHIN {
            let report = report.clone();
            let noted = self
                .with_store(move |store| store.record(&key, &report, now))
                .await;
            match noted {
                Ok(()) => return,
                Err(error) => {
                    tracing::error!(%error, "what became of a push cannot be noted yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        tracing::error!("a push is left as it is: it is sent again after the next start");
    }

    async fn with_store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || call(store.as_ref()))
            .await
            .map_err(|error| StoreError::Failed(error.to_string()))?
    }
}

/// What the store is told of APNs' answer to a push at `now`. `jitter` is between 0 and 1. Pure.
pub fn report(answer: Answer, push: &Outgoing, now: u64, jitter: f64) -> Report {
    let later =
        |wait: Duration| now.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let wait = backoff(push.attempts, jitter);
    let pause = |asked: Option<Duration>| asked.map_or(wait, |asked| asked.min(LONGEST).max(wait));
    match answer {
        Answer::Accepted => Report::Accepted,
        Answer::TokenEnded(reason) => Report::TokenEnded(reason),
        Answer::Again { after, .. } => Report::Again(later(pause(after))),
        Answer::Unknown { after, .. } => Report::Unknown(later(pause(after))),
        Answer::RenewToken => Report::Again(later(wait)),
        Answer::Misconfigured(_) => Report::Again(later(MISCONFIGURED)),
        Answer::Refused(reason) => Report::Refused(reason),
    }
}

fn log_answer(answer: &Answer) {
    match answer {
        Answer::Again { reason, .. } => tracing::warn!(reason, "APNs is not taking pushes now"),
        Answer::Unknown { reason, .. } => {
            tracing::warn!(reason, "APNs did not say whether it took a push");
        }
        Answer::Misconfigured(reason) => tracing::error!(
            reason,
            "APNs rejects this relay's key, team or topic: correct --apns-key, --apns-key-id, \
             --apns-team-id, or the topic with which devices register"
        ),
        _ => {}
    }
}
