//! `simulate replay SEED`.

use std::process::ExitCode;

use clap::Args;
use truebadge_simulation::{
    planted::Planted,
    run::{Options, run},
    shrink::shrink,
};

use super::Each;

/// Replays one seed and prints what happened, line by line.
#[derive(Debug, Args)]
pub struct Replay {
    /// The seed.
    seed: u64,
    /// Leave out what can be left out while the same property still fails.
    #[arg(long)]
    shrink: bool,
    /// Only these places of the plan, joined by commas, as a shrunk run prints them.
    #[arg(long, value_delimiter = ',', value_name = "PLACES")]
    keep: Option<Vec<u32>>,
    /// With this bug planted: `simulate planted --list` names them.
    #[arg(long, value_name = "BUG")]
    planted: Option<Planted>,
    #[command(flatten)]
    each: Each,
}

impl Replay {
    pub fn run(self) -> ExitCode {
        let mut options = Options {
            keep: self.keep.clone(),
            planted: self.planted.unwrap_or_default(),
            ..self.each.options()
        };
        if self.shrink {
            let (kept, _) = shrink(self.seed, &options, |left| {
                eprint!("\r\x1b[K{left} happenings left");
            });
            eprintln!("\r\x1b[K{} happenings are needed", kept.len());
            options.keep = Some(kept);
        }
        options.told = true;
        let outcome = run(self.seed, &options);
        print!("{}", outcome.timeline);
        if let Some(keep) = &options.keep {
            let places: Vec<String> = keep.iter().map(u32::to_string).collect();
            let places = places.join(",");
            let planted = self
                .planted
                .map(|bug| format!(" --planted {bug}"))
                .unwrap_or_default();
            println!(
                "\nscripts/simulate replay {}{planted} --keep {places}",
                self.seed
            );
        }
        match outcome.violation {
            None => {
                println!("\nEvery property held.");
                ExitCode::SUCCESS
            }
            Some(violation) => {
                println!("\nDid not hold: {violation}");
                ExitCode::from(1)
            }
        }
    }
}
