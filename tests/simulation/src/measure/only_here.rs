//! What nobody but the phone can know.

use simphone::{Happening, Phone, Process};

use super::Event;

/// What happened on the phone and nobody else can know, because no code of ours has had a moment with
/// HTTPS since, nor iOS one to end a transfer that our code left to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnlyHere {
    /// The person read something.
    read: bool,
    /// The person allowed badges again: iOS may have forgotten the number.
    allowed: bool,
}

impl OnlyHere {
    /// Something happens, and the truth changes with it or not.
    pub fn happens(&mut self, event: &Event, changes: bool) {
        match event {
            Event::ReadHere { .. } => self.read |= changes,
            Event::Phone(Happening::BadgesAllowed(true)) => self.allowed = true,
            // That is painted in any case, and with it the icon.
            _ if changes => self.allowed = false,
            _ => {}
        }
    }

    /// The phone is like that now.
    pub fn passes(&mut self, phone: &Phone, servers_up: bool) {
        if !servers_up || !phone.has_https() || !phone.unlocked() {
            return;
        }
        let runs = phone.running(Process::App) || phone.running(Process::Extension);
        self.allowed &= !runs;
        // iOS goes on with the transfers of an app that it ended, but not of one that was force-quit.
        self.read &= !runs && phone.force_quit();
    }

    /// Whether the servers can know all that matters.
    pub const fn is_nothing(self) -> bool {
        !self.read && !self.allowed
    }
}
