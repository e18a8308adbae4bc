//! Moves rows from one database to another, whichever engine each is on, a page of a table at a time.
//!
//! A row travels as the text of a JSON array, which both engines write and read by themselves. Knows how a page is read,
//! stored and compared, and the marker of a copy that is not complete; in which order that happens is `ops::copy`'s.

mod marker;
mod page;
mod statements;
mod tables;
mod target;

pub use marker::CopyMarker;
pub use page::{Page, values};
pub use tables::{TABLES, Table};
pub(super) use target::is_same_file;

/// Why a database that is being copied into is not opened for anything else.
pub(super) fn refusal(location: &super::Location, marker: &CopyMarker) -> String {
    let source = crate::domain::text::shorten(&marker.source, 200);
    format!(
        "{location} is being copied into from {source}, and not complete: end that with \
         'afterimage --database-url {source} db copy --to {location}', or use another database"
    )
}
