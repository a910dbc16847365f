//! The figures, as a table, as JSON, and phone by phone.

mod figures;

use std::fmt::Write as _;

use serde::Serialize;
use simphone::Preset;

use super::{Client, Measured, Measurement, Outcome};
pub use figures::{duration, ratio};

/// What all clients did.
#[derive(Clone, Debug)]
pub struct Report {
    seed: u64,
    phones: u32,
    days: u64,
    rows: Vec<Row>,
}

/// What one client did under one preset, all phones together.
#[derive(Clone, Debug)]
pub struct Row {
    /// How APNs and iOS behaved.
    pub preset: Preset,
    /// Who kept the badge.
    pub client: Client,
    /// Sums over all phones; the times to clear are in order.
    pub all: Measured,
}

/// A row, for scripts.
#[derive(Serialize)]
struct Json<'a> {
    preset: String,
    client: String,
    #[serde(flatten)]
    all: &'a Measured,
    stale_ms: u64,
    stale_share: f64,
    cleared: usize,
    clear_ms_median: Option<u64>,
    clear_ms_95: Option<u64>,
    clear_ms_99: Option<u64>,
}

impl Report {
    /// Adds up what was measured.
    pub fn new(of: &Measurement, outcomes: &[Outcome]) -> Self {
        let row = |outcome: &Outcome| {
            let mut all = Measured::default();
            for phone in &outcome.phones {
                all.add(phone.clone());
            }
            all.cleared_ms.sort_unstable();
            Row {
                preset: outcome.preset,
                client: outcome.client,
                all,
            }
        };
        Self {
            seed: of.seed,
            phones: of.phones,
            days: of.days,
            rows: outcomes.iter().map(row).collect(),
        }
    }

    /// The rows, preset by preset.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What a client did under a preset.
    pub fn find(&self, preset: Preset, client: Client) -> Option<&Measured> {
        let mut rows = self.rows.iter();
        let found = rows.find(|row| row.preset == preset && row.client == client);
        found.map(|row| &row.all)
    }

    /// The presets that were measured.
    pub fn presets(&self) -> Vec<Preset> {
        let mut presets: Vec<Preset> = self.rows.iter().map(|row| row.preset).collect();
        presets.dedup();
        presets
    }

    /// A table for each preset, in Markdown, and what follows from it.
    pub fn text(&self) -> String {
        let blocks = self.presets().into_iter().map(|preset| self.block(preset));
        blocks.collect::<Vec<_>>().join("\n")
    }

    fn block(&self, preset: Preset) -> String {
        let (phones, days, seed) = (self.phones, self.days, self.seed);
        let mut text = format!("**{preset}**: {phones} phones, {days} days each, seed {seed}\n\n");
        let mut lines = vec![HEAD.map(str::to_owned).to_vec()];
        let rows = self.rows.iter().filter(|row| row.preset == preset);
        lines.extend(rows.map(|row| self.cells(row)));
        text += &figures::table(&lines);
        if let Some(line) = self.conclusions(preset) {
            text = text + "\n" + &line + "\n";
        }
        text
    }

    fn phone_days(&self) -> u64 {
        u64::from(self.phones) * self.days
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let all = &row.all;
        let clear = |per_mille| all.clear_ms(per_mille).map_or("never".to_owned(), duration);
        let a_day = |count| ratio(count, self.phone_days(), 1);
        // The limit asks nobody, and is woken for nothing.
        let real = |count| match row.client {
            Client::Limit => "–".to_owned(),
            _ => a_day(count),
        };
        vec![
            row.client.to_string(),
            figures::percent(all.stale_ms(), all.reachable_ms),
            ratio(all.stale_ms(), self.phone_days() * 60_000, 2),
            ratio(all.too_high_ms, self.phone_days() * 60_000, 2),
            clear(500),
            clear(950),
            clear(990),
            all.uncleared.to_string(),
            a_day(all.pushes),
            real(all.requests),
            real(all.wakes),
        ]
    }

    fn conclusions(&self, preset: Preset) -> Option<String> {
        let of = |client| self.find(preset, client);
        let ours = of(Client::TrueBadge)?;
        let stale = |client| of(client).map(Measured::stale_ms);
        let limit = stale(Client::Limit).map(|limit| ratio(ours.stale_ms(), limit, 2));
        let silent = stale(Client::SilentOnly).map(|silent| ratio(silent, ours.stale_ms(), 0));
        let pushes = of(Client::PaintOnce).map(|once| ratio(ours.pushes, once.pushes, 2));
        let known = [
            limit.map(|times| format!("{times} times the limit's stale minutes")),
            silent.map(|part| format!("1/{part} of those with silent pushes only")),
            pushes.map(|times| format!("{times} times the pushes of paint-once")),
        ];
        let known: Vec<String> = known.into_iter().flatten().collect();
        let hidden = ratio(ours.unknowable_ms, self.phone_days() * 60_000, 2);
        let hidden = format!(
            "Its icon was wrong for another {hidden} min/day in which nobody could have known the truth."
        );
        (!known.is_empty()).then(|| format!("TrueBadge: {}. {hidden}", known.join(", ")))
    }

