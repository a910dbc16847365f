//! What a push does to the phone, and when it wakes the app.

use crate::phone::app::AppState;
use crate::phone::timers::Timer;
use crate::phone::{Painter, Phone, Process, Why};
use crate::push::{Aps, Notification, Priority, PushType};
use crate::time::Time;

/// The one push that iOS holds back for the app.
#[derive(Debug)]
pub(super) struct Held {
    notification: Notification,
    /// It has a date of its own; otherwise it waits for something to change.
    timed: bool,
}

/// Why a push must not wake the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    ForceQuit,
    Locked,
    LowPower,
    RefreshOff,
}

impl Phone {
    /// APNs hands a push over. One for a token that is not this phone's is thrown away.
    pub fn arrive(&mut self, now: Time, notification: Notification) {
        self.pass(now);
        let ours = self.on && self.token == Some(notification.token);
        let Some(aps) = notification.payload.aps().filter(|_| ours) else {
            return;
        };
        match notification.push_type {
            PushType::Alert => self.alert_push(notification, aps),
            PushType::Background if aps.content_available => self.background_push(notification),
            // Apple calls it a misconfiguration; nothing is known to come of it.
            PushType::Background => {}
        }
    }

    fn alert_push(&mut self, notification: Notification, aps: Aps) {
        let wakes = aps.content_available.then(|| notification.clone());
        if aps.alert && self.conditions.alerts_allowed {
            self.alert(notification, aps);
        } else if let Some(badge) = aps.badge
            && self.takes_painted()
        {
            self.paint(badge, Painter::Push);
        }
        if let Some(notification) = wakes {
            self.offer(notification);
        }
    }

    /// Whether a push that has nothing to show may set the number.
    pub(super) fn takes_painted(&self) -> bool {
        let rules = &self.rules.screen;
        let in_front = self.life == AppState::Front;
        self.conditions.badges_allowed
            && (!self.force_quit || rules.painted_after_force_quit)
            && (!in_front || rules.painted_in_front)
    }

    fn background_push(&mut self, notification: Notification) {
        // A newer one takes the place of the one that is held.
        self.forget_held();
        let rules = &self.rules.background;
        let in_front = self.life == AppState::Front;
        if in_front || self.blocked().is_some() {
            self.offer(notification);
        } else if rules.drops.happens(&mut self.random) {
            // Gone, without a word.
        } else if rules.hesitates.happens(&mut self.random) {
            let until = self.now + rules.holds.draw(&mut self.random);
            self.hold(notification, Some(until));
        } else {
            self.offer(notification);
        }
    }

    /// Why a push must not wake the app now.
    pub(super) fn blocked(&self) -> Option<Blocked> {
        if self.force_quit {
            Some(Blocked::ForceQuit)
        } else if !self.unlocked && !self.rules.life.starts_before_unlock {
            Some(Blocked::Locked)
        } else if !self.conditions.background_refresh {
            Some(Blocked::RefreshOff)
        } else if self.conditions.low_power {
            Some(Blocked::LowPower)
        } else {
            None
        }
    }

    /// Wakes the app for a push, or holds it, or throws it away.
    fn offer(&mut self, notification: Notification) {
        if self.life == AppState::Front {
            self.wake_for(notification, false);
            return;
        }
        let background = notification.push_type == PushType::Background;
        if let Some(blocked) = self.blocked() {
            if background && !self.discards(blocked) {
                self.hold(notification, None);
            }
            return;
        }
        let rules = &self.rules.background;
        if !background && !rules.painted_wakes.happens(&mut self.random) {
            return;
        }
        if !rules.wakes_overlap && self.wakes.is_busy() {
            self.hold(notification, None);
            return;
        }
        let throttled = background
            || notification.priority != Priority::Immediate
            || self.rules.background.painted_costs;
        match self.budget.allows_push(self.now) {
            Err(not_before) if throttled && background => self.hold(notification, Some(not_before)),
            Err(_) if throttled => {}
            _ => self.wake_for(notification, throttled),
        }
    }

    fn discards(&self, blocked: Blocked) -> bool {
        match blocked {
            Blocked::ForceQuit => true,
            Blocked::Locked => false,
            Blocked::LowPower => self.rules.background.low_power_discards,
            Blocked::RefreshOff => self.rules.background.refresh_off_discards,
        }
    }

    fn wake_for(&mut self, notification: Notification, paid: bool) {
        if paid {
            self.budget.pay_push(self.now);
        }
        self.start_app();
        let why = match notification.push_type {
            PushType::Background => Why::SilentPush(notification.payload),
            PushType::Alert => Why::PaintedPush(notification.payload),
        };
        let until = self.now + self.rules.background.wake_time;
        self.wake(Process::App, why, until);
    }

    fn hold(&mut self, notification: Notification, until: Option<Time>) {
        self.forget_held();
        self.held = Some(Held {
            notification,
            timed: until.is_some(),
        });
        if let Some(until) = until {
            self.timers.at(until, Timer::Release);
        }
    }

    fn take_held(&mut self) -> Option<Notification> {
        let held = self.held.take()?;
        if held.timed {
            self.timers.cancel(|timer| matches!(timer, Timer::Release));
        }
        Some(held.notification)
    }

    /// The push that is held is thrown away.
    pub(super) fn forget_held(&mut self) {
        let _ = self.take_held();
    }

    /// The date of the push that is held has come.
    pub(super) fn release_held(&mut self) {
        if let Some(held) = self.take_held() {
            self.offer(held);
        }
    }

    /// Something changed for which the push that is held may have waited.
    pub(super) fn offer_held(&mut self) {
        if self.held.as_ref().is_some_and(|held| !held.timed) {
            self.release_held();
        }
    }

    /// The person started the app: what is held is delivered, whatever it waited for.
    pub(super) fn deliver_held(&mut self) {
        if let Some(held) = self.take_held() {
            self.wake_for(held, false);
        }
    }
}
