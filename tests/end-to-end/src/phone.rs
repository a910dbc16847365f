//! A phone process: the Rust one or the Swift one, which take the same flags and commands and print
//! the same lines.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

use crate::{apns::TOPIC, process::Process, programs};

/// Names the Swift phone's program.
pub const SWIFT_PHONE: &str = "TRUEBADGE_SWIFT_PHONE";
/// Names the program that runs it where Swift is: `scripts/in-toolchain`.
pub const SWIFT_RUNNER: &str = "TRUEBADGE_IN_TOOLCHAIN";

/// Which phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The engine in a Rust program.
    Rust,
    /// The engine in a Swift program, through the Swift module that apps use.
    Swift {
        /// The program, and what runs it, in the order of a command line.
        command: Vec<PathBuf>,
    },
}

impl Kind {
    /// The Swift phone, where the environment names one.
    pub fn swift() -> Option<Self> {
        let program = PathBuf::from(env::var_os(SWIFT_PHONE)?);
        let runner = env::var_os(SWIFT_RUNNER).map(PathBuf::from);
        let command = runner.into_iter().chain([program]).collect();
        Some(Self::Swift { command })
    }

    /// For a person.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rust => "Rust phone",
            Self::Swift { .. } => "Swift phone",
        }
    }

    /// The start of its command line.
    pub fn command(&self) -> anyhow::Result<Vec<PathBuf>> {
        match self {
            Self::Rust => Ok(vec![programs::find("rust-phone")?]),
            Self::Swift { command } => Ok(command.clone()),
        }
    }
}

/// What a phone is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Which phone.
    pub kind: Kind,
    /// Its name at apns-sim, and of its store.
    pub install: String,
    /// The relay's address.
    pub relay: String,
    /// Where phones attach.
    pub apns: String,
    /// What the badge counts.
    pub policy: String,
    /// Accounts and their device tokens.
    pub accounts: Vec<(String, String)>,
    /// Where it keeps its store and its log.
    pub folder: PathBuf,
}

impl Setup {
    fn words(&self) -> anyhow::Result<Vec<OsString>> {
        let command = self.kind.command()?;
        let mut words: Vec<OsString> = command.into_iter().map(Into::into).collect();
        let store = self.store();
        let mut flag = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
            words.push(name.into());
            words.push(value.as_ref().into());
        };
        flag("--relay", &self.relay);
        flag("--apns", &self.apns);
        flag("--store", &store);
        flag("--topic", &TOPIC);
        flag("--install", &self.install);
        flag("--policy", &self.policy);
        for (account, token) in &self.accounts {
            flag("--account", &format!("{account}={token}"));
        }
        words.push("--json".into());
        Ok(words)
    }

    fn store(&self) -> PathBuf {
        self.folder.join(format!("{}-store", self.install))
    }
}

/// A running phone.
#[derive(Debug)]
pub struct Phone {
    /// The process.
    pub process: Process,
    /// APNs' token for it.
    pub push_token: String,
    setup: Setup,
}

impl Phone {
    /// Starts it, and waits until it is ready.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let folder: &Path = &setup.folder;
        let process = Process::start(&setup.install, setup.words()?, folder)?;
        let mut phone = Self {
            process,
            push_token: String::new(),
            setup,
        };
        phone.ready().await?;
        Ok(phone)
    }

    /// Starts it again over the same store, as after a kill.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process =
            Process::start(&self.setup.install, self.setup.words()?, &self.setup.folder)?;
        self.ready().await
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let ready = self.event("ready").await?;
        let token = ready["push_token"].as_str();
        token
            .context("the phone has no push token")?
            .clone_into(&mut self.push_token);
        Ok(())
    }

    /// The number on the icon, as far as the phone told.
    pub fn badge(&self) -> Option<u64> {
        last_badge(&self.process.all())
    }

    /// Waits until the icon shows a number, if it does not already; gives all that the phone has
    /// printed by then.
    pub async fn settles_at(&mut self, badge: u64) -> anyhow::Result<Vec<Value>> {
        let wanted = |lines: &[Value]| last_badge(lines) == Some(badge);
        let what = format!("badge {badge}");
        let settled = self.process.wait_until(&what, wanted).await;
        settled.with_context(|| match self.badge() {
            Some(shown) => format!("the icon shows {shown}, not {badge}"),
            None => format!("the icon shows nothing, not {badge}"),
        })
    }

    /// Waits until the icon shows a number; gives the event with which it came.
    pub async fn shows(&mut self, badge: u64) -> anyhow::Result<Value> {
        let wanted = |line: &Value| {
            let is = line["event"] == "badge" && line["badge"] == badge;
            is.then(|| line.clone())
        };
        self.process
            .wait_for(&format!("badge {badge}"), wanted)
            .await
    }

    /// Waits until the icon shows a number, unless it does already: in what order the phone tells of a
    /// number and of what changed it is open, since iOS is asked on another thread.
    pub async fn comes_to_show(&mut self, badge: u64) -> anyhow::Result<()> {
        if self.badge() != Some(badge) {
            self.shows(badge).await?;
        }
        Ok(())
    }

    /// Waits for the next event of a kind.
    pub async fn event(&mut self, event: &str) -> anyhow::Result<Value> {
        let wanted = |line: &Value| (line["event"] == event).then(|| line.clone());
        self.process
            .wait_for(&format!("the event {event}"), wanted)
            .await
    }

    /// Waits for the end of the next wake with this cause.
    pub async fn wake(&mut self, cause: &str) -> anyhow::Result<Value> {
        let wanted = |line: &Value| {
            let is = line["event"] == "wake" && line["cause"] == cause;
            is.then(|| line.clone())
        };
        self.process
            .wait_for(&format!("a wake ({cause})"), wanted)
            .await
    }

    /// The person types a command.
    pub async fn say(&mut self, command: &str) -> anyhow::Result<()> {
        self.process.type_line(command).await
    }
}

fn last_badge(lines: &[Value]) -> Option<u64> {
    let mut badges = lines.iter().filter(|line| line["event"] == "badge");
    badges.next_back().and_then(|line| line["badge"].as_u64())
}
