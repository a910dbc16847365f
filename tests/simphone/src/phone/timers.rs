//! What a phone has to do later.

use crate::phone::{Delivered, NotificationId, Process, WakeId};
use crate::time::Time;

/// One of those things.
#[derive(Debug)]
pub(super) enum Timer {
    /// A wake's time is over.
    Deadline(WakeId),
    /// The app has nothing more to do in the background.
    SuspendApp,
    /// The suspended app is ended to make room.
    PurgeApp,
    /// The suspended extension is ended.
    EndExtension,
    /// The phone has started.
    Boot,
    /// The phone is connected to APNs.
    PushPath,
    /// The app's token is there.
    Token,
    /// The push that is held may go on.
    Release,
    /// A background refresh.
    Refresh,
    /// `setBadgeCount` takes effect.
    Badge(Process, u32),
    /// `removeDeliveredNotifications` takes effect.
    Remove(Process, Vec<NotificationId>),
    /// Notifications that are delivered again are there.
    Deliver(Process, Vec<Delivered>),
}

/// All of them. There are rarely more than ten, so a sorted list beats a heap.
#[derive(Debug, Default)]
pub(super) struct Timers(Vec<(Time, Timer)>);

impl Timers {
    /// Adds one; of those for the same moment the first comes first.
    pub(super) fn at(&mut self, time: Time, timer: Timer) {
        // The earliest is last in the list, so that taking it moves nothing.
        let place = self.0.partition_point(|(other, _)| *other > time);
        self.0.insert(place, (time, timer));
    }

    /// When the earliest is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.0.last().map(|(time, _)| *time)
    }

    /// Takes the earliest, if it is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<(Time, Timer)> {
        self.0.pop_if(|(time, _)| *time <= now)
    }

    /// Whether there is such a one.
    pub(super) fn has(&self, such: impl Fn(&Timer) -> bool) -> bool {
        self.0.iter().any(|(_, timer)| such(timer))
    }

    /// Forgets all such.
    pub(super) fn cancel(&mut self, such: impl Fn(&Timer) -> bool) {
        self.0.retain(|(_, timer)| !such(timer));
    }
}
