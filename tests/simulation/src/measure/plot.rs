//! The picture: how many of the reads on another device still show a wrong badge after some time.
//! Both axes are logarithmic, because what matters is the long tail.

use std::fmt::Write as _;

use simphone::Preset;

use super::{Client, Measured, Report};

const WIDTH: u32 = 960;
const HEAD: u32 = 116;
const PANEL: u32 = 300;
const BETWEEN: u32 = 84;
const LEFT: u32 = 84;
const RIGHT: u32 = 32;
/// The axis of time: so many decades from 100 ms on.
const DECADES: u32 = 7;
/// Points of a curve in each decade, and how far each is from its beginning, in thousandths.
const STEPS: [u64; 24] = [
    1_000, 1_101, 1_212, 1_334, 1_468, 1_616, 1_778, 1_957, 2_154, 2_371, 2_610, 2_873, 3_162,
    3_481, 3_831, 4_217, 4_642, 5_109, 5_623, 6_190, 6_813, 7_499, 8_254, 9_085,
];
/// The axis of shares: so many decades below 100 %.
const SHARES: u32 = 4;

const TICKS: [(u64, &str); 9] = [
    (100, "0.1 s"),
    (1_000, "1 s"),
    (10_000, "10 s"),
    (60_000, "1 min"),
    (600_000, "10 min"),
    (3_600_000, "1 h"),
    (21_600_000, "6 h"),
    (86_400_000, "1 day"),
    (604_800_000, "1 week"),
];

const STYLE: &str = r#"  <style>
    text { font-family: -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 15px; fill: #1f2328; }
    .name { font-size: 18px; font-weight: 600; }
    .small { font-size: 13px; fill: #59636e; }
    .grid { stroke: #d1d9e0; stroke-width: 1; }
    .frame { fill: none; stroke: #818b98; stroke-width: 1.5; }
    .curve { fill: none; stroke-width: 3; stroke-linejoin: round; }
    .silent-only { stroke: #cf222e; }
    .paint-once { stroke: #bf8700; }
    .truebadge { stroke: #0969da; }
    .limit { stroke: #59636e; stroke-dasharray: 7 6; stroke-width: 2.5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .small { fill: #9198a1; }
      .grid { stroke: #3d444d; }
      .frame { stroke: #656c76; }
      .silent-only { stroke: #ff7b72; }
      .paint-once { stroke: #d29922; }
      .truebadge { stroke: #4493f8; }
      .limit { stroke: #9198a1; }
    }
  </style>
"#;

/// A panel for each preset, with a curve for each client.
pub fn svg(report: &Report) -> String {
    let presets = report.presets();
    let panels = u32::try_from(presets.len()).unwrap_or(0);
    let height = HEAD + panels * (PANEL + BETWEEN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"\n  \
         aria-labelledby=\"title description\">\n  \
         <title id=\"title\">Badges that are still wrong, some time after a read elsewhere</title>\n  \
         <desc id=\"description\">For each client a falling curve: the share of reads on another \
         device\n    after which the badge is still wrong, against reachable time, both on \
         logarithmic axes.</desc>\n{STYLE}"
    );
    legend(&mut svg, report);
    for (place, preset) in (0..).zip(presets) {
        panel(&mut svg, report, preset, HEAD + place * (PANEL + BETWEEN));
    }
    svg += "</svg>\n";
    svg
}

fn legend(svg: &mut String, report: &Report) {
    text(
        svg,
        "name",
        LEFT,
        32,
        "start",
        "Reads on another device after which the badge is still wrong",
    );
    let mut x = LEFT;
    for client in Client::ALL {
        if !report.rows().iter().any(|row| row.client == client) {
            continue;
        }
        let name = match client {
            Client::SilentOnly => "silent pushes only",
            Client::PaintOnce => "paint once",
            Client::TrueBadge => "TrueBadge",
            Client::Limit => "the limit",
        };
        let end = x + 36;
        let _ = writeln!(
            svg,
            "  <path class=\"curve {client}\" d=\"M{x} 59 H{end}\"/>"
        );
        text(svg, "", end + 10, 64, "start", name);
        x += 210;
    }
}

fn text(svg: &mut String, class: &str, x: u32, y: u32, anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "  <text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn panel(svg: &mut String, report: &Report, preset: Preset, top: u32) {
    let (right, bottom) = (WIDTH - RIGHT, top + PANEL);
    text(
        svg,
        "",
        LEFT,
        top - 10,
        "start",
        &format!("preset {preset}"),
    );
    for (ms, name) in TICKS {
        let x = x_of(ms);
        let _ = writeln!(
            svg,
            "  <path class=\"grid\" d=\"M{x:.1} {top} V{bottom}\"/>"
        );
        let y = bottom + 20;
        let _ = writeln!(
            svg,
            "  <text class=\"small\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>"
        );
    }
    for (decade, name) in (0..).zip(["100 %", "10 %", "1 %", "0.1 %", "0.01 %"]) {
        let y = top + PANEL * decade / SHARES;
        let _ = writeln!(svg, "  <path class=\"grid\" d=\"M{LEFT} {y} H{right}\"/>");
        text(svg, "small", LEFT - 10, y + 5, "end", name);
    }
    let middle = u32::midpoint(LEFT, right);
    text(
        svg,
        "small",
        middle,
        bottom + 40,
        "middle",
        "reachable time since the read",
    );
    for client in Client::ALL {
        if let Some(all) = report.find(preset, client) {
            let points = curve(all, top);
            let _ = writeln!(
                svg,
                "  <polyline class=\"curve {client}\" points=\"{points}\"/>"
            );
        }
    }
    let (width, left) = (right - LEFT, LEFT);
    let _ = writeln!(
        svg,
        "  <rect class=\"frame\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{PANEL}\"/>"
    );
}

/// Where a time is on its axis.
fn x_of(ms: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for a picture")]
    let decades = (ms as f64 / 100.0).log10();
    f64::from(LEFT) + decades / f64::from(DECADES) * f64::from(WIDTH - LEFT - RIGHT)
}

fn curve(all: &Measured, top: u32) -> String {
    let falls = all.cleared_ms.len() as u64 + all.uncleared;
    let mut points = String::new();
    for decade in 0..DECADES {
        for (step, thousandths) in (0..).zip(STEPS) {
            let ms = 10_u64.pow(decade + 2) * thousandths / 1_000;
            let cleared = all.cleared_ms.partition_point(|cleared| *cleared <= ms) as u64;
            let along = f64::from(decade) + f64::from(step) / 24.0;
            let x = f64::from(LEFT) + along / f64::from(DECADES) * f64::from(WIDTH - LEFT - RIGHT);
            let y = f64::from(top) + down(falls - cleared, falls) * f64::from(PANEL);
            let _ = write!(points, "{x:.1},{y:.1} ");
            if falls == cleared {
                return points.trim_end().to_owned();
            }
        }
    }
    points.trim_end().to_owned()
}

/// How far below the top of a panel a share is, from 0 to 1.
fn down(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for a picture")]
    let share = part as f64 / whole.max(1) as f64;
    (-share.log10() / f64::from(SHARES)).clamp(0.0, 1.0)
}
