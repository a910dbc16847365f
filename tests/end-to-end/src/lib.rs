//! The whole path with real processes on loopback: relay, apns-sim and phones as children, on ports
//! that the system chose. The tests and `scripts/demo` both stand on it.
//!
//! | module | what it is |
//! |---|---|
//! | [`world`] | relay, apns-sim and their key in a folder that goes away |
//! | [`desktop`] | somebody else's client: reports to the relay over HTTP |
//! | [`phone`] | a phone process, Rust or Swift |
//! | [`apns`] | apns-sim: faults, what came, and pushes of our own |
//! | [`link`] | a phone's way to the relay, which can be cut |
//! | [`scenario`] | what happens to a badge, step by step, as files |
//! | [`process`] | a child: its JSON lines, its stderr, its end |
//! | [`programs`] | where the programs are |
//!
//! Nothing sleeps: whoever waits, waits for a line of a process. [`process::PATIENCE`] bounds it,
//! so that what never happens ends as an error that shows what did.
#![forbid(unsafe_code)]

pub mod apns;
pub mod desktop;
mod http;
pub mod link;
pub mod phone;
pub mod process;
pub mod programs;
pub mod scenario;
pub mod world;

pub use apns::Apns;
pub use desktop::Desktop;
pub use phone::{Kind, Phone};
pub use process::Process;
pub use scenario::Scenario;
pub use world::{Settings, World};
