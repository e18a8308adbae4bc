//! The before, during and after of one incident. A pure function of values, the present included; knows nothing of
//! where they come from, and of the screen only the rectangle that it may draw in.
//!
//! ```text
//! Mentions above 300 in five minutes             events per 5m  title
//!         ┌───────────────────┐ start 21:00, close 21:35        bracket
//! 4k ┤┈   ┊   ┈  │┈   ┈   ┈   ┊   ┈   ┈   ┈   ·   ·   ·   ·     plot
//!    │    ┊  ▅▅▅ │            ┊             ·   ·   ·   ·   ·
//!    │    ┊  ███ │            ┊               ·   ·   ·   ·
//! 2k ┤┈   ┊  ███▇▇▇   ┈   ┈   ┊   ┈   ┈   ┈ ·    not yet    ·
//!    │    █████████▄▄▄      ▆▆▆               ·   ·   ·   ·
//!    │    ████████████▄▄▄▇▇▇██████▁▁▁▁      ·   ·   ·   ·   ·
//!    │▅▅▅▅███████████████████████████████▅▅▅· · · · · · · · ·
//!  0 └────┯━━━━━━▲━━━━━━━━━━┯━━──────────~~~───┬──────────────  axis
//!    Mar 3 21:00          21:30              22:00              times
//! Mar 3 21:10  2,234 events      · not yet, capture in 32m 30s  reading
//! ```

mod axes;
mod cells;
mod incident;
mod plot;
mod reading;
mod scale;
mod timeline;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use cells::{Cell, Value, reduce_max};

use crate::console::glyphs::Glyphs;
use crate::console::theme::Theme;
use crate::console::zone::Zone;
use crate::domain::series::{Count, Point};
use crate::domain::{Aggregation, Series, Timestamp, span, text};
use incident::Extent;
use plot::Plot;
use reading::Unexplained;
use scale::Scale;

/// Everything that the picture is a function of.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// What is shown, from the fullest to the shortest; may come from outside.
    pub titles: &'a [String],
    /// The counts.
    pub series: &'a Series,
    /// When the incident started.
    pub date_started: Timestamp,
    /// When it was closed; `None` while it is open.
    pub date_closed: Option<Timestamp>,
    /// When the capture is due.
    pub target: Option<Timestamp>,
    /// The present.
    pub now: Timestamp,
    /// The position among the points that is read; the last one where it lies beyond.
    pub cursor: Option<usize>,
    /// What a bucket counts.
    pub aggregation: Aggregation,
    /// In which zone times are written.
    pub zone: Zone,
    /// Which characters to draw with.
    pub glyphs: Glyphs,
    /// What the roles look like.
    pub theme: &'a Theme,
}

/// Draws the chart. At any size: what has no room is left out, the bars last.
pub fn render(frame: &mut Frame, area: Rect, chart: &Chart<'_>) {
    draw(frame.buffer_mut(), area, chart);
}

fn draw(buffer: &mut Buffer, area: Rect, chart: &Chart<'_>) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let points = chart.series.points();
    let rows = Rows::new(area);
    if let Some(row) = rows.title {
        title(buffer, row, chart);
    }
    if points.is_empty() {
        nothing(buffer, rows.plot, chart);
    } else {
        picture(buffer, area, &rows, chart, &points);
    }
}

fn picture(buffer: &mut Buffer, area: Rect, rows: &Rows, chart: &Chart<'_>, points: &[Point]) {
    let scale = Scale::new(peak(points), rows.plot.height, is_whole(points));
    let labels = if rows.axis.is_some() && area.width >= 30 { scale.ticks(rows.plot.height) } else { Vec::new() };
    let gutter = labels.iter().map(|(_, label)| width_of(label) + 2).max().unwrap_or(0);
    let plot_area = Rect { x: area.x + gutter, width: area.width - gutter, ..rows.plot };
    let cells = reduce_max(points, usize::from(plot_area.width), chart.now);
    let extent = Extent::new(chart, points, &cells, chart.series.period);
    let cursor = chart.cursor.map(|cursor| cursor.min(points.len() - 1));
    let plot = Plot { chart, cells: &cells, scale, extent, gridlines: gutter > 0, cursor };
    plot.draw(buffer, plot_area);
    if gutter > 0 {
        axes::vertical(buffer, rows.plot, gutter, &labels, chart);
    }
    if let Some(row) = rows.bracket {
        incident::draw(buffer, row, gutter, extent, chart, points);
    }
    let ticks = match rows.labels {
        Some(_) => timeline::ticks(points, &cells, chart.series.period, chart.zone, gutter),
        None => Vec::new(),
    };
    if let Some(row) = rows.axis {
        axes::horizontal(buffer, row, gutter, &plot, &ticks);
    }
    if let Some(row) = rows.labels {
        axes::times(buffer, row, &ticks, chart);
    }
    if let Some(row) = rows.reading {
        reading::draw(buffer, row, chart, points, cursor, &unexplained(&plot, rows.axis.is_some(), plot_area));
    }
}

