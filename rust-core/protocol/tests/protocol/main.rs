//! What both ends must agree on, checked through the public API.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod documentation;
mod fixtures;
mod golden_push;
mod golden_sums;
mod messages;
mod push;
mod redaction;
#[cfg(feature = "schema")]
mod schema;
mod strategies;
mod sums;
