//! The line below the chart: what the cursor stands on, or the peak; and what the marks in the picture mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::cells::{Value, is_partial, value};
use super::scale::exact;
use super::{Chart, countdowns};
use crate::domain::Measure;
use crate::domain::series::{Count, Coverage, Point};
use crate::export::words::unit;

/// A mark that the picture has and nothing in it explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unexplained {
    Future,
    Gap,
    Partial,
}

/// What the line has to explain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Legend<'a> {
    /// The most important first.
    pub marks: &'a [Unexplained],
    /// Whether the note above the picture says when the snapshot will be complete.
    pub noted: bool,
}

pub(super) fn draw(
    buffer: &mut Buffer,
    row: Rect,
    chart: &Chart<'_>,
    points: &[Point],
    cursor: Option<usize>,
    Legend { marks, noted }: Legend<'_>,
) {
    let Readings { full, bare } = match cursor.and_then(|cursor| points.get(cursor)) {
        Some(point) => at_cursor(chart, point, cursor.and_then(|cursor| beside(chart, cursor)).as_deref()),
        None => at_peak(chart, points, noted),
    };
    let width = usize::from(row.width);
    let fits = |reading: &Line<'_>, legend: &Line<'_>| reading.width() + 2 + legend.width() <= width;
    // What the bars lack is explained even where that shortens the reading, the rest where there is room left.
    let shortest = if marks.first() == Some(&Unexplained::Partial) { 1 } else { full.len() };
    let explained = explanations(chart, marks, noted).into_iter().find_map(|note| {
        let first = legend(chart, marks.get(..1)?, &note);
        Some((full[..shortest].iter().find(|reading| fits(reading, &first))?, note))
    });
    let (reading, legend) = match explained {
        Some((reading, note)) => {
            let legends = (1..=marks.len()).rev().map(|count| legend(chart, &marks[..count], &note));
            (Some(reading), legends.into_iter().find(|legend| fits(reading, legend)))
        }
        None => (full.iter().chain(&bare).find(|reading| reading.width() <= width).or(bare.last()), None),
    };
    if let Some(reading) = reading {
        buffer.set_line(row.x, row.y, reading, row.width);
    }
    if let Some(legend) = legend {
        let length = u16::try_from(legend.width()).unwrap_or(row.width);
        buffer.set_line(row.right() - length, row.y, &legend, length);
    }
}

/// What may be said in one line, from the fullest to the shortest.
struct Readings {
    full: Vec<Line<'static>>,
    /// Where there is no room for more.
    bare: Vec<Line<'static>>,
}

/// What the incident behind counted there: `#41 1,003`.
fn beside(chart: &Chart<'_>, position: usize) -> Option<String> {
    let backdrop = chart.behind?;
    let count = backdrop.behind.counts.get(position)?.map(|count| {
        let whole = !backdrop.behind.resampled && count.fract() == 0.0 && count.abs() < 1e15;
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10^15")]
        let count = if whole { Count::Whole(count as i64) } else { Count::Estimate(count) };
        exact(count, backdrop.behind.measure)
    });
    Some(format!("{} {}", backdrop.name, count.as_deref().unwrap_or("no data")))
}

fn at_cursor(chart: &Chart<'_>, point: &Point, beside: Option<&str>) -> Readings {
    let (zone, theme, period) = (chart.zone, chart.theme, chart.series.period);
    let what = match (point.count, value(point, period, chart.now)) {
        (Some(count), _) => counted(chart, count),
        (None, Value::Future) => "not yet".to_owned(),
        (None, _) => "no data".to_owned(),
    };
    let partial = match (is_partial(point, period, chart.now), point.coverage) {
        (true, Coverage::Partial) => ", partial bucket",
        (true, Coverage::Whole) => " so far",
        (false, _) => "",
    };
    let reading = |when: String, rest: String| {
        Line::from(vec![
            Span::styled(when, theme.chart_axis),
            Span::styled(what.clone(), theme.chart_cursor),
            Span::styled(rest, theme.text),
        ])
    };
    let minute = zone.minute(point.bucket);
    let date = format!("{} {minute} {}", zone.date(point.bucket), zone.name(point.bucket));
    let bare = point.count.map_or(what.clone(), |count| exact(count, chart.measure));
    let with_behind = |reading: Line<'static>| match beside {
        Some(beside) => reading + Span::styled(format!("  {beside}"), theme.chart_behind),
        None => reading,
    };
    let day = || reading(format!("{}  ", zone.day_and_minute(point.bucket)), partial.to_owned());
    Readings {
        full: vec![
            with_behind(reading(format!("{date}  "), format!("{partial}{}", phase(chart, point)))),
            with_behind(day()),
            with_behind(reading(format!("{minute}  "), partial.to_owned())),
            with_behind(reading(format!("{minute} "), String::new())),
            day(),
            reading(format!("{minute}  "), partial.to_owned()),
            reading(format!("{minute} "), String::new()),
        ],
        bare: vec![reading(String::new(), String::new()), Line::styled(bare, theme.chart_cursor)],
    }
}

