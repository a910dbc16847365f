//! Where it was measured: a figure without it means nothing.

use std::fs;

use serde::Serialize;

/// The machine and what runs on it.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name, as the system tells it.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The system and its version.
    pub system: String,
    /// SQLite's version.
    pub sqlite: String,
    /// How many processes wanted to run, over the last minute, when it began.
    pub load: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo").lines().find_map(|line| {
            Some(
                line.strip_prefix("model name")?
                    .split_once(':')?
                    .1
                    .trim()
                    .to_owned(),
            )
        });
        let release = read("/proc/sys/kernel/osrelease");
        let load = read("/proc/loadavg");
        Self {
            processor: processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            system: format!("{} {}", std::env::consts::OS, release.trim()),
            sqlite: rusqlite::version().to_owned(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}
