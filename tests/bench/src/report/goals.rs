//! What is to hold, and whether it did in this run.

use serde::Serialize;

use crate::{statistics::Line, workloads::memory::Memory};

/// One thing that is to hold.
#[derive(Debug, Clone, Serialize)]
pub struct Goal {
    /// What.
    pub what: String,
    /// The bound, with its unit.
    pub bound: String,
    /// What was found, in the same unit.
    pub found: String,
    /// Whether it held.
    pub holds: bool,
}

/// Ratios of medians that are to be at most so much: the contestant on each kind of storage.
const RATIOS: [(&str, &str, f64); 4] = [
    ("W1 engine", "a push, the store open", 1.5),
    ("W1d engine", "a push that came already", 0.5),
    ("W1o engine", "a push, opening and closing the store", 3.0),
    ("W3 engine", "a new process opens and reads", 1.5),
];
const PLACES: [&str; 2] = ["memory", "disk"];

/// The goals that this run can say something about.
pub fn goals(lines: &[Line], memory: Memory, changes: usize) -> Vec<Goal> {
    let mut goals = Vec::new();
    let find = |name: &str| lines.iter().find(|line| line.name == name);
    for place in PLACES {
        for (name, what, bound) in RATIOS {
            let line = find(&format!("{name} ({place})"));
            if let Some(ratio) = line.and_then(|line| line.ratio.as_ref()) {
                goals.push(at_most(
                    format!("{what} ({place})"),
                    ratio.median,
                    bound,
                    "×",
                ));
            }
        }
        if let Some(line) = find(&format!("W2 engine ({place})"))
            && let Some(ratio) = &line.ratio
        {
            let what = format!("catch-up, each change in its own conversation ({place})");
            goals.push(at_least(what, 1.0 / ratio.median, 0.8, "of SQLite"));
        }
        if let Some(line) = find(&format!("W2 coalesced engine ({place})")) {
            let what = format!("catch-up, coalesced ({place})");
            goals.push(at_least(
                what,
                rate(changes, line.median),
                2.5,
                "M changes/s",
            ));
        }
        if let Some(line) = find(&format!("W3 engine ({place})")) {
            let what = format!("a new process opens and reads ({place})");
            goals.push(at_most(what, line.median / 1e6, 2.0, "ms"));
        }
        if let Some(line) = find(&format!("W4 engine ({place})")) {
            let what = format!("two processes write: the longest wait ({place})");
            goals.push(at_most(what, line.median / 1e6, 20.0, "ms"));
        }
    }
    for place in PLACES {
        if let Some(line) = find(&format!("W6 relay, 100 a call ({place})")) {
            let events = format!("a relay's store takes events, 100 a call ({place})");
            goals.push(at_least(
                events,
                100.0 / line.median * 1e9,
                5_000.0,
                "events/s",
            ));
            let latency = format!("99 of 100 of those calls ({place})");
            goals.push(at_most(latency, line.p99 / 1e6, 50.0, "ms"));
        }
    }
    let size = |size: &str| find(&format!("W5 {size} engine (memory)"));
    if let (Some(large), Some(small)) = (size("1000000"), size("10000")) {
        let what = "a push with 1,000,000 conversations, to one with 10,000".to_owned();
        goals.push(at_most(what, large.median / small.median, 1.2, "×"));
    }
    goals.push(megabytes("memory when the store is open", memory.open, 4.0));
    goals.push(megabytes(
        "memory that 5,000 pushes add",
        memory.growth,
        1.0,
    ));
    goals.push(megabytes(
        "memory that a catch-up adds",
        memory.catch_up,
        4.0,
    ));
    goals
}

#[expect(clippy::cast_precision_loss, reason = "kilobytes are few")]
fn megabytes(what: &str, kilobytes: u64, bound: f64) -> Goal {
    at_most(what.to_owned(), kilobytes as f64 / 1024.0, bound, "MB")
}

fn at_most(what: String, found: f64, bound: f64, unit: &str) -> Goal {
    Goal {
        what,
        bound: format!("at most {bound} {unit}"),
        found: format!("{found:.2} {unit}"),
        holds: found <= bound,
    }
}

fn at_least(what: String, found: f64, bound: f64, unit: &str) -> Goal {
    Goal {
        what,
        bound: format!("at least {bound} {unit}"),
        found: format!("{found:.2} {unit}"),
        holds: found >= bound,
    }
}

/// Millions a second.
#[expect(clippy::cast_precision_loss, reason = "changes are few")]
fn rate(changes: usize, nanoseconds: f64) -> f64 {
    changes as f64 / nanoseconds * 1e3
}
