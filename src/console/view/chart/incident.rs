//! The bracket above the columns that says when the incident started and when it was closed. Told by its shape and its
//! words, so that it needs no colour.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Chart;
use super::cells::Cell;
use crate::domain::Timestamp;
use crate::domain::series::Point;

/// Which columns the incident takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Its first and its last column; `None` where it lies outside of the chart.
    pub columns: Option<(u16, u16)>,
    /// It began before the chart does.
    pub older: bool,
    /// It is still open, or was closed after the chart ends.
    pub longer: bool,
}

impl Extent {
    pub(super) fn new(chart: &Chart<'_>, points: &[Point], cells: &[Cell], period: Duration) -> Self {
        let started = chart.date_started;
        let closed = chart.date_closed.unwrap_or(chart.now).max(started + Duration::from_micros(1));
        let during = |point: &Point| point.bucket < closed && point.bucket + period > started;
        let within = |cell: &&Cell| points[cell.points.clone()].iter().any(during);
        let column = |position: Option<usize>| position.and_then(|position| u16::try_from(position).ok());
        let first = column(cells.iter().position(|cell| within(&cell)));
        let last = column(cells.iter().rposition(|cell| within(&cell)));
        let end = points.last().map(|point| point.bucket + period);
        Self {
            columns: first.zip(last),
            older: points.first().is_some_and(|point| started < point.bucket),
            longer: chart.date_closed.is_none() || end.is_some_and(|end| closed > end),
        }
    }

    pub(super) fn contains(self, column: u16) -> bool {
        self.columns.is_some_and(|(first, last)| (first..=last).contains(&column))
    }
}

/// Draws the bracket in a row that begins `gutter` columns left of the first column.
pub(super) fn draw(buffer: &mut Buffer, row: Rect, gutter: u16, extent: Extent, chart: &Chart<'_>, points: &[Point]) {
    let labels = Labels::new(chart, points);
    let width = row.width;
    let Some((first, last)) = extent.columns else {
        let (glyph, at) = if extent.older {
            (chart.glyphs.incident_beyond_left(), 0)
        } else {
            (chart.glyphs.incident_beyond_right(), width.saturating_sub(1))
        };
        buffer.set_stringn(row.x + at, row.y, glyph, 1, chart.theme.chart_mark);
        let text = if extent.older { &labels.close } else { &labels.start };
        let at = if extent.older { 2 } else { at.saturating_sub(length(text) + 1) };
        if length(text) + 2 <= width {
            buffer.set_stringn(row.x + at, row.y, text, usize::from(width), chart.theme.chart_mark);
        }
        return;
    };
    let (first, last) = (first + gutter, last + gutter);
    bracket(buffer, row, (first, last), extent, chart);
    for (at, text) in labels.places(first, last, width) {
        buffer.set_stringn(row.x + at, row.y, text, usize::from(width - at), chart.theme.chart_mark);
    }
}

fn bracket(buffer: &mut Buffer, row: Rect, (first, last): (u16, u16), extent: Extent, chart: &Chart<'_>) {
    let glyphs = chart.glyphs;
    for column in first..=last {
        let glyph = match (column == first, column == last) {
            (true, true) if !extent.older && !extent.longer => glyphs.incident_point(),
            (true, _) if extent.older => glyphs.incident_beyond_left(),
            (_, true) if extent.longer => glyphs.incident_beyond_right(),
            (true, _) => glyphs.incident_start(),
            (_, true) => glyphs.incident_close(),
            _ => glyphs.incident_span(),
        };
        buffer.set_stringn(row.x + column, row.y, glyph, 1, chart.theme.chart_mark);
    }
}

/// What the bracket says, in full and in short.
struct Labels {
    start: String,
    close: String,
    both: String,
    short: String,
}

impl Labels {
    fn new(chart: &Chart<'_>, points: &[Point]) -> Self {
        let zone = chart.zone;
        let same_day = |one: Timestamp, other: Timestamp| zone.date(one) == zone.date(other);
        let one_day = points.first().zip(points.last()).is_some_and(|(first, last)| {
            same_day(first.bucket, last.bucket) && same_day(first.bucket, chart.date_started)
        });
        let started = if one_day { zone.minute(chart.date_started) } else { zone.day_and_minute(chart.date_started) };
        let close = |day: bool| match chart.date_closed {
            Some(closed) if day && !same_day(closed, chart.date_started) => zone.day_and_minute(closed),
            Some(closed) => zone.minute(closed),
            None => "open".to_owned(),
        };
        let closed = close(true);
        let (start, close) = (
            format!("start {started}"),
            match chart.date_closed {
                Some(_) => format!("close {closed}"),
                None => "still open".to_owned(),
            },
        );
        Self {
            both: format!("{start}, {close}"),
            short: format!("{}-{closed}", zone.minute(chart.date_started)),
            start,
            close,
        }
    }

    /// Where which texts go around or into a bracket from `first` to `last`: the best that has room.
    fn places(&self, first: u16, last: u16, width: u16) -> Vec<(u16, &str)> {
        let (start, close) = (length(&self.start), length(&self.close));
        let (inside, left, right) = (last - first + 1, first, width.saturating_sub(last + 1));
        if inside >= start + close + 7 {
            return vec![
                (first + 1, " "),
                (first + 2, &self.start),
                (first + 2 + start, " "),
                (last - close - 2, " "),
                (last - close - 1, &self.close),
                (last - 1, " "),
            ];
        }
        if left > start && right > close {
            return vec![(first - start - 1, &self.start), (last + 2, &self.close)];
        }
        for text in [&self.both, &self.short] {
            let length = length(text);
            if inside >= length + 4 {
                let at = first + (inside - length) / 2;
                return vec![(at - 1, " "), (at, text), (at + length, " ")];
            }
            if left > length {
                return vec![(first - length - 1, text)];
            }
            if right > length {
                return vec![(last + 2, text)];
            }
        }
        Vec::new()
    }
}

fn length(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}
