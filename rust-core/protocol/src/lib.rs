//! The wire of TrueBadge, version 1, and the arithmetic that both ends must agree on.
//!
//! Nothing here does I/O or reads a clock. A server in another language can check itself against
//! the golden vectors in `tests/fixtures` and the JSON Schema in `docs/schema`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | bounded names that are safe to log, and 53-bit numbers |
//! | [`state`] | [`ConversationState`], [`Totals`], [`BadgePolicy`]: what counts |
//! | [`digest`] | the order-free hash by which a mirror is compared with its server |
//! | [`push`] | the `tb` part of a push payload, both ways |
//! | [`messages`] | requests and responses |
//! | [`problem`] | RFC 9457 problem documents |
//! | [`limits`] | every bound, in one place |
//! | `schema` | JSON Schema of every message (feature `schema`) |
#![forbid(unsafe_code)]

mod bounded;
pub mod digest;
pub mod ids;
pub mod limits;
pub mod messages;
pub mod problem;
pub mod push;
#[cfg(feature = "schema")]
pub mod schema;
pub mod state;

pub use digest::Digest;
pub use ids::{AccountId, ConversationId, DeviceId, Epoch, OperationId, Position, Route, Version};
pub use problem::{Problem, ProblemKind};
pub use push::{PayloadError, PushPayload};
pub use state::{BadgePolicy, ConversationState, Level, Totals};
