//! What can be asked of a phone without anything coming of it.

use std::sync::Arc;

use crate::phone::app::AppState;
use crate::phone::{App, Conditions, Delivered, Phone, Process, Violation};
use crate::push::Token;
use crate::rules::Rules;
use crate::time::{Millis, Time};

impl Phone {
    /// Which app it is.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The rules that it lives by.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// What the icon shows; 0 is nothing.
    pub fn badge(&self) -> u32 {
        if self.conditions.badges_allowed {
            self.screen.number
        } else {
            0
        }
    }

    /// What Notification Centre shows, oldest first.
    pub fn delivered(&self) -> &[Delivered] {
        &self.screen.delivered
    }

    /// The token, as APNs and iOS know it; whether the app knows it is the app's business.
    pub fn token(&self) -> Option<Token> {
        self.token
    }

    /// Whether the phone is on.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Whether protected files and Keychain items can be read: not between a restart and the first
    /// unlock.
    pub fn unlocked(&self) -> bool {
        self.unlocked
    }

    /// Whether the process' code may run now: it is there and not frozen.
    pub fn running(&self, process: Process) -> bool {
        match process {
            Process::App => matches!(self.life, AppState::Front | AppState::Back),
            Process::Extension => self.extension.is_busy(),
        }
    }

    /// Whether the process is there, frozen or not.
    pub fn alive(&self, process: Process) -> bool {
        match process {
            Process::App => self.life != AppState::Dead,
            Process::Extension => self.extension.is_alive(),
        }
    }

    /// Whether the app is in front of the person.
    pub fn in_foreground(&self) -> bool {
        self.life == AppState::Front
    }

    /// Whether the app was force-quit, and neither opened nor, where that counts, the phone
    /// restarted since.
    pub fn force_quit(&self) -> bool {
        self.force_quit
    }

    /// What the app may do, and what reaches the phone.
    pub fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// What the phone's wall clock shows, as a Unix millisecond.
    pub fn wall(&self, now: Time) -> u64 {
        now.unix_ms().saturating_add_signed(self.wall_off)
    }

    /// Whether an HTTPS request could succeed now.
    pub fn has_https(&self) -> bool {
        self.on && self.conditions.path.has_https()
    }

    /// Whether the phone is connected to APNs.
    pub fn has_push_path(&self) -> bool {
        self.push_path
    }

    /// Whether a painted push that arrived now would change the icon.
    pub fn can_be_painted(&self) -> bool {
        self.push_path && self.token.is_some() && self.takes_painted()
    }

    /// Whether a background push that arrived now might wake the app: it is allowed, and there is
    /// budget. Chance may still hold it or throw it away.
    pub fn can_be_woken(&self, now: Time) -> bool {
        let allowed = self.in_foreground()
            || (self.blocked().is_none() && self.budget.allows_push(now).is_ok());
        self.push_path && self.token.is_some() && allowed
    }

    /// Whether anything at all could make the icon right now: a painted push, or our code, woken or
    /// running already, with a network. What a measurement calls reachable.
    pub fn can_be_reached(&self, now: Time) -> bool {
        let code_runs = self.running(Process::App) || self.can_be_woken(now);
        let by_code = code_runs && self.has_https() && self.unlocked;
        self.can_be_painted() || (by_code && self.conditions.badges_allowed)
    }

    /// For how long the app may still run in the background today.
    pub fn energy_left(&self, now: Time) -> Millis {
        self.budget.energy_left(now)
    }

    /// What our code did wrong so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// A process moved so many bytes over the network; what the app moves in the background counts
    /// against its budget.
    pub fn moved_data(&mut self, now: Time, process: Process, bytes: u64) {
        self.pass(now);
        if process == Process::App && !self.in_foreground() {
            self.budget.pay_data(self.now, bytes);
        }
    }
}
