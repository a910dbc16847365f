//! One line that is written over on a terminal, and now and then a line elsewhere.

use std::{
    io::{IsTerminal as _, stderr},
    time::{Duration, Instant},
};

/// The line.
pub struct Progress {
    terminal: bool,
    began: Instant,
    shown: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            terminal: stderr().is_terminal(),
            began: Instant::now(),
            shown: Instant::now(),
        }
    }

    /// Shows a line, unless the last one was just now.
    pub fn show(&mut self, line: impl FnOnce(Duration) -> String) {
        let every = Duration::from_millis(if self.terminal { 200 } else { 30_000 });
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let line = line(self.began.elapsed());
        if self.terminal {
            eprint!("\r\x1b[K{line}");
        } else {
            eprintln!("{line}");
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
