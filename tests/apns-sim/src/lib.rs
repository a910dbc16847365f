//! A stand-in for Apple's push service (APNs).
//!
//! Providers send to it as to APNs: `POST /3/device/{token}` over HTTP/2, with ES256 provider
//! tokens, Apple's headers, status codes and reason strings. Phones attach over a WebSocket and get
//! what a device would get. Where Apple says that it "may" refuse, this server always does, so that
//! a test sees what on a real phone would be a push that now and then does not arrive.
//!
//! Pure, with the time as an argument: [`provider`] (request → verdict), [`token`], [`headers`],
//! [`payload`], [`devices`], [`delivery`], [`faults`], [`journal`]. I/O: [`server`], [`simulator`],
//! [`tls`].
//!
//! ```no_run
//! # async fn example(key: apns_sim::ProviderKey) -> Result<(), apns_sim::StartError> {
//! let config = apns_sim::Config::new(key, vec!["com.example.app".to_owned()]);
//! let running = apns_sim::Server::start(config).await?;
//! println!("send pushes to {}, attach phones to {}", running.provider_url, running.phones_url);
//! running.shutdown().await;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod delivery;
pub mod devices;
pub mod faults;
pub mod frames;
pub mod headers;
pub mod journal;
pub mod limits;
pub mod payload;
pub mod provider;
pub mod reason;
pub mod server;
pub mod simulator;
pub mod tls;
pub mod token;

pub use server::{Clock, Config, Event, Running, Server, StartError};
pub use token::{KeyError, ProviderKey};
