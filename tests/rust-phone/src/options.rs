//! The flags. Both phones take the same ones.

use std::path::PathBuf;

use clap::Parser;
use truebadge_engine::Secret;
use truebadge_protocol::{AccountId, BadgePolicy};

const COMMANDS: &str = "\
Commands come on standard input, one a line:
  read ACCOUNT CONVERSATION POSITION [REMAINING]   the person read up to POSITION
  read-items ACCOUNT CONVERSATION POSITION,… [REMAINING]
                                                   the person read single messages
  read-all ACCOUNT                                 the person read everything
  unread ACCOUNT CONVERSATION                      the person marked it unread
  level ACCOUNT CONVERSATION all|mentions|none     the person chose what of it counts
  sign-out ACCOUNT                                 the person signed out of it here
  rejected                                         what the relay refused, and take note of it
  refresh                                          the app came to the foreground
  force-quit                                       the person swiped the app away: its code
                                                   runs no more until it is opened
  open                                             the person opened it again
  away, back                                       lose and regain the connection to APNs
  list                                             the conversations with something to show
  quit                                             end; SIGTERM and SIGINT do the same

An account's device token comes from the relay: `truebadge-relay token mint ACCOUNT` makes one.";

/// A phone without an iPhone: shows the badge that an iPhone would show.
///
/// It registers with a relay, attaches to apns-sim, and prints a line whenever the number on its
/// icon changes.
#[derive(Debug, Parser)]
#[command(name = "rust-phone", version, after_help = COMMANDS)]
pub struct Options {
    /// The relay's address, such as http://127.0.0.1:8787
    #[arg(long, value_name = "URL")]
    pub relay: String,

    /// Where apns-sim lets phones attach, such as http://127.0.0.1:2198; without it no push comes
    #[arg(long, value_name = "URL")]
    pub apns: Option<String>,

    /// An account and its device token; repeat for several accounts
    #[arg(long = "account", value_name = "ID=DEVICE_TOKEN", required = true, value_parser = account)]
    pub accounts: Vec<Account>,

    /// Where the phone keeps its mirror and its device id; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,

    /// The app's bundle identifier
    #[arg(long, value_name = "BUNDLE-ID")]
    pub topic: String,

    /// This phone's name at apns-sim; the same name gets the same push token
    #[arg(long, value_name = "NAME", default_value = "phone")]
    pub install: String,

    /// What the badge counts: messages, conversations, mentions or off
    #[arg(long, value_name = "POLICY", default_value = "messages", value_parser = policy)]
    pub policy: BadgePolicy,

    /// Print one JSON object a line instead of words
    #[arg(long)]
    pub json: bool,
}

/// An account on the relay, and what this phone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name on the relay.
    pub id: AccountId,
    /// The device token.
    pub token: Secret,
}

/// An account's name may hold `=`; a token never does.
fn account(text: &str) -> Result<Account, String> {
    let (id, token) = text
        .rsplit_once('=')
        .filter(|(_, token)| !token.is_empty())
        .ok_or("write it as ID=DEVICE_TOKEN")?;
    let id = AccountId::new(id).map_err(|error| format!("the account's name is wrong: {error}"))?;
    Ok(Account {
        id,
        token: Secret::new(token),
    })
}

fn policy(text: &str) -> Result<BadgePolicy, String> {
    match text {
        "messages" => Ok(BadgePolicy::Messages),
        "conversations" => Ok(BadgePolicy::Conversations),
        "mentions" => Ok(BadgePolicy::Mentions),
        "off" => Ok(BadgePolicy::Off),
        _ => Err("it is one of messages, conversations, mentions, off".to_owned()),
    }
}
