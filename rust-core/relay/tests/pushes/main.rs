//! What reaches APNs, and when.
#![allow(clippy::unwrap_used)]

mod alerts;
mod lanes;
mod phones;
#[path = "../support/mod.rs"]
mod support;
mod trouble;

const MINUTE: u64 = 60_000;
