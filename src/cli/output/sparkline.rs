//! The shape of a series in one line.

use crate::domain::series::Point;
use crate::domain::{Measure, Timestamp};

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// Points on at most `width` columns, each column the largest of its points, or the lowest where that is the worst, so
/// that no spike is lost. A column that holds nothing but gaps is blank; only nothing at all, or the lowest below it, is
/// drawn as the lowest glyph.
#[must_use]
pub fn draw(points: &[Point], measure: Measure, width: usize, unicode: bool) -> String {
    let glyphs = if unicode { BLOCKS } else { ASCII };
    let columns = width.clamp(1, points.len().max(1));
    let column = |index: usize| {
        let (from, to) = (index * points.len() / columns, (index + 1) * points.len() / columns);
        let counts = points[from..to].iter().filter_map(|point| point.count);
        counts.map(crate::domain::series::Count::as_f64).reduce(if measure == Measure::LowestMetric {
            f64::min
        } else {
            f64::max
        })
    };
    let columns: Vec<Option<f64>> = (0..columns).map(column).collect();
    let largest = columns.iter().flatten().copied().fold(0.0, f64::max);
    let lowest = columns.iter().flatten().copied().fold(0.0, f64::min);
    let glyph = |count: f64| glyphs[level(count - lowest, largest - lowest)];
    columns.into_iter().map(|count| count.map_or(' ', glyph)).collect()
}

/// A line of marks for under a drawing: where these instants lie, as far as they lie within it.
#[must_use]
pub fn marks(points: &[Point], width: usize, instants: &[Option<Timestamp>]) -> String {
    let columns = width.clamp(1, points.len().max(1));
    let mut marks = vec![' '; columns];
    let period = points.get(1).zip(points.first()).map(|(next, first)| next.bucket.since(first.bucket));
    for instant in instants.iter().flatten() {
        let index = points.iter().rposition(|point| point.bucket <= *instant);
        let Some((index, period)) = index.zip(period) else { continue };
        if *instant < points[index].bucket + period {
            marks[column_of(index, points.len(), columns)] = '^';
        }
    }
    marks.into_iter().collect::<String>().trim_end().to_owned()
}

/// The column in which [`draw`] shows the point `index` of `count`.
fn column_of(index: usize, count: usize, columns: usize) -> usize {
    ((index + 1) * columns).div_ceil(count) - 1
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of seven lies from 0 to 7")]
fn level(count: f64, largest: f64) -> usize {
    if count <= 0.0 || largest <= 0.0 {
        return 0;
    }
    ((count / largest * 7.0).ceil() as usize).clamp(1, 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::series::{Count, Coverage};

    fn points(counts: &[Option<i64>]) -> Vec<Point> {
        let point = |count: &Option<i64>| Point {
            bucket: Timestamp::MIN,
            count: count.map(Count::Whole),
            coverage: Coverage::Whole,
        };
        counts.iter().map(point).collect()
    }

    #[test]
    fn a_gap_is_blank_and_nothing_is_the_lowest_line() {
        let points = points(&[Some(0), Some(1), Some(70), Some(35), None]);
        assert_eq!(draw(&points, Measure::Events, 60, true), "▁▂█▅ ");
        assert_eq!(draw(&points, Measure::Events, 60, false), "_.#= ");
    }

    #[test]
    fn a_spike_survives_being_made_narrow() {
        let mut counts = vec![Some(1); 200];
        counts[101] = Some(1000);
        let drawn = draw(&points(&counts), Measure::Events, 10, true);
        assert_eq!(drawn.chars().count(), 10);
        assert_eq!(drawn.chars().filter(|glyph| *glyph == '█').count(), 1);
    }

    #[test]
    fn a_mark_stands_under_the_column_that_shows_its_bucket() {
        for (count, columns) in [(200, 66), (201, 66), (200, 10), (7, 66), (200, 200)] {
            let columns = columns.min(count);
            for index in 0..count {
                let column = column_of(index, count, columns);
                let shown = column * count / columns..(column + 1) * count / columns;
                assert!(shown.contains(&index), "{index} of {count} on {columns}");
            }
        }
    }

    #[test]
    fn an_instant_outside_of_the_drawing_has_no_mark() {
        let minute = |count: i64| Timestamp::from_seconds(60 * count);
        let at = |index| Point { bucket: minute(index), count: None, coverage: Coverage::Whole };
        let points: Vec<Point> = (10..20).map(at).collect();
        assert_eq!(
            marks(&points, 60, &[Some(minute(12)), Some(minute(19) + std::time::Duration::from_secs(59))]),
            "  ^      ^"
        );
        assert_eq!(marks(&points, 60, &[Some(minute(9)), Some(minute(20)), None]), "");
    }

    #[test]
    fn a_series_without_points_is_empty() {
        assert_eq!(draw(&[], Measure::Events, 60, true), " ");
    }
}
