//! What the test tells a phone, and what the phone prints: one JSON value a line.

use serde::{Deserialize, Serialize};

/// One thing to do. Each is answered by one [`Line::Done`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Add the account, unless it is there.
    AddAccount,
    /// The local part of a wake for a push.
    Receive(String),
    /// The whole wake for a push.
    Push(String),
    /// A wake without a push.
    Refresh {
        /// The app is in front, so the store stays open.
        foreground: bool,
    },
    /// Begin a wake without a push, and give it up at once.
    GiveUp,
    /// Read a conversation that the phone may read and of which nothing is pending.
    Read {
        /// Which of those that there are.
        pick: usize,
        /// How many of its items to leave unread, if there are more.
        leave: u32,
    },
    /// Read the first item of each of these conversations.
    ReadFirst(Vec<String>),
    /// Mark a conversation unread, or take that back, unless it is pending.
    Mark {
        /// Which.
        pick: usize,
    },
    /// Sleep.
    Suspend,
    /// Wake up.
    Resume,
    /// Keep a transaction open until the next line comes, whatever it says.
    Hold,
}

/// What a phone prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The process runs. The engine is made when the first order comes.
    Ready,
    /// An order begins.
    Call,
    /// The icon is about to be set.
    Setting,
    /// A request goes out.
    Request,
    /// Its answer came.
    Answer,
    /// The person is about to do this: the next thing is the call into the engine.
    Doing(Deed),
    /// A transaction is open.
    Holding,
    /// An order was carried out.
    Done(Done),
}

/// Something that the person did.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Read up to a position.
    Read {
        /// Which conversation.
        conversation: String,
        /// The position.
        up_to: u64,
    },
    /// Marked unread, or took that back.
    Mark {
        /// Which conversation.
        conversation: String,
        /// Whether it is marked now.
        marked: bool,
    },
}

/// What became of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The badge after it.
    pub badge: Option<u32>,
    /// What a push was.
    pub disposition: Option<String>,
    /// The person did what was announced, and the engine took it.
    pub acknowledged: bool,
    /// The accounts that had to sync did.
    pub synced: bool,
    /// Another process held the store: nothing was changed.
    pub busy: bool,
    /// The first thing that went wrong.
    pub error: Option<String>,
}
