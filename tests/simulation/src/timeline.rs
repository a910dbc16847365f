//! What happened, line by line, for whoever replays a seed. A run that nobody reads keeps none.

use std::fmt::{Arguments, Write as _};

use simphone::Time;

/// The lines.
#[derive(Debug, Default)]
pub struct Timeline {
    lines: Option<String>,
}

impl Timeline {
    /// Keeps lines, or not.
    pub fn new(kept: bool) -> Self {
        Self {
            lines: kept.then(String::new),
        }
    }

    /// Adds a line.
    pub fn note(&mut self, now: Time, line: Arguments<'_>) {
        if let Some(lines) = &mut self.lines {
            // Writing to a text cannot fail.
            let _ = writeln!(lines, "{now}  {line}");
        }
    }

    /// All of them.
    pub fn into_text(self) -> String {
        self.lines.unwrap_or_default()
    }
}
