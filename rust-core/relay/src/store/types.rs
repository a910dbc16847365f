//! What goes into the store and comes out of it.

use serde::Serialize;
use truebadge_protocol::{
    AccountId, DeviceId, Epoch, Totals, Version,
    messages::{Conditions, PushEnvironment, PushTokenEnded},
};

use crate::{planner::Lane, secret::Hash};

/// Whose credentials were shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The app's backend.
    Producer,
    /// A phone with a token of an account.
    Device(TokenRow),
    /// A phone whose account or registration has ended.
    Ended(TokenRow),
}

/// A device token's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRow(pub(crate) i64);

/// An `Idempotency-Key` and the body that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key's hash: a key may say something about its sender.
    pub key: Hash,
    /// The body's hash.
    pub body: Hash,
}

/// What a request for changes asks and confirms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// The history that `since` belongs to.
    pub epoch: Option<Epoch>,
    /// The mirror's cursor.
    pub since: Version,
    /// Most rows in the answer.
    pub limit: usize,
    /// Push counters that arrived.
    pub received: Vec<u64>,
}

/// An account, for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountSummary {
    /// Its id.
    pub account: AccountId,
    /// Its history.
    pub epoch: Epoch,
    /// Its newest version.
    pub head: Version,
    /// What counts at `head`.
    pub totals: Totals,
    /// Registered devices.
    pub devices: u64,
}

/// An account with its devices, for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountDetail {
    /// The account.
    #[serde(flatten)]
    pub summary: AccountSummary,
    /// Its devices. Push tokens are not shown.
    #[serde(rename = "registrations")]
    pub devices: Vec<DeviceDetail>,
}

/// A device of an account, for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceDetail {
    /// The phone.
    pub device: DeviceId,
    /// Whether it can be pushed to.
    pub has_push_token: bool,
    /// Why APNs ended its last push token, if it did.
    pub push_token_ended: Option<String>,
    /// The push service, as the phone says.
    pub environment: PushEnvironment,
    /// The push service that is used instead, because that one does not know the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_in: Option<PushEnvironment>,
    /// The app.
    pub topic: String,
    /// The app's version.
    pub app_version: String,
    /// The app badges this account only, as the phone says.
    pub sole_account: bool,
    /// What the phone's settings let through.
    pub conditions: Conditions,
    /// The cursor that it last confirmed.
    pub cursor: Option<Version>,
    /// The highest operation applied or rejected.
    pub acknowledged: u64,
    /// The counter of the newest push.
    pub last_push: u64,
}

/// A device token, for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenSummary {
    /// Names it when it is revoked.
    pub id: String,
    /// The device that it is bound to.
    pub device: Option<DeviceId>,
    /// The device signed out with it.
    pub ended: bool,
    /// When it was minted, Unix milliseconds.
    pub created_at: u64,
}

/// Which push: a device of an account, and its counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PushKey {
    /// The registration's row.
    pub device: i64,
    /// The device's push counter: one more than that of the newest push that APNs took or may have
    /// taken, so that a hole at the phone is a push that was lost.
    pub counter: u64,
}

/// A push that is due, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Which.
    pub key: PushKey,
    /// Its lane.
    pub lane: Lane,
    /// APNs' token of the device. Never logged.
    pub push_token: String,
    /// The push service that the token belongs to.
    pub environment: PushEnvironment,
    /// `apns-topic`.
    pub topic: String,
    /// `apns-collapse-id`.
    pub collapse_id: String,
    /// How often it failed before.
    pub attempts: u32,
    /// The body.
    pub payload: Vec<u8>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Outgoing")
            .field("key", &self.key)
            .field("lane", &self.lane)
            .field("attempts", &self.attempts)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// The answer to "what is due?"
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This.
    Push(Box<Outgoing>),
    /// Nothing yet; the next at this Unix millisecond.
    Wait(u64),
    /// Nothing at all.
    Idle,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// APNs took it.
    Accepted,
    /// APNs did not take it. Something is to be sent again at this Unix millisecond.
    Again(u64),
    /// APNs may have taken it or not. Something is to be sent again at this Unix millisecond.
    Unknown(u64),
    /// APNs will not take this push whatever we do; the reason.
    Refused(String),
    /// APNs ended the push token; the reason.
    TokenEnded(PushTokenEnded),
}
