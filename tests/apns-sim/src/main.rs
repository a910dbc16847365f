//! `apns-sim`: the program around the library.

mod console;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use apns_sim::simulator::{Simulator, Target};
use apns_sim::tls::Identity;
use apns_sim::{Config, ProviderKey, Server};
use clap::Parser;
use console::Console;

/// Apple's push service, for tests on one machine.
///
/// Send pushes to it as to api.sandbox.push.apple.com: POST /3/device/TOKEN over HTTP/2, with
/// provider tokens signed by the key that you give. It checks what Apple checks and answers with
/// Apple's status codes and reasons. Phones attach to the second address over a WebSocket
/// (GET /phones/TOPIC/INSTALL) and get their device token and then their pushes; while one is away,
/// its newest push is kept.
///
/// At the second address you can also make things go wrong, and look:
///
///   curl -d '{"drop":1,"push_type":"background"}' http://127.0.0.1:2198/control/faults
///   curl -X POST http://127.0.0.1:2198/control/tokens/TOKEN/dead
///   curl http://127.0.0.1:2198/control/pushes
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// Where providers send pushes; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2197")]
    provider: SocketAddr,

    /// Where phones attach, and where faults are planted; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2198")]
    phones: SocketAddr,

    /// The team that provider tokens must name as issuer
    #[arg(long, value_name = "ID", env = "APNS_TEAM_ID")]
    team_id: String,

    /// The key id that provider tokens must name
    #[arg(long, value_name = "ID", env = "APNS_KEY_ID")]
    key_id: String,

    /// The .p8 file that the provider signs with, or the PEM of its public part
    #[arg(long, value_name = "FILE", env = "APNS_KEY")]
    key: PathBuf,

    /// An app's bundle identifier; repeat for several apps
    #[arg(long = "topic", value_name = "BUNDLE-ID", required = true)]
    topics: Vec<String>,

    /// Speak TLS to providers, with a certificate made now
    #[arg(long, requires = "certificate_out")]
    tls: bool,

    /// Where to write that certificate (PEM), for providers to trust
    #[arg(long, value_name = "FILE", requires = "tls")]
    certificate_out: Option<PathBuf>,

    /// Hand pushes to an iOS simulator, `booted` or a UDID, instead of to attached phones; macOS
    #[arg(long, value_name = "SIMULATOR")]
    simulator: Option<Target>,

    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = runtime
        .context("the system gives no threads")
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("apns-sim: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let signals = Signals::listen()?; // before anything can be seen to run
    let console = Console::new(arguments.json);
    let config = configure(&arguments, console)?;
    if let (Some(identity), Some(file)) = (&config.tls, &arguments.certificate_out) {
        fs::write(file, identity.certificate_pem())
            .with_context(|| format!("cannot write the certificate to {}", file.display()))?;
    }
    let running = Server::start(config).await?;
    console.listening(&running.provider_url, &running.phones_url);
    signals.any().await;
    running.shutdown().await;
    console.stopped();
    Ok(())
}

fn configure(arguments: &Arguments, console: Console) -> anyhow::Result<Config> {
    if let Some(topic) = arguments
        .topics
        .iter()
        .find(|topic| !apns_sim::headers::is_topic(topic))
    {
        anyhow::bail!(
            "--topic {topic:?} is no bundle identifier: letters, digits, hyphens and dots"
        );
    }
    let file = arguments.key.display();
    let pem = read_key(&arguments.key)?;
    let key = ProviderKey::from_pem(&arguments.team_id, &arguments.key_id, &pem)
        .with_context(|| format!("cannot use {file}"))?;
    let mut config = Config::new(key, arguments.topics.clone());
    config.provider = arguments.provider;
    config.phones = arguments.phones;
    config.simulator = arguments.simulator.clone().map(Simulator::new);
    config.observer = Arc::new(move |event| console.event(event));
    if arguments.tls {
        let host = arguments.provider.ip().to_string();
        config.tls = Some(Identity::generate(&[host])?);
    }
    Ok(config)
}

/// A key file has a few hundred bytes; more is something else.
fn read_key(file: &PathBuf) -> anyhow::Result<String> {
    const MOST: u64 = 64 * 1024;
    let name = file.display();
    let size = fs::metadata(file)
        .with_context(|| format!("cannot read the key {name}"))?
        .len();
    anyhow::ensure!(
        size <= MOST,
        "{name} is too large for a key: give a .p8 file"
    );
    let bytes = fs::read(file).with_context(|| format!("cannot read the key {name}"))?;
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is no PEM file: give a .p8 file"))
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn any(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
