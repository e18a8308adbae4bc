//! What the keys of the chart do: its cursor, how much of the series it shows, and which.

use crate::console::event::Moment;
use crate::console::state::State;
use crate::console::state::extent::{Change, Direction};
use crate::domain::{SeriesKind, Timestamp};

/// Shows more, less, or another part of the series.
pub(super) fn change_extent(state: &mut State, change: Change, moment: Moment) {
    if let Some(extent) = state.extent_after(change, moment.now) {
        state.detail.extent = extent;
    }
}

/// The cursor appears where the incident starts, or else in the middle of what is shown; it moves bucket by bucket, or many at a time, and
/// takes the chart along at its edge.
pub(super) fn move_cursor(state: &mut State, direction: Direction, buckets: u32, moment: Moment) {
    let Some(subject) = state.charted(moment.now) else { return };
    let (series, extent) = (subject.series, state.detail.extent);
    let (first, period) = (series.first_bucket(), series.period);
    let last = first + period * u32::try_from(series.len() - 1).unwrap_or(u32::MAX);
    let moved = match (state.detail.cursor, direction) {
        (Some(at), Direction::Earlier) => at - period * buckets,
        (Some(at), Direction::Later) => at + period * buckets,
        (None, _) => {
            let (shown, started) = (extent.range(subject), subject.incident.date_started);
            let seen = (shown.start..shown.end).contains(&started);
            if seen { started.floor(period) } else { (shown.start + shown.length() / 2).floor(period) }
        }
    };
    let cursor = moved.clamp(first, last);
    let extent = extent.following(subject, cursor);
    state.detail.cursor = Some(cursor);
    state.detail.extent = extent;
}

/// Puts the cursor on a bucket that is seen.
pub(super) fn put_cursor(state: &mut State, bucket: Timestamp, moment: Moment) {
    if state.charted(moment.now).is_some() {
        state.detail.cursor = Some(bucket);
    }
}

/// Shows less of the series about a bucket, or more.
pub(super) fn zoom_at(state: &mut State, bucket: Timestamp, step: isize, moment: Moment) {
    let change = if step < 0 { Change::In } else { Change::Out };
    let extent =
        state.charted(moment.now).and_then(|subject| state.detail.extent.changed(change, subject, Some(bucket)));
    state.detail.extent = extent.unwrap_or(state.detail.extent);
}

/// Shows the other series. What was chosen in the one means little in the other.
pub(super) fn switch_series(state: &mut State, moment: Moment) {
    let Some(detail) = state.shown_detail() else { return };
    let shown = state.shown_series(&detail.incident, moment.now);
    state.detail.series = Some(match shown {
        SeriesKind::Windowed => SeriesKind::Lifetime,
        SeriesKind::Lifetime => SeriesKind::Windowed,
    });
    state.detail.cursor = None;
    state.detail.extent = state.detail.extent.carried_over();
}
