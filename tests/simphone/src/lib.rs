//! APNs and iOS as a model: virtual time, a seed, no I/O, no threads, no clock.
//!
//! Whoever builds on silent pushes and badges cannot test against a real iPhone what an iPhone does
//! on bad days: it throttles, holds back, forgets, restarts, runs out of memory. This crate does it
//! on demand, a few million times a second, and the same way for the same seed. Each rule of
//! docs/PLATFORM.md that a model can show is a named parameter with its source ([`rules`]), and
//! presets set them all; README.md has the table, and says what is not modelled.
//!
//! # How it is driven
//!
//! [`Apns`] and [`Phone`] are state machines. You tell what happens, with the time; they say when
//! they need to be called next, and what happens as effects. They never run your code: you do, where
//! [`Effect::Wake`] says so, and you freeze or forget it at [`Effect::Suspend`] and
//! [`Effect::Kill`].
//!
//! ```
//! # use std::sync::Arc;
//! # use simphone::*;
//! let rules = Arc::new(Preset::Documented.rules());
//! let app = App { topic: "com.example.app".into(), environment: Environment::Production };
//! let mut apns = Apns::new(Arc::clone(&rules), 1);
//! let mut phone = Phone::new(rules, app, 2, Time::ZERO);
//! let mut works_until: Vec<(Time, WakeId)> = Vec::new(); // what our code is busy with
//!
//! let mut now = Time::ZERO;
//! phone.happen(now, Happening::Open);
//! phone.register_for_pushes(now);
//! while now < Time::ZERO + Millis::days(1) {
//!     for notification in apns.advance(now) {
//!         phone.arrive(now, notification);
//!     }
//!     for (_, wake) in works_until.extract_if(.., |(end, _)| *end <= now) {
//!         phone.completed(now, wake);
//!     }
//!     for effect in phone.advance(now) {
//!         apns.obey(now, &effect);
//!         if let Effect::Wake(wake) = &effect {
//!             works_until.push((now + Millis::seconds(2), wake.id)); // … or run the real code
//!         }
//!     }
//!     let ends = works_until.iter().map(|(end, _)| *end).min();
//!     match [apns.next(), phone.next(), ends].into_iter().flatten().min() {
//!         Some(next) => now = next.max(now),
//!         None => break,
//!     }
//! }
//! assert!(phone.token().is_some() && phone.violations().is_empty());
//! ```
//!
//! - **Time** ([`Time`], [`Millis`]) is given by the caller and must not go backwards. A phone's wall
//!   clock is another thing ([`Phone::wall`]).
//! - **Chance** comes from each object's own seed. The same calls have the same effects.
//! - **A wake** ([`Wake`]) that is not in the foreground ends with [`Phone::completed`], once and in
//!   time; for the extension's alerts, [`Phone::completed_alert`] chooses the number.
//! - **What our code asks of iOS** takes time: [`Phone::set_badge`] and its like return the moment at
//!   which iOS has done it (and would answer).

#![forbid(unsafe_code)]

pub mod apns;
pub mod phone;
pub mod push;
pub mod random;
pub mod rules;
pub mod time;

pub use apns::{Answer, Apns, Reason};
pub use phone::{
    App, BadgesForbidden, Completion, Conditions, Death, Delivered, Effect, Happening,
    NotificationId, Painter, Path, Phone, Process, Violation, Wake, WakeId, Why,
};
pub use push::{Aps, Environment, Expiration, Notification, Payload, Priority, PushType, Token};
pub use random::{Chance, Delay};
pub use rules::{Known, Parameter, Preset, Rules};
pub use time::{Millis, Time};
