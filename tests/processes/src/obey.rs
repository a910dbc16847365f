//! The phone's side: carries out orders with the engine, one after the other.

use std::{cell::Cell, io::BufRead, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use futures_util::future::poll_immediate;
use tokio::runtime::Runtime;
use truebadge_engine::{
    Bridges, Cause, Configuration, ConversationView, Engine, EngineError, Process, Secret,
    SystemClock, WakeOutcome,
    store::{Durability, Store},
    transport::BuiltinTransport,
};
use truebadge_protocol::{AccountId, ConversationId, DeviceId, Position};

use crate::{
    host::{Icon, Keychain, NothingDelivered, Watched, configuration, say},
    orders::{Deed, Done, Line, Order},
};

/// The conversations that only the phone reads, and never the backend.
pub const READ_HERE: &str = "read-here-";
/// The conversations that only the phone marks.
pub const MARKED_HERE: &str = "marked-here-";
/// How many of those there are.
pub const MARKS: usize = 6;
/// What a wake gets. Nothing here takes nearly as long, so no test depends on it.
const BUDGET: Duration = Duration::from_mins(1);

/// A phone's process: the engine over the store in a folder. It reads orders from its standard
/// input, one JSON value a line, and prints what it does. The tests of the crate `processes` start
/// it; it is of no use to a person.
#[derive(Debug, Clone, Parser)]
#[command(name = "phone-process")]
pub struct Settings {
    /// The folder of the store. It must exist
    #[arg(long)]
    pub store: PathBuf,
    /// The file that is the app's icon: each number that is set becomes a line
    #[arg(long)]
    pub icon: PathBuf,
    /// Which of the app's processes this is
    #[arg(long)]
    pub process: Role,
    /// The relay's address
    #[arg(long)]
    pub relay: String,
    /// The account
    #[arg(long)]
    pub account: AccountId,
    /// This phone's name
    #[arg(long)]
    pub device: DeviceId,
    /// The device token; without it the person is signed out
    #[arg(long)]
    pub token: Option<String>,
    /// Rows in a page of changes, instead of the relay's own choice
    #[arg(long)]
    pub page: Option<u32>,
}

/// Which of the app's processes a phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The app.
    App,
    /// The notification service extension.
    Extension,
}

/// A phone's process.
#[derive(Debug)]
pub struct Phone {
    settings: Settings,
}

struct Running {
    settings: Settings,
    engine: Engine,
    icon: Arc<Icon>,
    runtime: Runtime,
}

impl Phone {
    /// Makes nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Carries out orders until there are no more.
    pub fn obey(self, input: impl BufRead) -> anyhow::Result<()> {
        say(&Line::Ready);
        let mut lines = input.lines();
        let mut running = None;
        while let Some(line) = lines.next().transpose()? {
            let order = serde_json::from_str(&line).context("an order was not understood")?;
            let running = match &running {
                Some(running) => running,
                None => running.insert(Running::start(self.settings.clone())?),
            };
            running.icon.next_order();
            say(&Line::Call);
            let done = if order == Order::Hold {
                running.hold(|| lines.next().is_some())
            } else {
                running.carry_out(order)
            };
            say(&Line::Done(done.unwrap_or_else(Done::from)));
        }
        Ok(())
    }
}

impl Running {
    fn start(settings: Settings) -> anyhow::Result<Self> {
        let icon = Arc::new(Icon::open(&settings.icon)?);
        let configuration = settings.configuration();
        let bridges = Bridges {
            badge: Arc::clone(&icon) as _,
            delivered: Arc::new(NothingDelivered),
            credentials: Arc::new(Keychain(settings.token.clone().map(Secret::new))),
            transport: Arc::new(Watched {
                transport: BuiltinTransport::new(),
                page: settings.page,
            }),
            clock: Arc::new(SystemClock),
        };
        Ok(Self {
            engine: Engine::new(configuration, bridges)?,
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
            settings,
            icon,
        })
    }

    fn carry_out(&self, order: Order) -> Result<Done, EngineError> {
        let engine = &self.engine;
        match order {
            Order::AddAccount => self.add_account(),
            Order::Receive(payload) => {
                let receipt = engine.receive_push(payload.as_bytes())?;
                Ok(Done {
                    badge: Some(receipt.badge.badge),
                    disposition: Some(format!("{:?}", receipt.disposition)),
                    ..Done::default()
                })
            }
            Order::Push(payload) => {
                let wake = engine.handle_push(payload.into_bytes(), BUDGET);
                Ok(self.runtime.block_on(wake).into())
            }
            Order::Refresh { foreground } => {
                let cause = if foreground {
                    Cause::Foreground
                } else {
                    Cause::BackgroundRefresh
                };
                Ok(self.runtime.block_on(engine.refresh(cause, BUDGET)).into())
            }
            Order::GiveUp => {
                let wake = engine.refresh(Cause::BackgroundRefresh, BUDGET);
                let ended = self.runtime.block_on(poll_immediate(wake));
                Ok(ended.map(Done::from).unwrap_or_default())
            }
            Order::Read { pick, leave } => self.read(pick, leave),
            Order::ReadFirst(conversations) => self.read_first(conversations),
            Order::Mark { pick } => self.mark(pick % MARKS),
            Order::Suspend => {
                engine.suspend();
                Ok(Done::default())
            }
            Order::Resume => {
                engine.resume();
                Ok(Done::default())
            }
            Order::Hold => Ok(Done::default()),
        }
    }

