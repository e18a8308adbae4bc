//! What every region is drawn from.

use crate::console::event::Moment;
use crate::console::options::Look;
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
}
