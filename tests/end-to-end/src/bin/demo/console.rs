//! The terminal, or JSON for a script.

use std::io::{IsTerminal as _, Write as _, stdout};

use serde_json::{Value, json};

use crate::{lines::Line, play::Verdict};

/// Where the demonstration is printed.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    json: bool,
    colour: bool,
}

/// How a part of a line looks.
#[derive(Debug, Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Green,
    Red,
    Cyan,
}

impl Console {
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            colour: wanted && stdout().is_terminal(),
        }
    }

    /// What the demonstration is about.
    pub fn title(self, title: &str) {
        if !self.json {
            self.print(&self.styled(Style::Bold, title));
        }
    }

    /// Something that runs, and where.
    pub fn fact(self, name: &str, value: &str) {
        if self.json {
            self.print(&json!({ "event": "fact", "name": name, "value": value }).to_string());
        } else {
            let name = self.styled(Style::Dim, &format!("{name:<8}"));
            self.print(&format!("  {name}  {value}"));
        }
    }

    /// A part of the demonstration begins.
    pub fn heading(self, heading: &str) {
        if self.json {
            self.print(&json!({ "event": "part", "heading": heading }).to_string());
        } else {
            self.print(&format!("\n{}", self.styled(Style::Bold, heading)));
        }
    }

    /// Something that a process reported.
    pub fn line(self, line: &Line) {
        if self.json {
            let Line {
                at_ms, who, text, ..
            } = line;
            let said = json!({ "event": "line", "at_ms": at_ms, "who": who, "text": text });
            self.print(&said.to_string());
            return;
        }
        let time = self.styled(Style::Dim, &line.time());
        let who = self.styled(Style::Cyan, &format!("{:<8}", line.who));
        let text = if line.matters {
            self.styled(Style::Bold, &line.text)
        } else {
            line.text.clone()
        };
        self.print(&format!("  {time}  {who} {text}"));
    }

    /// What must be known to understand the next line.
    pub fn note(self, sentence: &str) {
        if self.json {
            self.print(&json!({ "event": "note", "text": sentence }).to_string());
        } else {
            self.print(&format!(
                "  {}",
                self.styled(Style::Dim, &format!("… {sentence}"))
            ));
        }
    }

    /// A badge that was compared with the truth.
    pub fn check(self, right: bool, sentence: &str) {
        if self.json {
            let said = json!({ "event": "check", "right": right, "text": sentence });
            self.print(&said.to_string());
            return;
        }
        let (style, mark) = if right {
            (Style::Green, "✓")
        } else {
            (Style::Red, "✗")
        };
        self.print(&format!(
            "  {}",
            self.styled(style, &format!("{mark} {sentence}"))
        ));
    }

    /// How it ended.
    pub fn verdict(self, verdict: &Verdict) {
        let (style, right, text) = match verdict {
            Verdict::Right { checks } => {
                let text = format!("Every badge was right ({checks} compared with the relay).");
                (Style::Green, true, text)
            }
            Verdict::Wrong { wrong, checks } => {
                let text = format!("{wrong} of {checks} badges were wrong.");
                (Style::Red, false, text)
            }
        };
        if self.json {
            self.print(&json!({ "event": "verdict", "right": right, "text": text }).to_string());
        } else {
            self.print(&format!("\n{}", self.styled(style, &text)));
        }
    }

    /// What a person can type now.
    pub fn by_hand(self, commands: &[(&str, String)]) {
        if self.json {
            let commands: Vec<Value> = commands
                .iter()
                .map(|(what, command)| json!({ "what": what, "command": command }))
                .collect();
            self.print(&json!({ "event": "by_hand", "commands": commands }).to_string());
            return;
        }
        for (what, command) in commands {
            let what = self.styled(Style::Dim, &format!("# {what}"));
            self.print(&format!("\n{what}\n{command}"));
        }
        self.print("");
    }

    fn styled(self, style: Style, text: &str) -> String {
        let code = match style {
            _ if !self.colour => return text.to_owned(),
            Style::Bold => 1,
            Style::Dim => 2,
            Style::Red => 31,
            Style::Green => 32,
            Style::Cyan => 36,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Nobody reading any more is no reason to end before the processes did.
    #[expect(clippy::unused_self, reason = "the console is what prints")]
    fn print(self, text: &str) {
        let mut out = stdout().lock();
        let _ = writeln!(out, "{text}");
        let _ = out.flush();
    }
}
