//! What the program prints: a line per event, for people or as JSON. Neither shows what a
//! notification says.

use std::io::Write as _;

use apns_sim::Event;
use apns_sim::journal::Entry;
use serde_json::{Value, json};

/// Standard output, in one of two forms.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    json: bool,
}

impl Console {
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    pub fn listening(self, provider: &str, phones: &str) {
        self.print(
            || json!({ "event": "listening", "provider": provider, "phones": phones }),
            || format!("providers send to {provider}, phones attach to {phones}"),
        );
    }

    pub fn stopped(self) {
        self.print(|| json!({ "event": "stopped" }), || "stopped".to_owned());
    }

    pub fn event(self, event: &Event) {
        match event {
            Event::Push(entry) => self.print(|| push_json(entry), || push_line(entry)),
            Event::Attached {
                push_token,
                topic,
                install,
                stored,
            } => self.print(
                || {
                    json!({ "event": "attached", "push_token": push_token, "topic": topic,
                            "install": install, "stored": stored })
                },
                || {
                    let kept = stored
                        .as_ref()
                        .map_or("", |_| ", with the push kept for it");
                    format!(
                        "phone {} ({topic}, {install}) attached{kept}",
                        push_token.short()
                    )
                },
            ),
            Event::Detached { push_token } => self.print(
                || json!({ "event": "detached", "push_token": push_token }),
                || format!("phone {} went away", push_token.short()),
            ),
            Event::SimulatorFailed { apns_id, message } => self.print(
                || json!({ "event": "simulator_failed", "apns_id": apns_id, "message": message }),
                || format!("the simulator did not take push {apns_id}: {message}"),
            ),
        }
    }

    /// Nobody reading any more is no reason to end.
    fn print(self, json: impl FnOnce() -> Value, line: impl FnOnce() -> String) {
        let text = if self.json {
            json().to_string()
        } else {
            line()
        };
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}");
        let _ = out.flush();
    }
}

fn push_json(entry: &Entry) -> Value {
    let mut value = json!(entry);
    if let Value::Object(fields) = &mut value {
        fields.remove("payload");
        fields.insert("event".to_owned(), "push".into());
    }
    value
}

fn push_line(entry: &Entry) -> String {
    let kind = entry.push_type.map_or("push", |kind| kind.as_str());
    let phone = entry.push_token.as_ref().map_or("?", |token| token.short());
    let badge = entry
        .badge
        .map_or(String::new(), |badge| format!(", badge {badge}"));
    let priority = entry
        .priority
        .map_or(String::new(), |p| format!(", priority {p}"));
    let reason = entry
        .reason
        .map_or(String::new(), |reason| format!(" {reason}"));
    format!(
        "{kind} to {phone}{badge}{priority}: {}{reason} → {}",
        entry.status,
        entry.outcome.as_str()
    )
}