/// Where a bucket lies in the course of the incident.
fn phase(chart: &Chart<'_>, point: &Point) -> &'static str {
    if point.bucket + chart.series.period <= chart.date_started {
        ", before"
    } else if chart.date_closed.is_some_and(|closed| point.bucket >= closed.max(chart.date_started)) {
        ", after"
    } else if point.bucket > chart.now {
        ""
    } else {
        ", during"
    }
}

/// The highest bucket, or the lowest where that is the worst; and where no note names what stands behind, that too.
fn at_peak(chart: &Chart<'_>, points: &[Point], noted: bool) -> Readings {
    let (zone, theme) = (chart.zone, chart.theme);
    let only = |what: &str| Readings { full: vec![Line::styled(what.to_owned(), theme.text)], bare: Vec::new() };
    let counts = points.iter().filter_map(|point| Some((point, point.count?)));
    // The first of equal ones: that is when it got there.
    let (sign, name) = if chart.measure == Measure::LowestMetric { (-1.0, "lowest ") } else { (1.0, "peak ") };
    let worse = |one: Count, other: Count| sign * one.as_f64() > sign * other.as_f64();
    let peak = counts.reduce(|best, next| if worse(next.1, best.1) { next } else { best });
    let Some((point, count)) = peak else {
        let ahead = points.iter().all(|point| value(point, chart.series.period, chart.now) == Value::Future);
        return only(if ahead { "not yet" } else { "no data" });
    };
    if count.as_f64() <= 0.0 && !chart.measure.is_metric() {
        return only(&format!("no {}", unit(chart.aggregation, true)));
    }
    let reading = |rest: String| {
        let what = counted(chart, count);
        let spans = [(name.to_owned(), theme.chart_axis), (what, theme.text), (rest, theme.chart_axis)];
        Line::from_iter(spans.map(|(text, style)| Span::styled(text, style)))
    };
    let bucket = point.bucket;
    let behind = chart.behind.filter(|_| !noted).map(|behind| {
        let scaled = if behind.scaled { " normalised" } else { "" };
        let line = chart.glyphs.behind_levels()[0];
        Span::styled(format!("  {line}{line} {}{scaled}", behind.name), theme.chart_behind)
    });
    let with_behind = |rest: String| behind.clone().map(|behind| reading(rest) + behind);
    Readings {
        full: with_behind(format!(" at {}", zone.minute(bucket)))
            .into_iter()
            .chain(with_behind(String::new()))
            .chain([
                reading(format!(" at {} {}", zone.day_and_minute(bucket), zone.name(bucket))),
                reading(format!(" at {}", zone.minute(bucket))),
                reading(String::new()),
            ])
            .collect(),
        bare: vec![Line::styled(exact(count, chart.measure), theme.text)],
    }
}

/// What is said of what has not happened yet, from the fullest to the shortest. When that will be is in the note
/// already, where there is one.
fn explanations(chart: &Chart<'_>, marks: &[Unexplained], noted: bool) -> Vec<String> {
    let plain = "not yet".to_owned();
    if noted || !marks.contains(&Unexplained::Future) {
        return vec![plain];
    }
    let countdowns = countdowns(chart);
    let full = countdowns.iter().map(|countdown| format!("{plain}, {countdown}"));
    full.chain(countdowns.clone()).chain([plain.clone()]).collect()
}

/// What the marks mean.
fn legend(chart: &Chart<'_>, marks: &[Unexplained], future: &str) -> Line<'static> {
    let (glyphs, theme) = (chart.glyphs, chart.theme);
    let mut spans: Vec<Span<'static>> = Vec::new();
    for mark in marks.iter().rev() {
        let (glyph, style, text) = match mark {
            Unexplained::Future => (glyphs.future(), theme.chart_future, future),
            Unexplained::Gap => (glyphs.gap(), theme.chart_gap, "no data"),
            Unexplained::Partial => (glyphs.axis_partial(), theme.chart_cursor, "partial bucket"),
        };
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(Span::styled(glyph, style));
        spans.push(Span::styled(format!(" {text}"), theme.text));
    }
    Line::from(spans)
}

/// `1,204 events`, `1 user`; of a metric its value.
fn counted(chart: &Chart<'_>, count: Count) -> String {
    let (said, one) = (exact(count, chart.measure), matches!(count, Count::Whole(1)));
    if chart.measure.is_metric() { said } else { format!("{said} {}", unit(chart.aggregation, !one)) }
}
