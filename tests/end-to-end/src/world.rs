//! Relay and apns-sim, a key between them, and a folder that goes away with them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    apns::{Apns, Audience, KEY_ID, TEAM},
    desktop::Desktop,
    phone::{Kind, Phone, Setup},
    process::Process,
    programs,
};

/// How the relay runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `--lanes`.
    pub lanes: &'static str,
    /// `--coalesce`.
    pub coalesce: &'static str,
    /// `--escalate-after`.
    pub escalate_after: &'static str,
}

impl Default for Settings {
    /// As the relay itself, but for short bursts.
    fn default() -> Self {
        Self {
            lanes: "auto",
            coalesce: "20ms,200ms",
            escalate_after: "60s,10m,2h",
        }
    }
}

impl Settings {
    /// Only silent pushes: whatever the badge shows, our code set it.
    pub fn silent() -> Self {
        Self {
            lanes: "silent",
            ..Self::default()
        }
    }
}

/// Everything but the phones. Dropping it ends its processes and removes its folder.
#[derive(Debug)]
pub struct World {
    /// apns-sim.
    pub apns: Apns,
    /// The relay.
    pub relay: Process,
    /// A client of the relay that is not a phone.
    pub desktop: Desktop,
    settings: Settings,
    folder: TempDir,
}

impl World {
    /// Starts apns-sim and a relay with an empty database.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        Self::start_for(settings, &Audience::Phones).await
    }

    /// The same, with pushes to somebody else than phones that attach.
    pub async fn start_for(settings: Settings, audience: &Audience) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("truebadge-").tempdir()?;
        let producer_key = keys(folder.path()).await?;
        let key = folder.path().join("apns.p8");
        let apns = Apns::start(&key, folder.path(), audience).await?;
        let (relay, url) = serve(folder.path(), &settings, &apns.provider, "127.0.0.1:0").await?;
        Ok(Self {
            apns,
            relay,
            desktop: Desktop::new(url, producer_key)?,
            settings,
            folder,
        })
    }

    /// Where the processes keep their files and their stderr.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A phone with these accounts, ready.
    pub async fn phone(
        &self,
        kind: &Kind,
        install: &str,
        accounts: &[&str],
    ) -> anyhow::Result<Phone> {
        Phone::start(self.setup(kind, install, accounts).await?).await
    }

    /// What such a phone is started with.
    pub async fn setup(
        &self,
        kind: &Kind,
        install: &str,
        accounts: &[&str],
    ) -> anyhow::Result<Setup> {
        let mut tokens = Vec::new();
        for account in accounts {
            let token = self.desktop.mint(account).await?;
            tokens.push(((*account).to_owned(), token));
        }
        Ok(Setup {
            kind: kind.clone(),
            install: install.to_owned(),
            relay: self.desktop.relay.clone(),
            apns: self.apns.phones.clone(),
            policy: "messages".to_owned(),
            accounts: tokens,
            folder: self.folder().to_owned(),
        })
    }

    /// Stops the relay; its database stays.
    pub async fn stop_relay(&mut self) -> anyhow::Result<()> {
        let status = self.relay.stop().await?;
        anyhow::ensure!(status.success(), "the relay ended with {status}");
        Ok(())
    }

    /// Starts the relay again, at the same address over the same database. (The system could give
    /// its port to somebody else meanwhile; it has tens of thousands to choose from.)
    pub async fn start_relay(&mut self) -> anyhow::Result<()> {
        let url = &self.desktop.relay;
        let address = url.trim_start_matches("http://");
        let provider = &self.apns.provider;
        let (relay, _) = serve(self.folder.path(), &self.settings, provider, address).await?;
        self.relay = relay;
        Ok(())
    }

    /// Stops relay and apns-sim as an operator does, and waits for their end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop_relay().await?;
        let status = self.apns.process.stop().await?;
        anyhow::ensure!(status.success(), "apns-sim ended with {status}");
        Ok(())
    }
}

/// Makes a key for APNs, and a producer key, which is given.
pub async fn keys(folder: &Path) -> anyhow::Result<String> {
    let key = folder.join("apns.p8");
    ask_relay(&["keygen", "--apns-test-key", &key.to_string_lossy()]).await?;
    let database = database(folder);
    let made = ask_relay(&["--database", &database.to_string_lossy(), "keygen"]).await?;
    let producer_key = made["producer_key"].as_str();
    Ok(producer_key
        .context("keygen printed no producer key")?
        .to_owned())
}

fn database(folder: &Path) -> PathBuf {
    folder.join("relay.db")
}

/// Starts a relay that listens there, over the database and with the key for APNs in `folder`; gives
/// its address too.
pub async fn serve(
    folder: &Path,
    settings: &Settings,
    provider: &str,
    listen: &str,
) -> anyhow::Result<(Process, String)> {
    let program = programs::find("truebadge-relay")?;
    let (database, key) = (database(folder), folder.join("apns.p8"));
    let words = [
        program.as_os_str(),
        "serve".as_ref(),
        "--json".as_ref(),
        "--database".as_ref(),
        database.as_os_str(),
        "--listen".as_ref(),
        listen.as_ref(),
        "--apns-key".as_ref(),
        key.as_os_str(),
        "--apns-key-id".as_ref(),
        KEY_ID.as_ref(),
        "--apns-team-id".as_ref(),
        TEAM.as_ref(),
        "--apns-endpoint".as_ref(),
        provider.as_ref(),
        "--lanes".as_ref(),
        settings.lanes.as_ref(),
        "--coalesce".as_ref(),
        settings.coalesce.as_ref(),
        "--escalate-after".as_ref(),
        settings.escalate_after.as_ref(),
    ];
    let mut process = Process::start("relay", words, folder)?;
    let address = |line: &Value| line["url"].as_str().map(str::to_owned);
    let url = process.wait_for("its address", address).await?;
    Ok((process, url))
}

/// Runs one of the relay's commands that print a JSON line and end.
async fn ask_relay(words: &[&str]) -> anyhow::Result<Value> {
    let program = programs::find("truebadge-relay")?;
    let output = Command::new(program)
        .args(words)
        .arg("--json")
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "truebadge-relay: {said}");
    serde_json::from_slice(&output.stdout).context("truebadge-relay printed no JSON")
}
