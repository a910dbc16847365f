//! A phone without an iPhone: the engine behind the same commands and output as the Swift phone
//! host, so that whoever drives one can drive the other.
//!
//! | module | what it is |
//! |---|---|
//! | [`options`] | the flags |
//! | [`command`] | what is typed: a bounded line → a [`Command`] |
//! | [`event`] | what is printed: an [`Event`] a line |
//! | [`phone`] | the app: wakes go in, events come out |
//! | [`apns`] | the connection to APNs: attach, away, back, pushes |
//! | [`icon`], [`centre`], [`credentials`], [`identity`] | what iOS would do: the badge, the notifications, the Keychain |
#![forbid(unsafe_code)]

pub mod apns;
pub mod centre;
pub mod command;
pub mod console;
pub mod credentials;
pub mod event;
pub mod icon;
pub mod identity;
pub mod options;
pub mod phone;

pub use command::Command;
pub use console::Console;
pub use event::Event;
pub use options::Options;
pub use phone::Phone;
