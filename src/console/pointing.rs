//! What can be pointed at with the mouse. The frame that was drawn says what stands where, so that a click means what the
//! operator saw and not what has come since.

use ratatui::layout::{Position, Rect};

use crate::console::keymap::Action;
use crate::console::listing::SortKey;
use crate::console::views::ViewKind;
use crate::domain::{IncidentId, Timestamp};

/// Whether the mouse is the console's or the terminal's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseMode {
    /// The terminal's: texts can be selected with it.
    Terminal,
    /// The console's: rows can be clicked and scrolled with it.
    Console,
}

/// Something on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The tab of a view.
    Tab(ViewKind),
    /// The heading of a column that one can order by.
    Order(SortKey),
    /// The list, where there is no row.
    List,
    /// A row of the list, by its incident.
    Row(IncidentId),
    /// The detail, beside what else is in it.
    Detail,
    /// A column of the chart, by the bucket in its middle.
    Bucket(Timestamp),
    /// The runs of the processor.
    Runs,
    /// The log.
    Log,
    /// A key in the line of hints.
    Hint(Action),
    /// What stands before everything, beside what else is in it.
    Dialog,
    /// A line of a menu or of the palette, from the first on.
    Choice(usize),
    /// A field of a form, from the first on.
    Field(usize),
    /// The button that does nothing.
    Cancel,
    /// The button that does what the form is for.
    Accept,
}

/// What is done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// A button was pressed.
    Press,
    /// It moved with a button held down.
    Drag,
    /// The wheel was turned towards the hand.
    ScrollDown,
    /// The wheel was turned away from the hand.
    ScrollUp,
}

/// What stands where, as of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    places: Vec<(Rect, Target)>,
}

impl Targets {
    /// Something stands here, before what was put here before.
    pub fn put(&mut self, place: Rect, target: Target) {
        self.places.push((place, target));
    }

    /// Something stands before everything: nothing else can be pointed at.
    pub fn cover(&mut self, place: Rect, target: Target) {
        self.places.clear();
        self.put(place, target);
    }

    /// What stands at a place, if that is something.
    #[must_use]
    pub fn at(&self, column: u16, row: u16) -> Option<Target> {
        let place = Position::new(column, row);
        self.places.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, target)| *target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_last_is_pointed_at_first_and_a_dialog_covers_all() {
        let mut targets = Targets::default();
        targets.put(Rect::new(0, 0, 10, 10), Target::List);
        targets.put(Rect::new(0, 3, 10, 1), Target::Row(IncidentId::new(7)));
        assert_eq!(targets.at(4, 3), Some(Target::Row(IncidentId::new(7))));
        assert_eq!((targets.at(4, 4), targets.at(10, 3)), (Some(Target::List), None));
        targets.cover(Rect::new(2, 2, 3, 3), Target::Dialog);
        assert_eq!((targets.at(3, 3), targets.at(0, 3)), (Some(Target::Dialog), None));
    }
}