    /// Which of the goals do not hold, in a sentence each. A client that was not measured has none.
    pub fn missed(&self) -> Vec<String> {
        let presets = self.presets().into_iter();
        presets
            .flat_map(|preset| self.missed_under(preset))
            .collect()
    }

    fn missed_under(&self, preset: Preset) -> Vec<String> {
        let Some(ours) = self.find(preset, Client::TrueBadge) else {
            return Vec::new();
        };
        let is_missed = |goal: &&Goal| {
            let theirs = self.find(preset, goal.than);
            theirs
                .is_some_and(|theirs| (goal.of)(ours) * goal.parts > (goal.of)(theirs) * goal.times)
        };
        let told = |goal: &Goal| {
            let most = ratio(goal.times, goal.parts, 2);
            format!(
                "{preset}: {} are more than {most} times those of {}",
                goal.what, goal.than
            )
        };
        goals(preset).iter().filter(is_missed).map(told).collect()
    }

    /// Everything, for scripts. Times are in milliseconds; sums are over all phones.
    pub fn json(&self) -> serde_json::Value {
        let rows: Vec<Json<'_>> = self.rows.iter().map(Row::json).collect();
        serde_json::json!({
            "seed": self.seed,
            "phones": self.phones,
            "days": self.days,
            "rows": rows,
        })
    }
}

impl Row {
    fn json(&self) -> Json<'_> {
        let all = &self.all;
        #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
        let share = all.stale_ms() as f64 / all.reachable_ms.max(1) as f64;
        Json {
            preset: self.preset.to_string(),
            client: self.client.to_string(),
            all,
            stale_ms: all.stale_ms(),
            stale_share: share,
            cleared: all.cleared_ms.len(),
            clear_ms_median: all.clear_ms(500),
            clear_ms_95: all.clear_ms(950),
            clear_ms_99: all.clear_ms(990),
        }
    }
}

/// What TrueBadge may have at most: `times / parts` of what another client has.
struct Goal {
    what: &'static str,
    of: fn(&Measured) -> u64,
    times: u64,
    parts: u64,
    than: Client,
}

const fn goal(what: &'static str, of: fn(&Measured) -> u64, most: [u64; 2], than: Client) -> Goal {
    let [times, parts] = most;
    Goal {
        what,
        of,
        times,
        parts,
        than,
    }
}

const fn goals(preset: Preset) -> &'static [Goal] {
    const STALE: &str = "stale minutes";
    const DOCUMENTED: [Goal; 3] = [
        goal(STALE, Measured::stale_ms, [12, 10], Client::Limit),
        goal(STALE, Measured::stale_ms, [1, 50], Client::SilentOnly),
        goal("pushes", |all| all.pushes, [15, 10], Client::PaintOnce),
    ];
    const HARSH: [Goal; 1] = [goal(STALE, Measured::stale_ms, [15, 10], Client::Limit)];
    match preset {
        Preset::Documented => &DOCUMENTED,
        Preset::Harsh => &HARSH,
        Preset::Kind => &[],
    }
}

const HEAD: [&str; 11] = [
    "client",
    "stale",
    "min/day",
    "too high",
    "clear: median",
    "95 %",
    "99 %",
    "never",
    "pushes/day",
    "requests/day",
    "wakes/day",
];

/// Each phone under each client, as comma-separated values with a head.
pub fn csv(outcomes: &[Outcome]) -> String {
    let mut text =
        "preset,client,phone,reachable_ms,too_high_ms,too_low_ms,unknowable_ms,cleared,uncleared,\
                    clear_ms_median,clear_ms_95,changes,pushes,requests,wakes\n"
            .to_owned();
    for outcome in outcomes {
        for (place, phone) in outcome.phones.iter().enumerate() {
            let mut phone = phone.clone();
            phone.cleared_ms.sort_unstable();
            let clear = |per_mille| {
                let clear = phone.clear_ms(per_mille);
                clear.map_or(String::new(), |clear| clear.to_string())
            };
            let numbers = [
                phone.reachable_ms,
                phone.too_high_ms,
                phone.too_low_ms,
                phone.unknowable_ms,
                phone.cleared_ms.len() as u64,
                phone.uncleared,
            ];
            let counts = [phone.changes, phone.pushes, phone.requests, phone.wakes];
            let join = |all: &[u64]| all.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{},{},{place},{},{},{},{}",
                outcome.preset,
                outcome.client,
                join(&numbers),
                clear(500),
                clear(950),
                join(&counts)
            );
        }
    }
    text
}
