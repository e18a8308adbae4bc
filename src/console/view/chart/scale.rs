//! The vertical axis: which round values are labelled, how high a count is, and how counts are written. Knows rows, not
//! characters.

use crate::domain::Measure;
use crate::domain::series::Count;
use crate::export::words;

/// From zero, or a round value at or below a lowest one below it, to a round value at or above the highest count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// The value of the lower edge of the lowest row.
    pub bottom: f64,
    /// The value of the upper edge of the highest row.
    pub top: f64,
    /// From one labelled value to the next.
    pub step: f64,
}

/// What a step may begin with, so that its multiples are easily read.
const ROUND: &[f64] = &[1.0, 2.0, 2.5, 5.0];
/// The same where there are but one or two steps, and coarser ones would waste half of the rows.
const ROUND_FEW: &[f64] = &[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0];

impl Scale {
    /// The scale that wastes least of `rows` rows on counts from `lowest` to `peak`. Whole counts get whole steps.
    pub(super) fn new((lowest, peak): (f64, f64), rows: u16, whole: bool) -> Self {
        let (lowest, peak) = (lowest.min(0.0), peak.max(0.0));
        let span = peak - lowest;
        if !(span > 0.0 && span.is_finite()) {
            return Self { bottom: 0.0, top: 1.0, step: 1.0 };
        }
        let least = if lowest < 0.0 && peak > 0.0 { 2 } else { 1 };
        let most = f64::from((rows / 2).clamp(least, 5));
        let mantissas = if most < 3.0 { ROUND_FEW } else { ROUND };
        let magnitude = span.log10().floor();
        let ends = |step: f64| ((lowest / step).floor(), (peak / step).ceil());
        let candidates = [magnitude - 1.0, magnitude, magnitude + 1.0]
            .into_iter()
            .flat_map(|exponent| mantissas.iter().map(move |mantissa| mantissa * 10f64.powf(exponent)))
            .filter(|step| *step > 0.0 && step.is_finite() && (!whole || (*step >= 1.0 && step.fract() == 0.0)))
            .map(|step| (step, ends(step).1 - ends(step).0))
            .filter(|(_, steps)| *steps >= 1.0 && *steps <= most);
        // Least waste first, then labels that fall on whole rows, then more labels.
        let waste = |(step, steps): &(f64, f64)| (step * steps, f64::from(rows) % steps != 0.0, -steps);
        let best =
            candidates.min_by(|one, other| waste(one).partial_cmp(&waste(other)).unwrap_or(std::cmp::Ordering::Equal));
        best.map_or(Self { bottom: lowest, top: peak, step: span }, |(step, _)| {
            let (first, last) = ends(step);
            Self { bottom: step * first, top: step * last, step }
        })
    }

    /// The labelled values above the lower edge, with the row that a bar of that value just fills, counted from the bottom.
    pub(super) fn ticks(self, rows: u16) -> Vec<(u16, String)> {
        let mut ticks: Vec<(u16, String)> = Vec::new();
        for number in 1..=5u8 {
            let value = self.bottom + self.step * f64::from(number);
            // A top beyond all numbers is reached by no step.
            if !value.is_finite() || value > self.top + self.step * 0.001 {
                break;
            }
            // Steps do not meet zero exactly.
            let value = if value.abs() < self.step * 1e-9 { 0.0 } else { value };
            let row = self.height(value, rows, 1).saturating_sub(1);
            if ticks.last().is_none_or(|(last, _)| *last != row) {
                ticks.push((row, words::compact(value)));
            }
        }
        ticks
    }

    /// What is written at the lower edge.
    pub(super) fn origin(self) -> String {
        words::compact(self.bottom)
    }

    /// The height of a count in parts of a row. What counted something is never as low as nothing.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the rows there are")]
    pub(super) fn height(self, count: f64, rows: u16, parts: u16) -> u16 {
        if count <= self.bottom {
            return 0;
        }
        let most = f64::from(rows) * f64::from(parts);
        ((count - self.bottom) / (self.top - self.bottom) * most).round().clamp(1.0, most.max(1.0)) as u16
    }
}

