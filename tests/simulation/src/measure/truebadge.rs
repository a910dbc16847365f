//! TrueBadge: the real engine in the app's and in the extension's process, over a real store, and the
//! real relay with its real planner, in the world of the simulator (`crate::world`).
//!
//! The shell around it is a good one: it has the relay told at once of what the person did and of another
//! push token, looks at the phone's settings in each wake, and asks for background refreshes.
//!
//! Nothing is made easier for it. Its relay is out when the others' servers are; a request takes the
//! same time; what the person does here is handed to the engine, and sent by it. Every property of the
//! simulator is checked on the way, and a measurement in which one does not hold fails.
//!
//! Nothing is made harder either: requests are not lost on the way, processes are not killed at points
//! of their own code. That is `simulate run`'s matter; the other clients are spared it too.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use simphone::{Rules, Time};

use super::{Measured, Script, Seeds};
use crate::{violation::Violation, world::World};

pub(super) fn live(
    rules: &Arc<Rules>,
    seeds: Seeds,
    script: &Script,
    end: Time,
) -> Result<Measured, String> {
    let lived = || World::of_a_week(rules, seeds, script, end).and_then(World::live_the_week);
    match catch_unwind(AssertUnwindSafe(lived)) {
        Ok(measured) => measured.map_err(|violation: Violation| violation.to_string()),
        Err(payload) => Err(crate::run::message(payload.as_ref())),
    }
}
