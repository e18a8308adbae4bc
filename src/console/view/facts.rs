//! What is to be known of an incident before its chart: in full where there is room, in three lines where there is not.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{cut, number, wrap};
use super::{origin, standing};
use crate::console::event::{Detail, Picture};
use crate::console::keymap::Action;
use crate::console::state::processor::{Standing, standing};
use crate::domain::schedule::MAX_ATTEMPTS;
use crate::domain::text::shorten;
use crate::domain::{Aggregation, Incident, PendingSnapshot, SnapshotFacts, Status, span};
use crate::export::words::mean_of;
use crate::export::{self, Origin, Phase};

const LABEL: usize = 10;
/// A reason has so many lines at most where there is little room.
const REASON: usize = 4;
/// A fact has so many where there is more below.
pub(super) const FACT: usize = 3;

/// The heading: number and title, in at most two lines.
pub(super) fn heading(canvas: Canvas<'_>, incident: &Incident, width: usize) -> Vec<Line<'static>> {
    let text = format!("#{} {}", incident.id, incident.title);
    let mut lines = wrap(&text, width);
    if lines.len() > 2 {
        let rest = lines.split_off(1).join(" ");
        lines.push(cut(&rest, width, canvas.look.glyphs));
    }
    lines.into_iter().map(|line| Line::styled(line, canvas.look.theme.title)).collect()
}

/// A few lines for little room: two, and where something has failed as many more as its reason takes.
pub(super) fn brief(canvas: Canvas<'_>, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let (incident, theme, glyphs) = (&detail.incident, &canvas.look.theme, canvas.look.glyphs);
    let (glyph, style) = super::incidents::status(canvas, incident);
    let separator = format!(" {} ", glyphs.separator());
    let firing = detail.alerts.as_ref().map(origin::firing);
    let alerts = firing.as_deref().and_then(|firing| firing.split(',').next()).map(str::to_owned);
    let rule: Vec<String> = alerts.into_iter().chain([rule(incident), projects(incident)]).collect();
    let rule = rule.join(&separator);
    let course = format!("{glyph} {}", course(canvas, incident));
    let room = width.saturating_sub(super::text::width_of(&course));
    let first = Line::from(vec![
        Span::styled(course, style),
        Span::styled(cut(&format!("{separator}{rule}"), room, glyphs), theme.dim),
    ]);
    let (snapshot, style) = snapshot(canvas, incident);
    if incident.pending.as_ref().is_some_and(|pending| pending.last_error.is_some()) {
        let reason = wrap(&snapshot, width).into_iter().take(REASON).map(|line| Line::styled(line, style));
        return std::iter::once(first).chain(reason).collect();
    }
    let totals = totals(canvas, detail).map(|(totals, _)| totals).unwrap_or_default();
    // The chart says it too, where it has a line with room for that or there is none.
    let fits = |silence: &String| super::text::width_of(&origin::frozen_alone(silence)) <= width;
    let has_line = !canvas.screen.is_detail_compact() && detail.silence.as_ref().is_some_and(fits);
    let untold = !has_line && detail.picture.snapshot().is_ok();
    let silence = detail.silence.as_ref().filter(|_| untold).map(|silence| wrap(silence, width));
    let silence = silence.into_iter().flatten().take(REASON).map(|line| Line::styled(line, theme.warning));
    let snapshot = cut(&snapshot, width, glyphs);
    let room = width.saturating_sub(super::text::width_of(&snapshot));
    let totals = if totals.is_empty() { totals } else { cut(&format!("{separator}{totals}"), room, glyphs) };
    let second = Line::from(vec![Span::styled(snapshot, style), Span::styled(totals, theme.text)]);
    [first, second].into_iter().chain(silence).collect()
}

/// Everything, one fact a line, those that are long on several, at most `most`.
pub(super) fn full(canvas: Canvas<'_>, detail: &Detail, width: usize, most: usize) -> Vec<Line<'static>> {
    let (incident, theme) = (&detail.incident, &canvas.look.theme);
    let (glyph, style) = super::incidents::status(canvas, incident);
    let mut lines = Vec::new();
    let mut fact = |label: &str, text: &str, style: Style| {
        let room = width.saturating_sub(LABEL).max(10);
        let mut wrapped = wrap(text, room);
        if wrapped.len() > most {
            let rest = wrapped.split_off(most - 1).join(" ");
            wrapped.push(cut(&rest, room, canvas.look.glyphs));
        }
        for (at, line) in wrapped.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            lines
                .push(Line::from(vec![Span::styled(format!("{label:<LABEL$}"), theme.dim), Span::styled(line, style)]));
        }
    };
    fact("status", &format!("{glyph} {}", course(canvas, incident)), style);
    fact("rule", &rule(incident), theme.text);
    fact("projects", &projects(incident), theme.text);
    let alerts = detail.alerts.iter().flat_map(|alerts| origin::facts(canvas, alerts));
    for (label, text, style) in alerts.chain(origin::measuring(canvas, detail)) {
        fact(label, &text, style);
    }
    if incident.expression.is_none() {
        fact("query", &counted_events(incident), theme.text);
    }
    fact("started", &started(canvas, incident), theme.text);
    let (text, style) = snapshot(canvas, incident);
    fact("snapshot", &text, style);
    if let Some((totals, range)) = totals(canvas, detail) {
        fact("totals", &totals, theme.text);
        if let Some(range) = range {
            fact("", &range, theme.dim);
        }
    }
    if let Some((label, averages)) = averages(detail) {
        fact(&label, &averages, theme.text);
    }
    lines
}

fn counted_events(incident: &Incident) -> String {
    let query = if incident.query.is_empty() { "every event".to_owned() } else { incident.query.clone() };
    match incident.aggregation {
        Aggregation::Total => query,
        Aggregation::UniqueUsers => format!("{query}, counting unique users"),
    }
}

/// `mean/10m`, `11.5 before, 60.7 during, 15.6 after`: what the chart comes to, as the exports have it.
fn averages(detail: &Detail) -> Option<(String, String)> {
    let (snapshot, origin) = match &detail.picture {
        Picture::Captured(snapshot) => (snapshot, Origin::Kept),
        Picture::Preview(snapshot) => (snapshot, Origin::Preview),
        Picture::Awaited | Picture::Unavailable(_) => return None,
    };
    let (incident, activities) = (&detail.incident, detail.activities.as_slice());
    let series = export::first_series(incident, snapshot);
    let subject = export::Subject { incident, activities, snapshot, origin, series };
    let phases = [(Phase::Before, "before"), (Phase::During, "during"), (Phase::After, "after")];
    let known = phases.map(|(phase, name)| Some((subject.average(phase)?, name)));
    let period = known.iter().flatten().next().map(|((_, period, _), _)| *period)?;
    // Distinct users of longer buckets are another measure.
    let alike = known.into_iter().flatten().filter(|((_, of, _), _)| *of == period);
    let measure = snapshot.facts.measure;
    let said: Vec<String> = alike.map(|((mean, ..), name)| format!("{} {name}", mean_of(mean, measure))).collect();
    let period = span::format(period);
    let label = format!("mean/{period}");
    if label.len() >= LABEL {
        return Some(("mean".to_owned(), format!("{}, per {period}", said.join(", "))));
    }
    Some((label, said.join(", ")))
}

/// `closed Nov 24 12:36, after 1h 12m`, `open for 18m`.
fn course(canvas: Canvas<'_>, incident: &Incident) -> String {
    match (incident.status, incident.date_closed) {
        (Status::Closed, Some(closed)) => {
            let lasted = span::format(closed.since(incident.date_started));
            format!("closed {}, after {lasted}", canvas.state.zone.brief(closed, canvas.moment.now))
        }
        _ => format!("open for {}", span::format(canvas.moment.now.since(incident.date_started))),
    }
}

fn rule(incident: &Incident) -> String {
    let window = incident.time_window;
    match &incident.rule {
        Some(rule) => format!("{}, window {window}", shorten(rule, 60)),
        None => format!("no rule, window {window}"),
    }
}

fn projects(incident: &Incident) -> String {
    if incident.projects.is_empty() { "all projects".to_owned() } else { shorten(&incident.projects.join(", "), 200) }
}

fn started(canvas: Canvas<'_>, incident: &Incident) -> String {
    let zone = canvas.state.zone;
    let started = zone.brief(incident.date_started, canvas.moment.now);
    let started = format!("{started} {}", zone.name(incident.date_started));
    let later = incident.date_detected.since(incident.date_started);
    if later.is_zero() { started } else { format!("{started}, detected {} later", span::format(later)) }
}

/// How it stands with the snapshot, in a sentence.
fn snapshot(canvas: Canvas<'_>, incident: &Incident) -> (String, Style) {
    let (state, now, theme) = (canvas.state, canvas.moment.now, &canvas.look.theme);
    let standing = standing(incident, state.prospect(now), now);
    let (cell, style) = standing::cell(standing, state.zone, canvas.look);
    let pending = incident.pending.as_ref();
    let target = pending.map(|pending| state.zone.brief(pending.target_run_date, now)).unwrap_or_default();
    let error = pending.and_then(|pending| pending.last_error.as_deref()).map(|error| shorten(error, 160));
    let error = error.map(|error| format!(": {error}")).unwrap_or_default();
    let text = match (standing, &incident.snapshot) {
        (Standing::Open, _) => return ("after the close".to_owned(), theme.dim),
        (Standing::Nothing, _) => {
            format!("none: its pending snapshot was given up; {} captures it", state.key(Action::Capture))
        }
        (Standing::Waiting(_), _) => format!("{cell}, at {target}{}", with_run(canvas, pending)),
        (Standing::Due(_), _) => format!("{cell}, since {target}"),
        (Standing::Retrying(..), _) => format!("{cell}{error}{}", tried(canvas, pending)),
        (Standing::Dead, _) => {
            let (key, tried) = (state.key(Action::Retry), tried(canvas, pending));
            format!("dead after {MAX_ATTEMPTS} tries, {key} tries again{error}{tried}")
        }
        (Standing::Partial, Some(facts)) if pending.is_some() => {
            format!("partial, {}; complete at {target}", captured(canvas, facts))
        }
        (Standing::Partial, Some(facts)) => {
            format!("partial, {}; its pending snapshot was given up", captured(canvas, facts))
        }
        (Standing::Captured, Some(facts)) => captured(canvas, facts),
        (Standing::Capturing, _) | (Standing::Partial | Standing::Captured, None) => cell,
    };
    (text, style)
}

/// `, with the run at 15:00`, where that is not the minute of the target itself.
fn with_run(canvas: Canvas<'_>, pending: Option<&PendingSnapshot>) -> String {
    let (zone, now) = (canvas.state.zone, canvas.moment.now);
    let run = pending.and_then(|pending| Some((pending, canvas.state.prospect(now).run_of(pending, now)?)));
    let run = run.filter(|(pending, run)| zone.brief(*run, now) != zone.brief(pending.target_run_date, now));
    run.map(|(_, run)| format!(", with the run at {}", zone.minute(run))).unwrap_or_default()
}

/// `; last tried 13:33:49 on ops-1`.
fn tried(canvas: Canvas<'_>, pending: Option<&PendingSnapshot>) -> String {
    let Some((pending, at)) = pending.and_then(|pending| Some((pending, pending.last_error_at?))) else {
        return String::new();
    };
    let host = pending.last_host.as_deref().map(|host| format!(" on {}", shorten(host, 40))).unwrap_or_default();
    format!("; last tried {}{host}", canvas.state.zone.brief(at, canvas.moment.now))
}

fn captured(canvas: Canvas<'_>, facts: &SnapshotFacts) -> String {
    let (zone, now) = (canvas.state.zone, canvas.moment.now);
    let (added, as_of) = (zone.brief(facts.date_added, now), zone.brief(facts.as_of, facts.date_added));
    let as_of = if zone.minute(facts.date_added) == as_of { String::new() } else { format!(", as of {as_of}") };
    let clipped = if facts.clipped { ", clipped: the source had lost a part" } else { "" };
    format!("captured {added}{as_of}{clipped}")
}

/// The totals, and over which range: it is another than the chart's (rule 9). A metric has none.
fn totals(canvas: Canvas<'_>, detail: &Detail) -> Option<(String, Option<String>)> {
    let (Picture::Captured(snapshot) | Picture::Preview(snapshot)) = &detail.picture else { return None };
    let facts = &snapshot.facts;
    if facts.measure.is_metric() {
        return Some(("none: a metric, not events".to_owned(), None));
    }
    let estimated = if facts.measure.is_estimated() { "~" } else { "" };
    let events = facts.total_events.map(|count| format!("{estimated}{}", counted(count, "event")));
    let events = events.unwrap_or_else(|| "events not known".to_owned());
    let users = facts.unique_users.map_or_else(|| "users not known".to_owned(), |count| counted(count, "user"));
    let zone = canvas.state.zone;
    let totals = detail.incident.course().ranges(facts.as_of).totals;
    let now = canvas.moment.now;
    let goes_on =
        matches!(detail.picture, Picture::Preview(_)) && (totals.end > now || detail.incident.status == Status::Open);
    let so_far = if goes_on { " so far" } else { "" };
    let (start, end) = (zone.brief(totals.start, now), zone.brief(totals.end, now));
    let range = format!("{start}-{end}, not the chart's sum");
    let said = match facts.unique_users {
        Some(_) => format!("{events}, {users}{so_far}"),
        None => format!("{events}{so_far}, {users}"),
    };
    Some((said, Some(range)))
}

fn counted(count: i64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(count))
}
