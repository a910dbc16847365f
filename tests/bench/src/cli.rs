//! The command line.

use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::{
    child,
    gate::Counts,
    machine::Machine,
    measure,
    report::{Report, goals, svg, table},
    statistics,
    workloads::{self, Place, Size, memory},
};

/// What the core costs beside the raw SQLite C API doing the same least work: everything in one run, in turns.
///
///   W1   a push, from its bytes to the number on the icon, the store open
///   W1d  a push that came already        W1o  a push, with opening and closing the store
///   W2   a catch-up from JSON pages      W3   a new process opens the store and reads the number
///   W4   two processes write             W5   W1 with 100, 10,000 and 1,000,000 conversations
///   W6   a relay's store takes events    W7   memory
///   W8   size: scripts/check-xcframework
///
/// On a file system in memory, where only the processor's work is left, and on a disk, where most of the time is
/// the disk's. Ratios can be compared between machines, times cannot.
///
/// Exit codes: 0 it was measured, and is no worse than the baseline; 1 it is worse, or something failed.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Fewer rounds, and no account of 1,000,000: a minute, for a look
    #[arg(long)]
    quick: bool,
    /// So many rounds; 40, or 10 with --quick
    #[arg(long, value_name = "COUNT")]
    rounds: Option<usize>,
    /// Only this workload (W1 has W1d and W1o with it), and memory
    #[arg(long, value_name = "WORKLOAD")]
    only: Option<String>,
    /// Where the disk is that is measured: any directory on it; where this program lies, when absent
    #[arg(long, value_name = "DIRECTORY")]
    disk: Option<PathBuf>,
    /// A directory on a file system in memory
    #[arg(long, value_name = "DIRECTORY", default_value = "/dev/shm")]
    memory: PathBuf,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the ratios as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Only count instructions (with valgrind), and compare them with this baseline
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Only count instructions, and make them the baseline
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    update_baseline: Option<PathBuf>,
    #[command(subcommand)]
    errand: Option<Errand>,
}

#[derive(Debug, Subcommand)]
enum Errand {
    /// What this program does as another process
    #[command(hide = true)]
    Child { words: Vec<String> },
}

/// The program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.errand {
        Some(Errand::Child { words }) => child::run(words),
        None => match (&arguments.check, &arguments.update_baseline) {
            (Some(baseline), _) => check(baseline),
            (_, Some(baseline)) => update(baseline),
            _ => run(&arguments),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Instructions are the same on any storage.
fn counts() -> Result<Counts> {
    let place = tempfile::tempdir()?;
    Counts::of(&std::env::current_exe()?, place.path())
}

fn check(baseline: &Path) -> Result<()> {
    let (table, holds) = counts()?.compared(&Counts::read(baseline)?);
    print!("{table}");
    ensure!(
        holds,
        "it costs more than before; where that is meant: scripts/bench --update-baseline"
    );
    Ok(())
}

fn update(baseline: &Path) -> Result<()> {
    let counts = counts()?;
    print!("{}", counts.compared(&counts).0);
    write(baseline, &(serde_json::to_string_pretty(&counts)? + "\n"))
}

fn run(arguments: &Arguments) -> Result<()> {
    let report = measured(arguments)?;
    print!("{}", table(&report));
    if let Some(file) = &arguments.json {
        write(file, &(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    if let Some(file) = &arguments.svg {
        write(file, &svg(&report))?;
    }
    Ok(())
}

fn measured(arguments: &Arguments) -> Result<Report> {
    let machine = Machine::this();
    let (rounds, size) = if arguments.quick {
        (
            10,
            Size {
                accounts: &[100, 10_000],
                changes: 20_000,
            },
        )
    } else {
        (
            40,
            Size {
                accounts: &[100, 10_000, 1_000_000],
                changes: 100_000,
            },
        )
    };
    let rounds = arguments.rounds.unwrap_or(rounds);
    let inside = |directory: &Path| {
        let place = tempfile::Builder::new()
            .prefix("truebadge-bench-")
            .tempdir_in(directory);
        place.with_context(|| format!("nothing can be written in {}", directory.display()))
    };
    let program = std::env::current_exe()?;
    let beside = program.parent().context("a program lies in a directory")?;
    let disk = inside(arguments.disk.as_deref().unwrap_or(beside))?;
    let memory_file_system = inside(&arguments.memory)?;
    let places =
        [("memory", &memory_file_system), ("disk", &disk)].map(|(name, directory)| Place {
            name,
            directory: directory.path().to_owned(),
        });
    progress("making the accounts");
    let contestants = workloads::all(&places, size, &program, arguments.only.as_deref())?;
    let taken = measure::run(contestants, rounds, |round| {
        progress(&format!("round {round} of {rounds}"));
    })?;
    progress("measuring memory");
    let memory = memory::memory(&places[0], size.changes, &program)?;
    progress("");
    let lines = statistics::lines(&taken);
    Ok(Report {
        machine,
        rounds,
        changes: size.changes,
        goals: goals(&lines, memory, size.changes),
        lines,
        memory,
    })
}

/// For a person who waits.
fn progress(what: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\x1b[K{what}");
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}
