//! The before, during and after of one incident. A pure function of values, the present included; knows nothing of
//! where they come from, and of the screen only the rectangle that it may draw in.
//!
//! ```text
//! Mentions above 300 in five minutes             events per 5m  title
//! preview: complete in 32m 30s, at 22:25                        note
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
//! Mar 3 21:10  2,234 events                     · not yet  reading
//! ```

mod axes;
mod cells;
mod incident;
mod layout;
mod plot;
mod reading;
mod scale;
mod timeline;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use cells::{Cell, Value, reduce};

use crate::console::glyphs::Glyphs;
use crate::console::state::overlay::Behind;
use crate::console::theme::Theme;
use crate::console::zone::Zone;
use crate::domain::series::{Count, Point};
use crate::domain::{Aggregation, Measure, Series, Timestamp, span, text};
use crate::export::words;
use incident::Extent;
use layout::{Layout, Rows};
use plot::Plot;
use reading::{Legend, Unexplained};

/// Everything that the picture is a function of.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// What is shown, from the fullest to the shortest; may come from outside.
    pub titles: &'a [String],
    /// What is to be known about it in words, from the fullest to the shortest; nothing where it is as one expects.
    pub notes: &'a [Line<'static>],
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
    /// What its values are.
    pub measure: Measure,
    /// Another incident, as an outline behind the bars.
    pub behind: Option<Backdrop<'a>>,
    /// In which zone times are written.
    pub zone: Zone,
    /// Which characters to draw with.
    pub glyphs: Glyphs,
    /// What the roles look like.
    pub theme: &'a Theme,
}

/// Another incident behind the bars, aligned with them.
#[derive(Debug, Clone, Copy)]
pub struct Backdrop<'a> {
    /// What it counted, point by point of the series.
    pub behind: &'a Behind,
    /// How the reading names it: `#41`.
    pub name: &'a str,
    /// Whether it is drawn in another height than it counted.
    pub scaled: bool,
}

impl Backdrop<'_> {
    /// How high it is drawn over these points, where it is known over any.
    fn height(self, points: std::ops::Range<usize>) -> Option<f64> {
        let counts = self.behind.counts.get(points)?.iter().flatten();
        counts.copied().reduce(f64::max).map(|count| count * self.behind.factor).filter(|height| height.is_finite())
    }
}

/// Draws the chart. At any size: what has no room is left out, the bars last.
pub fn render(frame: &mut Frame, area: Rect, chart: &Chart<'_>) {
    draw(frame.buffer_mut(), area, chart);
}

/// Where each bucket is drawn, for a click: its column with the axis below it, where the chart has `area`. Of several
/// buckets in one column the middle one.
#[must_use]
pub fn columns(area: Rect, chart: &Chart<'_>) -> Vec<(Rect, Timestamp)> {
    let points = chart.series.points();
    let layout = Layout::new(area, chart, &points);
    let top = layout.rows.bracket.unwrap_or(layout.plot).y;
    let height = layout.rows.reading.map_or(area.bottom(), |row| row.y).saturating_sub(top);
    let column = |(x, cell): (u16, &Cell)| {
        let bucket = points[cell.points.start + cell.points.len() / 2].bucket;
        (Rect { x, y: top, width: 1, height }, bucket)
    };
    (layout.plot.x..).zip(&layout.cells).map(column).collect()
}

fn draw(buffer: &mut Buffer, area: Rect, chart: &Chart<'_>) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let points = chart.series.points();
    let layout = Layout::new(area, chart, &points);
    if let Some(row) = layout.rows.title {
        title(buffer, row, chart, layout.most_in_column());
    }
    if let Some(row) = layout.rows.note {
        let fits = |note: &&Line<'_>| note.width() <= usize::from(row.width);
        if let Some(note) = chart.notes.iter().find(fits).or(chart.notes.last()) {
            buffer.set_line(row.x, row.y, note, row.width);
        }
    }
    if points.is_empty() {
        nothing(buffer, layout.plot, chart);
    } else {
        picture(buffer, &layout, chart, &points);
    }
}

