//! What every region is drawn from.

use std::cell::RefCell;

use ratatui::layout::Rect;

use crate::console::event::Moment;
use crate::console::options::Look;
use crate::console::pointing::{MouseMode, Target, Targets};
use crate::console::screen::Screen;
use crate::console::state::State;

/// What every region is drawn from.
#[derive(Clone, Copy)]
pub(super) struct Canvas<'a> {
    /// What there is.
    pub state: &'a State,
    /// How it looks.
    pub look: &'a Look,
    /// As of when.
    pub moment: Moment,
    /// Where everything goes.
    pub screen: Screen,
    /// What stands where, for the mouse.
    pub targets: &'a RefCell<Targets>,
}

impl Canvas<'_> {
    /// Whether anybody will ask what stands where.
    pub fn is_pointed_at(self) -> bool {
        self.state.mouse == MouseMode::Console
    }

    /// Says what stands here, before what was put here before.
    pub fn put(self, place: Rect, target: Target) {
        if self.is_pointed_at() {
            self.targets.borrow_mut().put(place, target);
        }
    }

    /// Says that something stands before everything.
    pub fn cover(self, place: Rect, target: Target) {
        self.targets.borrow_mut().cover(place, target);
    }
}
