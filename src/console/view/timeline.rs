//! Who did what, when: the newest first, since that is what one looks for.

use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{cut, number, width_of, wrap};
use crate::console::event::Detail;
use crate::domain::{Activity, ActivityKind, Status, SupersededSnapshot};

/// `Nov 24 12:36`.
const WHEN: usize = 12;
const WHO: usize = 10;

/// The entries from the one that is scrolled to, as many lines as fit.
pub(super) fn lines(canvas: Canvas<'_>, detail: &Detail, width: usize, height: usize) -> Vec<Line<'static>> {
    let activities = detail.activities.iter().rev().map(|activity| entry(canvas, activity, width));
    let superseded = detail.superseded.iter().map(|kept| superseded(canvas, kept, width));
    let mut lines: Vec<Line<'static>> =
        activities.chain(superseded).skip(canvas.state.detail.scroll).flatten().take(height + 1).collect();
    if lines.len() > height && height > 0 {
        lines.truncate(height - 1);
        lines.push(Line::styled("more below: tab, then j", canvas.look.theme.dim));
    }
    lines
}

fn entry(canvas: Canvas<'_>, activity: &Activity, width: usize) -> Vec<Line<'static>> {
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
    let when = canvas.state.zone.day_and_minute(activity.at);
    put(canvas, &when, &activity.by, &text, width)
}

fn superseded(canvas: Canvas<'_>, kept: &SupersededSnapshot, width: usize) -> Vec<Line<'static>> {
    let zone = canvas.state.zone;
    let events = kept.facts.total_events.map_or_else(|| "unknown".to_owned(), number);
    let text = format!("superseded snapshot, as of {}: {events} events", zone.day_and_minute(kept.facts.as_of));
    put(canvas, &zone.day_and_minute(kept.superseded_at), "", &text, width)
}

fn put(canvas: Canvas<'_>, when: &str, who: &str, text: &str, width: usize) -> Vec<Line<'static>> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    // In a narrow pane what was said goes below who said it.
    let narrow = width < WHEN + WHO + 22;
    let indent = if narrow { 2 } else { WHEN + WHO + 2 };
    let wrapped = wrap(text, width.saturating_sub(indent).max(8));
    let who = cut(who, if narrow { width.saturating_sub(WHEN + 1) } else { WHO }, glyphs);
    let padding = " ".repeat(WHO.saturating_sub(width_of(&who)) + 1);
    let mut first = vec![Span::styled(format!("{when:>WHEN$} "), theme.dim), Span::styled(who, theme.key)];
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
