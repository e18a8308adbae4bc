//! The two axes. Knows where labels go, not which ones there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::plot::{Plot, put};
use super::timeline::Tick;
use super::{Chart, width_of};

/// Values, to the left of the columns: a label for each of `labels`, by its row counted from the bottom.
pub(super) fn vertical(buffer: &mut Buffer, area: Rect, gutter: u16, labels: &[(u16, String)], chart: &Chart<'_>) {
    for row in 0..area.height {
        let y = area.bottom() - 1 - row;
        let label = labels.iter().find(|(at, _)| *at == row);
        let glyph = if label.is_some() { chart.glyphs.axis_tick_vertical() } else { chart.glyphs.axis_vertical() };
        put(buffer, area.x + gutter - 1, y, glyph, chart.theme.chart_axis);
        if let Some((_, label)) = label {
            let x = area.x + gutter - 2 - width_of(label);
            buffer.set_stringn(x, y, label, label.len(), chart.theme.chart_axis);
        }
    }
}

/// The line below the columns: where the incident is, which buckets are not whole, where the cursor stands.
pub(super) fn horizontal(buffer: &mut Buffer, row: Rect, gutter: u16, plot: &Plot<'_>, ticks: &[Tick]) {
    let (glyphs, theme) = (plot.chart.glyphs, plot.chart.theme);
    if gutter > 0 {
        put(buffer, row.x + gutter - 1, row.y, glyphs.axis_corner(), theme.chart_axis);
        let origin = plot.scale.origin();
        if gutter >= width_of(&origin) + 2 {
            let x = row.x + gutter - 2 - width_of(&origin);
            buffer.set_stringn(x, row.y, &origin, origin.len(), theme.chart_axis);
        }
    }
    for (column, cell) in (0..row.width - gutter).zip(plot.cells) {
        let tick = ticks.iter().any(|tick| tick.column == column);
        let (glyph, style) = if plot.cursor.is_some() && plot.is_middle(column) {
            (glyphs.cursor(), theme.chart_cursor)
        } else if cell.partial {
            (glyphs.axis_partial(), theme.chart_cursor)
        } else if plot.extent.contains(column) {
            (if tick { glyphs.axis_tick_incident() } else { glyphs.axis_incident() }, theme.chart_mark)
        } else if tick {
            (glyphs.axis_tick_horizontal(), theme.chart_axis)
        } else {
            (glyphs.axis_horizontal(), theme.chart_axis)
        };
        put(buffer, row.x + gutter + column, row.y, glyph, style);
    }
}

/// The times below the line.
pub(super) fn times(buffer: &mut Buffer, row: Rect, ticks: &[Tick], chart: &Chart<'_>) {
    for tick in ticks {
        buffer.set_stringn(row.x + tick.label_at, row.y, &tick.label, tick.label.len(), chart.theme.chart_axis);
    }
}
