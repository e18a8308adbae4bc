//! The columns themselves: bars, hatching over gaps, dots over what has not happened yet, the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::cells::{Cell, Value};
use super::incident::Extent;
use super::scale::Scale;
use super::{Chart, countdowns};
use crate::console::glyphs::Glyphs;

/// What is drawn, in columns.
pub(super) struct Plot<'a> {
    pub chart: &'a Chart<'a>,
    pub cells: &'a [Cell],
    pub scale: Scale,
    pub extent: Extent,
    /// Whether the labelled values go on as lines across the chart.
    pub gridlines: bool,
    /// Position of the cursor among the points.
    pub cursor: Option<usize>,
}

/// A text over a stretch of columns that have no bars.
pub(super) struct Caption {
    at: u16,
    row: u16,
    text: String,
}

impl Plot<'_> {
    pub(super) fn draw(&self, buffer: &mut Buffer, area: Rect) {
        let ticks = if self.gridlines { self.scale.ticks(area.height) } else { Vec::new() };
        let gridlines: Vec<u16> = ticks.into_iter().map(|(row, _)| row).collect();
        let stretches = self.stretches(area.width);
        for (column, cell) in (0..area.width).zip(self.cells) {
            let narrow = stretches.iter().any(|(_, start, end)| (*start..*end).contains(&column) && end - start < 4);
            let outline = self.outline(cell, area.height);
            for row in 0..area.height {
                let (glyph, style) = self
                    .occupied(column, cell, row, area.height)
                    .map(|bar| self.seen_through(bar, outline, row))
                    .or_else(|| self.behind(outline, row))
                    .unwrap_or_else(|| self.background(column, cell.value, row, gridlines.contains(&row), narrow));
                put(buffer, area.x + column, area.bottom() - 1 - row, glyph, style);
            }
        }
        for caption in self.captions(area.width, area.height) {
            for (x, letter) in (area.x + caption.at..area.right()).zip(caption.text.chars()) {
                let mut letters = [0; 4];
                put(buffer, x, area.y + caption.row, letter.encode_utf8(&mut letters), self.chart.theme.text);
            }
        }
    }

    /// Where the outline of what stands behind goes through a column: the row, and the character.
    fn outline(&self, cell: &Cell, rows: u16) -> Option<(u16, &'static str)> {
        let height = self.chart.behind?.height(cell.points.clone())?;
        let levels = self.chart.glyphs.behind_levels();
        let parts = u16::try_from(levels.len()).unwrap_or(1);
        let top = self.scale.height(height, rows, parts).checked_sub(1)?;
        Some((top / parts, levels[usize::from(top % parts)]))
    }

    fn behind(&self, outline: Option<(u16, &'static str)>, row: u16) -> Option<(&'static str, Style)> {
        outline.filter(|(at, _)| *at == row).map(|(_, glyph)| (glyph, self.chart.theme.chart_behind))
    }

    /// A bar that is higher than what stands behind it lets the outline through, in reverse: without colours, too.
    fn seen_through(
        &self,
        (glyph, style): (&'static str, Style),
        outline: Option<(u16, &'static str)>,
        row: u16,
    ) -> (&'static str, Style) {
        let full = self.chart.glyphs.bar_levels().last() == Some(&glyph);
        let full = full || self.chart.glyphs.bar_levels_incident().last() == Some(&glyph);
        match outline.filter(|(at, _)| full && *at == row) {
            Some((_, line)) if self.chart.glyphs == Glyphs::Ascii => (line, self.chart.theme.chart_behind),
            Some((_, line)) => (line, style.add_modifier(Modifier::REVERSED)),
            None => (glyph, style),
        }
    }

    /// The bar or the cursor in one place; rows count from the bottom.
    fn occupied(&self, column: u16, cell: &Cell, row: u16, rows: u16) -> Option<(&'static str, Style)> {
        let theme = self.chart.theme;
        let under_cursor = self.cursor.is_some_and(|cursor| cell.points.contains(&cursor));
        let bar = match cell.value {
            Value::Count(count) => self.bar(column, count, row, rows),
            Value::Gap | Value::Future => None,
        };
        match bar {
            Some((glyph, style)) => Some((glyph, if under_cursor { theme.chart_cursor } else { style })),
            None if under_cursor && self.is_middle(column) => {
                Some((self.chart.glyphs.cursor_line(), theme.chart_cursor))
            }
            None => None,
        }
    }

    /// What one place shows where there is no bar. A narrow stretch is filled closely, or it might show nothing.
    fn background(&self, column: u16, value: Value, row: u16, gridline: bool, narrow: bool) -> (&'static str, Style) {
        let (glyphs, theme) = (self.chart.glyphs, self.chart.theme);
        let edge = self.extent.columns.is_some_and(|(first, last)| {
            (column == first && !self.extent.older) || (column == last && !self.extent.longer)
        });
        // Diagonals that go on from row to row.
        let hatched = row == 0 || narrow || (column + 3 * row).is_multiple_of(4);
        let dotted = (column + 2 * row).is_multiple_of(if narrow || row == 0 { 2 } else { 4 });
        match value {
            Value::Gap if hatched => (glyphs.gap(), theme.chart_gap),
            Value::Future if dotted || (narrow && row == 0) => (glyphs.future(), theme.chart_future),
            Value::Count(_) if edge => (glyphs.incident_edge(), theme.chart_mark),
            Value::Count(_) if gridline && column.is_multiple_of(4) => (glyphs.gridline(), theme.chart_axis),
            _ => (" ", Style::new()),
        }
    }

    fn bar(&self, column: u16, count: f64, row: u16, rows: u16) -> Option<(&'static str, Style)> {
        let (glyphs, theme) = (self.chart.glyphs, self.chart.theme);
        let (levels, style) = if self.extent.contains(column) {
            (glyphs.bar_levels_incident(), theme.chart_incident)
        } else {
            (glyphs.bar_levels(), theme.chart_bar)
        };
        let parts = u16::try_from(levels.len()).unwrap_or(1);
        let filled = self.scale.height(count, rows, parts).saturating_sub(row * parts).min(parts);
        let glyph = levels.get(usize::from(filled).checked_sub(1)?)?;
        Some((glyph, style))
    }

    /// A stretched bucket takes several columns; the line of the cursor stands in the middle one.
    pub(super) fn is_middle(&self, column: u16) -> bool {
        let under = |cell: &Cell| self.cursor.is_some_and(|cursor| cell.points.contains(&cursor));
        let first = self.cells.iter().position(under);
        let last = self.cells.iter().rposition(under);
        first.zip(last).is_some_and(|(first, last)| usize::from(column) == first.midpoint(last))
    }

    /// The captions that have room, in the middle of their stretches.
    fn captions(&self, width: u16, rows: u16) -> Vec<Caption> {
        let mut captions = Vec::new();
        for (value, start, end) in self.stretches(width) {
            let fits = |line: &String| line.len() + 2 <= usize::from(end - start);
            let countdown = countdowns(self.chart).into_iter().find(fits);
            let lines = match value {
                Value::Gap => vec!["no data".to_owned()],
                Value::Future => std::iter::once("not yet".to_owned()).chain(countdown).collect(),
                Value::Count(_) => continue,
            };
            let lines: Vec<String> = lines.into_iter().filter(fits).map(|line| format!(" {line} ")).collect();
            let count = u16::try_from(lines.len()).unwrap_or(0).min(rows);
            for (line, text) in (0..count).zip(lines) {
                let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
                let at = start + (end - start - length) / 2;
                captions.push(Caption { at, row: (rows - count) / 2 + line, text });
            }
        }
        captions
    }

    /// Whether a stretch of this kind has its caption, so that no legend need explain it.
    pub(super) fn has_caption(&self, value: Value, width: u16, least: u16) -> bool {
        self.stretches(width).iter().any(|(kind, start, end)| *kind == value && end - start >= least)
    }

    /// Neighbouring columns without counts: what they are, the first, and the one after the last.
    fn stretches(&self, width: u16) -> Vec<(Value, u16, u16)> {
        let mut stretches: Vec<(Value, u16, u16)> = Vec::new();
        for (column, cell) in (0..width).zip(self.cells) {
            match (cell.value, stretches.last_mut()) {
                (Value::Count(_), _) => {}
                (value, Some((last, _, end))) if *last == value && *end == column => *end = column + 1,
                (value, _) => stretches.push((value, column, column + 1)),
            }
        }
        stretches
    }
}

pub(super) fn put(buffer: &mut Buffer, x: u16, y: u16, glyph: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut(Position::new(x, y)) {
        // What was here before is replaced, its modifiers included.
        cell.reset();
        cell.set_symbol(glyph).set_style(style);
    }
}
