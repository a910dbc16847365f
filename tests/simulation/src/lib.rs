//! The real engine and the real relay, on a modelled iPhone (`simphone`), under a seeded scheduler.
//!
//! | module | what it is |
//! |---|---|
//! | [`plan`] | what happens in a run, drawn from its seed |
//! | `world` | the phone, its relay, APNs and the network between them, in virtual time |
//! | [`executor`], [`host`] | where the engine's tasks run, and what they ask of the world |
//! | [`ground`] | the stores that the seeds of a thread have one after the other |
//! | [`backend`] | the relay, in this process |
//! | [`truth`] | what must be true of an account: a straightforward model |
//! | [`watch`], [`audit`], [`violation`] | the properties, held against every number and every store |
//! | [`run`], [`many`], [`shrink`] | one seed, many of them, and a failing one made short |
//! | [`measure`] | stale minutes: how long a badge is wrong, with us and without |
//!
//! `docs/SIMULATION.md` tells what is modelled and what is not.
#![forbid(unsafe_code)]

pub mod audit;
pub mod backend;
pub mod executor;
pub mod ground;
pub mod host;
pub mod many;
pub mod measure;
pub mod plan;
pub mod planted;
pub mod run;
pub mod shrink;
pub mod tally;
pub mod timeline;
pub mod truth;
pub mod violation;
pub mod watch;
mod world;
