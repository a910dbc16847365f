//! The gate that noise cannot move: instructions, counted by valgrind, of the engine and of the base that does the
//! same; compared with a committed baseline.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    count::{CONVERSATIONS, RAW, TIMES},
    raw::Raw,
    served::Served,
    workloads::memory::{prepare_pages, prepare_pushes},
};

/// What is counted, and its base.
const COUNTED: [(&str, &str); 4] = [
    ("push", "push-raw"),
    ("wake", "wake-raw"),
    ("start", "start-raw"),
    ("catch-up", "catch-up-raw"),
];
/// Changes of the catch-up.
const CHANGES: usize = 5_000;
/// So much may it rise.
const TOLERANCE: f64 = 1.1;

/// Instructions by what was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts(BTreeMap<String, Count>);

/// Instructions of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// The engine's.
    pub engine: u64,
    /// The base's.
    pub sqlite: u64,
}

impl Count {
    #[expect(
        clippy::cast_precision_loss,
        reason = "instructions are fewer than 2^53"
    )]
    fn ratio(self) -> f64 {
        self.engine as f64 / self.sqlite as f64
    }
}

impl Counts {
    /// A baseline.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read: is there a baseline?", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Counts, in a directory where nothing is yet.
    pub fn of(program: &Path, directory: &Path) -> Result<Self> {
        let mut counts = BTreeMap::new();
        for (what, base) in COUNTED {
            let place = directory.join(what);
            prepare(&place, what)?;
            let times = match what {
                "push" | "wake" => TIMES as u64,
                _ => 1,
            };
            let count = Count {
                engine: instructions(program, what, &place)? / times,
                sqlite: instructions(program, base, &place)? / times,
            };
            counts.insert(what.to_owned(), count);
        }
        Ok(Self(counts))
    }

    /// A table beside the baseline, and whether nothing rose by more than a tenth.
    pub fn compared(&self, baseline: &Self) -> (String, bool) {
        let mut table = format!(
            "{:<12}{:>14}{:>14}{:>10}{:>12}\n",
            "", "instructions", "SQLite's", "ratio", "baseline"
        );
        let mut holds = true;
        for (what, count) in &self.0 {
            let before = baseline.0.get(what);
            let rose = before.is_none_or(|before| count.ratio() > before.ratio() * TOLERANCE);
            holds &= !rose;
            let before =
                before.map_or_else(|| "none".to_owned(), |one| format!("{:.2}", one.ratio()));
            // Writing to a text cannot fail.
            let _ = writeln!(
                table,
                "{what:<12}{:>14}{:>14}{:>10.2}{before:>12}{}",
                count.engine,
                count.sqlite,
                count.ratio(),
                if rose { "  ROSE by more than 10 %" } else { "" }
            );
        }
        (table, holds)
    }
}

fn prepare(place: &Path, what: &str) -> Result<()> {
    fs::create_dir(place)?;
    let conversations = if what == "catch-up" {
        prepare_pages(place, CHANGES)?;
        CHANGES
    } else {
        prepare_pushes(place, TIMES)?;
        CONVERSATIONS
    };
    let served = Served::new("ada", conversations)?;
    Raw::create(&place.join(RAW), served.rows())
}

/// Instructions, as valgrind's callgrind counts them.
fn instructions(program: &Path, what: &str, place: &Path) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    if !what.starts_with("catch-up") {
        valgrind.args([
            "--collect-atstart=no",
            "--toggle-collect=truebadge_bench::count::counted",
        ]);
    }
    let output = valgrind
        .arg(program)
        .args(["child", "count", what])
        .arg(place)
        .output()
        .context("valgrind did not begin: is it installed?")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what} failed: {said}");
    let counted = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, counted) = counted.context("valgrind told no count")?;
    Ok(counted.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::{Count, Counts};

    fn counts(engine: u64, sqlite: u64) -> Counts {
        Counts([("push".to_owned(), Count { engine, sqlite })].into())
    }

    #[test]
    fn a_ratio_that_rose_by_more_than_a_tenth_is_seen() {
        let baseline = counts(200, 100);
        assert!(counts(219, 100).compared(&baseline).1);
        assert!(!counts(221, 100).compared(&baseline).1);
        // Another compiler, which is better at both alike.
        assert!(counts(150, 75).compared(&baseline).1);
    }

    #[test]
    fn what_the_baseline_does_not_know_is_no_pass() {
        assert!(!counts(1, 1).compared(&Counts([].into())).1);
    }
}
