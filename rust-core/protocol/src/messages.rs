//! Requests and responses, JSON over HTTPS.
//!
//! Unknown fields are ignored. An unknown value of an enumeration is an error for the sender.

mod backend;
mod phone;

pub use backend::*;
pub use phone::*;
