//! Requests to an account's relay: addresses, credentials, and what an answer's status means.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde::de::DeserializeOwned;
use truebadge_protocol::{AccountId, DeviceId, ProblemKind, messages::ChangesQuery};
use url::Url;

use super::{Core, Deadline};
use crate::{
    EngineError,
    bridge::Reply,
    redact::Secret,
    simulation::{Bug, is},
    store::Tx,
    transport::{Method, Request, Response, TransportError},
};

/// One request may take this long: then there is time for another in the same wake.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// The host may take this long to give credentials, or to delete them.
pub(super) const CREDENTIALS_WITHIN: Duration = Duration::from_secs(5);

/// Why a flight did not end well.
pub(super) enum Failure {
    /// The account has ended.
    SignedOut,
    /// Try again later: after this long, or after a pause of our own.
    Pause(EngineError, Option<Duration>),
    /// Trying again changes nothing until something else does.
    Stop(EngineError),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::Stop(error)
    }
}

impl Core {
    /// A suspension gives up what is under way.
    pub(super) async fn while_awake<T, E: From<EngineError>>(
        &self,
        under_way: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        // Before the store is asked: from then on either it refuses, or this hears of the suspension.
        let suspended = self.suspensions.notified();
        match select(pin!(suspended), pin!(under_way)).await {
            Either::Left(_) => Err(EngineError::Suspended.into()),
            Either::Right((result, _)) => result,
        }
    }
}

/// The requests of one flight: they share the credentials.
pub(super) struct Requests<'a> {
    core: &'a Core,
    deadline: &'a Deadline,
    credentials: Option<Secret>,
    renewed: bool,
}

impl<'a> Requests<'a> {
    pub(super) fn new(core: &'a Core, deadline: &'a Deadline) -> Self {
        Self {
            core,
            deadline,
            credentials: None,
            renewed: false,
        }
    }

    /// One request and its answer. Fresh credentials are asked for once. `may_send` has the last word
    /// before anything leaves: credentials take their time, and meanwhile the account may have been
    /// signed out by another process (S7), or this one suspended. A suspension also gives up what is
    /// under way.
    pub(super) async fn exchange(
        &mut self,
        account: &AccountId,
        may_send: impl Fn(&Tx<'_>) -> Result<(), EngineError>,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Failure> {
        let core = self.core;
        let exchange = self.exchange_awake(account, may_send, method, url, body);
        core.while_awake(exchange).await
    }

    async fn exchange_awake(
        &mut self,
        account: &AccountId,
        may_send: impl Fn(&Tx<'_>) -> Result<(), EngineError>,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Failure> {
        loop {
            let credentials = self.credentials(account, None).await?;
            let refused = self.core.store.read(&may_send);
            refused.or_else(|no| is(Bug::SignOutNotFenced).then_some(()).ok_or(no))?;
            let request = Request {
                method,
                url: url.clone(),
                credentials: credentials.clone(),
                body: body.clone(),
                timeout: REQUEST_TIMEOUT.min(self.deadline.left()),
            };
            let sent = self.core.bridges.transport.send(request).await;
            let response = sent.map_err(|error| Failure::Pause(error.into(), None))?;
            match response.status {
                401 if !self.renewed => {
                    self.renewed = true;
                    self.credentials(account, Some(credentials)).await?;
                }
                401 | 403 => return Err(Failure::Stop(EngineError::CredentialsRefused)),
                404 | 410 if has_ended(&response) => return Err(Failure::SignedOut),
                404 | 410 => {
                    let error = TransportError::Status(response.status).into();
                    return Err(Failure::Pause(error, response.retry_after));
                }
                status @ (408 | 429 | 500..=599) => {
                    let error = TransportError::Status(status).into();
                    return Err(Failure::Pause(error, response.retry_after));
                }
                _ => return Ok(response),
            }
        }
    }

    /// The credentials that the host gave last.
    pub(super) fn given(&self) -> Option<Secret> {
        self.credentials.clone()
    }

    async fn credentials(
        &mut self,
        account: &AccountId,
        refused: Option<Secret>,
    ) -> Result<Secret, Failure> {
        if let (Some(credentials), None) = (&self.credentials, &refused) {
            return Ok(credentials.clone());
        }
        let (reply, given) = Reply::channel();
        self.core
            .bridges
            .credentials
            .credentials(account, refused, reply);
        let given = given
            .within(self.deadline, CREDENTIALS_WITHIN, "giving credentials")
            .await?;
        let credentials = given.ok_or(EngineError::NoCredentials)?;
        self.credentials = Some(credentials.clone());
        Ok(credentials)
    }
}

/// An address at a relay. The account's name is not in it: the token says whose request it is.
pub(super) fn endpoint(
    relay: &Url,
    path: &str,
    query: Option<&ChangesQuery>,
) -> Result<Url, EngineError> {
    let wrong = EngineError::InvalidArgument("the relay's address can't be extended");
    let mut url = relay.join(path).map_err(|_| wrong)?;
    let Some(query) = query else { return Ok(url) };
    {
        let mut pairs = url.query_pairs_mut();
        if let Some(epoch) = &query.epoch {
            pairs.append_pair("epoch", epoch.as_str());
        }
        pairs.append_pair("since", &query.since.get().to_string());
        if let Some(received) = &query.received {
            pairs.append_pair("received", received);
        }
    }
    Ok(url)
}

/// Where a relay keeps this phone's registration.
pub(super) fn device_path(device: &DeviceId) -> String {
    let escaped: String =
        url::form_urlencoded::byte_serialize(device.as_str().as_bytes()).collect();
    format!("v1/devices/{}", escaped.replace('+', "%20"))
}

/// A request's body.
pub(super) fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, EngineError> {
    serde_json::to_vec(value).map_err(|_| EngineError::Runtime)
}

/// A proxy in front of a relay that is starting answers 404 too: only the relay's own word counts.
fn has_ended(response: &Response) -> bool {
    // RFC 9457 makes every other member optional.
    #[derive(serde::Deserialize)]
    struct Problem {
        #[serde(rename = "type")]
        kind: ProblemKind,
    }
    let problem = serde_json::from_slice::<Problem>(&response.body);
    problem.is_ok_and(|problem| matches!(problem.kind, ProblemKind::NotFound | ProblemKind::Gone))
}

/// What a successful answer says.
pub(super) fn understood<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    let not_understood = || {
        Failure::Stop(EngineError::NotUnderstood {
            status: response.status,
        })
    };
    if !(200..300).contains(&response.status) {
        return Err(not_understood());
    }
    serde_json::from_slice(&response.body).map_err(|_| not_understood())
}
