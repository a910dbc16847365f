//! A phone around the real engine whose bridges do as little as can be, so that what is measured is the
//! engine: the badge is a number in memory, and the relay's answers are bytes that lie ready.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::runtime::{self, Runtime};
use truebadge_engine::{
    AppBadge, AtZero, Bridges, Cause, Clock, Configuration, CredentialProvider,
    DeliveredNotification, DeliveredNotifications, Engine, Process, PushReceipt, Reply, Secret,
    Timestamp,
    transport::{Method, Request, Response, Transport, TransportError},
};
use truebadge_protocol::{AccountId, DeviceId, messages::PushEnvironment};

use crate::served::Served;

const RELAY: &str = "https://relay.example/";
const BUDGET: Duration = Duration::from_mins(10);

/// The number on the icon.
#[derive(Debug, Default)]
struct Icon(AtomicU32);

impl AppBadge for Icon {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        self.0.store(badge, Ordering::Relaxed);
        reply.succeed(());
    }
}

/// No notifications are delivered.
#[derive(Debug)]
struct NoNotifications;

impl DeliveredNotifications for NoNotifications {
    fn list(&self, reply: Reply<Vec<DeliveredNotification>>) {
        reply.succeed(Vec::new());
    }
    fn remove(&self, _: Vec<String>, reply: Reply<()>) {
        reply.succeed(());
    }
    fn restore(&self, _: Vec<String>, reply: Reply<()>) {
        reply.succeed(());
    }
}

/// An account's name is its credentials.
#[derive(Debug)]
struct Names;

impl CredentialProvider for Names {
    fn credentials(&self, account: &AccountId, _: Option<Secret>, reply: Reply<Option<Secret>>) {
        reply.succeed(Some(Secret::new(account.as_str())));
    }
    fn forget(&self, _: &AccountId, _: Secret, reply: Reply<()>) {
        reply.succeed(());
    }
}

/// The standard library's clocks. The engine's own asks the kernel without the C library, which valgrind, where
/// instructions are counted, does not bear.
#[derive(Debug)]
struct StandardClock(Instant);

impl Clock for StandardClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let milliseconds = since.unwrap_or_default().as_millis();
        Timestamp(i64::try_from(milliseconds).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// What the relay answers with.
pub type Answers = Arc<Mutex<HashMap<String, Answer>>>;

/// An account as the transport sees it.
#[derive(Debug)]
pub enum Answer {
    /// Each page is made when it is asked for.
    Live(Served),
    /// Pages that lie ready, by the version that each is asked for with, and the registration's answer.
    Ready(HashMap<u64, Vec<u8>>, Vec<u8>),
    /// The same in files of a directory, so that nothing of it is in memory before it is asked for.
    Files(PathBuf),
}

#[derive(Debug)]
struct Canned(Answers);

impl Transport for Canned {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(request.credentials.expose());
        let body = answer.and_then(|answer| answer_to(answer, &request));
        let response = body.map(|body| Response {
            status: 200,
            retry_after: None,
            body,
        });
        async move { response.ok_or(TransportError::Broken) }.boxed()
    }
}

fn answer_to(answer: &Answer, request: &Request) -> Option<Vec<u8>> {
    let mut asked = request.url.query_pairs();
    let since = asked.find(|(name, _)| name == "since");
    let since = since.map_or(0, |(_, since)| since.parse().unwrap_or(0));
    match (answer, request.method) {
        (Answer::Live(served), Method::Put) => served.registered().ok(),
        (Answer::Live(served), _) => served.page(since).ok(),
        (Answer::Ready(_, registered), Method::Put) => Some(registered.clone()),
        (Answer::Ready(pages, _), _) => pages.get(&since).cloned(),
        (Answer::Files(pages), Method::Put) => fs::read(pages.join("registered")).ok(),
        (Answer::Files(pages), _) => fs::read(pages.join(since.to_string())).ok(),
    }
}

/// A phone.
#[derive(Debug)]
pub struct Phone {
    engine: Engine,
    icon: Arc<Icon>,
    answers: Answers,
    waiting: Runtime,
}

impl Phone {
    /// One process of a phone whose store is in this directory. Opens nothing.
    pub fn new(directory: &Path, process: Process) -> Result<Self> {
        let (icon, answers) = (Arc::new(Icon::default()), Answers::default());
        let bridges = Bridges {
            badge: icon.clone(),
            delivered: Arc::new(NoNotifications),
            credentials: Arc::new(Names),
            transport: Arc::new(Canned(answers.clone())),
            clock: Arc::new(StandardClock(Instant::now())),
        };
        let configuration = Configuration {
            directory: directory.to_owned(),
            device: DeviceId::new("phone-1")?,
            topic: "com.example.app".to_owned(),
            environment: PushEnvironment::Production,
            app_version: "1.0".to_owned(),
            process,
            at_zero: AtZero::Keep,
        };
        Ok(Self {
            engine: Engine::new(configuration, bridges)?,
            icon,
            answers,
            waiting: runtime::Builder::new_current_thread().build()?,
        })
    }

    /// Adds an account, and fetches all of it. Gives the relay's side of it back.
    pub fn sign_in(&self, name: &str, served: Served, cause: Cause) -> Result<Served> {
        self.engine.add_account(&AccountId::new(name)?, RELAY)?;
        self.answer(name, Answer::Live(served));
        self.refresh(cause)?;
        let Some(Answer::Live(served)) = self.take(name) else {
            bail!("nobody answered for {name}");
        };
        // Whoever asks again hears of nothing new.
        let pages = Answer::Ready(served.pages(served.head())?, served.registered()?);
        self.answer(name, pages);
        Ok(served)
    }

    /// What the relay answers with for an account from now on.
    pub fn answer(&self, name: &str, answer: Answer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(name.to_owned(), answer);
    }

    fn take(&self, name: &str) -> Option<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(name)
    }

    /// Brings every account up to date.
    pub fn refresh(&self, cause: Cause) -> Result<()> {
        let outcome = self.waiting.block_on(self.engine.refresh(cause, BUDGET));
        match outcome.error {
            Some(error) => Err(error).context("the refresh failed"),
            None => Ok(()),
        }
    }

    /// The local part of a push.
    pub fn receive(&self, payload: &[u8]) -> Result<PushReceipt> {
        Ok(self.engine.receive_push(payload)?)
    }

    /// Tells the engine that the app is in the foreground, where the store stays open. No relay answers.
    pub fn stay_open(&self) -> Result<()> {
        let outcome = self.engine.refresh(Cause::Foreground, Duration::ZERO);
        let outcome = self.waiting.block_on(outcome);
        outcome.badge.map(drop).context("the store did not open")
    }

    /// The number that the store says.
    pub fn badge(&self) -> Result<u32> {
        Ok(self.engine.badge()?.badge)
    }

    /// Fails unless the icon shows what the relay has.
    pub fn must_show(&self, served: u64) -> Result<()> {
        let shown = self.icon.0.load(Ordering::Relaxed);
        ensure!(
            u64::from(shown) == served,
            "the icon shows {shown}, the relay has {served}"
        );
        Ok(())
    }
}
