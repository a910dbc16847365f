//! What a step can do. Pure.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Who does it, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The app is installed, and the person signs in.
    Starts {
        /// To these accounts.
        accounts: Vec<String>,
        /// What the badge counts.
        policy: String,
    },
    /// The person opens the app.
    Opens,
    /// The person swipes the app away.
    ForceQuits,
    /// The phone loses its network.
    GoesOffline,
    /// The phone has a network again.
    ComesOnline,
    /// The person does something in the app.
    Does(Deed),
    /// The app's backend tells the relay what happened elsewhere.
    Reported {
        /// Whose account it is about.
        account: String,
        /// What happened, in the protocol's words.
        events: Vec<Value>,
    },
    /// The next pushes do not arrive.
    Loses(u32),
    /// The next pushes arrive twice.
    Doubles(u32),
    /// A push that is not the relay's, from a file.
    Sends(PathBuf),
    /// The relay is stopped.
    RelayStops,
    /// The relay is started again.
    RelayStarts,
    /// The relay pushes again what no phone acknowledged.
    RelayRepeats,
}

/// What a person does in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Reads a conversation.
    Reads {
        /// Whose.
        account: String,
        /// Which.
        conversation: String,
        /// The newest message that was read.
        up_to: u64,
        /// How many after it are still unread.
        remaining: u32,
    },
    /// Reads everything.
    ReadsAll(String),
    /// Marks a conversation unread.
    MarksUnread(String, String),
    /// Chooses what of a conversation counts.
    SetsLevel(String, String, String),
    /// Signs out of an account.
    SignsOut(String),
}

impl Deed {
    /// What is typed to a phone without an iPhone.
    pub fn command(&self) -> String {
        match self {
            Self::Reads {
                account,
                conversation,
                up_to,
                remaining,
            } => format!("read {account} {conversation} {up_to} {remaining}"),
            Self::ReadsAll(account) => format!("read-all {account}"),
            Self::MarksUnread(account, conversation) => format!("unread {account} {conversation}"),
            Self::SetsLevel(account, conversation, level) => {
                format!("level {account} {conversation} {level}")
            }
            Self::SignsOut(account) => format!("sign-out {account}"),
        }
    }

    /// What a tester is asked to do in the app.
    pub fn instruction(&self) -> String {
        match self {
            Self::Reads {
                account,
                conversation,
                up_to,
                remaining: 0,
            } => {
                format!("in {account}, mark {conversation} read (it ends at message {up_to})")
            }
            Self::Reads {
                account,
                conversation,
                up_to,
                remaining,
            } => {
                format!("in {account}, read {conversation} up to {up_to}: {remaining} stay unread")
            }
            Self::ReadsAll(account) => format!("in {account}, mark everything read"),
            Self::MarksUnread(account, conversation) => {
                format!("in {account}, mark {conversation} unread")
            }
            Self::SetsLevel(account, conversation, level) => {
                format!("in {account}, let {conversation} count: {level}")
            }
            Self::SignsOut(account) => format!("sign out of {account}"),
        }
    }
}

/// Messages at these positions arrive.
pub fn items(
    conversation: &str,
    positions: impl Iterator<Item = u64>,
    extra: &Value,
) -> Vec<Value> {
    let item = |position| {
        let mut item = json!({ "type": "item", "conversation": conversation,
                               "position": position });
        if let (Some(item), Some(extra)) = (item.as_object_mut(), extra.as_object()) {
            item.extend(extra.clone());
        }
        item
    };
    positions.map(item).collect()
}
