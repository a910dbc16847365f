//! From the relay to APNs, and from APNs to the phone.

use std::time::Duration;

use simphone::{
    Environment, Expiration, Millis, Notification, Payload, Priority, PushType, Time, Token,
};
use truebadge_protocol::messages::{Event, PushEnvironment};
use truebadge_relay::{
    apns::{Answer, PushHeaders},
    driver::report,
    store::{Claim, Outgoing},
};

use super::{Due, Step, World};
use crate::violation::{Property, Violation};

impl World {
    /// Something may be due to be pushed.
    pub(super) fn ring(&mut self) {
        self.relay_due = Some(self.now);
    }

    /// The relay's driver takes its turn.
    pub(super) fn relay_sends(&mut self) -> Step {
        self.relay_due = None;
        if !self.backend.runs() || self.servers_are_out() {
            return Ok(());
        }
        match self.backend.claim() {
            None => self.relay_restarts(),
            Some(Claim::Push(push)) => {
                self.ring();
                self.backend.check_push(&push)?;
                self.send(push);
            }
            Some(Claim::Wait(at)) => {
                self.relay_due = Some(Time::from_unix_ms(at).max(self.now + Millis(1)));
            }
            Some(Claim::Idle) => {}
        }
        Ok(())
    }

    fn send(&mut self, mut push: Box<Outgoing>) {
        if self.rng.u8(..100) < self.bare {
            self.tally.fault("push without its rows");
            leave_rows_out(&mut push.payload);
        }
        let lane = push.lane.name();
        self.note(format_args!(
            "the relay sends push {} ({lane}): {}",
            push.key.counter,
            String::from_utf8_lossy(&push.payload)
        ));
        let answer = if self.pushes_to_lose > 0 {
            self.pushes_to_lose -= 1;
            self.tally.fault("push lost");
            simphone::Answer::TAKEN
        } else if self.now < self.pushes_down_until {
            self.tally.fault("APNs answered 503");
            unavailable()
        } else {
            let headers = PushHeaders::of(&push, self.now.unix_ms() / 1_000);
            match notification(&push, &headers) {
                Some(notification) => self.apns.send(self.now, notification),
                None => unavailable(),
            }
        };
        if answer.is_taken() {
            self.counts(|measured| &mut measured.pushes);
        }
        let after = self.rng.u64(5..200);
        self.later(after, Due::PushAnswered(push, answer));
        if std::mem::take(&mut self.kill_at_send) {
            self.relay_restarts();
        }
    }

    pub(super) fn push_answered(&mut self, push: &Outgoing, answer: simphone::Answer) -> Step {
        if !self.backend.runs() {
            return Ok(());
        }
        let reason = answer.reason.map(|reason| reason.to_string());
        let after = answer
            .retry_after
            .map(|after| Duration::from_millis(after.0));
        let understood = Answer::of(answer.status, reason.as_deref().unwrap_or_default(), after);
        let jitter = self.backend.jitter();
        let report = report(understood, push, self.backend.now(), jitter);
        self.note(format_args!("APNs answers {}: {report:?}", answer.status));
        if self.backend.record(push, &report) {
            self.ring();
        } else if !self.backend.runs() {
            self.relay_restarts();
        } else {
            return Err(Violation::new(
                Property::Relay,
                "an answer of APNs cannot be noted",
            ));
        }
        Ok(())
    }

    /// Pushes reach the phone.
    pub(super) fn pushes_arrive(&mut self) -> Step {
        for notification in self.apns.advance(self.now) {
            let aps = notification.payload.aps().unwrap_or_default();
            self.note(format_args!("a push arrives ({aps:?})"));
            self.phone.arrive(self.now, notification);
            self.phone_moves()?;
        }
        Ok(())
    }

    /// Its process is dead: it starts again some time later.
    pub(super) fn relay_restarts(&mut self) {
        self.tally.fault("relay killed");
        self.backend.kill();
        let after = self.rng.u64(10..3_000);
        self.later(after, Due::RelayStarts);
    }

    pub(super) fn relay_starts(&mut self) -> Step {
        if self.backend.runs() {
            return Ok(());
        }
        self.note(format_args!("the relay starts"));
        self.ring();
        let started = self.backend.start();
        started.map_err(|error| Violation::new(Property::Relay, error.to_string()))
    }

    /// The app's backend reports; again later, if the relay does not take it.
    pub(super) fn report(&mut self, account: usize, events: Vec<Event>) -> Step {
        let down = !self.backend.runs() || self.now < self.relay_down_until;
        if down || !self.backend.report(account, events.clone())? {
            if !self.backend.runs() && !down {
                self.relay_restarts();
            }
            let after = self.rng.u64(100..4_000);
            self.later(after, Due::Reports(account, events));
            return Ok(());
        }
        self.ring();
        Ok(())
    }
}

/// As when they do not fit.
fn leave_rows_out(payload: &mut Vec<u8>) {
    let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(payload) else {
        return;
    };
    if let Some(push) = json.get_mut("tb").and_then(|push| push.as_object_mut()) {
        push.remove("c");
    }
    if let Ok(bytes) = serde_json::to_vec(&json) {
        *payload = bytes;
    }
}

fn unavailable() -> simphone::Answer {
    simphone::Answer {
        status: 503,
        reason: Some(simphone::Reason::ServiceUnavailable),
        retry_after: None,
        ended_at: None,
    }
}

fn notification(push: &Outgoing, headers: &PushHeaders<'_>) -> Option<Notification> {
    Some(Notification {
        token: Token::parse(&push.push_token)?,
        topic: headers.topic.into(),
        environment: match push.environment {
            PushEnvironment::Sandbox => Environment::Sandbox,
            PushEnvironment::Production => Environment::Production,
        },
        push_type: if headers.push_type == "background" {
            PushType::Background
        } else {
            PushType::Alert
        },
        priority: if headers.priority == 10 {
            Priority::Immediate
        } else {
            Priority::PowerAware
        },
        expiration: match headers.expiration {
            0 => Expiration::Immediate,
            at => Expiration::At(Time::from_unix_ms(at.saturating_mul(1_000))),
        },
        collapse_id: Some(headers.collapse_id.into()),
        payload: Payload::read(push.payload.as_slice()),
    })
}
