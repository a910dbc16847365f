//! The core that runs on the phone: silent pushes in, a badge that tells the truth out.
//!
//! A wake goes in, an outcome comes out ([`Engine`]). What is pure is a module of functions:
//!
//! | module | what it does |
//! |---|---|
//! | [`model`] | the mirror's cursor, and totals that are ahead of it |
//! | [`payload`] | untrusted bytes → what they mean for the mirror |
//! | [`merge`] | base state + change → base state; monotonic and idempotent |
//! | [`overlay`] | base + pending operations → what the person should see |
//! | [`badge`] | totals + policy → number |
//! | [`notifications`] | which delivered notifications are read now |
//! | [`sync`] | which request comes next, what an answer means |
//!
//! and what does I/O is behind it:
//!
//! | module | what it does |
//! |---|---|
//! | [`store`] | the SQLite mirror and outbox |
//! | [`transport`] | requests to relays |
//! | [`bridge`] | what is asked of iOS |
//! | [`Spawner`] | where the engine's tasks run |
//! | [`clock`], [`error`], [`redact`], [`log`] | injected time, one error type, types safe to log |
//!
//! The cargo feature `simulation`, which nothing that ships has, adds what a deterministic simulator
//! needs: a seed, and a hook that can kill the process at each commit.
#![forbid(unsafe_code)]

pub mod badge;
pub mod bridge;
pub mod clock;
mod engine;
pub mod error;
pub mod log;
pub mod merge;
pub mod model;
pub mod notifications;
pub mod overlay;
pub mod payload;
mod random;
pub mod redact;
#[cfg(not(feature = "simulation"))]
mod simulation;
#[cfg(feature = "simulation")]
pub mod simulation;
mod spawner;
pub mod store;
pub mod sync;
pub mod transport;

pub use bridge::{
    AppBadge, CredentialProvider, DeliveredNotification, DeliveredNotifications, Reply,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use engine::{
    AccountView, AtZero, BadgeState, Bridges, Cause, Configuration, ConversationView, Engine,
    Process, PushReceipt, RejectedOperation, WakeOutcome,
};
pub use error::EngineError;
pub use payload::Disposition;
pub use redact::Secret;
pub use spawner::Spawner;
pub use store::PushCounters;
