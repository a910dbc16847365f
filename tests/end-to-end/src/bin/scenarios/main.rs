//! `scripts/scenarios` and `scripts/simulator`: plays scenarios, and says at each step whether the
//! icon shows what it should.

mod on_simulator;
mod printed;

use std::{path::PathBuf, process::ExitCode, slice};

use clap::Parser;
use end_to_end::{
    Kind, Scenario,
    scenario::{self, play, simulator::Simulator},
};

/// Plays scenarios: what happens to an app's badge, step by step.
///
/// With a phone without an iPhone, a relay and a stand-in for APNs; or on the iOS simulator. Exit
/// code 0: every badge was right; 1: one was not, or something did not work; 2: wrong names or
/// flags, or a scenario's file is no good.
#[derive(Debug, Parser)]
#[command(name = "scenarios", version)]
struct Options {
    /// Names, as --list prints them; all without any
    names: Vec<String>,

    /// Print the scenarios and what each shows
    #[arg(long)]
    list: bool,

    /// Another folder of scenarios
    #[arg(long, value_name = "FOLDER", default_value_os_t = scenario::folder())]
    folder: PathBuf,

    /// Use the Rust phone, also where the Swift phone is there
    #[arg(long)]
    rust: bool,

    /// Play on this iOS simulator
    #[arg(long, value_name = "UDID", requires_all = ["bundle", "app"])]
    simulator: Option<String>,

    /// The app's bundle identifier there
    #[arg(long, value_name = "BUNDLE-ID")]
    bundle: Option<String>,

    /// The app that was built for it
    #[arg(long, value_name = "APP")]
    app: Option<PathBuf>,

    /// The command that looks at the icon there, with the number in TEST_RUNNER_TRUEBADGE_EXPECTED_BADGE;
    /// without it the tester is asked
    #[arg(long, value_name = "COMMAND", requires = "simulator")]
    look: Option<String>,

    /// Print every command for the simulator, and run none
    #[arg(long, requires = "simulator")]
    dry_run: bool,
}

impl Options {
    fn simulator(&self) -> Option<Simulator> {
        Some(Simulator {
            device: self.simulator.clone()?,
            bundle: self.bundle.clone()?,
            app: self.app.clone()?,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let scenarios = match Scenario::named(&options.folder, &options.names) {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("scenarios: {error:#}");
            return ExitCode::from(2);
        }
    };
    if options.list {
        for scenario in &scenarios {
            println!("{:24} {}", scenario.name, scenario.title);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(look) = options.look.as_ref().filter(|_| options.dry_run) {
        println!("$ LOOK={}", printed::shell(slice::from_ref(look)));
    }
    let mut wrong = 0;
    for scenario in &scenarios {
        println!("{}: {}", scenario.name, scenario.title);
        if let Err(error) = run(scenario, &options).await {
            println!("  ✗ {error:#}");
            wrong += 1;
        }
    }
    if options.dry_run {
        return ExitCode::SUCCESS;
    }
    let count = scenarios.len();
    println!("{} of {count} scenarios as they should be", count - wrong);
    ExitCode::from(u8::from(wrong > 0))
}

async fn run(scenario: &Scenario, options: &Options) -> anyhow::Result<()> {
    let Some(simulator) = options.simulator() else {
        let swift = Kind::swift().filter(|_| !options.rust);
        let kind = swift.unwrap_or(Kind::Rust);
        return play::play(scenario, &kind, printed::done).await;
    };
    if let Some(why) = scenario::simulator::unavailable(scenario) {
        println!("  skipped: {why}");
        Ok(())
    } else if options.dry_run {
        printed::commands(&simulator, scenario, options.look.is_some());
        Ok(())
    } else {
        on_simulator::play(&simulator, scenario, options.look.as_deref()).await
    }
}
