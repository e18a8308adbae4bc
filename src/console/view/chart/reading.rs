//! The line below the chart: what the cursor stands on, or the peak; and what the marks in the picture mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cells::{Value, is_partial, value};
use super::scale::exact;
use super::{Chart, capture_note};
use crate::domain::Aggregation;
use crate::domain::series::{Count, Coverage, Point};

/// A mark that the picture has and nothing in it explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unexplained {
    Future,
    Gap,
    Partial,
}

pub(super) fn draw(
    buffer: &mut Buffer,
    row: Rect,
    chart: &Chart<'_>,
    points: &[Point],
    cursor: Option<usize>,
    marks: &[Unexplained],
) {
    let readings = match cursor.and_then(|cursor| points.get(cursor)) {
        Some(point) => at_cursor(chart, point),
        None => at_peak(chart, points),
    };
    let width = usize::from(row.width);
    let Some(reading) = readings.iter().find(|reading| reading.width() <= width).or(readings.last()) else { return };
    buffer.set_line(row.x, row.y, reading, row.width);
    let used = reading.width() + 2;
    // The most important mark is explained first, and the last ones are left out where there is no room.
    for count in (1..=marks.len()).rev() {
        let legend = legend(chart, &marks[..count]);
        if used + legend.width() <= width {
            let length = u16::try_from(legend.width()).unwrap_or(row.width);
            buffer.set_line(row.right() - length, row.y, &legend, length);
            break;
        }
    }
}

/// From the fullest to the shortest.
fn at_cursor(chart: &Chart<'_>, point: &Point) -> Vec<Line<'static>> {
    let (zone, theme, period) = (chart.zone, chart.theme, chart.series.period);
    let what = match (point.count, value(point, period, chart.now)) {
        (Some(count), _) => counted(count, chart.aggregation),
        (None, Value::Future) => "not yet".to_owned(),
        (None, _) => "no data".to_owned(),
    };
    let partial = match (is_partial(point, period, chart.now), point.coverage) {
        (true, Coverage::Partial) => ", partial bucket",
        (true, Coverage::Whole) => " so far",
        (false, _) => "",
    };
    let closed = chart.date_closed.unwrap_or(chart.now).max(chart.date_started);
    let phase = if point.bucket + period <= chart.date_started {
        ", before"
    } else if chart.date_closed.is_some() && point.bucket >= closed {
        ", after"
    } else if point.bucket > chart.now {
        ""
    } else {
        ", during"
    };
    let full = format!("{} {} {}", zone.date(point.bucket), zone.minute(point.bucket), zone.name(point.bucket));
    let reading = |when: String, rest: String| {
        Line::from(vec![
            Span::styled(when, theme.chart_axis),
            Span::styled(what.clone(), theme.chart_cursor),
            Span::styled(rest, theme.text),
        ])
    };
    vec![
        reading(format!("{full}  "), format!("{partial}{phase}")),
        reading(format!("{}  ", zone.day_and_minute(point.bucket)), partial.to_owned()),
        reading(format!("{}  ", zone.minute(point.bucket)), partial.to_owned()),
        reading(format!("{} ", zone.minute(point.bucket)), String::new()),
        reading(String::new(), String::new()),
    ]
}

fn at_peak(chart: &Chart<'_>, points: &[Point]) -> Vec<Line<'static>> {
    let (zone, theme) = (chart.zone, chart.theme);
    let counts = points.iter().filter_map(|point| Some((point, point.count?)));
    // The first of equal ones: that is when it got there.
    let peak = counts.reduce(|best, next| if next.1.as_f64() > best.1.as_f64() { next } else { best });
    let reading = |before: &str, what: String, rest: String| {
        Line::from(vec![
            Span::styled(before.to_owned(), theme.chart_axis),
            Span::styled(what, theme.text),
            Span::styled(rest, theme.chart_axis),
        ])
    };
    let Some((point, count)) = peak else {
        let all_future = points.iter().all(|point| value(point, chart.series.period, chart.now) == Value::Future);
        let what = if all_future { "not yet" } else { "no data" };
        return vec![reading("", what.to_owned(), String::new())];
    };
    let what = counted(count, chart.aggregation);
    if count.as_f64() <= 0.0 {
        return vec![reading("", format!("no {}", unit(chart.aggregation, true)), String::new())];
    }
    vec![
        reading(
            "peak ",
            what.clone(),
            format!(" at {} {}", zone.day_and_minute(point.bucket), zone.name(point.bucket)),
        ),
        reading("peak ", what.clone(), format!(" at {}", zone.minute(point.bucket))),
        reading("peak ", what, String::new()),
        reading("", exact(count), String::new()),
    ]
}

fn legend(chart: &Chart<'_>, marks: &[Unexplained]) -> Line<'static> {
    let (glyphs, theme) = (chart.glyphs, chart.theme);
    let mut spans: Vec<Span<'static>> = Vec::new();
    for mark in marks.iter().rev() {
        let (glyph, style, text): (&str, Style, String) = match mark {
            Unexplained::Future => {
                let note = capture_note(chart).map(|note| format!(", {note}")).unwrap_or_default();
                (glyphs.future(), theme.chart_future, format!("not yet{note}"))
            }
            Unexplained::Gap => (glyphs.gap(), theme.chart_gap, "no data".to_owned()),
            Unexplained::Partial => (glyphs.axis_partial(), theme.chart_mark, "partial bucket".to_owned()),
        };
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(Span::styled(glyph.to_owned(), style));
        spans.push(Span::styled(format!(" {text}"), theme.text));
    }
    Line::from(spans)
}

/// `1,204 events`, `1 user`.
fn counted(count: Count, aggregation: Aggregation) -> String {
    let one = matches!(count, Count::Whole(1));
    format!("{} {}", exact(count), unit(aggregation, !one))
}

/// What a bucket counts, as a person says it.
pub(super) fn unit(aggregation: Aggregation, many: bool) -> &'static str {
    match (aggregation, many) {
        (Aggregation::Total, true) => "events",
        (Aggregation::Total, false) => "event",
        (Aggregation::UniqueUsers, true) => "users",
        (Aggregation::UniqueUsers, false) => "user",
    }
}
