//! Settings, network, restarts, tokens: what happens around the processes.

use crate::phone::app::AppState;
use crate::phone::timers::Timer;
use crate::phone::{Death, Effect, Painter, Path, Phone, Process, Why};
use crate::push::Token;
use crate::time::Time;

impl Phone {
    fn tell_conditions(&mut self) {
        self.effects.push(Effect::Conditions(self.conditions));
    }

    pub(super) fn set_low_power(&mut self, on: bool) {
        let ends = self.conditions.low_power && !on;
        self.conditions.low_power = on;
        self.tell_conditions();
        if ends {
            self.tell_app(Why::LowPowerEnded);
            self.offer_held();
        }
    }

    pub(super) fn set_background_refresh(&mut self, on: bool) {
        self.conditions.background_refresh = on;
        self.tell_conditions();
        self.offer_held();
    }

    pub(super) fn allow_alerts(&mut self, allowed: bool) {
        self.conditions.alerts_allowed = allowed;
        self.tell_conditions();
    }

    pub(super) fn allow_badges(&mut self, allowed: bool) {
        let before = self.badge();
        self.conditions.badges_allowed = allowed;
        self.tell_conditions();
        if !allowed && !self.rules.screen.badge_kept_while_off {
            self.screen.number = 0;
        }
        self.tell_icon_changed(before);
    }

    /// Tells a number that iOS itself changed.
    fn tell_icon_changed(&mut self, before: u32) {
        let number = self.badge();
        if number != before {
            let by = Painter::System;
            self.effects.push(Effect::BadgePainted { number, by });
        }
    }

    pub(super) fn set_path(&mut self, path: Path) {
        let had_https = self.has_https();
        self.conditions.path = path;
        self.tell_conditions();
        self.connect_for_pushes();
        if !had_https && self.has_https() {
            self.tell_app(Why::NetworkBack);
        }
    }

    /// Connects to APNs, or loses the connection, as the network is.
    fn connect_for_pushes(&mut self) {
        let connecting = |timer: &Timer| matches!(timer, Timer::PushPath);
        if !self.on || !self.conditions.path.has_apns() {
            self.timers.cancel(connecting);
            if self.push_path {
                self.push_path = false;
                self.tell_push_path();
            }
        } else if !self.push_path && !self.timers.has(connecting) {
            let after = self.rules.life.push_path_after.draw(&mut self.random);
            self.timers.at(self.now + after, Timer::PushPath);
        }
    }

    pub(super) fn push_path_is_up(&mut self) {
        self.push_path = true;
        self.tell_push_path();
        self.answer_token();
    }

    fn tell_push_path(&mut self) {
        if let Some(token) = self.token {
            let up = self.push_path;
            self.effects.push(Effect::PushPath { token, up });
        }
    }

    pub(super) fn restart(&mut self) {
        self.stop_extension(Death::Restart);
        self.kill(Process::App, Death::Restart);
        // Whatever iOS had taken over is gone as well.
        self.timers.cancel(|timer| {
            matches!(
                timer,
                Timer::Badge(..) | Timer::Remove(..) | Timer::Deliver(..) | Timer::Boot
            )
        });
        self.forget_held();
        self.on = false;
        self.unlocked = false;
        self.force_quit &= !self.rules.life.restart_ends_force_quit;
        self.connect_for_pushes();
        let boot = self.rules.life.boot.draw(&mut self.random);
        self.timers.at(self.now + boot, Timer::Boot);
    }

    pub(super) fn boot(&mut self) {
        self.on = true;
        self.connect_for_pushes();
    }

    pub(super) fn unlock(&mut self) {
        if self.on {
            self.unlocked = true;
            self.offer_held();
        }
    }

    /// The app is deleted and comes again: fresh from the store, or with the files of a backup.
    pub(super) fn install_anew(&mut self, badge_survives: bool) {
        self.stop_extension(Death::Deleted);
        self.kill(Process::App, Death::Deleted);
        self.forget_held();
        self.forget_refresh();
        self.force_quit = false;
        let gone = self.screen.clear();
        self.tell_removed(gone);
        let before = self.badge();
        if !badge_survives {
            self.screen.number = 0;
        }
        self.tell_icon_changed(before);
        self.end_token();
    }

    pub(super) fn change_token(&mut self) {
        let had_one = self.token.is_some();
        self.end_token();
        if had_one && self.life != AppState::Dead {
            self.token_wanted = true;
            self.answer_token();
        }
    }

    fn end_token(&mut self) {
        self.token_wanted = false;
        self.timers.cancel(|timer| matches!(timer, Timer::Token));
        if let Some(token) = self.token.take() {
            self.effects.push(Effect::TokenEnded(token));
        }
    }

    /// `registerForRemoteNotifications`: the app asks for its token, as it does at every launch. The
    /// answer is [`Effect::TokenIssued`], when there is a connection to APNs.
    pub fn register_for_pushes(&mut self, now: Time) {
        self.pass(now);
        if self.running(Process::App) {
            self.token_wanted = true;
            self.answer_token();
        }
    }

    /// Answers the app soon, if it asked and there is somebody to ask.
    pub(super) fn answer_token(&mut self) {
        let asked = |timer: &Timer| matches!(timer, Timer::Token);
        if self.token_wanted && self.push_path && !self.timers.has(asked) {
            let takes = self.rules.life.token_takes.draw(&mut self.random);
            self.timers.at(self.now + takes, Timer::Token);
        }
    }

    /// The app's token is there. A frozen app learns it when it goes on, one that is gone when it
    /// asks again.
    pub(super) fn token_is_there(&mut self) {
        if !self.push_path || self.life == AppState::Suspended {
            return;
        }
        self.token_wanted = false;
        if self.life == AppState::Dead {
            return;
        }
        let random = &mut self.random;
        let token = *self.token.get_or_insert_with(|| Token(random.u64(..)));
        self.effects.push(Effect::TokenIssued {
            token,
            topic: std::sync::Arc::clone(&self.app.topic),
            environment: self.app.environment,
        });
    }
}
