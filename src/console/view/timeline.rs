//! Who did what, when: the newest first, since that is what one looks for.

use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{cut, number, width_of, wrap};
use crate::console::event::Detail;
use crate::console::keymap::Action;
use crate::console::screen::Focus;
use crate::domain::{Activity, ActivityKind, SnapshotFacts, Status, SupersededSnapshot, Timestamp};

const WHO: usize = 10;

/// The entries from the one that is scrolled to, and then the lines of what comes `after` them, as many as fit.
pub(super) fn lines(
    canvas: Canvas<'_>,
    detail: &Detail,
    after: &[Line<'static>],
    scroll: usize,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let (zone, now) = (canvas.state.zone, canvas.moment.now);
    let entries = entries(canvas, detail);
    // `12:36`, or where an entry is of another day `Nov 24 12:36`.
    let when = entries.iter().map(|entry| zone.brief(entry.at, now).len()).max().unwrap_or(0);
    let columns = Columns { when, width };
    // Not further than the last line.
    let scroll = scroll.min((entries.len() + after.len()).saturating_sub(1));
    let newer = if after.is_empty() { "newer " } else { "" };
    let after = after.iter().skip(scroll.saturating_sub(entries.len())).cloned();
    let entries = entries.iter().skip(scroll).flat_map(|entry| put(canvas, entry, columns)).chain(after);
    let above = (scroll > 0).then(|| Line::styled(format!("{scroll} {newer}above"), canvas.look.theme.dim));
    let mut lines: Vec<Line<'static>> = above.into_iter().chain(entries).take(height + 1).collect();
    if lines.len() > height && height > 0 {
        lines.truncate(height - 1);
        let (pane, down) = (canvas.state.key(Action::NextPane), canvas.state.key(Action::Down));
        let there = if canvas.state.focus == Focus::Detail { String::new() } else { format!("{pane}, then ") };
        let how = format!("more below: {there}{down}");
        lines.push(Line::styled(how, canvas.look.theme.dim));
    }
    lines
}

/// Something that happened.
struct Entry {
    at: Timestamp,
    who: String,
    text: String,
}

/// What was done, and what became of snapshots, the newest first.
fn entries(canvas: Canvas<'_>, detail: &Detail) -> Vec<Entry> {
    let activities = detail.activities.iter().map(entry);
    let superseded = detail.superseded.iter().map(|kept| superseded(canvas, kept));
    let captured = detail.incident.snapshot.as_ref().map(|facts| captured(canvas, facts));
    let mut entries: Vec<Entry> = activities.chain(superseded).chain(captured).collect();
    // Those of one moment stand as they were recorded, the last of them first.
    entries.reverse();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    entries
}

/// How wide times are, and the whole.
#[derive(Debug, Clone, Copy)]
struct Columns {
    when: usize,
    width: usize,
}

fn entry(activity: &Activity) -> Entry {
    let what = match (activity.kind, activity.to) {
        (ActivityKind::Detected, _) => "opened",
        (ActivityKind::StatusChange, Some(Status::Closed)) => "closed",
        (ActivityKind::StatusChange, Some(Status::Open)) => "reopened",
        (ActivityKind::StatusChange, None) => "changed the status",
        (ActivityKind::Comment, _) => "",
        (ActivityKind::Edit, _) => "edited",
    };
    let said = activity.comment.as_deref().unwrap_or("");
    let text = match (what.is_empty(), said.is_empty()) {
        (false, false) => format!("{what}: {said}"),
        (false, true) => what.to_owned(),
        (true, _) => said.to_owned(),
    };
    Entry { at: activity.at, who: activity.by.clone(), text }
}

fn captured(canvas: Canvas<'_>, facts: &SnapshotFacts) -> Entry {
    let (zone, at) = (canvas.state.zone, facts.date_added);
    let what = if facts.partial { "partial snapshot captured" } else { "snapshot captured" };
    let as_of = zone.brief(facts.as_of, at);
    let text = if as_of == zone.minute(at) { what.to_owned() } else { format!("{what}, as of {as_of}") };
    Entry { at, who: String::new(), text }
}

fn superseded(canvas: Canvas<'_>, kept: &SupersededSnapshot) -> Entry {
    let zone = canvas.state.zone;
    let events = kept.facts.total_events.map_or_else(|| "not known".to_owned(), number);
    let what = if kept.facts.measure.is_metric() { "a metric".to_owned() } else { format!("{events} events") };
    let text = format!("superseded snapshot, as of {}: {what}", zone.day_and_minute(kept.facts.as_of));
    Entry { at: kept.superseded_at, who: String::new(), text }
}

fn put(canvas: Canvas<'_>, entry: &Entry, columns: Columns) -> Vec<Line<'static>> {
    let Entry { at, who, text } = entry;
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let Columns { when, width } = columns;
    let time = canvas.state.zone.brief(*at, canvas.moment.now);
    // In a narrow pane what was said goes below who said it.
    let narrow = width < when + WHO + 22;
    let indent = if narrow { 2 } else { when + WHO + 2 };
    let wrapped = wrap(text, width.saturating_sub(indent).max(8));
    let who = cut(who, if narrow { width.saturating_sub(when + 1) } else { WHO }, glyphs);
    let padding = " ".repeat(WHO.saturating_sub(width_of(&who)) + 1);
    let mut first = vec![Span::styled(format!("{time:>when$} "), theme.dim), Span::styled(who, theme.key)];
    let mut lines = Vec::new();
    let mut rest = wrapped.into_iter();
    if !narrow {
        first.push(Span::raw(padding));
        first.push(Span::styled(rest.next().unwrap_or_default(), theme.text));
    }
    lines.push(Line::from(first));
    lines.extend(rest.map(|line| Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(line, theme.text)])));
    lines
}
