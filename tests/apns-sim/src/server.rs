//! The two listeners, and starting and stopping them.

mod control;
mod hub;
mod phones;
mod provider_http;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::devices::PushToken;
use crate::journal::Entry;
use crate::provider::Rules;
use crate::simulator::{self, Simulator};
use crate::tls::Identity;
use crate::token::ProviderKey;
use hub::Hub;

/// How long a graceful stop waits for requests and phones before it cuts them off.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Where the time comes from: Unix milliseconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Something that happened, for a console.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A provider's request was answered.
    Push(Box<Entry>),
    /// A phone attached.
    Attached {
        /// Its device token.
        push_token: PushToken,
        /// Its app.
        topic: String,
        /// Its name.
        install: String,
        /// The `apns-id` of what was kept for it and is delivered now.
        stored: Option<String>,
    },
    /// A phone went away.
    Detached {
        /// Its device token.
        push_token: PushToken,
    },
    /// A push did not reach the iOS simulator.
    SimulatorFailed {
        /// Which push.
        apns_id: String,
        /// What `simctl` said.
        message: String,
    },
}

/// Is told of every event, from any thread, and must not block.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// How to run. Only loopback is listened on in cleartext.
#[derive(Clone)]
pub struct Config {
    /// Where providers connect; port 0 lets the system choose.
    pub provider: SocketAddr,
    /// Where phones attach, and where faults are planted; loopback only.
    pub phones: SocketAddr,
    /// Whose signature counts.
    pub key: ProviderKey,
    /// The apps that are served.
    pub topics: Vec<String>,
    /// TLS for providers.
    pub tls: Option<Identity>,
    /// Hands pushes to an iOS simulator instead of to attached phones.
    pub simulator: Option<Simulator>,
    /// The time.
    pub clock: Clock,
    /// Who is told.
    pub observer: Observer,
}

impl Config {
    /// Ports that the system chooses, cleartext, phones that attach, the system's clock, nobody
    /// told.
    pub fn new(key: ProviderKey, topics: Vec<String>) -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            provider: loopback,
            phones: loopback,
            key,
            topics,
            tls: None,
            simulator: None,
            clock: Arc::new(unix_ms),
            observer: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("provider", &self.provider)
            .field("phones", &self.phones)
            .field("topics", &self.topics)
            .field("tls", &self.tls.is_some())
            .field("simulator", &self.simulator)
            .finish_non_exhaustive()
    }
}

/// Why the server does not start. Each one says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Without encryption, provider tokens and payloads would be on the network for all to read.
    #[error(
        "{0} can be reached from the network, and cleartext is only for loopback: listen on 127.0.0.1, or give --tls for the provider side"
    )]
    Cleartext(SocketAddr),
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}: {source}; choose another with --{option}")]
    Listen {
        /// Which option names the address.
        option: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// The simulator cannot be used.
    #[error(transparent)]
    Simulator(#[from] crate::simulator::SimulatorError),
}

/// Starts servers.
#[derive(Clone, Copy, Debug)]
pub struct Server;

impl Server {
    /// Listens; when this returns, providers and phones can connect.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        refuse_cleartext(&config)?;
        let acceptor = config.tls.as_ref().map(Identity::acceptor).transpose()?;
        let provider = listen("provider", config.provider).await?;
        let phones = listen("phones", config.phones).await?;
        let (provider_address, phones_address) = (address(&provider)?, address(&phones)?);
        let scheme = if acceptor.is_some() { "https" } else { "http" };

        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let queue = match &config.simulator {
            Some(simulator) => {
                let (queue, work) = simulator::start(simulator, config.observer.clone()).await?;
                tasks.spawn(work);
                Some(queue)
            }
            None => None,
        };
        let rules = Rules {
            key: config.key,
            topics: config.topics,
        };
        let hub = Arc::new(Hub::new(rules, config.clock, config.observer, queue));
        tasks.spawn(provider_http::serve(
            provider,
            acceptor,
            Arc::clone(&hub),
            stopped.clone(),
        ));
        tasks.spawn(phones::serve(phones, hub, stopped));
        Ok(Running {
            provider_url: format!("{scheme}://{provider_address}"),
            phones_url: format!("http://{phones_address}"),
            stop,
            tasks,
        })
    }
}

/// A running server. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Running {
    /// What a provider takes for APNs' address.
    pub provider_url: String,
    /// Where phones attach, and where faults are planted.
    pub phones_url: String,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Answers what is under way, tells the phones, and ends.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true); // nobody listens any more: then it has ended already
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
            self.tasks.abort_all();
        }
    }
}

/// Returns once the server is told to stop, or its handle is gone.
async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn refuse_cleartext(config: &Config) -> Result<(), StartError> {
    let provider = (config.tls.is_none()).then_some(config.provider);
    match provider
        .into_iter()
        .chain([config.phones])
        .find(|address| !address.ip().is_loopback())
    {
        Some(address) => Err(StartError::Cleartext(address)),
        None => Ok(()),
    }
}

async fn listen(option: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| StartError::Listen {
        option,
        address,
        source,
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen {
        option: "provider",
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        source,
    })
}

fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}
