//! The server half of TrueBadge: keeps the true state, answers sync, decides what to push.
//!
//! | module | what it does | I/O |
//! |---|---|---|
//! | [`model`] | what events and operations do to an account's conversations | none |
//! | [`planner`] | which push a device is sent, and when | none |
//! | [`store`] | the state, one transaction per call; what is owed to devices | SQLite |
//! | [`apns`] | Apple's push service: provider tokens, headers, what its answers mean | HTTP/2 |
//! | [`driver`] | takes what is due from the store, sends it, notes what became of it | both |
//! | [`tidy`] | forgets what may not be kept for longer | – |
//! | [`http`] | the endpoints: credentials, limits, problem documents | HTTP |
//! | [`config`], [`cli`] | what the operator sets, and the commands | files |
//! | [`clock`], [`random`], [`secret`] | time, randomness, and bearer tokens | – |
//! | `simulation` | seed, database in memory and hooks for a simulation (a cargo feature) | – |
//!
//! A change goes `http → store → model`, and writes what it owes to devices in its transaction
//! (`store::sqlite`, `schedule`). The driver is woken, takes the push (`planner` chooses the lane,
//! the payload is composed from the newest state), hands it to `apns`, and records the answer.
#![forbid(unsafe_code)]

pub mod apns;
pub mod cli;
pub mod clock;
pub mod config;
pub mod driver;
#[cfg(not(feature = "faults"))]
mod faults;
#[cfg(feature = "faults")]
pub mod faults;
pub mod http;
pub mod model;
pub mod planner;
pub mod random;
pub mod secret;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod store;
pub mod tidy;
