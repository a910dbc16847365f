//! `scripts/demo`: a read on the desktop clears the badge on the phone, shown with real processes.

mod console;
mod lines;
mod play;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use console::Console;
use end_to_end::{Kind, programs};
use play::{Play, Verdict};
use tokio::signal::unix::{SignalKind, signal};

/// Shows that a message read on the desktop clears the badge on the phone.
///
/// Starts a relay, a stand-in for Apple's push service and a phone, plays a desktop that reads
/// messages over plain HTTP, and prints what the processes report. Then the same with the push
/// lost on the way. Exit code 0: every badge was right; 1: one was not, or something did not work;
/// 2: something is to be set up first.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags")]
struct Options {
    /// Leave everything running afterwards, with curl lines to play by hand; Ctrl-C ends it
    #[arg(long)]
    keep: bool,

    /// Use the Swift phone, through the Swift module that apps use
    #[arg(long, conflicts_with = "rust")]
    swift: bool,

    /// Use the Rust phone
    #[arg(long)]
    rust: bool,

    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let (kind, why) = match set_up(options) {
        Ok(chosen) => chosen,
        Err(sentence) => {
            eprintln!("demo: {sentence:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let console = Console::new(options.json);
    let playing = async {
        let mut play = Play::begin(console, &kind, why).await?;
        let verdict = play.all().await?;
        console.verdict(&verdict);
        if options.keep {
            play.keep().await?;
        }
        play.end().await?;
        anyhow::Ok(match verdict {
            Verdict::Right { .. } => ExitCode::SUCCESS,
            Verdict::Wrong { .. } => ExitCode::from(1),
        })
    };
    // Leaving a branch drops the play, and with it every process and their folder.
    tokio::select! {
        code = playing => code,
        _ = interrupt.recv() => Ok(ExitCode::from(if options.keep { 0 } else { 130 })),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

/// Looks whether all programs are there; tells which phone, and why that one.
fn set_up(options: &Options) -> anyhow::Result<(Kind, &'static str)> {
    for program in ["truebadge-relay", "apns-sim"] {
        programs::find(program)?;
    }
    let (kind, why) = match (options.rust, Kind::swift()) {
        (true, _) => (Kind::Rust, "as asked for"),
        (false, Some(swift)) => (swift, "the core in Swift, as in an app"),
        (false, None) if options.swift => anyhow::bail!(
            "TRUEBADGE_SWIFT_PHONE does not name the Swift phone: run `scripts/demo --swift`"
        ),
        (false, None) => (
            Kind::Rust,
            "there is no Swift here; `scripts/demo --swift` sets it up",
        ),
    };
    kind.command()?;
    Ok((kind, why))
}
