//! How it stands with a snapshot, in a cell of the list and in a sentence of the detail.

use ratatui::style::Style;

use super::text::{countdown, roughly};
use crate::console::options::Look;
use crate::console::state::processor::Standing;
use crate::console::zone::Zone;
use crate::domain::schedule::MAX_ATTEMPTS;

pub(super) use crate::console::listing::SNAPSHOT as CELL;

/// The cell and its style. Counts down in columns that do not move.
pub(super) fn cell(standing: Standing, zone: Zone, look: &Look) -> (String, Style) {
    let (theme, failed) = (&look.theme, look.glyphs.failed());
    match standing {
        Standing::Open => ("-".to_owned(), theme.dim),
        Standing::Nothing => ("none".to_owned(), theme.dim),
        Standing::Waiting(left) => (format!("in {}", countdown(left)), theme.pending),
        Standing::Due(Some(run_at)) => (format!("due, run {}", zone.minute(run_at)), theme.due),
        Standing::Due(None) => ("due".to_owned(), theme.due),
        Standing::Capturing => ("capturing".to_owned(), theme.due),
        // A fault of the database or the network is not counted against the row.
        Standing::Retrying(0, left) => (format!("{failed} again in {}", roughly(left)), theme.failing),
        Standing::Retrying(attempts, left) => {
            (format!("{failed} retry {attempts}/{MAX_ATTEMPTS} in {}", roughly(left)), theme.failing)
        }
        Standing::Dead => (format!("{failed} dead"), theme.dead),
        Standing::Partial => (format!("{} partial", look.glyphs.partial()), theme.partial),
        Standing::Captured => (format!("{} captured", look.glyphs.captured()), theme.captured),
    }
}
