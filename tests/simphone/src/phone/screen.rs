//! The icon's badge and Notification Centre (docs/PLATFORM.md, rules 6, 9, 10, 11 and 19).

use crate::phone::timers::Timer;
use crate::phone::{BadgesForbidden, Delivered, Effect, NotificationId, Painter, Phone, Process};
use crate::push::Notification;
use crate::time::Time;

/// What the person sees.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// The number that iOS keeps; it is on the icon while badges are allowed.
    pub(super) number: u32,
    /// Oldest first.
    pub(super) delivered: Vec<Delivered>,
    numbered: u64,
    /// When the last `setBadgeCount` takes effect: they keep their order.
    badge_set_at: Time,
}

impl Screen {
    /// The number of a notification: that of the one which it replaces, or a new one.
    pub(super) fn number(&mut self, collapse_id: Option<&str>) -> NotificationId {
        let same = |one: &&Delivered| one.notification.collapse_id.as_deref() == collapse_id;
        let replaced = collapse_id.and_then(|_| self.delivered.iter().find(same));
        if let Some(replaced) = replaced {
            return replaced.id;
        }
        self.numbered += 1;
        NotificationId(self.numbered)
    }

    /// Takes away those that are there, and tells which.
    fn remove(&mut self, ids: &[NotificationId]) -> Vec<NotificationId> {
        let mut gone = Vec::new();
        self.delivered.retain(|one| {
            let goes = ids.contains(&one.id);
            if goes {
                gone.push(one.id);
            }
            !goes
        });
        gone
    }

    /// Takes all away, and tells which.
    pub(super) fn clear(&mut self) -> Vec<NotificationId> {
        self.delivered.drain(..).map(|one| one.id).collect()
    }
}

impl Phone {
    /// The number on the icon becomes this.
    pub(super) fn paint(&mut self, number: u32, by: Painter) {
        if !self.conditions.badges_allowed {
            return;
        }
        self.screen.number = number;
        self.effects.push(Effect::BadgePainted { number, by });
        let rules = &self.rules.screen;
        let drops = match by {
            Painter::Push => rules.painted_zero_removes_delivered,
            Painter::Code(_) => rules.zero_removes_delivered,
            Painter::System => false,
        };
        if number == 0 && drops && !self.screen.delivered.is_empty() {
            let gone = self.screen.clear();
            self.effects.push(Effect::NotificationsDropped(gone));
        }
    }

    /// A notification comes to the screen, with its number.
    pub(super) fn show(&mut self, id: NotificationId, push: Notification, badge: Option<u32>) {
        let in_front = self.in_foreground() && !self.rules.screen.painted_in_front;
        if let Some(badge) = badge.filter(|_| !in_front) {
            self.paint(badge, Painter::Push);
        }
        self.screen.delivered.retain(|one| one.id != id);
        self.put(Delivered {
            id,
            notification: push,
            since: self.now,
        });
    }

    fn put(&mut self, one: Delivered) {
        let id = one.id;
        let kept = self.rules.screen.delivered_kept as usize;
        if self.screen.delivered.len() >= kept.max(1) {
            let oldest = self.screen.delivered.remove(0);
            self.tell_removed(vec![oldest.id]);
        }
        self.screen.delivered.push(one);
        self.effects.push(Effect::NotificationShown(id));
    }

    /// Notifications go because somebody wants it.
    pub(super) fn take_away(&mut self, ids: &[NotificationId]) {
        let gone = self.screen.remove(ids);
        self.tell_removed(gone);
    }

    pub(super) fn tell_removed(&mut self, gone: Vec<NotificationId>) {
        if !gone.is_empty() {
            self.effects.push(Effect::NotificationsRemoved(gone));
        }
    }

    pub(super) fn put_back(&mut self, those: Vec<Delivered>) {
        for one in those {
            if !self.screen.delivered.iter().any(|shown| shown.id == one.id) {
                let since = self.now;
                self.put(Delivered { since, ..one });
            }
        }
    }

    /// `setBadgeCount`: the moment at which the icon changes and iOS answers. A process that is not
    /// there changes nothing.
    pub fn set_badge(
        &mut self,
        now: Time,
        process: Process,
        number: u32,
    ) -> Result<Time, BadgesForbidden> {
        self.pass(now);
        if !self.conditions.badges_allowed {
            return Err(BadgesForbidden);
        }
        let takes = self.rules.screen.badge_takes.draw(&mut self.random);
        let at = (self.now + takes).max(self.screen.badge_set_at);
        if self.alive(process) {
            self.screen.badge_set_at = at;
            self.soon(at, Timer::Badge(process, number));
        }
        Ok(at)
    }

    /// `removeDeliveredNotifications`: the moment at which they are gone. iOS answers nothing.
    pub fn remove_delivered(
        &mut self,
        now: Time,
        process: Process,
        ids: &[NotificationId],
    ) -> Time {
        self.pass(now);
        let at = self.now + self.rules.screen.removal_takes.draw(&mut self.random);
        if self.alive(process) {
            self.soon(at, Timer::Remove(process, ids.to_vec()));
        }
        at
    }

    /// Delivers notifications again, silently and without a number, under their old names; the
    /// moment at which they are shown. Those that are shown still stay as they are.
    pub fn deliver_again(&mut self, now: Time, process: Process, those: Vec<Delivered>) -> Time {
        self.pass(now);
        let at = self.now + self.rules.screen.removal_takes.draw(&mut self.random);
        if self.alive(process) {
            self.soon(at, Timer::Deliver(process, those));
        }
        at
    }

    /// At once where it takes no time, so that whoever looks right after the call sees it.
    fn soon(&mut self, at: Time, timer: Timer) {
        if at <= self.now {
            self.due(timer);
        } else {
            self.timers.at(at, timer);
        }
    }

    /// What a process asked for and is still under way goes with it, where the rules say so.
    pub(super) fn lose_calls(&mut self, process: Process) {
        self.lose_removals(process);
        if self.rules.screen.badge_lost_at_end {
            self.timers
                .cancel(|timer| matches!(timer, Timer::Badge(by, _) if *by == process));
        }
    }

    pub(super) fn lose_removals(&mut self, process: Process) {
        if self.rules.screen.removal_lost_at_end {
            self.timers.cancel(|timer| {
                matches!(timer, Timer::Remove(by, _) | Timer::Deliver(by, _) if *by == process)
            });
        }
    }
}
