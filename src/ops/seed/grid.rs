//! How finely time is cut into cells, each of which is filled by itself: finely around incidents, coarsely elsewhere.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::window::Range;

/// The cells of one signal, as stretches of equal fineness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    stretches: Vec<Stretch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    range: Range,
    step: Duration,
}

impl Grid {
    /// Cuts every range into cells of its step; where ranges overlap, the finest step holds.
    #[must_use]
    pub fn new(wanted: &[(Range, Duration)]) -> Self {
        let mut bounds: Vec<Timestamp> = wanted.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let mut stretches: Vec<Stretch> = Vec::new();
        for pair in bounds.windows(2) {
            let range = Range::new(pair[0], pair[1]);
            let finest = wanted.iter().filter(|(whole, _)| whole.contains(range)).map(|(_, step)| *step).min();
            let Some(step) = finest else { continue };
            match stretches.last_mut() {
                Some(last) if last.step == step && last.range.end == range.start => last.range.end = range.end,
                _ => stretches.push(Stretch { range, step }),
            }
        }
        Self { stretches }
    }

    /// The cells that meet `range`, in time order, each whole: what a cell is does not depend on what is asked for.
    pub fn cells(&self, range: Range) -> impl Iterator<Item = Range> + '_ {
        self.stretches.iter().flat_map(move |stretch| stretch.cells(range))
    }
}

impl Stretch {
    fn cells(self, wanted: Range) -> impl Iterator<Item = Range> {
        let meeting = self.range.intersection(wanted);
        let first = (!meeting.is_empty()).then(|| meeting.start.floor(self.step));
        std::iter::successors(first, move |start| Some(*start + self.step))
            .take_while(move |start| *start < meeting.end)
            .map(move |start| Range::new(start, start + self.step).intersection(self.range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i64, end: i64) -> Range {
        Range::new(Timestamp::from_seconds(start), Timestamp::from_seconds(end))
    }

    fn check(grid: &Grid, wanted: Range, cells: &[(i64, i64)]) {
        let found: Vec<(i64, i64)> =
            grid.cells(wanted).map(|cell| (cell.start.as_seconds(), cell.end.as_seconds())).collect();
        assert_eq!(found, cells);
    }

    #[test]
    fn the_finest_step_holds_and_cells_lie_on_its_grid() {
        let grid = Grid::new(&[(range(0, 100), Duration::from_secs(40)), (range(30, 55), Duration::from_secs(10))]);
        check(&grid, range(0, 100), &[(0, 30), (30, 40), (40, 50), (50, 55), (55, 80), (80, 100)]);
    }

    #[test]
    fn asking_for_a_part_gives_the_whole_cells_that_it_meets() {
        let grid = Grid::new(&[(range(0, 100), Duration::from_secs(40))]);
        check(&grid, range(39, 41), &[(0, 40), (40, 80)]);
        check(&grid, range(40, 80), &[(40, 80)]);
        check(&grid, range(100, 200), &[]);
    }

    #[test]
    fn where_nothing_is_wanted_there_are_no_cells() {
        let grid = Grid::new(&[(range(0, 10), Duration::from_secs(10)), (range(50, 60), Duration::from_secs(10))]);
        check(&grid, range(0, 100), &[(0, 10), (50, 60)]);
        check(&Grid::default(), range(0, 100), &[]);
    }
}
