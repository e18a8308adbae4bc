//! The line at the top: which database, what the processor does, what must not be forgotten, and what time it is. What
//! there is no room for is left out, the clock and the warnings last.

use std::time::Duration;

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{cut, cut_start, width_of};
use crate::console::options::{Access, ClockKind, DataKind};
use crate::console::state::connection::Connection;
use crate::console::state::processor::{LastRun, ProcessorState, alive};
use crate::domain::{Timestamp, span, text};

/// `59m 59s`: longer ones stand so long that a change is no flicker.
const LONGEST_COUNTDOWN: usize = 7;

/// Draws the line.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let (area, theme) = (canvas.screen.header, &canvas.look.theme);
    let width = usize::from(area.width);
    let clock = format!("{} {} ", canvas.state.zone.name(canvas.moment.now), canvas.state.zone.time(canvas.moment.now));
    let badges = badges(canvas, width >= 64);
    let badges: Vec<Span<'static>> =
        badges.into_iter().flat_map(|badge| [Span::styled(format!(" {badge} "), theme.badge), " ".into()]).collect();
    let badge_width: usize = badges.iter().map(Span::width).sum();
    let room = width.saturating_sub(clock.len() + badge_width + 1);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(left(canvas, room));
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used + badge_width + clock.len()))));
    spans.extend(badges);
    spans.push(Span::styled(clock, theme.title));
    frame.render_widget(Line::from(spans), area);
}

fn left(canvas: Canvas<'_>, room: usize) -> Vec<Span<'static>> {
    let theme = &canvas.look.theme;
    let (texts, style) = processor(canvas);
    // A countdown gets shorter: had the words gone by its present length, they would change back and forth.
    let widest: Vec<usize> = texts.iter().map(|text| width_of(text) + countdown_slack(canvas)).collect();
    let name = "afterimage";
    let database = text::printable(&canvas.state.database);
    // From the fullest to the barest: the first that fits is taken.
    for (text, widest) in texts.iter().zip(&widest) {
        for database_room in [40, 24, 16] {
            let database = cut_start(&database, database_room, canvas.look.glyphs);
            if width_of(name) + width_of(&database) + widest + 4 <= room {
                return vec![
                    Span::styled(name, theme.title),
                    Span::styled(format!("  {database}  "), theme.dim),
                    Span::styled(text.clone(), style),
                ];
            }
        }
    }
    let barest = texts.last().cloned().unwrap_or_default();
    vec![Span::styled(cut(&barest, room, canvas.look.glyphs), style)]
}

/// How much longer the countdown to the next run may become than it is.
fn countdown_slack(canvas: Canvas<'_>) -> usize {
    match canvas.state.processor.state {
        ProcessorState::Waiting { next_run_at } => {
            LONGEST_COUNTDOWN.saturating_sub(span::format(next_run_at.since(canvas.moment.now)).len())
        }
        _ => 0,
    }
}

fn badges(canvas: Canvas<'_>, roomy: bool) -> Vec<String> {
    let state = canvas.state;
    let choose = |long: &str, short: &str| if roomy { long.to_owned() } else { short.to_owned() };
    let mut badges = Vec::new();
    match state.connection {
        Connection::Lost { .. } => badges.push(choose("DATABASE LOST", "LOST")),
        Connection::Unreachable(_) => badges.push(choose("NO DATABASE", "NO DB")),
        Connection::Opening | Connection::Up { .. } => {}
    }
    if let Some(since) = state.frozen_since {
        badges.push(format!("frozen {}", span::format(canvas.moment.real.since(since))));
    }
    if let Some((skew, which)) = state.skew() {
        badges.push(choose(&format!("clock {} {which}", span::format(skew)), "skew"));
    }
    if state.options.access == Access::ReadOnly {
        badges.push(choose("read-only", "ro"));
    }
    if state.options.clock == ClockKind::Frozen {
        badges.push(choose("clock frozen", "now"));
    }
    if state.options.data == DataKind::Demo {
        badges.push("demo".to_owned());
    }
    badges
}

/// What the processor does, in words for much and for little room.
fn processor(canvas: Canvas<'_>) -> (Vec<String>, Style) {
    let (state, theme, now) = (canvas.state, &canvas.look.theme, canvas.moment.now);
    match &state.processor.state {
        ProcessorState::Starting if state.connection.is_up() => (vec!["processor starting".to_owned()], theme.text),
        ProcessorState::Starting => (vec!["processor waits for the database".to_owned(), String::new()], theme.dim),
        ProcessorState::Running { since, .. } => {
            let lasts = span::format(now.since(*since));
            (vec![format!("processor running for {lasts}"), "running".to_owned()], theme.due)
        }
        ProcessorState::Failed { error, retry_at } => {
            let left = span::format(retry_at.since(canvas.moment.real));
            let error = text::shorten(error, 60);
            let long = format!("processor failed, tries again in {left}: {error}");
            (vec![long, format!("processor failed, tries again in {left}"), "failed".to_owned()], theme.error)
        }
        ProcessorState::Waiting { next_run_at } => (waiting(canvas, "processor on", *next_run_at), theme.text),
        ProcessorState::Off(reason) => elsewhere(canvas, reason),
    }
}

fn waiting(canvas: Canvas<'_>, who: &str, next: Timestamp) -> Vec<String> {
    let (zone, now) = (canvas.state.zone, canvas.moment.now);
    let (at, left) = (zone.minute(next), span::format(next.since(now)));
    let run = if next > now { format!("next run {at} (in {left})") } else { "a run is due".to_owned() };
    let short = if next > now { format!("run {at} (in {left})") } else { "run due".to_owned() };
    let last = canvas.state.processor.last.as_ref().map(|last| format!(", last {}", last_run(canvas, last)));
    let last = last.unwrap_or_default();
    vec![format!("{who}, {run}{last}"), format!("{who}, {run}"), format!("{who}, {short}"), short]
}

fn last_run(canvas: Canvas<'_>, last: &LastRun) -> String {
    let at = canvas.state.zone.minute(last.at);
    match &last.result {
        Ok(counts) if counts.due() == 0 => format!("{at} nothing due"),
        Ok(counts) if counts.failed > 0 => format!("{at} {} captured, {} failed", counts.captured, counts.failed),
        Ok(counts) => format!("{at} ok: {} captured", counts.captured),
        Err(_) => format!("{at} failed"),
    }
}

/// Without a processor of its own, the console says who else captures; if nobody does, that is a warning.
fn elsewhere(canvas: Canvas<'_>, reason: &str) -> (Vec<String>, Style) {
    let (state, theme, now) = (canvas.state, &canvas.look.theme, canvas.moment.now);
    let other = state.overview.as_ref().and_then(|overview| {
        alive(overview, now).filter_map(|other| Some((other.next_run_at?, text::shorten(&other.host, 20)))).min()
    });
    match other {
        Some((next, host)) => (waiting(canvas, &format!("processor on {host}"), next), theme.text),
        None if state.overview.is_none() => (vec![format!("no processor ({reason})")], theme.dim),
        None => {
            let long = format!("no processor ({reason}): nothing captures");
            (vec![long, "no processor".to_owned()], theme.warning)
        }
    }
}

/// How long since a moment, for people: `now` below two seconds.
pub(super) fn ago(span: Duration) -> String {
    if span < Duration::from_secs(2) { "now".to_owned() } else { format!("{} ago", span::format(span)) }
}
