//! A child process: the JSON lines that it prints, what it says on stderr, and its end.

use std::{
    cell::Cell,
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::watch,
};

/// How long anything may take before it counts as not happening. A guard, not a pause: what
/// happens is seen at once. Generous, because machines that build and test at once are slow.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How long a process that was told to end may take.
const END_WITHIN: Duration = Duration::from_secs(15);
/// How much of a process's stderr an error repeats, in bytes.
const TAIL: usize = 4_000;

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: watch::Receiver<Lines>,
    seen: usize,
    stderr: PathBuf,
}

#[derive(Debug, Default)]
struct Lines {
    read: Vec<Value>,
    ended: bool,
}

impl Process {
    /// Starts a program; its stderr goes to a file in `folder`.
    pub fn start<S: AsRef<OsStr>>(
        name: &str,
        command: impl IntoIterator<Item = S>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut words = command.into_iter();
        let program = words.next().context("no program to start")?;
        let stderr = folder.join(format!("{name}.log"));
        let log = File::options().create(true).append(true).open(&stderr)?;
        let mut child = Command::new(&program)
            .args(words)
            .env("NO_PROXY", "127.0.0.1") // everything is on this machine
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.as_ref().display()))?;
        let (tell, lines) = watch::channel(Lines::default());
        if let Some(output) = child.stdout.take() {
            tokio::spawn(collect(output, tell));
        }
        Ok(Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            child,
            lines,
            seen: 0,
            stderr,
        })
    }

    /// Waits for the next line for which `wanted` gives something, and passes over those before it.
    pub async fn wait_for<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Value) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut seen = self.seen;
        let mut found = None;
        let look = self.lines.wait_for(|lines| {
            while found.is_none() && seen < lines.read.len() {
                found = wanted(&lines.read[seen]);
                seen += 1;
            }
            found.is_some() || lines.ended
        });
        let in_time = tokio::time::timeout(PATIENCE, look).await.is_ok();
        self.seen = seen;
        found.ok_or_else(|| self.never(what, in_time))
    }

    /// Waits until all that it has printed is as `wanted`; gives it. Passes over nothing.
    pub async fn wait_until(
        &mut self,
        what: &str,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> anyhow::Result<Vec<Value>> {
        let look = self
            .lines
            .wait_for(|lines| lines.ended || wanted(&lines.read));
        let in_time = tokio::time::timeout(PATIENCE, look).await.is_ok();
        let lines = self.all();
        if wanted(&lines) {
            Ok(lines)
        } else {
            Err(self.never(what, in_time))
        }
    }

    /// How many lines it has printed.
    pub fn printed(&self) -> usize {
        self.lines.borrow().read.len()
    }

    /// The lines after so many.
    pub fn after(&self, printed: usize) -> Vec<Value> {
        let lines = self.lines.borrow();
        lines.read.get(printed..).unwrap_or_default().to_vec()
    }

    /// The next line, however long it takes; none when there will be none.
    pub async fn next(&mut self) -> Option<Value> {
        let seen = self.seen;
        let there = |lines: &Lines| lines.read.len() > seen || lines.ended;
        let lines = self.lines.wait_for(there).await.ok()?;
        let line = lines.read.get(seen).cloned()?;
        self.seen += 1;
        Some(line)
    }

    /// Every line so far.
    pub fn all(&self) -> Vec<Value> {
        self.lines.borrow().read.clone()
    }

    /// Types a line.
    pub async fn type_line(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("its input is closed")?;
        let sent = input.write_all(format!("{line}\n").as_bytes()).await;
        sent.with_context(|| format!("{} does not take commands any more", self.name))?;
        Ok(input.flush().await?)
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let ended = tokio::time::timeout(END_WITHIN, self.child.wait()).await;
        Ok(ended.map_err(|_| self.never("its end after SIGTERM", false))??)
    }

    /// Ends it as a crash or iOS does (SIGKILL), and waits until it is gone.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// The end of what it said on stderr.
    pub fn stderr_tail(&self) -> String {
        let text = std::fs::read(&self.stderr).unwrap_or_default();
        let from = text.len().saturating_sub(TAIL);
        String::from_utf8_lossy(&text[from..]).into_owned()
    }

    /// All that is known of it, for whoever must find out what went wrong.
    pub fn report(&self) -> String {
        let lines: Vec<_> = self.all().iter().map(Value::to_string).collect();
        let (name, lines) = (&self.name, lines.join("\n  "));
        format!(
            "{name} printed:\n  {lines}\n{name} said on stderr:\n{}",
            self.stderr_tail()
        )
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        match pid.and_then(Pid::from_raw) {
            Some(pid) => Ok(kill_process(pid, signal)?),
            None => Ok(()), // it has ended already
        }
    }

    fn never(&self, what: &str, ended: bool) -> anyhow::Error {
        FAILED.set(true);
        let name = &self.name;
        if ended {
            anyhow!("{name} ended before {what} came")
        } else {
            anyhow!(
                "{name}: {what} did not come within {} s",
                PATIENCE.as_secs()
            )
        }
    }
}

thread_local! {
    /// Something did not come: what is dropped on this thread from now on shows all it knows.
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

impl Drop for Process {
    fn drop(&mut self) {
        if FAILED.get() || std::thread::panicking() {
            eprintln!("{}", self.report());
        }
    }
}

/// Lines that are no JSON are kept as strings: they show up in reports.
async fn collect(output: ChildStdout, tell: watch::Sender<Lines>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
        tell.send_modify(|lines| lines.read.push(value));
    }
    tell.send_modify(|lines| lines.ended = true);
}
