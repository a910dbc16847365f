//! The app: wakes go into the engine, events come out.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, poll_immediate},
    stream::FuturesUnordered,
};
use tokio::sync::mpsc;
use truebadge_engine::{
    AtZero, BadgeState, Bridges, Cause, Configuration, Engine, EngineError, Process, SystemClock,
    WakeOutcome, transport::BuiltinTransport,
};
use truebadge_protocol::{AccountId, ConversationId, messages::PushEnvironment};

use crate::{
    apns::{Apns, FromApns, PushFrame},
    centre::Centre,
    command::Command,
    console::Console,
    credentials::Credentials,
    event::{Conversation, Event, Rejected, cause, disposition},
    icon::Icon,
    identity,
    options::Options,
};

/// What iOS gives a wake, less a reserve.
const BUDGET: Duration = Duration::from_secs(25);
/// A launch goes on without APNs after this long.
const TOKEN_WITHIN: Duration = Duration::from_secs(5);
/// How long the farewell to APNs may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// A line that was typed, or what was wrong with it.
pub type Typed = Result<Command, String>;

/// The phone.
pub struct Phone {
    console: Arc<Console>,
    engine: Arc<Engine>,
    icon: Arc<Icon>,
    centre: Arc<Centre>,
    device: String,
    apns: Option<Apns>,
    push_token: Option<String>,
    /// The newest refusal that was told.
    refusals: u64,
    wakes: FuturesUnordered<BoxFuture<'static, Woken>>,
    launched: bool,
    /// The person swiped the app away: iOS starts it for no push (rule 4 of docs/PLATFORM.md).
    force_quit: bool,
}

