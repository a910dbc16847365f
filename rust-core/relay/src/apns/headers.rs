//! What a push asks of APNs. Pure.

use crate::{planner::Lane, store::Outgoing};

/// APNs keeps a push that it cannot deliver for 30 days at most.
const KEPT: u64 = 30 * 24 * 3600;

/// The headers of a push that APNs acts on: the lanes table of `docs/PROTOCOL.md`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PushHeaders<'a> {
    /// `apns-push-type`.
    pub push_type: &'static str,
    /// `apns-priority`.
    pub priority: u8,
    /// `apns-expiration`: until then APNs keeps it for a phone that it cannot reach, Unix seconds.
    pub expiration: u64,
    /// `apns-collapse-id`: of the pushes with one id APNs keeps the newest.
    pub collapse_id: &'a str,
    /// `apns-topic`: the app.
    pub topic: &'a str,
}

impl<'a> PushHeaders<'a> {
    /// Of a push that is sent at `now`, in Unix seconds.
    pub fn of(push: &'a Outgoing, now: u64) -> Self {
        let (push_type, priority) = match push.lane {
            Lane::Silent => ("background", 5),
            Lane::Painted | Lane::Alert => ("alert", 10),
        };
        Self {
            push_type,
            priority,
            expiration: now + KEPT,
            collapse_id: &push.collapse_id,
            topic: &push.topic,
        }
    }
}

impl std::fmt::Debug for PushHeaders<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PushHeaders")
            .field("push_type", &self.push_type)
            .field("priority", &self.priority)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}
