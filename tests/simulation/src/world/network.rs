//! Requests on their way: each may be late, fail before it took effect, or after.

use std::time::Duration;

use tokio::sync::oneshot;
use truebadge_engine::transport::{Request, Response, TransportError};
use truebadge_protocol::messages::OperationsRequest;

use super::{Due, Step, World};
use crate::{
    backend::{Backend, Served},
    executor::Owner,
    host::Answer,
    measure::ONE_WAY,
    violation::{Property, Violation},
};

/// A request that is under way.
pub(super) struct Flight {
    owner: Owner,
    request: Request,
    sender: oneshot::Sender<Answer>,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It arrives, and its answer does.
    Well,
    /// It arrives, and its answer does not.
    AnswerLost,
    /// It never arrives.
    Lost,
}

impl World {
    /// A process sends a request.
    pub(super) fn request(
        &mut self,
        owner: Owner,
        request: Request,
        sender: oneshot::Sender<Answer>,
    ) -> Step {
        let (method, path) = (request.method.as_str(), request.url.path());
        let body = request
            .body
            .as_deref()
            .filter(|_| path.ends_with("operations"));
        let body = String::from_utf8_lossy(body.unwrap_or_default());
        let space = if body.is_empty() { "" } else { " " };
        self.note(format_args!("{method} {path}{space}{body}"));
        self.check_fence(&request)?;
        self.check_operations(&request)?;
        if !self.phone.has_https() {
            self.tally.fault("request without a network");
            let after = self.rng.u64(..500);
            let answer = Err(TransportError::NoConnection);
            self.later(after, Due::Answered(owner, sender, answer));
            return Ok(());
        }
        let fate = self.fate();
        let after = self.latency();
        let flight = Flight {
            owner,
            request,
            sender,
            fate,
        };
        self.later(after, Due::Arrives(flight));
        Ok(())
    }

    fn fate(&mut self) -> Fate {
        if self.rng.u8(..100) >= self.requests_fail {
            return Fate::Well;
        }
        if self.rng.bool() {
            self.tally.fault("answer lost");
            Fate::AnswerLost
        } else {
            self.tally.fault("request lost");
            Fate::Lost
        }
    }

    fn latency(&mut self) -> u64 {
        if self.week.is_some() {
            return ONE_WAY.draw(&mut self.rng).0;
        }
        match self.rng.u8(..10) {
            _ if self.closing => self.rng.u64(10..100),
            _ if self.slow => self.rng.u64(..12_000),
            0 => self.rng.u64(..8_000),
            1..3 => self.rng.u64(..1_000),
            _ => self.rng.u64(5..100),
        }
    }

    /// It reaches the relay: also when its sender is dead by now, or gave it up.
    pub(super) fn request_arrives(&mut self, flight: Flight) -> Step {
        let Flight {
            owner,
            request,
            sender,
            fate,
        } = flight;
        if fate == Fate::Lost {
            self.never_answered(owner, &request, sender);
            return Ok(());
        }
        if self.now < self.relay_down_until {
            self.tally.fault("relay answered 503");
            let retry_after = self.rng.bool().then_some(Duration::from_secs(2));
            let down = Response {
                status: 503,
                retry_after,
                body: Vec::new(),
            };
            self.answer(owner, sender, Ok(down));
            return Ok(());
        }
        self.counts(|measured| &mut measured.requests);
        let served = self.backend.serve(&request)?;
        self.ring();
        match served {
            Served::Killed => {
                self.note(format_args!("the relay is killed while it answers"));
                self.relay_restarts();
                self.answer(owner, sender, Err(TransportError::Broken));
            }
            Served::Answer(_) if fate == Fate::AnswerLost => {
                self.never_answered(owner, &request, sender);
            }
            Served::Answer(answer) => {
                let body = String::from_utf8_lossy(&answer.body);
                self.note(format_args!("the relay answers {} {body}", answer.status));
                self.answer(owner, sender, Ok(answer));
            }
        }
        Ok(())
    }

    fn answer(&mut self, owner: Owner, sender: oneshot::Sender<Answer>, answer: Answer) {
        let after = self.latency();
        self.later(after, Due::Answered(owner, sender, answer));
    }

    /// The connection breaks, or the phone waits for as long as it may.
    fn never_answered(&mut self, owner: Owner, request: &Request, sender: oneshot::Sender<Answer>) {
        if self.rng.bool() {
            self.answer(owner, sender, Err(TransportError::Broken));
        } else {
            let after = u64::try_from(request.timeout.as_millis()).unwrap_or(u64::MAX);
            let answer = Err(TransportError::TimedOut);
            self.later(after.min(60_000), Due::Answered(owner, sender, answer));
        }
    }

    pub(super) fn answered(
        &mut self,
        owner: Owner,
        sender: oneshot::Sender<Answer>,
        answer: Answer,
    ) {
        let alive = self.process_of(owner).is_some();
        // A way that went away meanwhile carries no answer.
        let answer = if self.phone.has_https() || answer.is_err() {
            answer
        } else {
            Err(TransportError::Broken)
        };
        if alive {
            // Nobody waits for an answer that was given up.
            let _ = sender.send(answer);
        }
    }

    fn check_operations(&mut self, request: &Request) -> Step {
        let account = self.backend.account_of(request.credentials.expose());
        let (Some(account), Some(body), false) = (account, &request.body, self.damaged) else {
            return Ok(());
        };
        let sent = serde_json::from_slice::<OperationsRequest>(body);
        for operation in sent.map(|sent| sent.operations).unwrap_or_default() {
            let name = Backend::account(account);
            self.watch.sent(name, &operation, &self.backend.truths)?;
        }
        Ok(())
    }

    /// Nothing is sent of an account that was signed out here, but that it was (S7).
    fn check_fence(&self, request: &Request) -> Step {
        let token = request.credentials.expose();
        let leaves = request.method.as_str() == "DELETE";
        if self.is_fenced(token) && !leaves {
            let what = format!(
                "{} {} was sent for an account that was signed out",
                request.method.as_str(),
                request.url.path()
            );
            return Err(Violation::new(Property::S7, what));
        }
        Ok(())
    }
}
