//! The columns of the incident list: which there are, in which order, and how wide on a screen of a given width.

use super::SortKey;
use crate::domain::named_enum;

named_enum! {
    /// A column of the incident list.
    Column, "column", "id, status, title, projects, rule, type, shape, started, duration, window, events, users, snapshot" {
        /// The number.
        Id = "id",
        /// Open or closed.
        Status = "status",
        /// What it is called. Always there.
        Title = "title",
        /// The projects.
        Projects = "projects",
        /// The rule.
        Rule = "rule",
        /// How it came to be.
        Type = "type",
        /// The sparkline.
        Shape = "shape",
        /// How long ago it started.
        Started = "started",
        /// How long it lasted, or has lasted so far.
        Duration = "duration",
        /// The time window.
        Window = "window",
        /// The total events.
        Events = "events",
        /// The unique users.
        Users = "users",
        /// How it stands with the snapshot. Always there.
        Snapshot = "snapshot",
    }
}

/// To which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Side {
    Left,
    Right,
}

/// Between two columns.
pub const GAP: usize = 1;
/// A status without its word.
const GLYPH: usize = 1;
/// The widest snapshot cell: `x retry 3/8 in 30s`.
pub const SNAPSHOT: usize = 18;

impl Column {
    /// What the list is ordered by where its heading is clicked. A shape has no order.
    #[must_use]
    pub const fn sort_key(self) -> Option<SortKey> {
        Some(match self {
            Self::Id => SortKey::Id,
            Self::Status => SortKey::Status,
            Self::Title => SortKey::Title,
            Self::Projects => SortKey::Projects,
            Self::Rule => SortKey::Rule,
            Self::Type => SortKey::Type,
            Self::Shape => return None,
            Self::Started => SortKey::Started,
            Self::Duration => SortKey::Duration,
            Self::Window => SortKey::Window,
            Self::Events => SortKey::Events,
            Self::Users => SortKey::Users,
            Self::Snapshot => SortKey::Due,
        })
    }

    /// To which side its texts stand: numbers and spans to the right.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Id | Self::Started | Self::Duration | Self::Window | Self::Events | Self::Users => Side::Right,
            _ => Side::Left,
        }
    }

    /// Whether no list is without it.
    #[must_use]
    pub const fn is_needed(self) -> bool {
        matches!(self, Self::Title | Self::Snapshot)
    }

    /// The least width at which it is worth having; the title has what is left.
    const fn least(self) -> usize {
        match self {
            Self::Id | Self::Title => 0,
            Self::Status | Self::Type | Self::Events | Self::Duration => 8,
            Self::Projects => 12,
            Self::Rule | Self::Shape => 10,
            Self::Started | Self::Window => 7,
            Self::Users => 6,
            Self::Snapshot => SNAPSHOT,
        }
    }
}

/// Which columns are wanted, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// All there are, each with whether it is wanted.
    order: Vec<(Column, bool)>,
}

impl Default for Columns {
    fn default() -> Self {
        let dropped = [Column::Rule, Column::Type, Column::Duration, Column::Window, Column::Events, Column::Users];
        Self { order: Column::ALL.iter().map(|column| (*column, !dropped.contains(column))).collect() }
    }
}

impl Columns {
    /// These in this order, and what must always be there after them.
    #[must_use]
    pub fn of(wanted: &[Column]) -> Self {
        let mut order: Vec<(Column, bool)> = Vec::new();
        let needed = Column::ALL.iter().filter(|column| column.is_needed());
        for column in wanted.iter().chain(needed) {
            if !order.iter().any(|(there, _)| there == column) {
                order.push((*column, true));
            }
        }
        let others = Column::ALL.iter().filter(|column| !order.iter().any(|(there, _)| there == *column));
        let others: Vec<(Column, bool)> = others.map(|column| (*column, false)).collect();
        order.extend(others);
        Self { order }
    }

    /// All there are, in order, each with whether it is wanted.
    #[must_use]
    pub fn all(&self) -> &[(Column, bool)] {
        &self.order
    }

    /// Those that are wanted, in order.
    #[must_use]
    pub fn wanted(&self) -> Vec<Column> {
        self.order.iter().filter(|(_, wanted)| *wanted).map(|(column, _)| *column).collect()
    }

    /// Wants the column at this place or no longer does; whether it can be so.
    pub fn toggle(&mut self, at: usize) -> bool {
        match self.order.get_mut(at).filter(|(column, _)| !column.is_needed()) {
            Some((_, wanted)) => {
                *wanted = !*wanted;
                true
            }
            None => false,
        }
    }

