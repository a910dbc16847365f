//! What the processes report, in words. Nothing is added that they did not say.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A line of the demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Unix milliseconds, as the process gave them.
    pub at_ms: u64,
    /// Who reported it.
    pub who: &'static str,
    /// What.
    pub text: String,
    /// It is what the demonstration is about: the number on the icon.
    pub matters: bool,
}

impl Line {
    /// What the desktop did and what the relay answered, now.
    pub fn desktop(did: &str, committed: &Value) -> Self {
        let (version, unread) = (&committed["head"], &committed["totals"]["unread"]);
        Self {
            at_ms: now_ms(),
            who: "desktop",
            text: format!("{did}; the relay says: {unread} unread (version {version})"),
            matters: false,
        }
    }

    /// An event of apns-sim; none for those that say nothing new.
    pub fn apns(event: &Value) -> Option<Self> {
        if event["event"] != "push" {
            return None;
        }
        let lane = match (event["push_type"].as_str(), event["badge"].as_u64()) {
            (Some("background"), _) => "silent".to_owned(),
            (Some("alert"), Some(badge)) => format!("painted, badge {badge}"),
            (kind, _) => kind.unwrap_or("unknown").to_owned(),
        };
        let (status, priority) = (&event["status"], &event["priority"]);
        let answer = match event["reason"].as_str() {
            None => "accepted".to_owned(),
            Some(reason) => format!("refused, {reason}"),
        };
        let outcome = match event["outcome"].as_str() {
            Some("delivered") => ", delivered",
            Some("dropped") => ", and lost on the way",
            Some("stored") => ", kept for the phone",
            Some("duplicated") => ", delivered twice",
            _ => "",
        };
        Some(Self {
            at_ms: event["at_ms"].as_u64()?,
            who: "APNs",
            text: format!("push ({lane}, priority {priority}) {answer}: {status}{outcome}"),
            matters: false,
        })
    }

    /// An event of the phone; none for those that say nothing new.
    pub fn phone(event: &Value) -> Option<Self> {
        let text = match event["event"].as_str()? {
            "badge" => badge(event),
            "wake" => wake(event),
            "conversations" => mirror(event),
            "notification" => "shows a notification".to_owned(),
            "removed" => "removes notifications that are read".to_owned(),
            "error" => format!("error: {}", event["message"].as_str()?),
            _ => return None,
        };
        Some(Self {
            at_ms: event["at_ms"].as_u64()?,
            who: "phone",
            text,
            matters: event["event"] == "badge",
        })
    }

    /// `HH:MM:SS.mmm`, UTC.
    pub fn time(&self) -> String {
        let ms = self.at_ms % 86_400_000;
        let (seconds, ms) = (ms / 1_000, ms % 1_000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        format!(
            "{:02}:{:02}:{seconds:02}.{ms:03}",
            minutes / 60,
            minutes % 60
        )
    }
}

fn badge(event: &Value) -> String {
    let by = match event["by"].as_str() {
        Some("ios") => "painted by iOS",
        _ => "set by the core",
    };
    match event["was"].as_u64() {
        Some(was) => format!("badge {was} → {} ({by})", event["badge"]),
        None => format!("badge {} ({by})", event["badge"]),
    }
}

fn wake(event: &Value) -> String {
    let mut text = match event["cause"].as_str() {
        Some("push") => "woken by the push".to_owned(),
        Some("foreground") => "app opened".to_owned(),
        Some(cause) => format!("woken ({cause})"),
        None => "woken".to_owned(),
    };
    match event["disposition"].as_str() {
        Some("applied") => text.push_str(": applied to the mirror"),
        Some("stale") => text.push_str(": nothing new in it"),
        Some(other) => {
            text.push_str(": ");
            text.push_str(&other.replace('_', " "));
        }
        None => {}
    }
    if event["synced"] == true {
        text.push_str(", in step with the relay");
    } else if event["disposition"].is_string() {
        text.push_str(", without a request");
    }
    if let Some(error) = event["error"].as_str() {
        text.push_str(", but ");
        text.push_str(error);
    }
    text
}

fn mirror(event: &Value) -> String {
    let conversations = event["conversations"].as_array();
    let unread: Vec<_> = conversations
        .into_iter()
        .flatten()
        .map(|one| format!("{} unread in {}", one["unread"], word(&one["id"])))
        .collect();
    if unread.is_empty() {
        "mirror: nothing unread".to_owned()
    } else {
        format!("mirror: {}", unread.join(", "))
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Unix milliseconds.
pub fn now_ms() -> u64 {
    let age = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}
