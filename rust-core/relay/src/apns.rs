//! Apple's push service: HTTP/2, provider tokens, and what its answers mean.
//!
//! Sources: Apple, "Sending notification requests to APNs", "Establishing a token-based connection
//! to APNs", "Handling notification responses from APNs".

mod answer;
mod client;
mod headers;
mod token;

pub use answer::{Answer, backoff};
pub use client::{Client, ClientError, Endpoints};
pub use headers::PushHeaders;
pub use token::{KeyError, ProviderTokens, generate_key};
