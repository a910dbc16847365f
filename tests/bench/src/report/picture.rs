//! The picture: each ratio as a bar, the base as a line.

use std::fmt::Write;

use super::Report;

const WIDTH: f64 = 720.0;
const NAMES: f64 = 250.0;
const ROW: f64 = 24.0;

/// The ratios of a report.
pub fn svg(report: &Report) -> String {
    let lines: Vec<_> = report
        .lines
        .iter()
        .filter_map(|line| Some((line.name.as_str(), line.ratio.as_ref()?.median)))
        .collect();
    let longest = lines.iter().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
    let scale = (WIDTH - NAMES - 60.0) / longest;
    #[expect(clippy::cast_precision_loss, reason = "lines are few")]
    let height = ROW * (lines.len() + 2) as f64;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <text x=\"8\" y=\"16\">Medians; SQLite's C API doing the same = 1</text>\n"
    );
    let mut top = ROW;
    for (name, ratio) in lines {
        // Writing to a text cannot fail.
        let _ = writeln!(
            picture,
            "<text x=\"8\" y=\"{:.0}\">{name}</text>\
             <rect x=\"{NAMES}\" y=\"{:.0}\" width=\"{:.1}\" height=\"16\" fill=\"#3a7bd5\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{ratio:.2}</text>",
            top + 15.0,
            top + 3.0,
            ratio * scale,
            NAMES + ratio * scale + 6.0,
            top + 15.0,
        );
        top += ROW;
    }
    let base = NAMES + scale;
    let _ = writeln!(
        picture,
        "<line x1=\"{base:.1}\" x2=\"{base:.1}\" y1=\"{ROW}\" y2=\"{top:.0}\" stroke=\"#c33\" \
         stroke-dasharray=\"4 3\"/>\n</svg>"
    );
    picture
}
