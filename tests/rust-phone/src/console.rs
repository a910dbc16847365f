//! Standard output: a line per event, as JSON or in words.

use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use truebadge_engine::{Clock as _, SystemClock, Timestamp};
use truebadge_protocol::Level;

use crate::event::{Event, Painter, Rejected, level};

/// Where events go.
#[derive(Debug)]
pub struct Console {
    json: bool,
    turn: Mutex<()>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: &'a Event,
    at_ms: i64,
}

impl Console {
    /// Prints JSON, or words.
    pub const fn new(json: bool) -> Self {
        Self {
            json,
            turn: Mutex::new(()),
        }
    }

    /// Prints an event. Nobody reading any more is no reason to end.
    pub fn emit(&self, event: &Event) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.now();
        let text = if self.json {
            let line = Line {
                event,
                at_ms: now.0,
            };
            serde_json::to_string(&line).unwrap_or_default()
        } else {
            format!("{}  {}", time_of_day(now), in_words(event))
        };
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}");
        let _ = out.flush();
    }
}

/// `HH:MM:SS.mmm`, UTC.
pub fn time_of_day(at: Timestamp) -> String {
    let ms = at.0.rem_euclid(86_400_000);
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{seconds:02}.{ms:03}",
        minutes / 60,
        minutes % 60
    )
}

/// An event for a person.
pub fn in_words(event: &Event) -> String {
    match event {
        Event::Ready { device, badge, .. } => format!("ready, badge {badge} (device {device})"),
        Event::Badge { badge, by, was } => {
            let before = was.map_or(String::new(), |was| format!("{was} → "));
            let by = match by {
                Painter::Core => "set by the core",
                Painter::Ios => "painted by iOS",
            };
            format!("badge {before}{badge} ({by})")
        }
        Event::Wake { .. } => wake(event),
        Event::Removed { identifiers, by } => {
            let why = match by {
                Painter::Core => "they are read",
                Painter::Ios => "iOS drops all at badge 0",
            };
            format!(
                "{} removed: {why}",
                counted(identifiers.len(), "notification")
            )
        }
        Event::Notification { conversation, .. } => match conversation {
            Some(conversation) => format!("notification in {conversation}"),
            None => "notification".to_owned(),
        },
        Event::Operation {
            kind,
            account,
            conversation,
            error,
            ..
        } => {
            let what = conversation.as_ref().unwrap_or(account);
            match error {
                None => format!("{kind} {what}: recorded"),
                Some(error) => format!("{kind} {what}: not recorded: {error}"),
            }
        }
        Event::Rejected { operations } => refused(operations),
        Event::Conversations { conversations } => list(conversations),
        Event::ForceQuit => "force-quit".to_owned(),
        Event::Away => "away from APNs".to_owned(),
        Event::Attached => "attached to APNs".to_owned(),
        Event::Error { message } => format!("error: {message}"),
        Event::Stopped => "stopped".to_owned(),
    }
}

fn wake(event: &Event) -> String {
    let Event::Wake {
        cause,
        disposition,
        synced,
        error,
        ..
    } = event
    else {
        return String::new();
    };
    let mut text = format!("wake ({cause})");
    if let Some(disposition) = disposition {
        let _ = write!(text, ": {}", disposition.replace('_', " "));
    }
    if *synced {
        text.push_str(", synced");
    }
    if let Some(error) = error {
        let _ = write!(text, ", but {error}");
    }
    text
}

fn list(conversations: &[crate::event::Conversation]) -> String {
    let mut text = counted(conversations.len(), "conversation");
    for one in conversations {
        let marked = if one.marked_unread {
            ", marked unread"
        } else {
            ""
        };
        let level = match one.level {
            Level::All => String::new(),
            other => format!(", level {}", level(other)),
        };
        let (account, id, unread, mentions) = (&one.account, &one.id, one.unread, one.mentions);
        let _ = write!(
            text,
            "\n              {account} {id}: {unread} unread, {mentions} mentions{level}{marked}"
        );
    }
    text
}

fn refused(operations: &[Rejected]) -> String {
    let mut text = format!("{} refused", counted(operations.len(), "operation"));
    for one in operations {
        let (account, conversation, reason) = (&one.account, &one.conversation, &one.reason);
        let _ = write!(text, "\n              {account} {conversation}: {reason}");
    }
    text
}

fn counted(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}
