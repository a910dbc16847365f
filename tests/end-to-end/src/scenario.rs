//! Scenarios: what happens to an app's badge, step by step, as files that a person can read and
//! write. `tests/fixtures/scenarios/README.md` documents them.
//!
//! | module | what it is |
//! |---|---|
//! | [`action`] | what a step can do |
//! | `parse` | the text of a file → steps |
//! | [`play`] | steps → what a phone without an iPhone shows |
//! | [`simulator`] | steps → commands for the iOS simulator |

pub mod action;
mod parse;
pub mod play;
pub mod simulator;

use std::path::{Path, PathBuf};

use action::Action;
use anyhow::Context as _;

/// A named scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its file's name without the ending.
    pub name: String,
    /// What it shows, in a sentence.
    pub title: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Something that happens, and what the icon shows then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it is written, from 1.
    pub line: usize,
    /// As it is written.
    pub text: String,
    /// What happens.
    pub action: Action,
    /// The badge afterwards; none when the step does not say.
    pub badge: Option<u64>,
}

/// The folder of the scenarios that come with this repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios")
}

impl Scenario {
    /// Reads a file: a script, or a single push (`.apns`).
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let scenario = if file.extension().is_some_and(|ending| ending == "apns") {
            parse::push(&name, file)
        } else {
            parse::script(&name, &text, folder)
        };
        scenario.with_context(|| format!("{} is no scenario", file.display()))
    }

    /// All of a folder, by name.
    pub fn all(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let files = std::fs::read_dir(folder)
            .with_context(|| format!("there is no folder {}", folder.display()))?;
        let mut scenarios = Vec::new();
        for file in files {
            let file = file?.path();
            let is = |ending| file.extension().is_some_and(|it| it == ending);
            if is("scenario") || is("apns") {
                scenarios.push(Self::read(&file)?);
            }
        }
        scenarios.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(scenarios)
    }

    /// Those of these names, in their order; all when there are none.
    pub fn named(folder: &Path, names: &[String]) -> anyhow::Result<Vec<Self>> {
        let all = Self::all(folder)?;
        if names.is_empty() {
            return Ok(all);
        }
        let find = |name: &String| {
            let found = all.iter().find(|one| one.name == *name).cloned();
            found.with_context(|| format!("there is no scenario {name}: see --list"))
        };
        names.iter().map(find).collect()
    }
}
