//! The moments in which our code runs, and their ends.

use crate::phone::app::AppState;
use crate::phone::timers::Timer;
use crate::phone::{Completion, Death, Effect, Phone, Process, Violation, Wake, WakeId, Why};
use crate::time::{Millis, Time};

/// What kind of wake it is, for what follows from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The app is in front.
    Front,
    /// The person left.
    Left,
    /// A push or a refresh in the background, paid from the budget.
    Background,
    /// The app is told something while it runs anyway.
    Told,
    /// A notification in the extension.
    Alert,
}

impl Kind {
    fn of(why: &Why) -> Self {
        match why {
            Why::Foreground => Self::Front,
            Why::Left => Self::Left,
            Why::SilentPush(_) | Why::PaintedPush(_) | Why::Refresh => Self::Background,
            Why::NetworkBack | Why::LowPowerEnded => Self::Told,
            Why::Extension { .. } => Self::Alert,
        }
    }
}

/// A wake whose completion was not called yet.
#[derive(Debug)]
pub(super) struct OpenWake {
    id: WakeId,
    kind: Kind,
    since: Time,
    until: Time,
    /// Its time is over, and nothing was done about it.
    overdue: bool,
}

impl OpenWake {
    /// Whether iOS lets the app run on for it.
    fn holds_app(&self) -> bool {
        matches!(self.kind, Kind::Left | Kind::Background) && !self.overdue
    }
}

/// All wakes of both processes.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    open: Vec<OpenWake>,
    begun: u64,
    /// How many wakes had begun when the app, and the extension, started last.
    before_launch: [u64; 2],
}

impl Wakes {
    pub(super) fn launched(&mut self, process: Process) {
        self.before_launch[process as usize] = self.begun;
    }

    /// Until when iOS lets the app run in the background; none when there is no reason to.
    pub(super) fn app_runs_until(&self) -> Option<Time> {
        let holding = self.open.iter().filter(|wake| wake.holds_app());
        holding.map(|wake| wake.until).max()
    }

    /// Whether a push or a refresh in the background is under way.
    pub(super) fn is_busy(&self) -> bool {
        let background = |wake: &OpenWake| wake.kind == Kind::Background && !wake.overdue;
        self.open.iter().any(background)
    }

    /// What the app still does for an earlier visit is of no interest.
    pub(super) fn forget_front(&mut self) {
        self.open.retain(|wake| wake.kind != Kind::Front);
    }

    fn find(&mut self, id: WakeId) -> Option<&mut OpenWake> {
        self.open.iter_mut().find(|wake| wake.id == id)
    }

    fn take(&mut self, id: WakeId) -> Option<OpenWake> {
        let place = self.open.iter().position(|wake| wake.id == id)?;
        Some(self.open.remove(place))
    }
}

impl Phone {
    /// Lets a process that runs do something.
    pub(super) fn wake(&mut self, process: Process, why: Why, until: Time) -> WakeId {
        self.wakes.begun += 1;
        let id = WakeId {
            number: self.wakes.begun,
            process,
        };
        let kind = Kind::of(&why);
        self.wakes.open.push(OpenWake {
            id,
            kind,
            since: self.now,
            until,
            overdue: false,
        });
        if until != Time::NEVER && kind != Kind::Told {
            // A completion at the very last moment is in time.
            self.timers.at(until + Millis(1), Timer::Deadline(id));
        }
        self.effects.push(Effect::Wake(Wake {
            id,
            process,
            why,
            until,
        }));
        id
    }

    /// Tells an app that runs anyway; nobody is woken for it.
    pub(super) fn tell_app(&mut self, why: Why) {
        let until = match self.life {
            AppState::Front => Some(Time::NEVER),
            AppState::Back => self.wakes.app_runs_until(),
            AppState::Dead | AppState::Suspended => None,
        };
        if let Some(until) = until {
            self.wake(Process::App, why, until);
        }
    }

    /// A wake called its completion. For the extension's alerts this shows the notification with
    /// the number that the push carries.
    pub fn completed(&mut self, now: Time, wake: WakeId) -> Completion {
        self.pass(now);
        match wake.process {
            Process::App => self.end_wake(wake),
            Process::Extension => self.completed_alert(now, wake, self.carried_badge()),
        }
    }

    /// The extension hands back the content of its notification: `badge` is the number in it,
    /// which iOS sets as it shows it; nothing when it took the number out.
    pub fn completed_alert(&mut self, now: Time, wake: WakeId, badge: Option<u32>) -> Completion {
        self.pass(now);
        let completion = self.end_wake(wake);
        if completion == Completion::InTime && wake.process == Process::Extension {
            self.finish_alert(badge);
        }
        completion
    }

    fn end_wake(&mut self, id: WakeId) -> Completion {
        let Some(wake) = self.wakes.take(id) else {
            return self.unknown_wake(id);
        };
        self.timers.cancel(is_deadline_of(id));
        if wake.overdue {
            return Completion::Late;
        }
        self.pay(&wake);
        if wake.kind == Kind::Background {
            self.offer_held();
        }
        self.settle_app();
        Completion::InTime
    }

    fn unknown_wake(&mut self, id: WakeId) -> Completion {
        let earlier_life = id.number <= self.wakes.before_launch[id.process as usize];
        if earlier_life || !self.alive(id.process) {
            return Completion::NotRunning;
        }
        self.violations.push(Violation::CompletedTwice(id));
        Completion::Twice
    }

    fn pay(&mut self, wake: &OpenWake) {
        if wake.kind == Kind::Background {
            let length = self.now.since(wake.since);
            self.budget.pay_run(self.now, length);
        }
    }

    /// A wake's time is over.
    pub(super) fn deadline(&mut self, id: WakeId) {
        let Some(wake) = self.wakes.find(id) else {
            return;
        };
        let kind = wake.kind;
        wake.overdue = true;
        if kind != Kind::Left {
            self.violations.push(Violation::CompletedLate(id));
        }
        let may_be_killed = self.rules.background.late_is_killed && !self.in_foreground();
        match kind {
            Kind::Alert => self.kill(Process::Extension, Death::Late),
            Kind::Background if may_be_killed => self.kill(Process::App, Death::Late),
            // Whoever leaves is no longer waited for, and it does no harm.
            _ => self.suspend_app_unless_busy(),
        }
    }

    /// A process is gone, and what it was doing with it.
    pub(super) fn abandon_wakes(&mut self, process: Process) {
        let mut place = 0;
        while let Some(wake) = self.wakes.open.get(place) {
            if wake.id.process == process {
                let wake = self.wakes.open.remove(place);
                self.timers.cancel(is_deadline_of(wake.id));
                self.pay(&wake);
            } else {
                place += 1;
            }
        }
    }
}

fn is_deadline_of(id: WakeId) -> impl Fn(&Timer) -> bool {
    move |timer| matches!(timer, Timer::Deadline(of) if *of == id)
}
