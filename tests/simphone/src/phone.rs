//! One iPhone with our app on it.

mod app;
mod budget;
mod delivered;
mod effect;
mod extension;
mod happening;
mod pushes;
mod questions;
mod screen;
mod timers;
mod wakes;
mod world;

use std::sync::Arc;

pub use delivered::{Delivered, NotificationId};
pub use effect::{Death, Effect, Painter, Process, Wake, WakeId, Why};
pub use happening::{Conditions, Happening, Path};

use app::AppState;
use budget::Budget;
use extension::Extension;
use pushes::Held;
use screen::Screen;
use timers::{Timer, Timers};
use wakes::Wakes;

use crate::push::{Environment, Token};
use crate::rules::Rules;
use crate::time::Time;

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
///
/// It can be asked to do what a person, the system or the world does to a phone
/// ([`Phone::happen`]), what APNs does ([`Phone::arrive`]), and what our code asks of iOS.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub struct Phone {
    rules: Arc<Rules>,
    app: App,
    random: fastrand::Rng,
    now: Time,
    timers: Timers,
    effects: Vec<Effect>,
    violations: Vec<Violation>,
    on: bool,
    unlocked: bool,
    conditions: Conditions,
    /// How far the wall clock is off, in milliseconds.
    wall_off: i64,
    /// Whether the phone is connected to APNs.
    push_path: bool,
    token: Option<Token>,
    /// The app asked for its token and has no answer yet.
    token_wanted: bool,
    life: AppState,
    force_quit: bool,
    wakes: Wakes,
    held: Option<Held>,
    budget: Budget,
    extension: Extension,
    screen: Screen,
}

impl Phone {
    /// A phone that is on, unlocked, on Wi-Fi, with every permission; the app was just installed
    /// and has not been opened. What is left to chance follows from the seed.
    pub fn new(rules: Arc<Rules>, app: App, seed: u64, now: Time) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self {
            app,
            budget: Budget::new(Arc::clone(&rules), random.u64(..)),
            random,
            rules,
            now,
            timers: Timers::default(),
            effects: Vec::new(),
            violations: Vec::new(),
            on: true,
            unlocked: true,
            conditions: Conditions::default(),
            wall_off: 0,
            push_path: true,
            token: None,
            token_wanted: false,
            life: AppState::Dead,
            force_quit: false,
            wakes: Wakes::default(),
            held: None,
            extension: Extension::default(),
            screen: Screen::default(),
        }
    }

    /// Something happens at `now`. Its effects come from [`Phone::advance`]. What a person does to a
    /// phone that is off does nothing.
    pub fn happen(&mut self, now: Time, happening: Happening) {
        self.pass(now);
        match happening {
            Happening::Network(path) => self.set_path(path),
            Happening::WallClock(jump) => self.wall_off = self.wall_off.saturating_add(jump),
            _ if !self.on => {}
            Happening::Open => self.open(),
            Happening::Home => self.leave(),
            Happening::ForceQuit => self.swipe_away(),
            Happening::Restart => self.restart(),
            Happening::Unlock => self.unlock(),
            Happening::LowPower(on) => self.set_low_power(on),
            Happening::BackgroundRefresh(on) => self.set_background_refresh(on),
            Happening::BadgesAllowed(allowed) => self.allow_badges(allowed),
            Happening::AlertsAllowed(allowed) => self.allow_alerts(allowed),
            Happening::MemoryPressure => self.press_for_memory(),
            Happening::Crash(process) => self.kill(process, Death::Crash),
            Happening::Reinstall => self.install_anew(self.rules.screen.badge_survives_reinstall),
            Happening::RestoreToNewPhone => self.install_anew(false),
            Happening::TokenChange => self.change_token(),
            Happening::Dismiss(id) => self.take_away(&[id]),
            Happening::ClearNotifications => {
                let gone = self.screen.clear();
                self.tell_removed(gone);
            }
        }
    }

    /// When [`Phone::advance`] has something to do next; at once if effects wait.
    pub fn next(&self) -> Option<Time> {
        if self.effects.is_empty() {
            self.timers.next()
        } else {
            Some(self.now)
        }
    }

    /// Lets time pass until `now` and tells what came of it, and of everything told since the last
    /// call. Call it after each input, and whenever [`Phone::next`] is due.
    pub fn advance(&mut self, now: Time) -> Vec<Effect> {
        self.pass(now);
        std::mem::take(&mut self.effects)
    }

    /// Lets time pass: everything that is due by now happens, in its order and at its time.
    fn pass(&mut self, now: Time) {
        while let Some((time, timer)) = self.timers.take_due(now) {
            self.now = self.now.max(time);
            self.due(timer);
        }
        self.now = self.now.max(now);
    }

    fn due(&mut self, timer: Timer) {
        match timer {
            Timer::Deadline(wake) => self.deadline(wake),
            Timer::SuspendApp => self.suspend_app_unless_busy(),
            Timer::PurgeApp => self.kill(Process::App, Death::Memory),
            Timer::EndExtension => self.kill(Process::Extension, Death::Idle),
            Timer::Boot => self.boot(),
            Timer::PushPath => self.push_path_is_up(),
            Timer::Token => self.token_is_there(),
            Timer::Release => self.release_held(),
            Timer::Refresh => self.refresh(),
            Timer::Badge(by, number) => self.paint(number, Painter::Code(by)),
            Timer::Remove(_, ids) => self.take_away(&ids),
            Timer::Deliver(_, those) => self.put_back(those),
        }
    }
}