    /// As the app does at its first start.
    fn add_account(&self) -> Result<Done, EngineError> {
        let account = &self.settings.account;
        let known = self.engine.accounts()?;
        if known.iter().all(|known| known.account != *account) {
            self.engine.add_account(account, &self.settings.relay)?;
        }
        Ok(Done::default())
    }

    /// Reads one of the conversations that nobody else reads. One of which something is pending is
    /// left alone, so that what the phone must show is known exactly.
    fn read(&self, pick: usize, leave: u32) -> Result<Done, EngineError> {
        let mut readable = self.conversations(READ_HERE)?;
        readable.retain(|view| view.state.unread > 0 && !view.pending);
        if readable.is_empty() {
            return Ok(Done::default());
        }
        let state = &readable[pick % readable.len()].state;
        let remaining = leave.min(state.unread - 1);
        let up_to = state.newest.get() - u64::from(remaining);
        say(&Line::Doing(Deed::Read {
            conversation: state.id.as_str().to_owned(),
            up_to,
        }));
        let up_to = Position::new(up_to).map_err(|_| EngineError::Runtime)?;
        let account = &self.settings.account;
        let badge = self
            .engine
            .mark_read(account, &state.id, up_to, remaining)?;
        Ok(Done {
            badge: Some(badge.badge),
            acknowledged: true,
            ..Done::default()
        })
    }

    fn read_first(&self, conversations: Vec<String>) -> Result<Done, EngineError> {
        let first = Position::ZERO.next();
        for id in conversations {
            let id = ConversationId::new(id).map_err(|_| EngineError::Runtime)?;
            self.engine
                .mark_read(&self.settings.account, &id, first, 0)?;
        }
        Ok(Done::default())
    }

    fn mark(&self, pick: usize) -> Result<Done, EngineError> {
        let id = format!("{MARKED_HERE}{pick}");
        let shown = self.conversations(MARKED_HERE)?;
        let known = shown.iter().find(|view| view.state.id.as_str() == id);
        if known.is_some_and(|view| view.pending) {
            return Ok(Done::default());
        }
        let marked = !known.is_some_and(|view| view.state.marked_unread);
        say(&Line::Doing(Deed::Mark {
            conversation: id.clone(),
            marked,
        }));
        let id = ConversationId::new(id).map_err(|_| EngineError::Runtime)?;
        let account = &self.settings.account;
        let badge = self.engine.mark_unread(account, &id, marked)?;
        Ok(Done {
            badge: Some(badge.badge),
            acknowledged: true,
            ..Done::default()
        })
    }

    fn conversations(&self, prefix: &str) -> Result<Vec<ConversationView>, EngineError> {
        let mut all = self.engine.conversations(&self.settings.account)?;
        all.retain(|view| view.state.id.as_str().starts_with(prefix));
        Ok(all)
    }

    /// What a wake must never do: shows that the tests would see it.
    fn hold(&self, until: impl FnOnce() -> bool) -> Result<Done, EngineError> {
        let store = Store::new(&self.settings.configuration(), Arc::new(SystemClock));
        let until = Cell::new(Some(until));
        store.write(Durability::Refetchable, |_| {
            say(&Line::Holding);
            until.take().map(|until| until());
            Ok(Done::default())
        })
    }
}

impl Settings {
    fn configuration(&self) -> Configuration {
        configuration(&self.store, &self.device, self.role())
    }

    fn role(&self) -> Process {
        match self.process {
            Role::App => Process::App,
            Role::Extension => Process::Extension,
        }
    }
}

impl From<EngineError> for Done {
    fn from(error: EngineError) -> Self {
        Self {
            busy: error == EngineError::Busy,
            error: Some(error.to_string()),
            ..Self::default()
        }
    }
}

impl From<WakeOutcome> for Done {
    fn from(outcome: WakeOutcome) -> Self {
        Self {
            badge: outcome.badge.map(|state| state.badge),
            disposition: outcome.disposition.map(|it| format!("{it:?}")),
            synced: outcome.synced,
            ..outcome.error.map(Self::from).unwrap_or_default()
        }
    }
}
