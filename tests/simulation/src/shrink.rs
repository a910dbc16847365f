//! Makes a failing run short: leaves out what can be left out while the same property still fails.

use crate::run::{Options, Outcome, run};

/// At most so many runs are tried.
const RUNS: usize = 3_000;

/// The places of a seed's plan that are needed, and the run with only them. `progress` is told how
/// many are left.
pub fn shrink(
    seed: u64,
    options: &Options,
    mut progress: impl FnMut(usize),
) -> (Vec<u32>, Outcome) {
    let mut best = run(seed, options);
    let mut kept: Vec<u32> = match &options.keep {
        Some(keep) => keep.clone(),
        None => (0..best.happened).collect(),
    };
    let Some(property) = best.violation.as_ref().map(|violation| violation.property) else {
        return (kept, best);
    };
    let (mut runs, mut size) = (0, kept.len().div_ceil(2));
    while size > 0 && runs < RUNS {
        let mut from = 0;
        while from < kept.len() && runs < RUNS {
            let to = (from + size).min(kept.len());
            let rest: Vec<u32> = [&kept[..from], &kept[to..]].concat();
            let tried = Options {
                keep: Some(rest.clone()),
                ..options.clone()
            };
            let outcome = run(seed, &tried);
            runs += 1;
            let same = |outcome: &Outcome| {
                outcome
                    .violation
                    .as_ref()
                    .map(|violation| violation.property)
                    == Some(property)
            };
            if same(&outcome) {
                (kept, best) = (rest, outcome);
                progress(kept.len());
            } else {
                from = to;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    (kept, best)
}
