//! Runs the engines' tasks on one thread. Which of those that could go on does, is drawn from the
//! seed, so that every order of them comes up.

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use fastrand::Rng;
use futures_util::future::BoxFuture;
use truebadge_engine::{EngineError, Spawner};

/// A process of a phone, from its start to its end; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(pub u32);

/// What became of a task that went on.
#[derive(Debug)]
pub enum Polled {
    /// It ended, or waits for something.
    Went,
    /// It panicked: a planted kill, or a bug.
    Panicked(Box<dyn std::any::Any + Send>),
}

/// The tasks of every process.
#[derive(Debug, Default)]
pub struct Executor {
    tasks: BTreeMap<u64, Task>,
    begun: u64,
    shared: Arc<Shared>,
}

/// Tasks that a process began, and those that can go on.
#[derive(Default)]
struct Shared {
    begun: Mutex<Vec<(Owner, BoxFuture<'static, ()>)>>,
    ready: Mutex<Vec<u64>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}

struct Task {
    owner: Owner,
    future: BoxFuture<'static, ()>,
    waker: Waker,
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Task of {:?}", self.owner)
    }
}

struct Signal {
    task: u64,
    shared: Arc<Shared>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        let mut ready = lock(&self.shared.ready);
        if !ready.contains(&self.task) {
            ready.push(self.task);
        }
    }
}

/// Where a process's engine begins its tasks.
#[derive(Debug)]
struct Of(Owner, Arc<Shared>);

impl Spawner for Of {
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), EngineError> {
        lock(&self.1.begun).push((self.0, task));
        Ok(())
    }
}

impl Executor {
    /// Where a process begins its tasks.
    pub fn spawner(&self, owner: Owner) -> Arc<dyn Spawner> {
        Arc::new(Of(owner, Arc::clone(&self.shared)))
    }

    /// Takes in what was begun since; it can go on at once.
    fn take_in(&mut self) {
        let begun = std::mem::take(&mut *lock(&self.shared.begun));
        for (owner, future) in begun {
            self.begun += 1;
            let signal = Signal {
                task: self.begun,
                shared: Arc::clone(&self.shared),
            };
            let waker = Waker::from(Arc::new(signal));
            lock(&self.shared.ready).push(self.begun);
            let task = Task {
                owner,
                future,
                waker,
            };
            self.tasks.insert(self.begun, task);
        }
    }

    /// Whether a task of a process that runs can go on.
    pub fn is_ready(&mut self, runs: impl Fn(Owner) -> bool) -> bool {
        self.take_in();
        let ready = lock(&self.shared.ready);
        ready.iter().any(|task| self.runs(*task, &runs))
    }

    fn runs(&self, task: u64, runs: impl Fn(Owner) -> bool) -> bool {
        self.tasks.get(&task).is_some_and(|task| runs(task.owner))
    }

    /// Lets one of the tasks go on that can; tells whose, before and after it.
    pub fn go_on(
        &mut self,
        rng: &mut Rng,
        runs: impl Fn(Owner) -> bool,
        before: impl FnOnce(Owner),
    ) -> Option<(Owner, Polled)> {
        self.take_in();
        let chosen = {
            let mut ready = lock(&self.shared.ready);
            ready.retain(|task| self.tasks.contains_key(task));
            let able = |place: &usize| self.runs(ready[*place], &runs);
            let able: Vec<usize> = (0..ready.len()).filter(able).collect();
            let place = *able.get(rng.usize(..able.len().max(1)))?;
            ready.remove(place)
        };
        let mut task = self.tasks.remove(&chosen)?;
        let owner = task.owner;
        before(owner);
        let mut context = Context::from_waker(&task.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => drop(self.tasks.insert(chosen, task)),
            Err(payload) => return Some((owner, Polled::Panicked(payload))),
        }
        Some((owner, Polled::Went))
    }

    /// Ends a process's tasks where they are.
    pub fn end(&mut self, owner: Owner) {
        self.take_in();
        self.tasks.retain(|_, task| task.owner != owner);
        // What their ends began is ended too.
        lock(&self.shared.begun).retain(|(of, _)| *of != owner);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
