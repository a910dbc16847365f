//! Tells relays of accounts that were signed out here, so that they stop sending to this phone.
//!
//! The account is gone from the phone already (S7); this is what the world outside has to know. It
//! waits for a network like everything else that the person did.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use truebadge_protocol::AccountId;

use super::{
    Core, Deadline, Process,
    flight::{LONGEST_PAUSE, full_jitter},
    request::{CREDENTIALS_WITHIN, Failure, Requests, device_path, endpoint},
};
use crate::{
    EngineError,
    bridge::Reply,
    store::{Departure, Durability, Tx},
    transport::Method,
};

/// A relay that could not be told for this long is not told any more. The credentials go too.
const GIVE_UP_AFTER: Duration = Duration::from_hours(7 * 24);

/// What became of a departure.
enum Told {
    /// The relay knows, or its word is not needed: it sends nothing to this phone any more.
    Yes,
    /// Not now; not before this long, where the relay said so.
    NotYet(Option<Duration>),
}

impl Core {
    /// Tells every relay that is due, all at once. Only the app does: of two processes, one could be
    /// told of a sign-in that the other's request then undoes.
    pub(super) async fn depart(&self, urgent: bool, deadline: &Deadline) {
        if self.configuration.process != Process::App {
            return;
        }
        let now = self.bridges.clock.now();
        let rested = |one: &Departure| urgent || one.retry_at.has_come(now, LONGEST_PAUSE);
        let Ok(mut due) = self.store.read(|tx| tx.departures()) else {
            return;
        };
        due.retain(rested);
        let departures = due.iter().map(|departure| async {
            let told = self.while_awake(self.depart_one(departure, deadline));
            let ended = deadline.within(deadline.left(), told).await;
            let ended = ended.unwrap_or(Err(EngineError::DeadlineReached));
            if let Err(error) = ended {
                tracing::warn!(%error, "a relay was not told of a sign-out");
            }
        });
        futures_util::future::join_all(departures).await;
    }

    async fn depart_one(
        &self,
        departure: &Departure,
        deadline: &Deadline,
    ) -> Result<(), EngineError> {
        let turn = self.departing(&departure.account);
        let _turn = turn.lock().await;
        let goes_on = || self.store.read(|tx| tx.departs(departure));
        if !goes_on()? {
            return Ok(());
        }
        let mut requests = Requests::new(self, deadline);
        let told = tell(departure, self, &mut requests).await;
        // Signed in again meanwhile: what the host has now is not this departure's to delete.
        if !goes_on()? {
            return Ok(());
        }
        let now = self.bridges.clock.now();
        let over = departure
            .since
            .after(GIVE_UP_AFTER)
            .has_come(now, GIVE_UP_AFTER);
        let pause = match told {
            Told::NotYet(asked) if !over => Some(asked),
            _ => {
                let forgotten = self
                    .forget_credentials(departure, &requests, deadline)
                    .await;
                (forgotten.is_err() && !over).then_some(None)
            }
        };
        self.store.write(Durability::Refetchable, |tx| match pause {
            None => tx.end_departure(departure),
            Some(asked) => {
                let pause = asked.unwrap_or_else(|| full_jitter(departure.failures));
                tx.postpone_departure(departure, now.after(pause.min(LONGEST_PAUSE)))
            }
        })
    }

    async fn forget_credentials(
        &self,
        departure: &Departure,
        requests: &Requests<'_>,
        deadline: &Deadline,
    ) -> Result<(), EngineError> {
        let Some(credentials) = requests.given() else {
            return Ok(());
        };
        let (reply, forgotten) = Reply::channel();
        self.bridges
            .credentials
            .forget(&departure.account, credentials, reply);
        forgotten
            .within(deadline, CREDENTIALS_WITHIN, "deleting credentials")
            .await
    }

    /// Held while a relay is told of a departure. An account that is added again under the same name
    /// waits for it before its first request: a late sign-out would end the new registration.
    pub(super) fn departing(&self, account: &AccountId) -> Arc<tokio::sync::Mutex<()>> {
        let mut departing = self
            .departing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(departing.entry(account.clone()).or_default())
    }
}

async fn tell(departure: &Departure, core: &Core, requests: &mut Requests<'_>) -> Told {
    let path = device_path(&core.configuration.device);
    let Ok(url) = endpoint(&departure.relay, &path, None) else {
        return Told::Yes;
    };
    let may_send = |tx: &Tx<'_>| {
        let departs = tx.departs(departure)?;
        departs.then_some(()).ok_or(EngineError::UnknownAccount)
    };
    let answer = requests
        .exchange(&departure.account, may_send, Method::Delete, url, None)
        .await;
    match answer {
        Ok(response) if (200..300).contains(&response.status) => Told::Yes,
        // The account or the registration has ended, or the token is revoked: it sends nothing more.
        Err(Failure::SignedOut) => Told::Yes,
        Err(Failure::Stop(EngineError::CredentialsRefused | EngineError::NoCredentials)) => {
            Told::Yes
        }
        Err(Failure::Pause(_, asked)) => Told::NotYet(asked),
        Ok(_) | Err(Failure::Stop(_)) => Told::NotYet(None),
    }
}
