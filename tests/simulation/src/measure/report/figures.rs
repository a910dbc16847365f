//! Numbers as people read them, from whole numbers alone.

use std::fmt::Write as _;

/// `part / whole` with so many decimals, rounded.
pub fn ratio(part: u64, whole: u64, decimals: u32) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let one = 10_u128.pow(decimals);
    let scaled = (u128::from(part) * one * 2 + u128::from(whole)) / (u128::from(whole) * 2);
    if decimals == 0 {
        return scaled.to_string();
    }
    let places = decimals as usize;
    format!("{}.{:0places$}", scaled / one, scaled % one)
}

/// A share in percent, with three decimals.
pub(super) fn percent(part: u64, whole: u64) -> String {
    format!("{} %", ratio(part * 100, whole, 3))
}

/// Milliseconds in a unit that fits: `0.8 s`, `12 min`, `3.5 h`.
pub fn duration(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ];
    let fits = UNITS.iter().find(|(unit, _)| ms >= *unit);
    let (unit, name) = fits.unwrap_or(&UNITS[3]);
    let decimals = u32::from(ms < unit * 10);
    format!("{} {name}", ratio(ms, *unit, decimals))
}

/// Lines of cells as a Markdown table; the first line is the head, the first column text.
pub(super) fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0).max(2)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        text += "|";
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            // Writing to a text cannot fail.
            let _ = match column {
                0 => write!(text, " {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text += "\n";
        if place == 0 {
            text += "|";
            for (column, width) in widths.iter().enumerate() {
                let end = if column == 0 { "-" } else { ":" };
                let _ = write!(text, " {}{end} |", "-".repeat(width - 1));
            }
            text += "\n";
        }
    }
    text
}