    /// Puts the column at this place one further to the left or to the right, and says where it is then.
    pub fn shift(&mut self, at: usize, step: isize) -> usize {
        let to = at.saturating_add_signed(step).min(self.order.len() - 1);
        self.order.swap(at, to);
        to
    }

    /// The widths in a list that is `width` wide, where numbers take `id` and `before` is taken already. The title has
    /// what is left. Where that is too little, columns go by how much they are missed: state and countdown go last.
    #[must_use]
    pub fn layout(&self, width: usize, id: usize, before: usize) -> Vec<(Column, usize)> {
        let least = |column: Column| if column == Column::Id { id } else { column.least() };
        let mut cells: Vec<(Column, usize)> = self.wanted().into_iter().map(|column| (column, least(column))).collect();
        let left = |cells: &[(Column, usize)]| {
            let gaps = GAP * cells.len().saturating_sub(1);
            width.saturating_sub(before + gaps + cells.iter().map(|(_, width)| width).sum::<usize>())
        };
        for (column, title) in [
            (Column::Users, 16),
            (Column::Events, 16),
            (Column::Type, 16),
            (Column::Rule, 16),
            (Column::Window, 16),
            (Column::Duration, 16),
            // Its glyph says what the word says.
            (Column::Status, 26),
            (Column::Projects, 20),
            (Column::Shape, 16),
            (Column::Started, 14),
        ] {
            if left(&cells) < title {
                match column {
                    Column::Status => cells.iter_mut().filter(|(it, _)| *it == column).for_each(|it| it.1 = GLYPH),
                    _ => cells.retain(|(it, _)| *it != column),
                }
            }
        }
        let mut title = left(&cells);
        // What is beyond a comfortable title makes the others comfortable first.
        for (column, wide, comfortable) in [
            (Column::Shape, 16_usize, 30),
            (Column::Projects, 16, 32),
            (Column::Rule, 16, 32),
            (Column::Shape, 24, 40),
            (Column::Projects, 24, 48),
        ] {
            if let Some((_, width)) = cells.iter_mut().find(|(it, _)| *it == column) {
                let more = wide.saturating_sub(*width).min(title.saturating_sub(comfortable));
                *width += more;
                title -= more;
            }
        }
        cells.iter_mut().filter(|(it, _)| *it == Column::Title).for_each(|it| it.1 = title);
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(columns: &[(Column, usize)]) -> Vec<&'static str> {
        columns.iter().map(|(column, _)| column.name()).collect()
    }

    #[test]
    fn the_columns_fill_the_width_exactly_however_many_are_wanted() {
        let all = Columns::of(Column::ALL);
        for columns in [Columns::default(), all, Columns::of(&[])] {
            for width in 28..300 {
                let cells = columns.layout(width, 4, 2);
                let used = 2 + cells.iter().map(|(_, width)| width).sum::<usize>() + GAP * (cells.len() - 1);
                assert_eq!(used, width, "{cells:?}");
                assert!(cells.iter().any(|(column, _)| *column == Column::Snapshot));
            }
        }
    }

    #[test]
    fn where_there_is_little_room_state_and_countdown_go_last() {
        let at = |width| Columns::default().layout(width, 4, 2);
        assert_eq!(names(&at(96)), ["id", "status", "title", "projects", "shape", "started", "snapshot"]);
        assert_eq!(names(&at(78)), ["id", "status", "title", "shape", "started", "snapshot"]);
        assert_eq!(names(&at(58)), ["id", "status", "title", "started", "snapshot"]);
        assert_eq!(names(&at(38)), ["id", "status", "title", "snapshot"]);
        assert_eq!(at(38)[1], (Column::Status, GLYPH));
    }

    #[test]
    fn title_and_snapshot_are_always_there_and_nothing_is_there_twice() {
        let mut columns = Columns::of(&[Column::Rule, Column::Id, Column::Rule]);
        assert_eq!(columns.wanted(), [Column::Rule, Column::Id, Column::Title, Column::Snapshot]);
        assert_eq!(columns.all().len(), Column::ALL.len());
        assert!(!columns.toggle(2) && columns.toggle(0));
        assert_eq!(columns.wanted(), [Column::Id, Column::Title, Column::Snapshot]);
        assert_eq!(columns.shift(1, -1), 0);
        assert_eq!(columns.wanted(), [Column::Id, Column::Title, Column::Snapshot]);
        assert_eq!(columns.shift(0, 2), 2);
        assert_eq!(columns.shift(0, -1), 0);
    }
}
