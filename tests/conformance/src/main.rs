//! `conformance`: see `conformance --help`.
#![forbid(unsafe_code)]

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::Parser;
use conformance::{
    apns::Apns,
    cases, junit, report,
    run::{self, Done, Plan},
    server::Server,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Checks whether a server speaks the TrueBadge protocol (docs/PROTOCOL.md).
///
/// It needs the server's address and a producer key, and asks over HTTP only. Each run uses accounts
/// with new random names (conformance-…) and revokes the device tokens that it made; the accounts
/// stay, since the protocol has no way to remove them.
///
/// Pushes are checked when the server is made to send them here instead of to Apple: give
/// --apns-listen, and name that address to the server as APNs' (cleartext HTTP/2). Without it these
/// cases are reported as not run.
///
///   conformance http://127.0.0.1:8787 --producer-key tbp_…
///   conformance http://127.0.0.1:8787 --producer-key tbp_… --filter operations --verbose
///   conformance http://127.0.0.1:8787 --producer-key tbp_… --apns-listen 127.0.0.1:2197
///
/// Exit codes: 0 nothing failed, 1 something failed or was stopped, 2 it could not begin.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// The server's address, http://… or https://…
    #[arg(required_unless_present = "list")]
    url: Option<String>,
    /// The key of the app's backend
    #[arg(
        long,
        env = "TRUEBADGE_PRODUCER_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    producer_key: Option<String>,
    /// Take pushes at this address, such as 127.0.0.1:2197
    #[arg(long, value_name = "ADDRESS")]
    apns_listen: Option<SocketAddr>,
    /// How many seconds a push may take; it also covers the server's gathering of bursts
    #[arg(long, value_name = "SECONDS", default_value_t = 6)]
    push_wait: u64,
    /// Only cases with this in their name or section; repeat for several
    #[arg(long, value_name = "WORD")]
    filter: Vec<String>,
    /// Print the cases instead of running them
    #[arg(long)]
    list: bool,
    /// Print every case, not only those that failed
    #[arg(long, short)]
    verbose: bool,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Also write the results to this file, as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = runtime
        .map_err(|error| format!("the system gives no threads: {error}"))
        .and_then(|runtime| runtime.block_on(check(&arguments)));
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("conformance: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// True when nothing failed. An error is a sentence that says what to correct.
async fn check(arguments: &Arguments) -> Result<bool, String> {
    let chosen = cases::matching(&arguments.filter);
    if chosen.is_empty() {
        return Err("no case has that in its name: see --list".to_owned());
    }
    if arguments.list {
        let described: Vec<_> = chosen.iter().map(report::described).collect();
        return print(
            arguments,
            &serde_json::json!(described),
            &report::list(&chosen),
        )
        .map(|()| true);
    }
    let (stopper, stop) = watch::channel(false);
    stop_on_signals(stopper)?;
    let server = server(arguments)?;
    run::reachable(&server).await?;
    let plan = Plan {
        server,
        apns: listen(arguments).await?,
        cases: chosen,
    };
    let progress = Progress::new(plan.cases.len());
    let done = run::run(plan, stop.clone(), |done| progress.ended(done)).await;
    progress.clear();
    if let Some(file) = &arguments.junit {
        std::fs::write(file, junit::xml(&done))
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    }
    print(
        arguments,
        &report::json(&done),
        &report::text(&done, arguments.verbose),
    )?;
    let failed = report::Counts::of(&done).failed;
    Ok(failed == 0 && !*stop.borrow())
}

fn server(arguments: &Arguments) -> Result<Arc<Server>, String> {
    let key = arguments.producer_key.as_deref().map(str::trim);
    let key = key.filter(|key| !key.is_empty());
    let key = key.ok_or("give the key of the app's backend: --producer-key KEY")?;
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "the producer key has letters that no bearer token has: give another".to_owned(),
        );
    }
    let url = arguments.url.as_deref().unwrap_or_default();
    Server::new(url, key).map(Arc::new)
}

async fn listen(arguments: &Arguments) -> Result<Option<Arc<Apns>>, String> {
    let Some(address) = arguments.apns_listen else {
        return Ok(None);
    };
    let listening = Apns::listen(address, Duration::from_secs(arguments.push_wait)).await;
    let apns = listening.map_err(|error| {
        format!("{address} cannot be listened on: {error}; give another with --apns-listen")
    })?;
    eprintln!("taking pushes at {}", apns.url());
    Ok(Some(apns))
}

fn print(arguments: &Arguments, json: &serde_json::Value, text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let written = if arguments.json {
        writeln!(out, "{json}")
    } else {
        write!(out, "{text}")
    };
    written.map_err(|error| format!("the results cannot be printed: {error}"))
}

/// What runs is stopped, its tokens are revoked, and what is known is reported.
fn stop_on_signals(stopper: watch::Sender<bool>) -> Result<(), String> {
    let listen = |kind| signal(kind).map_err(|error| format!("no signals can be had: {error}"));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopper.send_replace(true);
        // Held, so that nobody takes its end for a stop.
        std::future::pending::<()>().await;
    });
    Ok(())
}

/// One line that is written again and again, on a terminal only.
struct Progress {
    all: usize,
    ended: Mutex<usize>,
    shown: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self {
            all,
            ended: Mutex::new(0),
            shown: std::io::stderr().is_terminal(),
        }
    }

    fn ended(&self, done: &Done) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended += 1;
        if self.shown {
            eprint!("\r\x1b[K{}/{} {}", *ended, self.all, done.case.id);
        }
    }

    fn clear(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
