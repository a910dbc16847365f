//! What the operator sets: a flag before an environment variable before the file.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::{
    http::RateLimits,
    planner::{Lanes, Repeats, Rules},
};

/// The settings of `serve`, each of them optional. A TOML file has them under the same names.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Make a mistake on purpose, to see what notices
    #[cfg(feature = "faults")]
    #[arg(long, value_name = "NAME")]
    #[serde(skip)]
    pub fault: Option<crate::faults::Fault>,
    /// The address to listen on; port 0 lets the system choose [default: 127.0.0.1:8787]
    #[arg(long, env = "TRUEBADGE_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// A file with a producer key, beside those that `keygen` made. The environment variable
    /// TRUEBADGE_PRODUCER_KEY may hold the key itself
    #[arg(long, env = "TRUEBADGE_PRODUCER_KEY_FILE", value_name = "FILE")]
    pub producer_key_file: Option<PathBuf>,
    /// Apple's key for push, the .p8 file from developer.apple.com. Without it nothing is pushed
    #[arg(long, env = "TRUEBADGE_APNS_KEY", value_name = "FILE")]
    pub apns_key: Option<PathBuf>,
    /// That key's id, ten characters
    #[arg(long, env = "TRUEBADGE_APNS_KEY_ID", value_name = "ID")]
    pub apns_key_id: Option<String>,
    /// The id of your team at Apple, ten characters
    #[arg(long, env = "TRUEBADGE_APNS_TEAM_ID", value_name = "ID")]
    pub apns_team_id: Option<String>,
    /// Another push service than Apple's, such as apns-sim: https://…, or http:// on loopback
    #[arg(long, env = "TRUEBADGE_APNS_ENDPOINT", value_name = "URL")]
    pub apns_endpoint: Option<String>,
    /// Certificates to trust for the push service instead of the system's, in PEM form
    #[arg(long, env = "TRUEBADGE_APNS_CA", value_name = "FILE")]
    pub apns_ca: Option<PathBuf>,
    /// A burst of changes is pushed when it was quiet for so long, or has lasted so long
    /// [default: 300ms,2s]
    #[arg(
        long,
        env = "TRUEBADGE_COALESCE",
        value_name = "QUIET,MOST",
        value_delimiter = ','
    )]
    pub coalesce: Option<Vec<Wait>>,
    /// When a change that the phone does not acknowledge is sent again, each counted from the push
    /// before: 60s,10m,2h [default: by how soon the phone acknowledges]
    #[arg(
        long,
        env = "TRUEBADGE_ESCALATE_AFTER",
        value_name = "WAITS",
        value_delimiter = ','
    )]
    pub escalate_after: Option<Vec<Wait>>,
    /// Silent pushes to a phone in an hour; Apple advises two or three [default: 3]
    #[arg(long, env = "TRUEBADGE_SILENT_BUDGET", value_name = "PUSHES")]
    pub silent_budget: Option<usize>,
    /// For diagnosis: which lanes may be chosen [default: auto]
    #[arg(long, env = "TRUEBADGE_LANES")]
    pub lanes: Option<Lanes>,
    /// Requests that a producer key may make in a minute [default: 60000]
    #[arg(long, env = "TRUEBADGE_PRODUCER_REQUESTS", value_name = "PER_MINUTE")]
    pub producer_requests: Option<u32>,
    /// Requests that a device token may make in a minute [default: 600]
    #[arg(long, env = "TRUEBADGE_DEVICE_REQUESTS", value_name = "PER_MINUTE")]
    pub device_requests: Option<u32>,
    /// How much is logged. Credentials, push tokens, texts and names never are [default: info]
    #[arg(long, env = "TRUEBADGE_LOG", value_name = "LEVEL")]
    pub log: Option<LogLevel>,
    /// How logs are written, on stderr [default: text]
    #[arg(long, env = "TRUEBADGE_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What somebody must look at.
    Error,
    /// And what may become that.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And how.
    Debug,
    /// And everything else.
    Trace,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object on each line.
    Json,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

impl Settings {
    /// These, and where they say nothing, those.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            #[cfg(feature = "faults")]
            fault: self.fault,
            listen: self.listen.or(other.listen),
            producer_key_file: self.producer_key_file.or(other.producer_key_file),
            apns_key: self.apns_key.or(other.apns_key),
            apns_key_id: self.apns_key_id.or(other.apns_key_id),
            apns_team_id: self.apns_team_id.or(other.apns_team_id),
            apns_endpoint: self.apns_endpoint.or(other.apns_endpoint),
            apns_ca: self.apns_ca.or(other.apns_ca),
            coalesce: self.coalesce.or(other.coalesce),
            escalate_after: self.escalate_after.or(other.escalate_after),
            silent_budget: self.silent_budget.or(other.silent_budget),
            lanes: self.lanes.or(other.lanes),
            producer_requests: self.producer_requests.or(other.producer_requests),
            device_requests: self.device_requests.or(other.device_requests),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
        }
    }

    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        self.listen
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8787)))
    }

    /// How pushes are planned. An error says what is wrong.
    pub fn rules(&self) -> Result<Rules, String> {
        let defaults = Rules::default();
        let (quiet, burst) = match self.coalesce.as_deref() {
            None => (defaults.quiet, defaults.burst),
            Some([quiet, burst]) if quiet.0 <= burst.0 => (quiet.0, burst.0),
            Some(_) => {
                return Err("--coalesce takes two times, the shorter first: 300ms,2s".to_owned());
            }
        };
        let waits = |waits: &Vec<Wait>| waits.iter().map(|wait| wait.0).collect();
        let repeats = self.escalate_after.as_ref().map(waits);
        Ok(Rules {
            lanes: self.lanes.unwrap_or_default(),
            quiet,
            burst,
            repeats: repeats.map_or_else(Repeats::default, Repeats::After),
            silent_an_hour: self.silent_budget.unwrap_or(defaults.silent_an_hour),
            // One service answers for both.
            other_environment: self.apns_endpoint.is_none(),
        })
    }

    /// How often each credential may ask.
    pub fn limits(&self) -> RateLimits {
        let defaults = RateLimits::default();
        RateLimits {
            producer: self.producer_requests.unwrap_or(defaults.producer),
            device: self.device_requests.unwrap_or(defaults.device),
            stranger: defaults.stranger,
        }
    }
}

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct File {
    /// The database.
    pub database: Option<PathBuf>,
    /// Everything else.
    #[serde(flatten)]
    settings: toml::Table,
}

impl File {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<(Option<PathBuf>, Settings), String> {
        let first_line = |error: toml::de::Error| error.message().to_owned();
        let file: Self = toml::from_str(text).map_err(first_line)?;
        let settings = toml::Value::Table(file.settings);
        Ok((file.database, settings.try_into().map_err(first_line)?))
    }
}

/// A time as a person writes it: `300ms`, `2s`, `10m`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Wait(pub Duration);

/// Not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATime;

impl fmt::Display for NotATime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("write a time as 300ms, 2s, 10m or 2h")
    }
}

impl std::error::Error for NotATime {}

impl FromStr for Wait {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| NotATime)?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(NotATime),
        };
        // A century is long enough, and leaves room for adding.
        let millis = number
            .checked_mul(millis)
            .filter(|millis| *millis < 1 << 42);
        millis.map(Duration::from_millis).map(Self).ok_or(NotATime)
    }
}

impl TryFrom<String> for Wait {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}
