//! Checks a relay against `docs/PROTOCOL.md`: any relay, in any language, over HTTP only.
//!
//! | module | what it does |
//! |---|---|
//! | [`cases`] | every case, grouped as the protocol's sections |
//! | [`case`] | what a case is, and how one ends |
//! | [`run`] | runs cases side by side and collects what became of them |
//! | [`report`], [`junit`] | what is printed of it |
//! | [`scene`] | what a case works with: accounts and phones of its own |
//! | [`server`] | the relay under test; every exchange with it is remembered |
//! | [`exchange`] | a request and its answer, with the secrets out, for a report |
//! | [`page`] | a page of changes, taken apart strictly |
//! | [`counting`] | totals and digest, counted anew from the document, not by TrueBadge's code |
//! | [`model`] | a straightforward account, to compare a long history with |
//! | [`apns`] | Apple's place: takes the pushes that the relay sends |
//!
//! Nothing here depends on the relay's code. It reads the wire as raw JSON, so that it cannot share a
//! mistake with the types that TrueBadge itself reads it with.

#![forbid(unsafe_code)]

pub mod apns;
pub mod case;
pub mod cases;
pub mod counting;
pub mod exchange;
pub mod junit;
pub mod model;
pub mod page;
pub mod report;
pub mod run;
pub mod scene;
pub mod server;
