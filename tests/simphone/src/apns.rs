//! Apple's push service, from a provider's request to the phone's connection.

mod answer;

use std::sync::Arc;

pub use answer::{Answer, Reason};

use crate::phone::{App, Effect};
use crate::push::{Notification, Token};
use crate::rules::Rules;
use crate::time::Time;

/// APNs, for any number of phones.
#[derive(Debug)]
pub struct Apns {
    rules: Arc<Rules>,
}

#[allow(
    unused_variables,
    clippy::todo,
    clippy::unused_self,
    clippy::needless_pass_by_value,
    clippy::needless_pass_by_ref_mut
)]
impl Apns {
    /// An APNs that knows no token yet. What is left to chance follows from the seed.
    pub fn new(rules: Arc<Rules>, seed: u64) -> Self {
        Self { rules }
    }

    /// Follows what a phone did: its tokens, its connection. Give it every effect; most mean
    /// nothing to it.
    pub fn obey(&mut self, now: Time, effect: &Effect) {
        todo!()
    }

    /// A provider sends a push.
    pub fn send(&mut self, now: Time, notification: Notification) -> Answer {
        todo!()
    }

    /// When [`Apns::advance`] has something to hand over next.
    pub fn next(&self) -> Option<Time> {
        todo!()
    }

    /// Lets time pass until `now`: the pushes that reach a connected phone, in order, each for the
    /// phone of its token ([`Phone::arrive`](crate::Phone::arrive)).
    pub fn advance(&mut self, now: Time) -> Vec<Notification> {
        todo!()
    }

    /// Gives out a token, when there is no [`Phone`](crate::Phone) that makes its own.
    pub fn issue_token(&mut self, app: &App) -> Token {
        todo!()
    }

    /// A token is valid no more. APNs itself learns of it later.
    pub fn end_token(&mut self, now: Time, token: Token) {
        todo!()
    }

    /// The phone of this token is there: it gets what was stored.
    pub fn connect(&mut self, now: Time, token: Token) {
        todo!()
    }

    /// The phone of this token is away.
    pub fn disconnect(&mut self, token: Token) {
        todo!()
    }

    /// Whether APNs answers 503 to everything now.
    pub fn is_out(&mut self, now: Time) -> bool {
        todo!()
    }

    /// The push that is stored for a phone that is away.
    pub fn stored(&self, token: Token) -> Option<&Notification> {
        todo!()
    }

    /// The rules that it lives by.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }
}
