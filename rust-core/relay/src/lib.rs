//! The server half of TrueBadge: keeps the true state, answers sync, decides what to push.
#![forbid(unsafe_code)]

pub mod apns;
pub mod cli;
pub mod clock;
pub mod config;
pub mod driver;
pub mod http;
pub mod model;
pub mod planner;
pub mod secret;
pub mod store;
