//! Where everything of a chart goes. Said once, for drawing and for telling what is drawn at a place.

use ratatui::layout::Rect;

use super::cells::{Cell, reduce};
use super::scale::Scale;
use super::{Chart, extremes, is_whole, width_of};
use crate::domain::series::Point;

/// Columns from which on there is room for values beside the bars.
const ROOM_FOR_VALUES: u16 = 30;

/// Where everything goes.
pub(super) struct Layout {
    pub rows: Rows,
    /// How many columns the values take, left of the bars.
    pub gutter: u16,
    /// The values, by their row counted from the bottom.
    pub labels: Vec<(u16, String)>,
    /// Where the bars go.
    pub plot: Rect,
    /// The bars, one for each column of it.
    pub cells: Vec<Cell>,
    pub scale: Scale,
}

impl Layout {
    pub(super) fn new(area: Rect, chart: &Chart<'_>, points: &[Point]) -> Self {
        let rows = Rows::new(area, chart);
        let height = rows.bars.height;
        let behind = chart.behind.and_then(|behind| behind.height(0..points.len())).unwrap_or(0.0);
        let (lowest, peak) = extremes(points);
        let scale = Scale::new((lowest, peak.max(behind)), height, is_whole(points));
        let has_values = rows.axis.is_some() && area.width >= ROOM_FOR_VALUES && !points.is_empty();
        let labels = if has_values { scale.ticks(height) } else { Vec::new() };
        let widest = labels.iter().map(|(_, label)| width_of(label)).max();
        let gutter = widest.map_or(0, |widest| widest.max(width_of(&scale.origin())) + 2);
        let plot = Rect { x: area.x + gutter, width: area.width - gutter, ..rows.bars };
        let cells = reduce(points, usize::from(plot.width), chart.now, chart.measure);
        Self { rows, gutter, labels, plot, cells, scale }
    }
}

impl Layout {
    /// How many buckets a column stands for, at the most.
    pub(super) fn most_in_column(&self) -> usize {
        self.cells.iter().map(|cell| cell.points.len()).max().unwrap_or(0)
    }
}

/// Which rows there is room for: the bars first, then the reading, the bracket, the axis, its labels, the title, the note.
pub(super) struct Rows {
    pub title: Option<Rect>,
    pub note: Option<Rect>,
    pub bracket: Option<Rect>,
    /// With the values beside them.
    pub bars: Rect,
    pub axis: Option<Rect>,
    pub labels: Option<Rect>,
    pub reading: Option<Rect>,
}

impl Rows {
    fn new(area: Rect, chart: &Chart<'_>) -> Self {
        let row = |y: u16| Rect { y, height: 1, ..area };
        let (mut top, mut bottom) = (area.y, area.bottom());
        let mut from_top = |has_room: bool| {
            let y = top;
            has_room.then(|| {
                top += 1;
                row(y)
            })
        };
        let title = from_top(area.height >= 9);
        let note = from_top(area.height >= 10 && !chart.notes.is_empty());
        let bracket = from_top(area.height >= 4);
        let mut from_bottom = |has_room: bool| {
            has_room.then(|| {
                bottom -= 1;
                row(bottom)
            })
        };
        let reading = from_bottom(area.height >= 2);
        let labels = from_bottom(area.height >= 7);
        let axis = from_bottom(area.height >= 5);
        Self { title, note, bracket, bars: Rect { y: top, height: bottom - top, ..area }, axis, labels, reading }
    }
}
