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
use tokio::signal::unix::{Signal, SignalKind, signal};

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
    let mut signals = Signals::listen()?;
    let (kind, why) = match set_up(options) {
        Ok(chosen) => chosen,
        Err(sentence) => {
            eprintln!("demo: {sentence:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let console = Console::new(options.json);
    let mut play = tokio::select! {
        play = Play::begin(console, &kind, why) => play?,
        signal = signals.any() => return Ok(ExitCode::from(signal)),
    };
    let playing = async {
        let verdict = play.all().await?;
        console.verdict(&verdict);
        if options.keep {
            play.keep().await?;
        }
        anyhow::Ok(match verdict {
            Verdict::Right { .. } => 0,
            Verdict::Wrong { .. } => 1,
        })
    };
    let code = tokio::select! {
        code = playing => code?,
        signal = signals.any() => signal,
    };
    play.end().await?;
    Ok(ExitCode::from(code))
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for either; gives the exit code that a shell would give.
    async fn any(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
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