fn picture(buffer: &mut Buffer, layout: &Layout, chart: &Chart<'_>, points: &[Point]) {
    let Layout { rows, gutter, cells, scale, plot: plot_area, .. } = layout;
    let (gutter, scale) = (*gutter, *scale);
    let extent = Extent::new(chart, points, cells, chart.series.period);
    let cursor = chart.cursor.map(|cursor| cursor.min(points.len() - 1));
    let plot = Plot { chart, cells, scale, extent, gridlines: gutter > 0, cursor };
    plot.draw(buffer, *plot_area);
    if gutter > 0 {
        let beside = Rect { x: plot_area.x - gutter, width: plot_area.width + gutter, ..*plot_area };
        axes::vertical(buffer, beside, gutter, &layout.labels, chart);
    }
    if let Some(row) = rows.bracket {
        incident::draw(buffer, row, gutter, extent, chart, points);
    }
    let ticks = match rows.labels {
        Some(_) => timeline::ticks(points, cells, chart.series.period, chart.zone, gutter),
        None => Vec::new(),
    };
    if let Some(row) = rows.axis {
        axes::horizontal(buffer, row, gutter, &plot, &ticks);
    }
    if let Some(row) = rows.labels {
        axes::times(buffer, row, &ticks, chart);
    }
    if let Some(row) = rows.reading {
        let marks = unexplained(&plot, rows, *plot_area);
        reading::draw(buffer, row, chart, points, cursor, Legend { marks: &marks, noted: rows.note.is_some() });
    }
}

/// The fullest title that has room; beside what is counted where there is room for both. A column of several buckets is as
/// high as the highest of them, which is said where there is room.
fn title(buffer: &mut Buffer, row: Rect, chart: &Chart<'_>, most_in_column: usize) {
    let Some(shortest) = chart.titles.last() else { return };
    let unit = words::shown(chart.aggregation, chart.measure, chart.series.period);
    let kept = if chart.measure == Measure::LowestMetric { "lowest" } else { "highest" };
    let full = format!("{unit}, {kept} of {most_in_column}");
    let has_room = |title: &String| width_of(title) + 2 + width_of(&full) <= row.width;
    let unit = if most_in_column > 1 && chart.titles.first().is_some_and(has_room) { full } else { unit };
    let has_room = |unit: &str| width_of(unit) + 2 + width_of(shortest).min(10) <= row.width;
    let estimated = chart.measure == Measure::EstimatedEvents && !has_room(&unit);
    let plain = || words::shown(chart.aggregation, Measure::Events, chart.series.period);
    let unit = if estimated { format!("~{}", plain()) } else { unit };
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
fn unexplained(plot: &Plot<'_>, rows: &Rows, area: Rect) -> Vec<Unexplained> {
    let any = |value: Value| plot.cells.iter().any(|cell| cell.value == value);
    let mut marks = Vec::new();
    let countdown = countdowns(plot.chart).last().filter(|_| rows.note.is_none()).map_or(0, String::len);
    let least = u16::try_from(countdown.max(7) + 2).unwrap_or(u16::MAX);
    if any(Value::Future) && !(plot.has_caption(Value::Future, area.width, least) && area.height >= 2) {
        marks.push(Unexplained::Future);
    }
    if any(Value::Gap) && !plot.has_caption(Value::Gap, area.width, 9) {
        marks.push(Unexplained::Gap);
    }
    if rows.axis.is_some() && plot.cells.iter().any(|cell| cell.partial) {
        marks.push(Unexplained::Partial);
    }
    marks
}

/// When what has not happened yet will have been kept, from the fullest to the shortest.
fn countdowns(chart: &Chart<'_>) -> Vec<String> {
    match chart.target {
        Some(target) if target > chart.now => {
            let left = span::format(target.since(chart.now));
            let complete = format!("complete in {left}");
            vec![format!("{complete}, at {}", chart.zone.brief(target, chart.now)), complete, format!("{left} left")]
        }
        Some(_) => vec!["capture due".to_owned()],
        None => Vec::new(),
    }
}

/// The lowest count, at most zero, and the highest, at least zero.
fn extremes(points: &[Point]) -> (f64, f64) {
    let counts = points.iter().filter_map(|point| point.count).map(Count::as_f64);
    let finite = counts.filter(|count| count.is_finite());
    finite.fold((0.0f64, 0.0f64), |(low, high), count| (low.min(count), high.max(count)))
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
