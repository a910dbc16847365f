//! The command line.

mod accounts;
mod keys;
mod links;
mod serve;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use truebadge_protocol::AccountId;
use url::Url;

use crate::{
    config::{File, LogFormat, Settings},
    store::{StoreError, sqlite::SqliteStore},
};

/// The relay of TrueBadge: keeps what is unread, and makes the badge of every phone tell it.
///
/// Your backend reports what happens (a message arrived, one was read) over HTTP; phones ask for
/// changes and report what the person did on them; pushes go out through Apple's push service.
#[derive(Debug, Parser)]
#[command(version, after_help = HELP, after_long_help = HELP)]
pub struct Cli {
    /// The database, one SQLite file [default: truebadge.db]
    #[arg(long, global = true, env = "TRUEBADGE_DATABASE", value_name = "FILE")]
    database: Option<PathBuf>,
    /// A TOML file with the settings of `serve` under their long names, and `database`
    #[arg(long, global = true, env = "TRUEBADGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write JSON for scripts
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
First steps:
  truebadge-relay keygen                  # prints the producer key for your backend, once
  truebadge-relay token mint alice        # prints a device token for Alice's phone, once
  truebadge-relay serve                   # http://127.0.0.1:8787
  truebadge-relay token mint alice --relay https://relay.example.com
                                          # and a link that adds the account to the app

  curl http://127.0.0.1:8787/v1/accounts/alice/events \\
    -H \"Authorization: Bearer $PRODUCER_KEY\" -H 'Content-Type: application/json' \\
    -d '{\"events\":[{\"type\":\"item\",\"conversation\":\"bob\",\"position\":1}]}'
  curl 'http://127.0.0.1:8787/v1/changes?since=0' -H \"Authorization: Bearer $DEVICE_TOKEN\"

A flag comes before an environment variable (TRUEBADGE_…), and that before the file.
Exit codes: 0 done, 1 failed, 2 something is to be corrected first; one sentence says what.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests and send pushes until stopped with SIGINT or SIGTERM
    Serve(Box<Settings>),
    /// Make a producer key for your backend, print it once, and keep its hash
    Keygen {
        /// Instead make a key for a push service that is not Apple's, such as apns-sim, in this file
        #[arg(long, value_name = "FILE")]
        apns_test_key: Option<PathBuf>,
    },
    /// Accounts: an identity with its own conversations and badge
    #[command(subcommand)]
    Account(AccountCommand),
    /// After restoring the database from a backup: start a new history for every account, so that
    /// phones fetch everything anew. Stop the relay first
    Restored,
    /// Device tokens: what a phone shows to read one account
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Make an account. The first thing that your backend writes to an account makes it too
    Create {
        /// Its id, as your backend names it
        account: AccountId,
    },
    /// List all accounts
    List,
    /// Show an account and its devices
    Show {
        /// Which
        account: AccountId,
    },
    /// Remove an account and all that belongs to it; its phones sign out
    Remove {
        /// Which
        account: AccountId,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a device token and print it once. It belongs to the first phone that registers with it
    Mint {
        /// Whose; the account is made if it is not there
        account: AccountId,
        /// Where phones reach this relay. Then a link is printed as well that has the app add the
        /// account: open it on the phone, or scan it as a QR code. It holds the token
        #[arg(long, env = "TRUEBADGE_RELAY", value_name = "URL", value_parser = links::relay)]
        relay: Option<Url>,
    },
    /// List an account's device tokens, without the tokens themselves
    List {
        /// Whose
        account: AccountId,
    },
    /// End a device token
    Revoke {
        /// Whose
        account: AccountId,
        /// The token's id, as `mint` and `list` print it
        id: String,
    },
}

/// Something that the operator must correct first; the sentence says what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Correct(String);

impl From<StoreError> for Correct {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl Cli {
    /// Does what was asked for.
    pub fn run(self) -> anyhow::Result<()> {
        let (named, settings) = match &self.config {
            None => (None, Settings::default()),
            Some(path) => {
                let unusable = |why: String| {
                    Correct(format!(
                        "{} is not a usable file of settings: {why}",
                        path.display()
                    ))
                };
                let text =
                    std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
                File::parse(&text).map_err(unusable)?
            }
        };
        let database = self.database.or(named);
        let database = database.unwrap_or_else(|| PathBuf::from("truebadge.db"));
        let output = Output { json: self.json };
        match self.command {
            Command::Serve(serve) => {
                let settings = serve.or(settings);
                init_logs(&settings);
                serve::serve(&database, &settings, output)
            }
            Command::Keygen {
                apns_test_key: Some(path),
            } => keys::apns_test_key(&path, output),
            Command::Keygen { .. } => keys::producer_key(&database, output),
            Command::Account(command) => accounts::account(&database, command, output),
            Command::Restored => accounts::restored(&database, output),
            Command::Token(command) => accounts::token(&database, command, output),
        }
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy)]
struct Output {
    json: bool,
}

impl Output {
    /// One line: JSON, or what a person reads.
    fn line(self, json: &serde_json::Value, text: &str) -> anyhow::Result<()> {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{json}")?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(out.flush()?)
    }
}

/// Only this crate's own events: those of the HTTP libraries have headers and paths in them.
fn init_logs(settings: &Settings) {
    use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};
    let level = tracing::Level::from(settings.log.unwrap_or_default());
    let own = Targets::new().with_target("truebadge_relay", level);
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = match settings.log_format.unwrap_or_default() {
        LogFormat::Json => layer.json().flatten_event(true).with_filter(own).boxed(),
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            layer.with_ansi(colours).with_filter(own).boxed()
        }
    };
    let subscriber = tracing_subscriber::registry().with(layer);
    // An error says that a test has set one already.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn open(database: &std::path::Path) -> Result<SqliteStore, Correct> {
    Ok(SqliteStore::open(database, None)?)
}

fn open_existing(database: &std::path::Path) -> Result<SqliteStore, Correct> {
    Ok(SqliteStore::open_existing(database)?)
}
