//! What Swift sees of the TrueBadge engine, through UniFFI. Nothing else crosses the boundary.
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | [`Engine`]: every call that a host makes |
//! | [`bridge`] | what the host implements: [`AppBadge`], [`DeliveredNotifications`], [`CredentialProvider`] |
//! | [`transport`] | [`HostTransport`]: the host may carry requests to relays itself |
//! | [`records`] | the values that cross |
//! | [`error`] | [`TrueBadgeError`]: few, each telling the caller what to do |
//! | [`cancellation`] | [`Cancellation`]: Swift's task cancellation does not reach Rust by itself |
//! | `convert` | between these and the engine's own types |
//!
//! Every export returns a `Result`: a panic in one that could not throw would end the host's
//! process. Arguments are checked here; the engine gets typed ones.

pub mod bridge;
pub mod cancellation;
mod convert;
pub mod engine;
pub mod error;
pub mod records;
pub mod transport;

pub use bridge::{
    AppBadge, CredentialProvider, CredentialsReply, DeliveredNotifications, DoneReply,
    NotificationsReply,
};
pub use cancellation::Cancellation;
pub use engine::Engine;
pub use error::TrueBadgeError;
pub use records::{
    Account, AtZero, BadgePolicy, BadgeState, Conditions, Configuration, Conversation,
    DeliveredNotification, Disposition, Level, Process, PushCounters, PushEnvironment,
    PushTokenEnded, RejectedOperation, Totals, WakeCause, WakeOutcome,
};
pub use transport::{
    HostTransport, HttpExchange, HttpFailure, HttpReply, HttpRequest, HttpResponse,
};

uniffi::setup_scaffolding!();
