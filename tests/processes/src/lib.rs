//! The engine in real processes: two that share a store, one that is killed again and again, one
//! that sleeps, and one that is short of memory like an extension.
//!
//! The phone is the program `phone-process`: the engine, its built-in transport, and stand-ins for
//! what only iOS has. The relay is the real one, inside the test. The test knows the truth, because
//! it alone reports to the relay as the app's backend does ([`truth`]).
//!
//! | module | side | what it is |
//! |---|---|---|
//! | [`orders`] | both | what the test tells a phone, and what the phone prints |
//! | [`host`] | phone | the stand-ins for iOS: icon, notifications, credentials |
//! | [`obey`] | phone | carries out the orders, one after the other |
//! | [`child`] | test | starts, feeds, reads and kills a phone |
//! | [`icon`] | both | the file that is the app's icon |
//! | [`relay`] | test | the relay on a loopback port |
//! | [`backend`] | test | what happens at the relay, by a seed, and the pushes that tell of it |
//! | [`truth`] | test | every number that a badge may show |
//! | [`mirror`] | test | a look into a store: recounts, outbox |
//! | [`system`] | test | what Linux says of a process: its locks, its memory |
#![forbid(unsafe_code)]
// Used by tests only, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod backend;
pub mod child;
pub mod host;
pub mod icon;
pub mod mirror;
pub mod obey;
pub mod orders;
pub mod relay;
#[cfg(target_os = "linux")]
pub mod system;
pub mod truth;
