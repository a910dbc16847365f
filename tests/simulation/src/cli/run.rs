//! `simulate run`.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args;
use truebadge_simulation::{
    many::{Failure, Many, Result as Ran},
    tally::Tally,
};

use super::{Each, cores, progress::Progress, stop};

/// With --keep-going it ends after so many failures all the same: more are hardly news.
const MOST_FAILURES: usize = 100;

/// Runs many seeds; exit code 1 when a property does not hold.
#[derive(Debug, Args)]
pub struct Run {
    /// The first seed.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    from: u64,
    /// How many seeds; 1,000 when neither this nor a time is given.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// For how many seconds.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// On how many threads; one for each core when absent.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Goes on after a seed that fails, until 100 have.
    #[arg(long)]
    keep_going: bool,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
    /// A file that adds up what all runs with it tried; a run without --from goes on where it ended.
    #[arg(long, value_name = "FILE")]
    counter: Option<PathBuf>,
    #[command(flatten)]
    each: Each,
}

impl Run {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let before = self.before()?;
        let first = if self.from == 0 {
            before.seeds
        } else {
            self.from
        };
        let endless = self.seeds.is_none() && self.seconds.is_none();
        let many = Many {
            first,
            seeds: if endless { Some(1_000) } else { self.seeds },
            time: self.seconds.map(Duration::from_secs),
            jobs: self.jobs.unwrap_or_else(cores),
            failures: if self.keep_going { MOST_FAILURES } else { 1 },
            options: self.each.options(),
        };
        // A file that cannot be written is better known before an hour of work than after it.
        self.keep(before.clone(), &Ran::default())?;
        let mut progress = Progress::new();
        let ran = many.run(&*stop()?, |so_far| progress.show(|_| line(so_far)));
        progress.end();
        self.keep(before, &ran)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&json(&many, &ran))?);
        } else {
            println!("{}", text(&many, &ran));
        }
        Ok(ExitCode::from(u8::from(!ran.failures.is_empty())))
    }

    fn before(&self) -> anyhow::Result<Tally> {
        let Some(path) = self.counter.as_ref().filter(|path| path.exists()) else {
            return Ok(Tally::default());
        };
        let unusable = || format!("{} is no counter file: give another", path.display());
        let text = std::fs::read(path).with_context(unusable)?;
        serde_json::from_slice(&text).with_context(unusable)
    }

    fn keep(&self, mut all: Tally, ran: &Ran) -> anyhow::Result<()> {
        let Some(path) = &self.counter else {
            return Ok(());
        };
        all += ran.tally.clone();
        let json = serde_json::to_vec_pretty(&all)?;
        std::fs::write(path, json)
            .with_context(|| format!("cannot write the counter file {}", path.display()))
    }
}

fn rate(ran: &Ran) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let seeds = ran.tally.seeds as f64;
    seeds / ran.took.as_secs_f64().max(0.001)
}

fn json(many: &Many, ran: &Ran) -> serde_json::Value {
    let failure = |failure: &Failure| {
        serde_json::json!({
            "seed": failure.seed,
            "property": failure.violation.property,
            "what": failure.violation.what,
            "replay": replay(many, failure.seed),
        })
    };
    let failures: Vec<_> = ran.failures.iter().map(failure).collect();
    serde_json::json!({
        "first_seed": many.first,
        "seconds": ran.took.as_secs_f64(),
        "cpu_seconds": ran.cpu.as_secs_f64(),
        "seeds_a_second": rate(ran),
        "events_a_second": ran.events_a_second(),
        "schedules_of_200_events_a_second_per_core": ran.schedules_a_second_per_core(),
        "jobs": many.jobs,
        "tried": ran.tally,
        "failures": failures,
    })
}

fn text(many: &Many, ran: &Ran) -> String {
    let mut text = line(ran);
    for (kind, count) in &ran.tally.faults {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n  {count:>12}  {kind}");
    }
    if ran.failures.is_empty() {
        return text + "\nEvery property held.";
    }
    for failure in &ran.failures {
        let replay = replay(many, failure.seed);
        let _ = write!(
            text,
            "\nSeed {} does not hold {}\nReplay it: {replay}\nMake it short: {replay} --shrink",
            failure.seed, failure.violation
        );
    }
    text
}

fn replay(many: &Many, seed: u64) -> String {
    let events = match many.options.events {
        200 => String::new(),
        events => format!(" --events {events}"),
    };
    format!("scripts/simulate replay {seed}{events}")
}

fn line(ran: &Ran) -> String {
    let failed = match ran.failures.as_slice() {
        [] => String::new(),
        [first, ..] => {
            let count = ran.failures.len();
            format!("; {count} failed, the smallest is {}", first.seed)
        }
    };
    format!(
        "{} seeds, {} events, {} faults in {:.1} s: {:.0} seeds, {:.0} events a second; \
         {:.0} schedules of 200 events a second per core{failed}",
        ran.tally.seeds,
        ran.tally.events,
        ran.tally.all_faults(),
        ran.took.as_secs_f64(),
        rate(ran),
        ran.events_a_second(),
        ran.schedules_a_second_per_core(),
    )
}
