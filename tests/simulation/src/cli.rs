//! The commands.

mod planted;
mod progress;
mod replay;
mod run;
mod stale_minutes;

use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::{Args, Parser, Subcommand};
use truebadge_simulation::run::Options;

/// Runs the real engine and the real relay on a modelled iPhone, under a seeded scheduler.
///
/// Every seed is another life of a phone: pushes are lost, late, doubled and reordered, requests fail
/// before and after they took effect, processes are killed at any step. In each, the badge must keep
/// its promises; `docs/SIMULATION.md` lists them. The same seed is the same run, byte for byte.
#[derive(Debug, Parser)]
#[command(name = "simulate", bin_name = "scripts/simulate", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs many seeds; exit code 1 when a property does not hold.
    Run(run::Run),
    /// Plants bugs one by one and runs seeds until each is found; exit code 1 when one is not.
    Planted(planted::PlantedBugs),
    /// Replays one seed and prints what happened, line by line.
    Replay(replay::Replay),
    /// Measures how long badges are wrong, for four clients that live the same weeks.
    StaleMinutes(stale_minutes::StaleMinutes),
}

/// How each seed is run.
#[derive(Debug, Clone, Args)]
struct Each {
    /// Steps of a run before its last, undisturbed phase.
    #[arg(long, default_value_t = 200, value_name = "STEPS")]
    events: u32,
}

impl Each {
    fn options(&self) -> Options {
        Options {
            events: self.events,
            ..Options::default()
        }
    }
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run(run) => run.run(),
        Command::Planted(planted) => planted.run(),
        Command::Replay(replay) => Ok(replay.run()),
        Command::StaleMinutes(measure) => measure.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("simulate: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Becomes true when the person presses Ctrl-C, or the process is asked to end.
fn stop() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// One thread for each core.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
