//! Every case, grouped as the sections of `docs/PROTOCOL.md`.

mod bounds;
mod changes;
mod concurrency;
mod conventions;
mod credentials;
mod devices;
mod errors;
mod events;
mod lanes;
mod operations;
mod pushes;
mod reset;
mod states;
mod tokens;
mod versions;

use crate::case::Case;

/// All of them, in the protocol's order.
pub fn all() -> Vec<Case> {
    [
        conventions::all(),
        credentials::all(),
        errors::all(),
        bounds::all(),
        versions::all(),
        events::all(),
        states::all(),
        tokens::all(),
        devices::all(),
        changes::all(),
        reset::all(),
        operations::all(),
        concurrency::all(),
        pushes::all(),
        lanes::all(),
    ]
    .concat()
}

/// Those whose id or section has one of these words in it; all when there are none.
pub fn matching(words: &[String]) -> Vec<Case> {
    let matches = |case: &Case| {
        let section = case.section.to_lowercase();
        let has = |word: &String| {
            case.id.contains(word.as_str()) || section.contains(&word.to_lowercase())
        };
        words.is_empty() || words.iter().any(has)
    };
    all().into_iter().filter(matches).collect()
}