/// Exactly, as people write it: `1,204`; `~1,204.5` from an estimating source; a metric by its digits that matter.
pub(super) fn exact(count: Count, measure: Measure) -> String {
    match count {
        _ if measure.is_metric() => words::metric(count.as_f64()),
        // What is so little is not nothing.
        Count::Estimate(count) if count != 0.0 && count.abs() < 0.1 => format!("~{}", words::metric(count)),
        Count::Whole(count) => {
            let sign = if count < 0 { "-" } else { "" };
            format!("{sign}{}", grouped(&count.unsigned_abs().to_string()))
        }
        Count::Estimate(count) if count.abs() < 1e15 => {
            let digits = format!("{:.2}", count.abs());
            let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
            let fraction = fraction.trim_end_matches('0');
            let point = if fraction.is_empty() { "" } else { "." };
            let sign = if count < 0.0 { "-" } else { "" };
            format!("~{sign}{}{point}{fraction}", grouped(whole))
        }
        Count::Estimate(count) => format!("~{count:.3e}"),
    }
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(peak: f64, rows: u16, whole: bool, labels: &[&str]) {
        let written: Vec<String> =
            Scale::new((0.0, peak), rows, whole).ticks(rows).into_iter().map(|(_, label)| label).collect();
        assert_eq!(written, labels, "{peak} in {rows} rows");
    }

    #[test]
    fn the_largest_of_all_counts_has_an_axis_too() {
        for peak in [f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            assert!(Scale::new((0.0, peak), 16, false).ticks(16).len() <= 5, "{peak}");
        }
    }

    #[test]
    fn labels_are_round_and_the_highest_is_at_or_above_the_peak() {
        check(1204.0, 10, true, &["250", "500", "750", "1k", "1.25k"]);
        check(1204.0, 4, true, &["750", "1.5k"]);
        check(1204.0, 1, true, &["1.5k"]);
        check(93.0, 8, true, &["25", "50", "75", "100"]);
        check(3.0, 10, true, &["1", "2", "3"]);
        check(1.0, 10, true, &["1"]);
        check(0.0, 10, true, &["1"]);
        check(1_360_453.0, 10, true, &["500k", "1M", "1.5M"]);
        check(9_223_372_036_854_775_807.0, 10, true, &["2E", "4E", "6E", "8E", "10E"]);
    }

    #[test]
    fn estimates_may_have_fractions() {
        check(0.7, 8, false, &["0.25", "0.5", "0.75"]);
    }

    #[test]
    fn values_below_zero_have_a_scale_that_goes_through_it() {
        let scale = Scale::new((-30.0, 12.0), 10, false);
        let labels: Vec<String> = scale.ticks(10).into_iter().map(|(_, label)| label).collect();
        assert_eq!((scale.origin().as_str(), labels.join(" ").as_str()), ("-30", "-20 -10 0 10 20"));
        assert_eq!((scale.height(-30.0, 10, 8), scale.height(-29.9, 10, 8), scale.height(20.0, 10, 8)), (0, 1, 80));
        let below = Scale::new((-0.03, -0.01), 10, false);
        assert_eq!((below.origin().as_str(), below.top.abs()), ("-0.03", 0.0));
    }

    #[test]
    fn the_values_of_metrics_are_labelled_by_their_digits() {
        check(0.0123, 10, false, &["0.0025", "0.005", "0.0075", "0.01", "0.0125"]);
        check(12_500_000.0, 10, false, &["2.5M", "5M", "7.5M", "10M", "12.5M"]);
        assert_eq!(exact(Count::Estimate(0.0123), Measure::Metric), "0.0123");
        assert_eq!(exact(Count::Estimate(-12.5), Measure::LowestMetric), "-12.5");
        assert_eq!(exact(Count::Estimate(0.0123), Measure::EstimatedEvents), "~0.0123");
    }

    #[test]
    fn a_count_is_written_in_full() {
        assert_eq!(exact(Count::Whole(1_204), Measure::Events), "1,204");
        assert_eq!(exact(Count::Whole(i64::MAX), Measure::Events), "9,223,372,036,854,775,807");
        assert_eq!(exact(Count::Whole(i64::MIN), Measure::Events), "-9,223,372,036,854,775,808");
        assert_eq!(exact(Count::Estimate(1204.5), Measure::Events), "~1,204.5");
        assert_eq!(exact(Count::Estimate(12.0), Measure::Events), "~12");
        assert_eq!(exact(Count::Estimate(1e300), Measure::Events), "~1.000e300");
    }

    #[test]
    fn nothing_has_no_height_and_little_has_some() {
        let scale = Scale { bottom: 0.0, top: 1000.0, step: 500.0 };
        assert_eq!((scale.height(0.0, 8, 8), scale.height(0.1, 8, 8), scale.height(1000.0, 8, 8)), (0, 1, 64));
    }

    proptest! {
        #[test]
        fn every_value_fits_between_its_ends(lowest in -1e300..1e300f64, peak in -1e300..1e300f64, rows in 0..200u16) {
            let scale = Scale::new((lowest, peak), rows, false);
            prop_assert!(scale.top > scale.bottom && scale.ticks(rows).len() <= 5);
            prop_assert!(scale.height(peak, rows, 8) <= (rows * 8).max(1));
        }

        #[test]
        fn every_peak_fits_under_its_top_with_labels_on_different_rows(
            peak in 0.0..1e300f64, exponent in -300..300i32, rows in 0..200u16, whole: bool,
        ) {
            for peak in [peak, 10f64.powi(exponent)] {
                let scale = Scale::new((0.0, peak), rows, whole);
                prop_assert!(scale.top >= peak.floor() * 0.999, "{scale:?}");
                prop_assert!(scale.height(peak, rows, 8) <= (rows * 8).max(1));
                let ticks = scale.ticks(rows);
                prop_assert!(ticks.is_sorted_by(|one, next| one.0 < next.0));
                prop_assert!(ticks.iter().all(|(_, label)| label.len() <= 9), "{ticks:?}");
            }
        }
    }
}
