//! `simulate planted`.

use std::{process::ExitCode, sync::atomic::Ordering};

use clap::Args;
use truebadge_simulation::{
    many::{Failure, Many},
    planted::Planted,
};

use super::{Each, cores, progress::Progress, stop};

/// Plants bugs one by one and runs seeds until each is found; exit code 1 when one is not.
#[derive(Debug, Args)]
pub struct PlantedBugs {
    /// Names the bugs, what they do and where they were seen.
    #[arg(long)]
    list: bool,
    /// Only these; all that these runs are known to find when absent.
    #[arg(value_name = "BUG")]
    bugs: Vec<Planted>,
    /// Gives one up after so many seeds.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    seeds: u64,
    /// On how many threads; one for each core when absent.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// The table as JSON.
    #[arg(long)]
    json: bool,
    /// The table as Markdown, for docs/SIMULATION.md.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    each: Each,
}

/// What became of a bug.
struct Hunt {
    bug: Planted,
    found: Option<Failure>,
}

impl PlantedBugs {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let bugs = if self.bugs.is_empty() && self.list {
            Planted::all()
        } else if self.bugs.is_empty() {
            Planted::looked_for()
        } else {
            self.bugs.clone()
        };
        if self.list {
            list(&bugs);
            return Ok(ExitCode::SUCCESS);
        }
        let stop = stop()?;
        let mut hunts = Vec::new();
        if self.markdown {
            println!("| bug | seeds | broke | what it does | seen in |\n|---|---|---|---|---|");
        } else if !self.json {
            println!("{:<38} {:>6}  {:<8} what it does", "bug", "seeds", "broke");
        }
        for bug in bugs {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let many = Many {
                first: 0,
                seeds: Some(self.seeds),
                time: None,
                jobs: self.jobs.unwrap_or_else(cores),
                failures: 1,
                options: truebadge_simulation::run::Options {
                    planted: bug,
                    ..self.each.options()
                },
            };
            let mut progress = Progress::new();
            let ran = many.run(&stop, |so_far| {
                progress.show(|_| format!("{bug}: {} seeds", so_far.tally.seeds));
            });
            let found = ran.failures.into_iter().next();
            progress.end();
            let hunt = Hunt { bug, found };
            if self.markdown {
                markdown(&hunt);
            } else if !self.json {
                row(&hunt);
            }
            hunts.push(hunt);
        }
        if self.json {
            let json: Vec<_> = hunts.iter().map(json).collect();
            println!("{}", serde_json::to_string_pretty(&json)?);
        } else if !self.markdown {
            let found = hunts.iter().filter(|hunt| hunt.found.is_some()).count();
            println!("{found} of {} found", hunts.len());
        }
        if stop.load(Ordering::Relaxed) {
            eprintln!("Stopped before every bug was looked for: run it again");
            return Ok(ExitCode::FAILURE);
        }
        let lost = || hunts.iter().filter(|hunt| hunt.found.is_none());
        for Hunt { bug, .. } in lost() {
            eprintln!(
                "{bug} is not found in {} seeds any more: make the runs such that it shows again. \
                 Look with scripts/simulate planted {bug} --seeds N",
                self.seeds
            );
        }
        Ok(ExitCode::from(u8::from(lost().next().is_some())))
    }
}

fn list(bugs: &[Planted]) {
    for bug in bugs {
        println!("{bug}\n    {} Breaks {}.", bug.what(), bug.breaks());
        if let Some(source) = bug.source() {
            println!("    Seen in {source}");
        }
        if let Some(why) = bug.not_looked_for() {
            println!("    Not looked for unless it is named: {why}.");
        }
    }
}

fn json(hunt: &Hunt) -> serde_json::Value {
    let found = hunt.found.as_ref();
    serde_json::json!({
        "bug": hunt.bug.to_string(),
        "what": hunt.bug.what(),
        "seen_in": hunt.bug.source(),
        "should_break": hunt.bug.breaks(),
        "seeds": found.map(|found| found.seed + 1),
        "broke": found.map(|found| found.violation.property),
        "saw": found.map(|found| &found.violation.what),
    })
}

/// The seeds it took, and the property that did not hold.
fn found(hunt: &Hunt) -> (String, String) {
    match &hunt.found {
        Some(found) => (
            (found.seed + 1).to_string(),
            found.violation.property.to_string(),
        ),
        None => ("-".to_owned(), "NOTHING".to_owned()),
    }
}

fn markdown(hunt: &Hunt) {
    let ((seeds, broke), bug) = (found(hunt), hunt.bug);
    let source = bug.source().unwrap_or_default();
    println!("| {bug} | {seeds} | {broke} | {} | {source} |", bug.what());
}

fn row(hunt: &Hunt) {
    let ((seeds, broke), bug) = (found(hunt), hunt.bug);
    println!("{bug:<38} {seeds:>6}  {broke:<8} {}", bug.what());
}
