//! One iPhone with our app on it.

mod delivered;
mod effect;
mod happening;

use std::sync::Arc;

pub use delivered::{Delivered, NotificationId};
pub use effect::{Death, Effect, Painter, Process, Wake, WakeId, Why};
pub use happening::{Conditions, Happening, Path};

use crate::push::{Environment, Notification, Token};
use crate::rules::Rules;
use crate::time::{Millis, Time};

/// Which app it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its bundle identifier.
    pub topic: Arc<str>,
    /// Which of Apple's push services it was built for.
    pub environment: Environment,
}

/// How the end of a wake was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completion {
    /// In time, once.
    InTime,
    /// Too late; where the rules say so, the process was killed already.
    Late,
    /// It was called before: on a real phone the app traps.
    Twice,
    /// Nobody alive has this wake.
    NotRunning,
}

/// What our code did that it must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Violation {
    /// The completion of a wake was called twice.
    CompletedTwice(WakeId),
    /// The completion of a wake was not called in time.
    CompletedLate(WakeId),
    /// A process was suspended while it held a file lock.
    SuspendedWithLock(Process),
    /// The extension used more memory than it may.
    TooMuchMemory(Process),
}

/// iOS takes no number: badges are not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadgesForbidden;

/// One iPhone: what happens to it goes in, [`Effect`]s come out.
#[derive(Debug)]
pub struct Phone {
    rules: Arc<Rules>,
    app: App,
}

#[allow(
    missing_docs,
    unused_variables,
    clippy::todo,
    clippy::unused_self,
    clippy::needless_pass_by_value,
    clippy::needless_pass_by_ref_mut
)]
impl Phone {
    /// A phone that is on, unlocked, on Wi-Fi, with every permission; the app was just installed
    /// and has not been opened. What is left to chance follows from the seed.
    pub fn new(rules: Arc<Rules>, app: App, seed: u64, now: Time) -> Self {
        Self { rules, app }
    }

    // ---- what happens ----

    /// Something happens at `now`. Its effects come from [`Phone::advance`].
    pub fn happen(&mut self, now: Time, happening: Happening) {
        todo!()
    }

    /// APNs hands a push over. One for a token that is not this phone's is thrown away.
    pub fn arrive(&mut self, now: Time, notification: Notification) {
        todo!()
    }

    /// When [`Phone::advance`] has something to do next; at once if effects wait.
    pub fn next(&self) -> Option<Time> {
        todo!()
    }

    /// Lets time pass until `now` and tells what came of it, and of everything told since the last
    /// call. Call it after each input, and whenever [`Phone::next`] is due.
    pub fn advance(&mut self, now: Time) -> Vec<Effect> {
        todo!()
    }

    // ---- what our code does ----

    /// A wake called its completion. For the extension's alerts this shows the notification with
    /// the number that the push carries.
    pub fn completed(&mut self, now: Time, wake: WakeId) -> Completion {
        todo!()
    }

    /// The extension hands back the content of its notification: `badge` is the number in it,
    /// which iOS sets as it shows it; nothing when it took the number out.
    pub fn completed_alert(&mut self, now: Time, wake: WakeId, badge: Option<u32>) -> Completion {
        todo!()
    }

    /// `setBadgeCount`: the moment at which the icon changes and iOS answers. Each process' code may
    /// end before that.
    pub fn set_badge(
        &mut self,
        now: Time,
        process: Process,
        number: u32,
    ) -> Result<Time, BadgesForbidden> {
        todo!()
    }

    /// `removeDeliveredNotifications`: the moment at which they are gone. iOS answers nothing.
    pub fn remove_delivered(
        &mut self,
        now: Time,
        process: Process,
        ids: &[NotificationId],
    ) -> Time {
        todo!()
    }

    /// Delivers notifications again, silently and without a number, under their old names; the
    /// moment at which they are shown. Those that are shown still stay as they are.
    pub fn deliver_again(&mut self, now: Time, process: Process, those: Vec<Delivered>) -> Time {
        todo!()
    }

    /// `registerForRemoteNotifications`: the app asks for its token, as it does at every launch. The
    /// answer is [`Effect::TokenIssued`], when there is a connection to APNs.
    pub fn register_for_pushes(&mut self, now: Time) {
        todo!()
    }

    /// Asks for a background refresh, not before `earliest`; it takes the place of one that was
    /// asked for before. False while Background App Refresh is not available.
    pub fn submit_refresh(&mut self, now: Time, earliest: Time) -> bool {
        todo!()
    }

    // ---- what the driver saw ----

    /// The process that [`Effect::Suspend`] named holds a file lock.
    pub fn suspended_with_lock(&mut self, now: Time, process: Process) {
        todo!()
    }

    /// A process uses so much memory; the extension is killed above its limit.
    pub fn used_memory(&mut self, now: Time, process: Process, bytes: u64) {
        todo!()
    }

    /// A process moved so many bytes over the network, which counts in the background.
    pub fn moved_data(&mut self, now: Time, process: Process, bytes: u64) {
        todo!()
    }

    // ---- what can be asked ----

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
        todo!()
    }

    /// What Notification Centre shows, oldest first.
    pub fn delivered(&self) -> &[Delivered] {
        todo!()
    }

    /// The token, as APNs and iOS know it; whether the app knows it is the app's business.
    pub fn token(&self) -> Option<Token> {
        todo!()
    }

    /// Whether the phone is on.
    pub fn is_on(&self) -> bool {
        todo!()
    }

    /// Whether protected files and Keychain items can be read: not between a restart and the first
    /// unlock.
    pub fn unlocked(&self) -> bool {
        todo!()
    }

    /// Whether the process' code may run now: it is there and not frozen.
    pub fn running(&self, process: Process) -> bool {
        todo!()
    }

    /// Whether the process is there, frozen or not.
    pub fn alive(&self, process: Process) -> bool {
        todo!()
    }

    /// Whether the app is in front of the person.
    pub fn in_foreground(&self) -> bool {
        todo!()
    }

    /// Whether the app was force-quit, and neither opened nor, where that counts, the phone
    /// restarted since.
    pub fn force_quit(&self) -> bool {
        todo!()
    }

    /// What the app may do, and what reaches the phone.
    pub fn conditions(&self) -> Conditions {
        todo!()
    }

    /// What the phone's wall clock shows, as a Unix millisecond.
    pub fn wall(&self, now: Time) -> u64 {
        todo!()
    }

    /// Whether an HTTPS request could succeed now.
    pub fn has_https(&self) -> bool {
        todo!()
    }

    /// Whether a push would arrive now.
    pub fn has_push_path(&self) -> bool {
        todo!()
    }

    /// Whether a painted push that arrived now would change the icon.
    pub fn can_be_painted(&self) -> bool {
        todo!()
    }

    /// Whether a background push that arrived now might wake the app: it is allowed, and there is
    /// budget. Chance may still hold it or throw it away.
    pub fn can_be_woken(&self, now: Time) -> bool {
        todo!()
    }

    /// Whether anything at all could make the icon right now: a painted push, or our code with a
    /// network. What a measurement calls reachable.
    pub fn can_be_reached(&self, now: Time) -> bool {
        todo!()
    }

    /// Time that this app may still run in the background today.
    pub fn energy_left(&self, now: Time) -> Millis {
        todo!()
    }

    /// What our code did wrong so far.
    pub fn violations(&self) -> &[Violation] {
        todo!()
    }
}
