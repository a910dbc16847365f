//! `transport-contract`: the program around the library.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;
use tokio::{
    io::AsyncReadExt as _,
    signal::unix::{SignalKind, signal},
};
use transport_contract::Server;

/// Plays a relay that does everything that relays and networks do to a transport, and prints what a
/// transport must make of it: one line of JSON, an array of cases.
///
/// Each case has a name, the requests to send one after another through one transport, and the
/// expected end of the last one: an answer, or the reason why there is none. Where `cancel` is not
/// null the first request is never answered: ask `arrived`, cancel the request, and then `gone` must
/// be answered as expected. Each case can be run once.
///
/// It ends when its standard input does, or with SIGINT or SIGTERM. Exit code 2: it can't listen.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {}

fn main() -> ExitCode {
    let Arguments {} = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime
        .context("the system gives no threads")
        .and_then(|runtime| {
            let ended = runtime.block_on(run());
            // A read of standard input can't be ended from here.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("transport-contract: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let server = Server::start().await?;
    let list = serde_json::to_string(&server.cases)?;
    writeln!(std::io::stdout(), "{list}").context("nobody reads the cases")?;
    tokio::select! {
        ended = server.run() => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = input_ends() => Ok(()),
    }
}

async fn input_ends() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    while input.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
}
