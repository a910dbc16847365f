//! The notification service extension: alerts pass through it, one after another
//! (docs/PLATFORM.md, rules 11 to 13).

use std::collections::VecDeque;

use crate::phone::timers::Timer;
use crate::phone::{Death, Effect, NotificationId, Phone, Process, Violation, WakeId, Why};
use crate::push::{Aps, Notification};
use crate::time::{Millis, Time};

/// A notification on its way to the screen.
#[derive(Debug)]
struct Alert {
    id: NotificationId,
    notification: Notification,
}

/// The extension's process and what waits for it.
#[derive(Debug, Default)]
pub(super) struct Extension {
    alive: bool,
    /// What it works on, and in which wake.
    current: Option<(WakeId, Alert)>,
    waiting: VecDeque<Alert>,
}

impl Extension {
    pub(super) fn is_alive(&self) -> bool {
        self.alive
    }

    /// It works on something; otherwise it is frozen, if it is there.
    pub(super) fn is_busy(&self) -> bool {
        self.current.is_some()
    }

    /// The number of a notification with this collapse id that is not on the screen yet.
    fn number_of(&self, collapse_id: &str) -> Option<NotificationId> {
        let current = self.current.iter().map(|(_, alert)| alert);
        current
            .chain(&self.waiting)
            .find(|alert| alert.notification.collapse_id.as_deref() == Some(collapse_id))
            .map(|alert| alert.id)
    }
}

impl Phone {
    /// An alert that may be shown: at once, or through the extension.
    pub(super) fn alert(&mut self, notification: Notification, aps: Aps) {
        let collapse_id = notification.collapse_id.as_deref();
        let on_its_way = collapse_id.and_then(|id| self.extension.number_of(id));
        let id = match on_its_way {
            Some(id) => id,
            None => self.screen.number(collapse_id),
        };
        let alert = Alert { id, notification };
        if aps.mutable_content && self.extension_may_run() {
            self.extension.waiting.push_back(alert);
            self.start_extension();
        } else {
            self.show_original(alert);
        }
    }

    fn extension_may_run(&self) -> bool {
        (self.unlocked || self.rules.life.starts_before_unlock)
            && (!self.force_quit || self.rules.extension.after_force_quit)
    }

    /// Gives the extension the next notification, if it has nothing to do.
    fn start_extension(&mut self) {
        while self.extension.current.is_none() {
            let Some(alert) = self.extension.waiting.pop_front() else {
                return;
            };
            if self.extension_starts() {
                self.wake_extension(alert);
            } else {
                self.show_original(alert);
            }
        }
    }

    /// Whether the process is there, or starts and survives it.
    fn extension_starts(&mut self) -> bool {
        if self.extension.alive {
            let ends = |timer: &Timer| matches!(timer, Timer::EndExtension);
            if self.timers.has(ends) {
                self.timers.cancel(ends);
                self.effects.push(Effect::Resume(Process::Extension));
            }
            return true;
        }
        self.wakes.launched(Process::Extension);
        self.effects.push(Effect::Launch(Process::Extension));
        if self.rules.extension.dies_at_start.happens(&mut self.random) {
            self.effects
                .push(Effect::Kill(Process::Extension, Death::AtStart));
            return false;
        }
        self.extension.alive = true;
        true
    }

    fn wake_extension(&mut self, alert: Alert) {
        let why = Why::Extension {
            notification: alert.id,
            payload: alert.notification.payload.clone(),
        };
        let until = self.now + self.rules.extension.time;
        let wake = self.wake(Process::Extension, why, until);
        self.extension.current = Some((wake, alert));
    }

    /// Which number the notification carries that the extension works on.
    pub(super) fn carried_badge(&self) -> Option<u32> {
        let (_, alert) = self.extension.current.as_ref()?;
        alert.notification.payload.aps()?.badge
    }

    /// The extension has handed its notification back.
    pub(super) fn finish_alert(&mut self, badge: Option<u32>) {
        let Some((_, alert)) = self.extension.current.take() else {
            return;
        };
        self.lose_removals(Process::Extension);
        self.show(alert.id, alert.notification, badge);
        if !self.extension.waiting.is_empty() {
            self.start_extension();
            return;
        }
        let lingers = self.rules.extension.lingers.draw(&mut self.random);
        if lingers == Millis::ZERO {
            self.kill(Process::Extension, Death::Idle);
        } else {
            self.effects.push(Effect::Suspend(Process::Extension));
            self.timers.at(self.now + lingers, Timer::EndExtension);
        }
    }

    /// The process is gone: what it worked on is shown as it came.
    pub(super) fn extension_died(&mut self, death: Death) {
        self.extension.alive = false;
        self.timers
            .cancel(|timer| matches!(timer, Timer::EndExtension));
        if let Some((_, alert)) = self.extension.current.take()
            && death != Death::Deleted
        {
            self.show_original(alert);
        }
        self.start_extension();
    }

    /// Nothing goes through the extension any more; what waits for it is shown, or not.
    pub(super) fn stop_extension(&mut self, death: Death) {
        for alert in std::mem::take(&mut self.extension.waiting) {
            if death != Death::Deleted {
                self.show_original(alert);
            }
        }
        self.kill(Process::Extension, death);
    }

    fn show_original(&mut self, alert: Alert) {
        let badge = alert.notification.payload.aps().and_then(|aps| aps.badge);
        self.show(alert.id, alert.notification, badge);
    }

    /// A process uses so much memory; the extension is killed above its limit.
    pub fn used_memory(&mut self, now: Time, process: Process, bytes: u64) {
        self.pass(now);
        let too_much = bytes > self.rules.extension.memory;
        if process == Process::Extension && self.extension.alive && too_much {
            self.violations.push(Violation::TooMuchMemory(process));
            self.kill(process, Death::Memory);
        }
    }
}