/// Which rows there is room for: the bars first, then the reading, the bracket, the axis, its labels and the title.
struct Rows {
    title: Option<Rect>,
    bracket: Option<Rect>,
    plot: Rect,
    axis: Option<Rect>,
    labels: Option<Rect>,
    reading: Option<Rect>,
}

impl Rows {
    fn new(area: Rect) -> Self {
        let row = |y: u16| Rect { y, height: 1, ..area };
        let mut top = area.y;
        let mut bottom = area.bottom();
        let mut from_top = |least: u16| {
            let y = top;
            (area.height >= least).then(|| {
                top += 1;
                row(y)
            })
        };
        let (title, bracket) = (from_top(9), from_top(4));
        let mut from_bottom = |least: u16| {
            (area.height >= least).then(|| {
                bottom -= 1;
                row(bottom)
            })
        };
        let (reading, labels, axis) = (from_bottom(2), from_bottom(7), from_bottom(5));
        Self { title, bracket, plot: Rect { y: top, height: bottom - top, ..area }, axis, labels, reading }
    }
}

/// The fullest title that has room; beside what is counted where there is room for both.
fn title(buffer: &mut Buffer, row: Rect, chart: &Chart<'_>) {
    let Some(shortest) = chart.titles.last() else { return };
    let unit = format!("{} per {}", reading::unit(chart.aggregation, true), span::format(chart.series.period));
    let length = width_of(&unit);
    let room = if length + 2 + width_of(shortest).min(10) <= row.width {
        buffer.set_stringn(row.right() - length, row.y, unit, usize::from(length), chart.theme.chart_axis);
        row.width - length - 2
    } else {
        row.width
    };
    let title = chart.titles.iter().find(|title| width_of(title) <= room).unwrap_or(shortest);
    let title = shorten(title, usize::from(room), chart.glyphs);
    buffer.set_stringn(row.x, row.y, title, usize::from(room), chart.theme.title);
}

fn nothing(buffer: &mut Buffer, area: Rect, chart: &Chart<'_>) {
    let text = "nothing to show yet";
    let at = area.width.saturating_sub(width_of(text)) / 2;
    buffer.set_stringn(area.x + at, area.y + area.height / 2, text, usize::from(area.width), chart.theme.dim);
}

/// The marks of the picture that have no caption in it, the most important first.
fn unexplained(plot: &Plot<'_>, has_axis: bool, area: Rect) -> Vec<Unexplained> {
    let any = |value: Value| plot.cells.iter().any(|cell| cell.value == value);
    let mut marks = Vec::new();
    let note = capture_note(plot.chart).map_or(7, |note| note.len().max(7));
    let least = u16::try_from(note + 2).unwrap_or(u16::MAX);
    if any(Value::Future) && !(plot.has_caption(Value::Future, area.width, least) && area.height >= 2) {
        marks.push(Unexplained::Future);
    }
    if any(Value::Gap) && !plot.has_caption(Value::Gap, area.width, 9) {
        marks.push(Unexplained::Gap);
    }
    if has_axis && plot.cells.iter().any(|cell| cell.partial) {
        marks.push(Unexplained::Partial);
    }
    marks
}

/// When what has not happened yet will have been kept.
fn capture_note(chart: &Chart<'_>) -> Option<String> {
    let target = chart.target?;
    if target > chart.now {
        Some(format!("capture in {}", span::format(target.since(chart.now))))
    } else {
        Some("capture due".to_owned())
    }
}

fn peak(points: &[Point]) -> f64 {
    let counts = points.iter().filter_map(|point| point.count).map(Count::as_f64);
    counts.filter(|count| count.is_finite()).fold(0.0, f64::max)
}

fn is_whole(points: &[Point]) -> bool {
    points.iter().all(|point| !matches!(point.count, Some(Count::Estimate(_))))
}

fn width_of(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// A text from outside in at most `width` columns.
fn shorten(outside: &str, width: usize, glyphs: Glyphs) -> String {
    let safe = text::printable(outside);
    if safe.width() <= width {
        return safe;
    }
    let mut short = String::new();
    for grapheme in safe.graphemes(true) {
        if short.width() + grapheme.width() + 1 > width {
            break;
        }
        short.push_str(grapheme);
    }
    short.push_str(glyphs.ellipsis());
    short
}

#[cfg(test)]
mod tests;
