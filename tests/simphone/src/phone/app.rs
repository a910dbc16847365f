//! The app's process: started, in front, in the background, frozen, gone.

use crate::phone::timers::Timer;
use crate::phone::{Death, Effect, Phone, Process, Violation, Why};
use crate::time::{Millis, Time};

/// Where the app is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AppState {
    /// Not there.
    Dead,
    /// In front of the person.
    Front,
    /// Running behind something else.
    Back,
    /// There, and frozen.
    Suspended,
}

impl Phone {
    /// Makes sure that the app's code can run.
    pub(super) fn start_app(&mut self) {
        match self.life {
            AppState::Dead => {
                self.wakes.launched(Process::App);
                self.effects.push(Effect::Launch(Process::App));
                self.life = AppState::Back;
            }
            AppState::Suspended => {
                self.timers.cancel(|timer| matches!(timer, Timer::PurgeApp));
                self.effects.push(Effect::Resume(Process::App));
                self.life = AppState::Back;
                self.answer_token();
            }
            AppState::Back => self.timers.cancel(is_suspension),
            AppState::Front => {}
        }
    }

    pub(super) fn open(&mut self) {
        if !self.unlocked {
            self.unlock();
        }
        self.force_quit = false;
        if self.life == AppState::Front {
            return;
        }
        self.start_app();
        self.life = AppState::Front;
        self.wakes.forget_front();
        self.wake(Process::App, Why::Foreground, Time::NEVER);
        if self.rules.background.launch_delivers_held {
            self.deliver_held();
        }
    }

    pub(super) fn leave(&mut self) {
        if self.life == AppState::Front {
            self.life = AppState::Back;
            let until = self.now + self.rules.life.leave_time;
            self.wake(Process::App, Why::Left, until);
        }
    }

    pub(super) fn swipe_away(&mut self) {
        self.kill(Process::App, Death::ForceQuit);
        self.force_quit = true;
        self.forget_held();
    }

    /// Has the app suspended soon, if it has nothing more to do.
    pub(super) fn settle_app(&mut self) {
        let idle = self.life == AppState::Back && self.wakes.app_runs_until().is_none();
        if idle && !self.timers.has(is_suspension) {
            let after = self.rules.life.suspends_after.draw(&mut self.random);
            self.timers.at(self.now + after, Timer::SuspendApp);
        }
    }

    /// Suspends the app at once, if it has nothing that iOS waits for.
    pub(super) fn suspend_app_unless_busy(&mut self) {
        if self.life == AppState::Back && self.wakes.app_runs_until().is_none() {
            self.timers.cancel(is_suspension);
            self.life = AppState::Suspended;
            self.effects.push(Effect::Suspend(Process::App));
            let lives = self.rules.life.suspended_lives.draw(&mut self.random);
            self.timers.at(self.now + lives, Timer::PurgeApp);
        }
    }

    /// Ends a process that is there.
    pub(super) fn kill(&mut self, process: Process, death: Death) {
        if !self.alive(process) {
            return;
        }
        self.abandon_wakes(process);
        self.lose_calls(process);
        self.effects.push(Effect::Kill(process, death));
        match process {
            Process::Extension => self.extension_died(death),
            Process::App => {
                self.life = AppState::Dead;
                self.timers
                    .cancel(|timer| is_suspension(timer) || matches!(timer, Timer::PurgeApp));
                if self.rules.background.kill_discards_held {
                    self.forget_held();
                }
            }
        }
    }

    /// What is frozen ends, to make room.
    pub(super) fn press_for_memory(&mut self) {
        for process in [Process::App, Process::Extension] {
            if !self.running(process) {
                self.kill(process, Death::Memory);
            }
        }
    }

    /// The process that [`Effect::Suspend`] named holds a file lock.
    pub fn suspended_with_lock(&mut self, now: Time, process: Process) {
        self.pass(now);
        if self.alive(process) && !self.running(process) {
            self.violations.push(Violation::SuspendedWithLock(process));
            if self.rules.life.lock_is_killed {
                self.kill(process, Death::LockHeld);
            }
        }
    }

    /// Asks for a background refresh, not before `earliest`; it takes the place of one that was
    /// asked for before. False while Background App Refresh is not available.
    pub fn submit_refresh(&mut self, now: Time, earliest: Time) -> bool {
        self.pass(now);
        if !self.conditions.refresh_available() {
            return false;
        }
        self.forget_refresh();
        if self
            .rules
            .background
            .refresh_comes
            .happens(&mut self.random)
        {
            self.plan_refresh(earliest.max(self.now));
        }
        true
    }

    fn plan_refresh(&mut self, earliest: Time) {
        let after = self.rules.background.refresh_after.draw(&mut self.random);
        self.timers.at(earliest + after, Timer::Refresh);
    }

    pub(super) fn forget_refresh(&mut self) {
        self.timers.cancel(|timer| matches!(timer, Timer::Refresh));
    }

    /// A background refresh is due. It waits for another chance while it must not run.
    pub(super) fn refresh(&mut self) {
        let may = self.on
            && self.unlocked
            && self.life != AppState::Front
            && self.blocked().is_none()
            && self.budget.allows_running(self.now);
        if may {
            self.start_app();
            let until = self.now + self.rules.background.wake_time;
            self.wake(Process::App, Why::Refresh, until);
        } else {
            // Never at once, or a refresh that must not run would be tried for ever.
            self.plan_refresh(self.now + Millis::minutes(1));
        }
    }
}

fn is_suspension(timer: &Timer) -> bool {
    matches!(timer, Timer::SuspendApp)
}
