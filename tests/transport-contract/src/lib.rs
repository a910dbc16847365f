//! What every transport of the core must do: one list of cases, and a server that plays the relay's
//! side of each over real sockets, also where it is not HTTP any more.
//!
//! | module | what it holds |
//! |---|---|
//! | [`case`] | [`Case`]: requests, what the server does, and the expected end |
//! | [`cases`] | the list |
//! | [`server`] | [`Server`]: plays them |
//!
//! The built-in transport runs the list in this crate's tests. Others start the program
//! `transport-contract`, which prints the list as one line of JSON, and run what it names.
//!
//! Nothing here depends on speed: a case in which time runs out is one in which nothing else can
//! happen.
#![forbid(unsafe_code)]

pub mod case;
pub mod cases;
mod http;
pub mod server;

pub use case::{Body, Case, Expected, Request};
pub use server::Server;
