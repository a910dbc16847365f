//! The table for people.

use std::fmt::Write;

use super::Report;
use crate::statistics::{Line, Ratio};

/// The whole report as text.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "Measured on: {}, {} cores, {}, SQLite {}; load when it began: {}.\n\
         {} rounds, in which all took turns. µs; ratios to SQLite's C API on the same storage.\n",
        machine.processor,
        machine.cores,
        machine.system,
        machine.sqlite,
        machine.load,
        report.rounds,
    );
    let _ = writeln!(
        text,
        "{:<38}{:>11}{:>11}{:>11}   {:<6} 95 % confidence",
        "", "median", "95 %", "99 %", "ratio"
    );
    for line in &report.lines {
        let _ = writeln!(text, "{}", row(line));
    }
    let memory = &report.memory;
    let _ = writeln!(
        text,
        "\nW7 memory, kB: {} open, {} more after 5,000 pushes, {} more during a catch-up\n\
         W8 size: scripts/build-xcframework, then scripts/check-xcframework\n",
        memory.open, memory.growth, memory.catch_up
    );
    for goal in &report.goals {
        let mark = if goal.holds { "holds " } else { "MISSED" };
        let _ = writeln!(
            text,
            "{mark}  {}: {} ({})",
            goal.what, goal.found, goal.bound
        );
    }
    text
}

fn row(line: &Line) -> String {
    let ratio = line.ratio.as_ref().map_or_else(String::new, confidence);
    format!(
        "{:<38}{:>11}{:>11}{:>11}   {ratio}",
        line.name,
        microseconds(line.median),
        microseconds(line.p95),
        microseconds(line.p99),
    )
}

fn confidence(ratio: &Ratio) -> String {
    format!(
        "{:<6.2} {:.2} to {:.2}",
        ratio.median, ratio.low, ratio.high
    )
}

fn microseconds(nanoseconds: f64) -> String {
    format!("{:.1}", nanoseconds / 1e3)
}
