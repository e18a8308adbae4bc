//! The chart of the page, drawn with characters: it goes where a picture cannot, and is searched and diffed as text.

use std::ops::Range as Columns;

use crate::domain::series::Point;
use crate::domain::window::Range;
use crate::domain::{Measure, Timestamp};
use crate::export::account::Known;
use crate::export::axes::{self, Values};
use crate::export::{Subject, words};

/// Columns and rows of the bars.
const WIDTH: usize = 72;
const HEIGHT: usize = 8;
/// Columns between two times, at the least.
const TIME_APART: usize = 12;
const LABELS: u8 = 4;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A chart that is about to be drawn.
struct Chart<'a> {
    subject: &'a Subject<'a>,
    points: Vec<Point>,
    range: Range,
    values: Values,
    gutter: usize,
}

/// Draws the chart, without an end of line after the last one. Empty where there is no bucket.
pub(super) fn draw(subject: &Subject<'_>) -> String {
    let points = subject.shown().points();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let range = Range::new(first.bucket, last.bucket + subject.shown().period);
    let values = Values::of(&points, LABELS);
    let gutter = values.labels().map(|value| words::compact(value).len()).max().unwrap_or(0) + 2;
    let chart = Chart { subject, points, range, values, gutter };
    let mut lines = vec![chart.bracket()];
    lines.extend(chart.bars());
    lines.extend(chart.axis());
    lines.extend(chart.legend());
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

impl Chart<'_> {
    fn column(&self, at: Timestamp) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the columns there are")]
        #[expect(clippy::cast_precision_loss, reason = "a few columns")]
        let column = (axes::share(self.range, at) * WIDTH as f64).clamp(0.0, (WIDTH - 1) as f64) as usize;
        column
    }

    /// The buckets that a column shows: at least the one that it lies in.
    fn buckets(&self, column: usize) -> Columns<usize> {
        let count = self.points.len();
        let (from, to) = (column * count / WIDTH, ((column + 1) * count).div_ceil(WIDTH));
        if count > WIDTH { from..(column + 1) * count / WIDTH } else { from..to.min(from + 1) }
    }

    /// The highest of the buckets in a column, or the lowest where that is the worst. What is unknown is not hidden by a zero beside it.
    fn known(&self, column: usize) -> Known {
        let period = self.subject.shown().period;
        let known = self.points[self.buckets(column)].iter().map(|point| self.subject.known(point, period));
        let measure = self.subject.measure();
        let rank = |known: &Known| match (*known, measure) {
            (Known::Count(count, _), Measure::LowestMetric) => (3, -count),
            (Known::Count(count, _), Measure::Metric) => (3, count),
            (Known::Count(count, _), _) if count > 0.0 => (3, count),
            (Known::Gap, _) => (2, 0.0),
            (Known::Count(..), _) => (1, 0.0),
            (Known::Future, _) => (0, 0.0),
        };
        known
            .max_by(|one, other| rank(one).0.cmp(&rank(other).0).then(rank(one).1.total_cmp(&rank(other).1)))
            .unwrap_or(Known::Gap)
    }

    /// The eighths of a row that a column fills. What counted something is never as low as nothing.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the rows there are")]
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    fn eighths(&self, count: f64) -> usize {
        let most = (HEIGHT * 8) as f64;
        if count <= self.values.bottom {
            0
        } else {
            (self.values.share(count) * most).round().clamp(1.0, most) as usize
        }
    }

    fn bars(&self) -> Vec<String> {
        let columns: Vec<Known> = (0..WIDTH).map(|column| self.known(column)).collect();
        let labels: Vec<(usize, String)> = self
            .values
            .labels()
            .filter(|value| *value > self.values.bottom)
            .map(|value| (self.eighths(value) / 8, words::compact(value)))
            .collect();
        let row = |row: usize| {
            let label = labels.iter().find(|(at, _)| *at == row);
            let gutter = self.gutter - 2;
            let begin = match label {
                Some((_, label)) => format!("{label:>gutter$} ┤"),
                None => format!("{:gutter$} │", ""),
            };
            let glyph = |known: &Known| match *known {
                Known::Count(count, _) => EIGHTHS[self.eighths(count).saturating_sub((row - 1) * 8).min(8)],
                Known::Gap => '░',
                Known::Future if row == 1 => '·',
                Known::Future => ' ',
            };
            begin + &columns.iter().map(glyph).collect::<String>()
        };
        (1..=HEIGHT).rev().map(row).collect()
    }

    /// The axis, and two lines of times below it.
    fn axis(&self) -> [String; 3] {
        let gutter = self.gutter;
        let mut axis: Vec<char> =
            format!("{:>width$} └", words::compact(self.values.bottom), width = gutter - 2).chars().collect();
        axis.extend(std::iter::repeat_n('─', WIDTH));
        let (mut times, mut contexts) = (blank(gutter + WIDTH), blank(gutter + WIDTH));
        for time in axes::times(self.range, WIDTH / TIME_APART) {
            let at = gutter + self.column(time.at);
            axis[at] = '┬';
            centre(&mut times, at, &time.label);
            if let Some(context) = &time.context {
                centre(&mut contexts, at, context);
            }
        }
        [axis, times, contexts].map(String::from_iter)
    }

    /// The incident's span above the bars, with its start and its close.
    fn bracket(&self) -> String {
        let (incident, end) = (self.subject.incident, self.subject.end());
        let mut row = blank(self.gutter + WIDTH);
        let (older, longer) = (
            incident.date_started < self.range.start,
            incident.date_closed.is_none_or(|closed| closed > self.range.end),
        );
        if incident.date_started >= self.range.end || end < self.range.start {
            put(&mut row, self.gutter, "the incident lies outside of the chart");
            return row.into_iter().collect();
        }
        let (first, last) = (self.gutter + self.column(incident.date_started), self.gutter + self.column(end));
        for (at, place) in row.iter_mut().enumerate().take(last + 1).skip(first) {
            *place = match (at == first, at == last) {
                (true, true) if !older && !longer => '▼',
                (true, _) if older => '◂',
                (_, true) if longer => '▸',
                (true, _) => '┌',
                (_, true) => '┐',
                _ => '─',
            };
        }
        let day = |at| format!("{} {}", words::day(at), words::clock(at));
        let (start, close) = (
            format!("start {}", day(incident.date_started)),
            match incident.date_closed {
                Some(closed) if words::is_same_day(closed, incident.date_started) => {
                    format!("close {}", words::clock(closed))
                }
                Some(closed) => format!("close {}", day(closed)),
                None => "still open".to_owned(),
            },
        );
        let both = format!("{start}, {close}");
        let right = row.len() - last - 1;
        if last - first >= both.len() + 4 {
            put(&mut row, first + 2, &format!(" {start} "));
            put(&mut row, last - close.len() - 3, &format!(" {close} "));
        } else if first > start.len() && right > close.len() {
            put(&mut row, first - start.len() - 1, &start);
            put(&mut row, last + 2, &close);
        } else if first > both.len() {
            put(&mut row, first - both.len() - 1, &both);
        } else {
            put(&mut row, last + 2, &both);
        }
        row.into_iter().collect()
    }

    /// What the marks mean that are in the chart.
    fn legend(&self) -> Option<String> {
        let columns: Vec<Known> = (0..WIDTH).map(|column| self.known(column)).collect();
        let mut marks = Vec::new();
        if columns.contains(&Known::Gap) {
            marks.push("░ no data");
        }
        if columns.contains(&Known::Future) {
            marks.push("· not yet");
        }
        (!marks.is_empty()).then(|| format!("{:gutter$}{}", "", marks.join("   "), gutter = self.gutter))
    }
}

fn blank(width: usize) -> Vec<char> {
    vec![' '; width]
}

/// Writes into a row, as much as has room.
fn put(row: &mut [char], at: usize, text: &str) {
    for (place, character) in row.iter_mut().skip(at).zip(text.chars()) {
        *place = character;
    }
}

/// Writes into a row so that the middle of the text is there, or as near as has room.
fn centre(row: &mut [char], middle: usize, text: &str) {
    let at = middle.saturating_sub(text.len() / 2).min(row.len().saturating_sub(text.len()));
    put(row, at, text);
}
