//! `rust-phone`: the program around the library.

use std::{
    io::{BufReader, stdin},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::Parser as _;
use rust_phone::{Command, Console, Options, Phone, command::next_line, phone::Typed};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

fn main() -> ExitCode {
    let options = Options::parse();
    truebadge_engine::log::install();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime
        .context("the system gives no threads")
        .and_then(|runtime| runtime.block_on(run(&options)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-phone: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let phone = Phone::new(options, Arc::new(Console::new(options.json)))?;
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    phone.run(typed(), stop).await;
    Ok(())
}

/// Reads commands on a thread of its own: a read that waits for a person can't be cancelled, and
/// the program must end all the same.
fn typed() -> mpsc::Receiver<Typed> {
    let (tell, typed) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut input = BufReader::new(stdin());
        while let Ok(Some(line)) = next_line(&mut input) {
            if matches!(&line, Ok(text) if text.trim().is_empty()) {
                continue;
            }
            let command = line.and_then(|text| Command::parse(&text));
            if tell.blocking_send(command).is_err() {
                return; // the phone ended
            }
        }
    });
    typed
}
