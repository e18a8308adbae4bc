//! The shape of one incident in one line. Knows a series and a width, not where it stands.

use ratatui::text::{Line, Span};

use super::chart::{Value, reduce};
use crate::console::glyphs::Glyphs;
use crate::console::theme::Theme;
use crate::domain::series::Point;
use crate::domain::{Measure, Timestamp};

/// The points in exactly `width` columns: the highest one full, what counted something never as low as nothing, gaps
/// and what has not happened yet apart from both. Below zero, the lowest one is the baseline.
#[must_use]
pub fn sparkline(
    (points, measure): (&[Point], Measure),
    width: u16,
    now: Timestamp,
    glyphs: Glyphs,
    theme: &Theme,
) -> Line<'static> {
    let cells = reduce(points, usize::from(width), now, measure);
    if cells.is_empty() {
        return Line::from(" ".repeat(usize::from(width)));
    }
    let counts = cells.iter().filter_map(|cell| match cell.value {
        Value::Count(count) => Some(count),
        Value::Gap | Value::Future => None,
    });
    let (lowest, peak) = counts.fold((0.0f64, 0.0f64), |(low, high), count| (low.min(count), high.max(count)));
    let drawn = cells.iter().map(|cell| match cell.value {
        Value::Count(count) if count <= lowest => (glyphs.spark_zero(), theme.chart_axis),
        Value::Count(count) => (level(count - lowest, peak - lowest, glyphs), theme.spark),
        Value::Gap => (glyphs.gap(), theme.chart_gap),
        Value::Future => (glyphs.future(), theme.chart_future),
    });
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (glyph, style) in drawn {
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(glyph),
            _ => spans.push(Span::styled(glyph, style)),
        }
    }
    Line::from(spans)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a peak is from 0 to 1")]
fn level(count: f64, peak: f64, glyphs: Glyphs) -> &'static str {
    let levels = glyphs.spark_levels();
    let level = (count / peak * 7.0).ceil() as usize;
    levels[level.clamp(1, levels.len()) - 1]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::series::{Count, Coverage};

    fn points(counts: &[Option<i64>]) -> Vec<Point> {
        let point = |(minute, count): (usize, &Option<i64>)| Point {
            bucket: Timestamp::from_seconds(i64::try_from(minute).unwrap() * 60),
            count: count.map(Count::Whole),
            coverage: Coverage::Whole,
        };
        counts.iter().enumerate().map(point).collect()
    }

    fn check(counts: &[Option<i64>], width: u16, unicode: &str, ascii: &str) {
        let now = Timestamp::from_seconds(600);
        for (glyphs, drawn) in [(Glyphs::Unicode, unicode), (Glyphs::Ascii, ascii)] {
            assert_eq!(
                sparkline((&points(counts), Measure::Events), width, now, glyphs, &Theme::mono()).to_string(),
                drawn
            );
        }
    }

    #[test]
    fn the_highest_bucket_is_highest_and_a_small_one_is_not_nothing() {
        check(&[Some(0), Some(1), Some(50), Some(100), Some(0)], 5, "▁▂▅▇▁", "_:+#_");
    }

    #[test]
    fn gaps_zeros_and_what_has_not_happened_yet_differ() {
        let mut counts = vec![None, None, Some(0), Some(7), Some(0), Some(0), Some(0), Some(0), Some(0), Some(0)];
        counts.extend([None, None]);
        check(&counts, 12, "╱╱▁▇▁▁▁▁▁▁··", "//_#______..");
    }

    #[test]
    fn a_series_of_zeros_is_a_flat_baseline() {
        check(&[Some(0), Some(0)], 6, "▁▁▁▁▁▁", "______");
    }

    #[test]
    fn below_zero_the_lowest_is_the_baseline_and_of_a_metric_the_worst_is_kept() {
        let (points, now) = (points(&[Some(-6), Some(-3), Some(6), Some(3)]), Timestamp::from_seconds(600));
        let drawn =
            |width, measure| sparkline((&points, measure), width, now, Glyphs::Unicode, &Theme::mono()).to_string();
        assert_eq!(drawn(4, Measure::Metric), "▁▃▇▇");
        assert_eq!(drawn(2, Measure::Metric), "▁▇");
        assert_eq!(drawn(2, Measure::LowestMetric), "▁▇");
    }

    #[test]
    fn no_series_is_blank() {
        check(&[], 4, "    ", "    ");
        check(&[Some(1)], 0, "", "");
    }

    proptest! {
        #[test]
        fn a_sparkline_is_exactly_as_wide_as_asked(
            counts in proptest::collection::vec(proptest::option::of(any::<i64>()), 0..300), width in 0..300u16,
            now: i64,
        ) {
            let now = Timestamp::from_micros(now);
            for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
                let line = sparkline((&points(&counts), Measure::Events), width, now, glyphs, &Theme::colour());
                prop_assert_eq!(line.width(), usize::from(width));
            }
        }

        #[test]
        fn estimates_of_any_size_do_not_panic(counts in proptest::collection::vec(any::<f64>(), 1..50)) {
            let mut points = points(&vec![Some(0); counts.len()]);
            for (point, count) in points.iter_mut().zip(counts) {
                point.count = Some(Count::Estimate(count));
            }
            let now = Timestamp::from_seconds(600);
            let line = sparkline((&points, Measure::Metric), 20, now, Glyphs::Unicode, &Theme::colour());
            prop_assert_eq!(line.width(), 20);
        }
    }
}
