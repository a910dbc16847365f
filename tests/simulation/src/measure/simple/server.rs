//! The server of both clients.

use simphone::{Millis, Token};

use super::{
    super::phone::{Kind, Model, push},
    Account, Client, Event,
};

const AGAIN: Millis = Millis::seconds(10);
const AGAIN_AT_MOST: Millis = Millis::minutes(10);

/// What it knows, and what it has to send.
pub(super) struct Server {
    /// For what alerts nobody: silent, or painted.
    quiet: Kind,
    account: Account,
    token: Option<Token>,
    /// Pushes that APNs has not taken yet, oldest first.
    unsent: Vec<Kind>,
    failures: u32,
    /// It waits until it sends again.
    waits: bool,
    /// What happened while it was out.
    missed: Vec<Event>,
}

impl Server {
    pub(super) fn new(client: Client) -> Self {
        Self {
            quiet: match client {
                Client::SilentOnly => Kind::Silent,
                _ => Kind::Painted,
            },
            account: Account::default(),
            token: None,
            unsent: Vec::new(),
            failures: 0,
            waits: false,
            missed: Vec::new(),
        }
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn register(&mut self, token: Token) {
        self.token = Some(token);
    }

    pub(super) fn take_missed(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.missed)
    }

    /// Changes that the phone made, which are not sent to it.
    pub(super) fn take_changes(&mut self, changes: &[Event]) {
        for change in changes {
            self.account.follow(change);
        }
    }

    /// Something happened in the account; it has to be sent.
    pub(super) fn hear(&mut self, event: Event, up: bool) {
        if !up {
            self.missed.push(event);
            return;
        }
        let before = self.account.badge();
        self.account.follow(&event);
        if matches!(event, Event::Item { alert: true, .. }) {
            self.unsent.push(Kind::Alert);
        } else if self.account.badge() != before {
            self.unsent.retain(|kind| *kind == Kind::Alert);
            self.unsent.push(self.quiet);
        }
    }

    pub(super) fn waits_no_longer(&mut self) {
        self.waits = false;
    }

    /// Sends what there is; how long to wait when APNs does not take it.
    pub(super) fn send(&mut self, model: &mut Model) -> Option<Millis> {
        while !self.waits && !self.unsent.is_empty() {
            let Some(token) = self.token else {
                self.unsent.clear();
                return None;
            };
            let push = push(&model.phone, token, self.unsent[0], self.account.badge());
            match model.apns.send(model.now, push).status {
                200 => {
                    self.unsent.remove(0);
                    self.failures = 0;
                    model.meter.measured.pushes += 1;
                }
                400 | 410 => self.token = None,
                _ => {
                    let wait = AGAIN.0 << self.failures.min(10);
                    self.failures += 1;
                    self.waits = true;
                    return Some(Millis(wait.min(AGAIN_AT_MOST.0)));
                }
            }
        }
        None
    }
}
