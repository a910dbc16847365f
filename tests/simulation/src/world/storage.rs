//! What the store meets when it turns to the disk: a locked phone, a full one, another process, or its
//! own end.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use truebadge_engine::{
    EngineError,
    simulation::{self, Point, Verdict},
};

/// The next troubles; the engines of this thread meet them.
#[derive(Clone)]
pub(super) struct Storage(Rc<Troubles>);

#[derive(Default)]
struct Troubles {
    /// The phone has not been unlocked since it started.
    locked: Cell<bool>,
    /// The process ends at its so many-th point from now; never at 0.
    kill_in: Cell<u32>,
    /// So many of the next transactions find the store busy.
    busy: Cell<u32>,
    /// So many of the next commits find the storage full.
    full: Cell<u32>,
    /// The engine that runs now was suspended: it must not open the store (S6).
    suspended: Cell<bool>,
    opened_asleep: Cell<bool>,
    /// Something was committed since somebody asked.
    written: Cell<bool>,
    /// What another process does at the instant of the next commit, and the number that came of it.
    meanwhile: RefCell<Option<Act>>,
    number: Cell<Option<u32>>,
    /// What happened, for the tally.
    happened: RefCell<Vec<&'static str>>,
}

/// Something that a process does, and the number that it has then; nothing if it did nothing.
pub(super) type Act = Box<dyn FnOnce() -> Option<u32>>;

impl Storage {
    /// No troubles; this thread's engines listen to this one from now on.
    pub(super) fn new() -> Self {
        let troubles = Rc::new(Troubles::default());
        let listening = Rc::clone(&troubles);
        simulation::hook(Some(Box::new(move |point| listening.meet(point))));
        Self(troubles)
    }

    pub(super) fn lock(&self, locked: bool) {
        self.0.locked.set(locked);
    }

    pub(super) fn kill_in(&self, points: u32) {
        self.0.kill_in.set(points);
    }

    pub(super) fn busy(&self, times: u32) {
        self.0.busy.set(times);
    }

    pub(super) fn full(&self, times: u32) {
        self.0.full.set(times);
    }

    /// Whether the engine that runs from now on was suspended.
    pub(super) fn suspended(&self, suspended: bool) {
        self.0.suspended.set(suspended);
    }

    /// Whether a suspended engine opened the store.
    pub(super) fn was_opened_asleep(&self) -> bool {
        self.0.opened_asleep.take()
    }

    /// Whether something was committed since the last call.
    pub(super) fn was_written(&self) -> bool {
        self.0.written.take()
    }

    /// Another process does this at the instant of the next commit.
    pub(super) fn meanwhile(&self, act: Act) {
        self.0.meanwhile.replace(Some(act));
    }

    /// The number that came of it, if it did something; from here on it does nothing any more.
    pub(super) fn came_of_it(&self) -> Option<u32> {
        self.0.meanwhile.take();
        self.0.number.take()
    }

    /// From here on nothing goes wrong.
    pub(super) fn calm(&self) {
        self.kill_in(0);
        self.busy(0);
        self.full(0);
    }

    /// What happened since the last call.
    pub(super) fn happened(&self) -> Vec<&'static str> {
        self.0.happened.take()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        simulation::hook(None);
    }
}

impl Troubles {
    fn meet(&self, point: Point) -> Verdict {
        match point {
            Point::Opens if self.suspended.get() => self.opened_asleep.set(true),
            Point::Committed | Point::Rebuilt => self.written.set(true),
            _ => {}
        }
        if point == Point::Committed
            && let Some(act) = self.meanwhile.take()
            && let Some(number) = act()
        {
            self.note("two processes at once");
            self.number.set(Some(number));
        }
        if point == Point::Opens && self.locked.get() {
            return Verdict::Fail(EngineError::Locked);
        }
        if count_down(&self.kill_in) {
            self.note("process killed at the store");
            return Verdict::Kill;
        }
        match point {
            Point::Begins if one_less(&self.busy) => {
                self.note("store busy");
                Verdict::Fail(EngineError::Busy)
            }
            Point::Commits if one_less(&self.full) => {
                self.note("storage full");
                Verdict::Fail(EngineError::StorageFull)
            }
            _ => Verdict::GoOn,
        }
    }

    fn note(&self, what: &'static str) {
        self.happened.borrow_mut().push(what);
    }
}

/// True when it reaches nothing.
fn count_down(count: &Cell<u32>) -> bool {
    let before = count.get();
    count.set(before.saturating_sub(1));
    before == 1
}

/// True while there is something to take away.
fn one_less(count: &Cell<u32>) -> bool {
    let before = count.get();
    count.set(before.saturating_sub(1));
    before > 0
}