/// A wake that ended, and the word for why it began.
struct Woken(&'static str, WakeOutcome);

impl Phone {
    /// Sets the phone up; nothing is sent yet. Needs a tokio runtime.
    pub fn new(options: &Options, console: Arc<Console>) -> anyhow::Result<Self> {
        let store = &options.store;
        std::fs::create_dir_all(store)
            .with_context(|| format!("cannot make {}: give another --store", store.display()))?;
        let device = identity::device(store)?;
        let centre = Arc::new(Centre::new(Arc::clone(&console)));
        let icon = Arc::new(Icon::new(Arc::clone(&console), Arc::clone(&centre)));
        let configuration = Configuration {
            at_zero: AtZero::Keep,
            directory: store.clone(),
            device: device.clone(),
            topic: options.topic.clone(),
            environment: PushEnvironment::Sandbox,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            process: Process::App,
        };
        let bridges = Bridges {
            badge: Arc::clone(&icon) as _,
            delivered: Arc::clone(&centre) as _,
            credentials: Arc::new(Credentials::of(&options.accounts)),
            transport: Arc::new(BuiltinTransport::new()),
            clock: Arc::new(SystemClock),
        };
        let engine = Engine::new(configuration, bridges)?;
        engine.set_policy(options.policy)?;
        for account in &options.accounts {
            engine.add_account(&account.id, &options.relay)?;
        }
        let apns = options.apns.as_ref();
        let apns = apns.map(|base| Apns::attach(base, &options.topic, &options.install));
        Ok(Self {
            console,
            engine: Arc::new(engine),
            icon,
            centre,
            device: device.as_str().to_owned(),
            apns: apns.transpose()?,
            push_token: None,
            refusals: 0,
            wakes: FuturesUnordered::new(),
            launched: false,
            force_quit: false,
        })
    }

    /// Runs until told to quit, or until `stop` ends.
    pub async fn run(
        mut self,
        mut typed: mpsc::Receiver<Typed>,
        stop: impl Future<Output = ()> + Send,
    ) {
        tokio::pin!(stop);
        tokio::select! {
            () = &mut stop => return self.end().await,
            () = self.first_token() => {}
        }
        self.refresh(Cause::Launch).await;
        let mut typing = true;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(woken) = self.wakes.next() => self.woken(woken),
                said = next(&mut self.apns), if self.launched => self.heard(said).await,
                line = typed.recv(), if self.launched && typing => match line {
                    Some(Ok(Command::Quit)) => break,
                    Some(Ok(command)) => self.obey(command).await,
                    Some(Err(message)) => self.console.emit(&Event::Error { message }),
                    None => typing = false, // keeps running until signalled
                },
            }
        }
        self.end().await;
    }

    /// Waits for APNs' token, but not for ever: the badge does not need it.
    async fn first_token(&mut self) {
        let waiting = async {
            while self.apns.is_some() && self.push_token.is_none() {
                let said = next(&mut self.apns).await;
                self.heard(said).await;
            }
        };
        let _ = tokio::time::timeout(TOKEN_WITHIN, waiting).await;
    }

    async fn heard(&mut self, said: FromApns) {
        match said {
            FromApns::Attached(token) => self.registered(token).await,
            FromApns::Push(push) => self.receive(*push).await,
            FromApns::Away => self.console.emit(&Event::Away),
            FromApns::Trouble(message) => self.console.emit(&Event::Error { message }),
        }
    }

    /// As at every launch of an app: the token goes to the core. A changed one, to the relays too.
    async fn registered(&mut self, token: String) {
        self.console.emit(&Event::Attached);
        let changed = self.push_token.replace(token.clone()).as_ref() != Some(&token);
        if self.force_quit {
            return;
        }
        if let Err(error) = self.engine.set_push_token(Some(&token)) {
            return self.console.emit(&Event::Error {
                message: error.to_string(),
            });
        }
        if changed && self.launched {
            self.refresh(Cause::Foreground).await;
        }
    }

    /// What iOS does with a push: it paints, it shows, it wakes.
    async fn receive(&mut self, push: PushFrame) {
        if push.alert.is_some() {
            self.centre.deliver(&push);
        }
        if let Some(badge) = push.badge {
            self.icon.paint(badge);
        }
        let why = match (push.wake && !self.force_quit, push.extension) {
            (true, _) => cause(Cause::Push),
            (false, true) => cause(Cause::Extension),
            (false, false) => return,
        };
        let engine = Arc::clone(&self.engine);
        let payload = push.payload.into_bytes();
        let wake = async move { Woken(why, engine.handle_push(payload, BUDGET).await) };
        self.begin(Box::pin(wake)).await;
    }

    async fn refresh(&mut self, why: Cause) {
        let engine = Arc::clone(&self.engine);
        let wake = async move { Woken(cause(why), engine.refresh(why, BUDGET).await) };
        self.begin(Box::pin(wake)).await;
    }

    /// Starts a wake. Its local part is done when this returns, so wakes keep their order; what
    /// needs the network goes on beside the next ones.
    async fn begin(&mut self, mut wake: BoxFuture<'static, Woken>) {
        match poll_immediate(&mut wake).await {
            Some(woken) => self.woken(woken),
            None => self.wakes.push(wake),
        }
    }

    fn woken(&mut self, Woken(why, outcome): Woken) {
        self.console.emit(&Event::Wake {
            cause: why,
            disposition: outcome.disposition.map(disposition),
            badge: outcome.badge.map(|state| state.badge),
            synced: outcome.synced,
            shown: outcome.shown,
            error: outcome.error.map(|error| error.to_string()),
        });
        // Each is told in every wake until `rejected` takes note of it.
        let known = self.refusals;
        for refused in outcome.rejected.iter().filter(|one| one.sequence > known) {
            self.refusals = refused.sequence;
            let message = format!("the relay refused an operation: {}", refused.reason);
            self.console.emit(&Event::Error { message });
        }
        if !self.launched {
            self.launched = true;
            self.console.emit(&Event::Ready {
                device: self.device.clone(),
                push_token: self.push_token.clone(),
                badge: outcome.badge.map_or(0, |state| state.badge),
            });
        }
    }

    async fn obey(&mut self, command: Command) {
        let engine = Arc::clone(&self.engine);
        let without_the_app = matches!(command, Command::Open | Command::Away | Command::Back);
        if self.force_quit && !without_the_app {
            let message = "the app was force-quit: open it first".to_owned();
            return self.console.emit(&Event::Error { message });
        }
        match command {
            Command::Read {
                account,
                conversation,
                position,
                remaining,
            } => {
                let done = engine.mark_read(&account, &conversation, position, remaining);
                self.recorded("read", &account, Some(&conversation), done)
                    .await;
            }
            Command::ReadItems {
                account,
                conversation,
                positions,
                remaining,
            } => {
                let done = engine.mark_items_read(&account, &conversation, &positions, remaining);
                self.recorded("read-items", &account, Some(&conversation), done)
                    .await;
            }
            Command::ReadAll { account } => {
                let done = engine.mark_all_read(&account);
                self.recorded("read-all", &account, None, done).await;
            }
            Command::Unread {
                account,
                conversation,
            } => {
                let done = engine.mark_unread(&account, &conversation, true);
                self.recorded("unread", &account, Some(&conversation), done)
                    .await;
            }
            Command::Level {
                account,
                conversation,
                level,
            } => {
                let done = engine.set_level(&account, &conversation, level);
                self.recorded("level", &account, Some(&conversation), done)
                    .await;
            }
            Command::SignOut { account } => {
                let done = engine.sign_out(&account);
                self.recorded("sign-out", &account, None, done).await;
            }
            Command::Rejected => self.reporting(|phone| phone.rejected()),
            Command::Refresh => self.refresh(Cause::Foreground).await,
            Command::ForceQuit => self.force_quit(),
            Command::Open => self.open().await,
            Command::Away => self.attach(false),
            Command::Back => self.attach(true),
            Command::List => self.reporting(|phone| phone.list()),
            Command::Quit => {}
        }
    }

    /// iOS ends the process with all that it was doing.
    fn force_quit(&mut self) {
        self.wakes.clear();
        self.force_quit = true;
        self.console.emit(&Event::ForceQuit);
    }

    /// The app comes to the foreground; after a force-quit it is launched for that.
    async fn open(&mut self) {
        if !std::mem::take(&mut self.force_quit) {
            return self.refresh(Cause::Foreground).await;
        }
        let token = self.push_token.as_deref();
        self.reporting(|phone| phone.engine.set_push_token(token).map(drop));
        self.refresh(Cause::Launch).await;
    }

    async fn recorded(
        &mut self,
        kind: &'static str,
        account: &AccountId,
        conversation: Option<&ConversationId>,
        done: Result<BadgeState, EngineError>,
    ) {
        let recorded = done.is_ok();
        self.console.emit(&Event::Operation {
            kind,
            account: account.as_str().to_owned(),
            conversation: conversation.map(|id| id.as_str().to_owned()),
            recorded,
            error: done.err().map(|error| error.to_string()),
        });
        if recorded {
            self.refresh(Cause::Operation).await;
        }
    }

    fn reporting(&self, work: impl FnOnce(&Self) -> Result<(), EngineError>) {
        if let Err(error) = work(self) {
            let message = error.to_string();
            self.console.emit(&Event::Error { message });
        }
    }

    fn rejected(&self) -> Result<(), EngineError> {
        let rejected = self.engine.rejected_operations()?;
        let operations = rejected.iter().map(|one| Rejected {
            account: one.account.as_str().to_owned(),
            conversation: one.conversation.as_str().to_owned(),
            number: one.number,
            reason: one.reason.clone(),
        });
        self.console.emit(&Event::Rejected {
            operations: operations.collect(),
        });
        match rejected.last() {
            Some(last) => self.engine.forget_rejected(last.sequence),
            None => Ok(()),
        }
    }

    fn attach(&self, wanted: bool) {
        match &self.apns {
            Some(apns) => apns.want(wanted),
            None => self.console.emit(&Event::Error {
                message: "there is no APNs to leave or to come back to: start with --apns"
                    .to_owned(),
            }),
        }
    }

    fn list(&self) -> Result<(), EngineError> {
        let mut conversations = Vec::new();
        for one in self.engine.accounts()? {
            let account = one.account.as_str();
            let views = self.engine.conversations(&one.account)?.into_iter();
            conversations.extend(views.map(|view| Conversation {
                account: account.to_owned(),
                id: view.state.id.as_str().to_owned(),
                unread: view.state.unread,
                mentions: view.state.mentions,
                newest: view.state.newest.get(),
                read_up_to: view.state.read_up_to.get(),
                level: view.state.level,
                marked_unread: view.state.marked_unread,
            }));
        }
        self.console.emit(&Event::Conversations { conversations });
        Ok(())
    }

    /// Says goodbye to APNs, so that what comes from now on is kept there, and closes the store.
    async fn end(mut self) {
        if let Some(apns) = &mut self.apns {
            apns.want(false);
            let farewell = async { while apns.next().await != FromApns::Away {} };
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
        }
        self.wakes.clear();
        self.engine.suspend();
        self.console.emit(&Event::Stopped);
    }
}

async fn next(apns: &mut Option<Apns>) -> FromApns {
    match apns {
        Some(apns) => apns.next().await,
        None => std::future::pending().await,
    }
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Phone")
    }
}
