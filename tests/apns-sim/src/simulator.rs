//! Handing pushes to an iOS simulator: `xcrun simctl push`. macOS only.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::limits;
use crate::provider::Push;
use crate::server::{Event, Observer};

/// How long `simctl` may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of what `simctl` says is passed on, in characters.
const MESSAGE_CHARS: usize = 200;

/// Which simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one that is running.
    Booted,
    /// The one with this UDID.
    Udid(Uuid),
}

/// Neither `booted` nor a UDID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a simulator is `booted` or a UDID from `xcrun simctl list devices`")]
pub struct NotATarget;

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        match text {
            "booted" => Ok(Self::Booted),
            _ => Uuid::try_parse(text)
                .map(Self::Udid)
                .map_err(|_| NotATarget),
        }
    }
}

/// How to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulator {
    /// Which one.
    pub target: Target,
    /// The program, `xcrun`.
    pub program: OsString,
}

impl Simulator {
    /// A simulator that is reached through the `xcrun` on the path.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            program: "xcrun".into(),
        }
    }
}

/// The simulator cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// No Xcode.
    #[error(
        "--simulator needs macOS with Xcode: {program:?} cannot be run ({source}); leave it out to let phones attach instead"
    )]
    NoXcrun {
        /// What was tried.
        program: OsString,
        /// What the system said.
        source: io::Error,
    },
    /// Xcode without simulators.
    #[error("--simulator needs Xcode's simctl: run `xcode-select --install` or open Xcode once")]
    NoSimctl,
}

/// The arguments of `xcrun` that push the payload on its standard input to an app.
///
/// Source: `xcrun simctl help push`: `simctl push <device> [<bundle identifier>] (<json file> | -)`.
pub fn push_arguments(target: &Target, topic: &str) -> [String; 5] {
    let device = match target {
        Target::Booted => "booted".to_owned(),
        Target::Udid(udid) => udid.to_string().to_uppercase(),
    };
    [
        "simctl".into(),
        "push".into(),
        device,
        topic.into(),
        "-".into(),
    ]
}

/// Checks that there is a `simctl`, and gives the queue to it and the work to do.
pub(crate) async fn start(
    simulator: &Simulator,
    observer: Observer,
) -> Result<(mpsc::Sender<Arc<Push>>, impl Future<Output = ()> + use<>), SimulatorError> {
    let found = Command::new(&simulator.program)
        .args(["--find", "simctl"])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|source| SimulatorError::NoXcrun {
            program: simulator.program.clone(),
            source,
        })?;
    if !found.status.success() {
        return Err(SimulatorError::NoSimctl);
    }
    let (queue, mut waiting) = mpsc::channel::<Arc<Push>>(limits::SIMULATOR_QUEUE);
    let simulator = simulator.clone();
    let work = async move {
        while let Some(push) = waiting.recv().await {
            if let Err(message) = hand_over(&simulator, &push).await {
                let apns_id = push.apns_id.clone();
                observer(&Event::SimulatorFailed { apns_id, message });
            }
        }
    };
    Ok((queue, work))
}

async fn hand_over(simulator: &Simulator, push: &Push) -> Result<(), String> {
    let running = async {
        let mut child = Command::new(&simulator.program)
            .args(push_arguments(&simulator.target, &push.envelope.topic))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(push.payload.text().as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    match tokio::time::timeout(PATIENCE, running).await {
        Err(_) => Err("simctl did not end in time".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => Err(said(&output.stderr)),
    }
}

fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain
        .take(MESSAGE_CHARS)
        .collect::<String>()
        .trim()
        .to_owned()
}
