//! The relay's ledger against a plain reference, through whatever a backend and several phones may
//! do. After each step: versions have no holes, the sums equal a recount, every operation took
//! effect once, and a phone that follows the changes from any cursor ends with what is active.
#![allow(clippy::unwrap_used)]

mod phones;
mod reference;
mod steps;
mod world;

use proptest::prelude::*;
use steps::any_step;
use world::World;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_ledger_keeps_what_the_protocol_promises(
        steps in prop::collection::vec(any_step(), 1..50),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(&step)?;
            world.check()?;
        }
    }
}
