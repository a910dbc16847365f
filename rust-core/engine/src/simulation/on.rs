//! The calling thread's seed and hook.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use super::Point;
use crate::EngineError;

/// What happens at a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    GoOn,
    /// The process ends here: see [`until_killed`].
    Kill,
    /// The store fails like this.
    Fail(EngineError),
}

/// Decides what happens at a point. It may call another process' engine: that is how another process
/// comes in between a commit and the call to iOS which follows it. Nobody asks it meanwhile.
pub type Hook = Box<dyn FnMut(Point) -> Verdict>;

/// A process was killed at a [`Point`]: what it unwinds with. No panic hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed;

thread_local! {
    static SEEDED: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// From now on this thread's randomness follows from `seed`.
pub fn seed(seed: u64) {
    SEEDED.set(Some(fastrand::Rng::with_seed(seed)));
}

/// From now on `hook` decides what happens on this thread at each [`Point`]; nothing when there is none.
pub fn hook(hook: Option<Hook>) {
    HOOK.set(hook);
}

/// Calls into the engine, or polls one of its tasks, until the [`Hook`] kills the process. Then nothing
/// of that process may be polled or called again: drop its tasks and its engine.
pub fn until_killed<T>(call: impl FnOnce() -> T) -> Result<T, Killed> {
    // Nobody looks at what a killed process left in memory.
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| match panic.downcast::<Killed>() {
        Ok(killed) => *killed,
        Err(panic) => resume_unwind(panic),
    })
}

/// Takes random bytes from the seed, when there is one.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    SEEDED.with_borrow_mut(|seeded| seeded.as_mut().map(|seeded| seeded.fill(bytes)).is_some())
}

/// Says that the store has come to a point.
pub(crate) fn reach(point: Point) -> Result<(), EngineError> {
    let Some(mut decide) = HOOK.take() else {
        return Ok(());
    };
    let verdict = decide(point);
    HOOK.with_borrow_mut(|hook| {
        hook.get_or_insert(decide);
    });
    match verdict {
        Verdict::GoOn => Ok(()),
        Verdict::Kill => resume_unwind(Box::new(Killed)),
        Verdict::Fail(error) => Err(error),
    }
}
