//! Medians, percentiles, and how far a ratio can be trusted.

use serde::Serialize;

use crate::measure::Taken;

/// What one contestant took.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The contestant.
    pub name: String,
    /// How often it was measured.
    pub count: usize,
    /// Nanoseconds.
    pub median: f64,
    /// Nanoseconds; 95 of 100 took no longer.
    pub p95: f64,
    /// Nanoseconds; 99 of 100 took no longer.
    pub p99: f64,
    /// Nanoseconds.
    pub least: f64,
    /// To its base.
    pub ratio: Option<Ratio>,
}

/// How much longer than the base of the same round: the median over the rounds of the ratio of the two medians.
#[derive(Debug, Clone, Serialize)]
pub struct Ratio {
    /// The base.
    pub to: String,
    /// The ratio.
    pub median: f64,
    /// With 95 % confidence it is not lower.
    pub low: f64,
    /// With 95 % confidence it is not higher.
    pub high: f64,
}

/// Sums up what was measured; nothing is said of who had no turn.
pub fn lines(taken: &[Taken]) -> Vec<Line> {
    let measured = taken
        .iter()
        .filter(|one| one.rounds.iter().any(|round| !round.is_empty()));
    measured.map(|one| line(one, taken)).collect()
}

fn line(one: &Taken, all: &[Taken]) -> Line {
    let mut times: Vec<f64> = one.rounds.iter().flatten().copied().collect();
    times.sort_by(f64::total_cmp);
    let base = all
        .iter()
        .find(|other| Some(&other.name) == one.base.as_ref());
    Line {
        name: one.name.clone(),
        count: times.len(),
        median: percentile(&times, 50),
        p95: percentile(&times, 95),
        p99: percentile(&times, 99),
        least: times.first().copied().unwrap_or(f64::NAN),
        ratio: base.and_then(|base| ratio(one, base)),
    }
}

/// Round by round, because what else the machine does lasts longer than a round.
fn ratio(one: &Taken, base: &Taken) -> Option<Ratio> {
    let pairs = one.rounds.iter().zip(&base.rounds);
    let pairs = pairs.filter(|(one, base)| !one.is_empty() && !base.is_empty());
    let mut ratios: Vec<f64> = pairs
        .map(|(one, base)| median(one) / median(base))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = confidence(ratios.len())?;
    Some(Ratio {
        to: base.name.clone(),
        median: percentile(&ratios, 50),
        low: ratios[low],
        high: ratios[high],
    })
}

/// The places of two ordered values between which the median lies with a confidence of 95 %, whatever the
/// distribution is (order statistics: each value is as likely above the median as below). The outermost
/// ones where there are fewer than six.
fn confidence(count: usize) -> Option<(usize, usize)> {
    let last = count.checked_sub(1)?;
    // In how many of 2^n cases are at most `low` values below the median?
    let mut cases = 1.0;
    let mut below = 0.0;
    let all = 2_f64.powi(i32::try_from(count).ok()?);
    let mut low = 0;
    for place in 0..count / 2 {
        below += cases;
        if below / all > 0.025 {
            break;
        }
        low = place;
        #[expect(clippy::cast_precision_loss, reason = "rounds are few")]
        let next = cases * (count - place) as f64 / (place + 1) as f64;
        cases = next;
    }
    Some((low, last - low))
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    percentile(&times, 50)
}

/// Of ordered values: the one below which so many of a hundred are.
fn percentile(ordered: &[f64], percent: usize) -> f64 {
    let place = (ordered.len() * percent / 100).min(ordered.len().saturating_sub(1));
    ordered.get(place).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{Taken, confidence, lines};

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let taken = |name: &str, base: Option<&str>, times: [f64; 3]| Taken {
            name: name.to_owned(),
            base: base.map(str::to_owned),
            rounds: times.map(|time| vec![time]).to_vec(),
        };
        // The machine became slower and slower, for both alike.
        let lines = lines(&[
            taken("base", None, [10.0, 100.0, 1_000.0]),
            taken("engine", Some("base"), [15.0, 150.0, 1_500.0]),
        ]);
        let ratio = lines[1].ratio.as_ref().unwrap();
        for found in [ratio.low, ratio.median, ratio.high] {
            assert!((found - 1.5).abs() < 1e-9);
        }
    }

    #[test]
    fn the_confidence_is_that_of_the_tables_for_order_statistics() {
        assert_eq!(confidence(6), Some((0, 5)));
        assert_eq!(confidence(30), Some((9, 20)));
        assert_eq!(confidence(100), Some((39, 60)));
    }
}
