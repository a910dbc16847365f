//! `simulate stale-minutes`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use simphone::Preset;
use truebadge_simulation::measure::{Client, Measurement, Report, csv, svg};

use super::{progress::Progress, stop};

/// Measures how long badges are wrong, for four clients that live the same weeks.
///
/// 1,000 modelled phones live through a week: commutes, nights without a network, Low Power Mode,
/// force-quits, outages. For how long does the icon show a wrong number while the phone could have been
/// reached? The clients are one that relies on silent pushes, one that paints each change once,
/// TrueBadge (the real engine and the real relay), and the limit, which nobody can beat. The same seed
/// gives the same figures, byte for byte, on any number of threads.
#[derive(Debug, Args)]
pub struct StaleMinutes {
    /// Everything that is left to chance follows from it.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// How many phones.
    #[arg(long, default_value_t = 1_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    phones: u32,
    /// For how many days each phone lives.
    #[arg(long, default_value_t = 7, value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
    /// How APNs and iOS behave: documented, harsh or kind; all of them when absent.
    #[arg(long, value_name = "PRESET", value_delimiter = ',')]
    preset: Vec<Preset>,
    /// Only this client: silent-only, paint-once, truebadge or limit; all of them when absent.
    #[arg(long, value_name = "CLIENT", value_delimiter = ',')]
    client: Vec<Client>,
    /// On how many threads; one for each core when absent.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Fails (exit code 1) if a goal is missed: at most 1.2 times the limit, 1/50 of silent pushes only and
    /// 1.5 times the pushes of paint-once under documented, at most 1.5 times the limit under harsh.
    #[arg(long)]
    check: bool,
    /// The figures as JSON.
    #[arg(long)]
    json: bool,
    /// Each phone's figures, as comma-separated values.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// The curves of the times to clear, as a picture.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl StaleMinutes {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let measurement = Measurement {
            seed: self.seed,
            phones: self.phones,
            days: self.days,
            presets: or_all(&self.preset, &Preset::ALL),
            clients: or_all(&self.client, &Client::ALL),
            jobs: self.jobs.unwrap_or_else(super::cores),
        };
        let mut progress = Progress::new();
        let measured = measurement.run(&*stop()?, |done, all| {
            progress.show(|took| format!("{done} of {all} lives lived in {} s", took.as_secs()));
        });
        progress.end();
        let Some(outcomes) = measured? else {
            eprintln!("simulate: stopped; figures of some of the phones would mean nothing");
            return Ok(ExitCode::from(130));
        };
        let report = Report::new(&measurement, &outcomes);
        write(self.csv.as_deref(), || csv(&outcomes))?;
        write(self.svg.as_deref(), || svg(&report))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report.json())?);
        } else {
            print!("{}", report.text());
        }
        let missed = if self.check {
            report.missed()
        } else {
            Vec::new()
        };
        for goal in &missed {
            eprintln!("simulate: {goal}");
        }
        Ok(ExitCode::from(u8::from(!missed.is_empty())))
    }
}

fn or_all<T: Copy>(chosen: &[T], all: &[T]) -> Vec<T> {
    if chosen.is_empty() { all } else { chosen }.to_vec()
}

fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let Some(path) = path else {
        return Ok(());
    };
    std::fs::write(path, text()).with_context(|| format!("cannot write {}", path.display()))
}
