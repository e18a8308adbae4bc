//! Where an incident came from and where its counts do: its alerts, its expression, and whether its source answers.
//! Everything here was written by others.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text::{cut, number, wrap};
use crate::console::event::{Alerts, Detail};
use crate::console::keymap::Action;
use crate::domain::alert::{Alert, Labels, distinction, written};
use crate::domain::text::{printable, shorten};
use crate::domain::{Expression, Freezing, Incident, Measure, SourceHealth, Status, span};

/// A fact: its name, what it is, and how that looks.
pub(super) type Fact = (&'static str, String, Style);

/// The same in short.
pub(super) const FROZEN_ALONE: &str = "only what was frozen is known";
/// A source's own words have so many characters at most.
const REASON: usize = 200;

/// What is asked where the counts come from elsewhere, and how that goes.
pub(super) fn measuring(canvas: Canvas<'_>, detail: &Detail) -> Vec<Fact> {
    let theme = &canvas.look.theme;
    let Some(expression) = &detail.incident.expression else { return Vec::new() };
    // What is kept needs no answer any more.
    let kept = detail.incident.is_captured().then(|| (shorten(&expression.source, 40), theme.text));
    let (state, style) = kept.unwrap_or_else(|| source(canvas, &expression.source));
    let mut facts = vec![
        ("query", printable(&expression.text), theme.text),
        ("source", state, style),
        ("values", values(expression).to_owned(), theme.text),
    ];
    // What its source said last may be news to how it is said to do.
    if let Some(silence) = detail.silence.as_ref().filter(|_| style != theme.warning) {
        facts.push(("", silence.clone(), theme.warning));
    }
    facts.extend(freezing(canvas, detail).map(|(text, style)| ("frozen", text, style)));
    facts
}

/// What the chart shows where its source has said nothing.
pub(super) fn frozen_alone(silence: &str) -> String {
    format!("{FROZEN_ALONE}: {}", shorten(silence, REASON))
}

fn values(expression: &Expression) -> &'static str {
    match expression.measure {
        Measure::Events => "events",
        Measure::EstimatedEvents => "events, estimated; users are not known",
        Measure::Metric => "a metric, not events: no totals",
        Measure::LowestMetric => "a metric whose lowest counts, not events: no totals",
    }
}

/// `main answers`, `main has not answered for 3m: connection refused`.
fn source(canvas: Canvas<'_>, name: &str) -> (String, Style) {
    let theme = &canvas.look.theme;
    let said = shorten(name, 40);
    let Some(overview) = &canvas.state.overview else { return (said, theme.text) };
    let Some(health) = overview.sources.iter().find(|health| health.name == name) else {
        return (format!("{said}, which the configuration of this console does not name"), theme.warning);
    };
    let (state, style) = answers(canvas, health);
    (format!("{said} {state}"), style)
}

/// Whether a source answers.
pub(super) fn answers(canvas: Canvas<'_>, health: &SourceHealth) -> (String, Style) {
    let theme = &canvas.look.theme;
    match (&health.error, health.answered_at) {
        (None, Some(_)) => ("answers".to_owned(), theme.text),
        (None, None) => ("was not asked yet".to_owned(), theme.dim),
        (Some(error), Some(at)) => {
            let since = span::format(canvas.moment.now.since(at));
            (format!("has not answered for {since}: {}", shorten(error, REASON)), theme.warning)
        }
        (Some(error), None) => (format!("has not answered yet: {}", shorten(error, REASON)), theme.warning),
    }
}

/// How far the first half of the capture is; nothing where there is no second one ahead.
fn freezing(canvas: Canvas<'_>, detail: &Detail) -> Option<(String, Style)> {
    let Incident { date_closed, pending, .. } = &detail.incident;
    let (zone, now, theme) = (canvas.state.zone, canvas.moment.now, &canvas.look.theme);
    let frozen = detail.freezing.as_ref();
    let until = frozen.and_then(|frozen| frozen.until).map(|until| zone.brief(until, now));
    if detail.incident.status == Status::Open {
        return until.map(|until| (format!("up to {until}, at the close before"), theme.text));
    }
    pending.as_ref()?;
    if let (Some(Freezing { date_closed: of, .. }), Some(until)) = (frozen, &until)
        && of == date_closed
    {
        return Some((format!("before and during, up to {until}"), theme.success));
    }
    let earlier = until.map(|until| format!("; up to {until} from the close before")).unwrap_or_default();
    Some(match frozen {
        Some(Freezing { last_error: Some(error), next_attempt_at, .. }) => {
            let left = next_attempt_at.since(now);
            let next =
                if left.is_zero() { "next try now".to_owned() } else { format!("next try in {}", span::format(left)) };
            (format!("not yet: {}, {next}{earlier}", shorten(error, REASON)), theme.failing)
        }
        _ => (format!("not yet{earlier}"), theme.pending),
    })
}

/// Where it came from, and what its alerts have in common.
pub(super) fn facts(canvas: Canvas<'_>, alerts: &Alerts) -> Vec<Fact> {
    let theme = &canvas.look.theme;
    let origin = &alerts.origin;
    let mut facts = vec![("from", format!("{}, {}", shorten(&origin.source, 40), firing(alerts)), theme.text)];
    facts.push(("group", printable(&origin.group_key), theme.text));
    let said = [("labels", written(&origin.labels)), ("annotated", alerts.annotations())];
    facts.extend(said.into_iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| (label, text, theme.text)));
    if let Some(url) = &origin.generator_url {
        let key = canvas.state.key(Action::CopyGenerator);
        facts.push(("generator", format!("{} ({key} copies it)", printable(url)), theme.text));
    }
    facts
}

/// `2 of 5 alerts fire, 3 are over`.
pub(super) fn firing(alerts: &Alerts) -> String {
    let Alerts { count, firing, origin, .. } = alerts;
    let said = |count: u64| number(count.cast_signed());
    let left_out = match origin.truncated {
        0 => String::new(),
        left_out => format!(", {} more were not told", said(left_out)),
    };
    let alerts = match (*count, *firing) {
        (1, 1) => "its alert fires".to_owned(),
        (1, _) => "its alert is over".to_owned(),
        (all, 0) => format!("all {} alerts are over", said(all)),
        (all, firing) if all == firing => format!("all {} alerts fire", said(all)),
        (all, firing) => {
            let are = if all - firing == 1 { "is" } else { "are" };
            format!("{} of {} alerts fire, {} {are} over", said(firing), said(all), said(all - firing))
        }
    };
    format!("{alerts}{left_out}")
}

/// The alerts one by one: when they fired, and by which labels they differ.
pub(super) fn members(canvas: Canvas<'_>, alerts: &Alerts, width: usize) -> Vec<Line<'static>> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let mut lines = vec![Line::from(vec![
        Span::styled("alerts", theme.title),
        Span::styled(cut(&format!(" ({})", firing(alerts)), width.saturating_sub(6), glyphs), theme.dim),
    ])];
    for member in &alerts.members {
        lines.extend(alert(canvas, &member.alert, &alerts.origin.labels, width));
    }
    let shown = alerts.members.len() as u64;
    if alerts.count > shown {
        let more = number((alerts.count - shown).cast_signed());
        lines.push(Line::styled(format!("{more} more: 'afterimage incident show' lists them"), theme.dim));
    }
    lines
}

fn alert(canvas: Canvas<'_>, alert: &Alert, common: &Labels, width: usize) -> Vec<Line<'static>> {
    let (zone, now, theme, glyphs) = (canvas.state.zone, canvas.moment.now, &canvas.look.theme, canvas.look.glyphs);
    let start = zone.brief(alert.starts_at, now);
    let (glyph, when, style) = match alert.ends_at {
        None => (glyphs.open(), format!("since {start}"), theme.open),
        Some(end) => (glyphs.closed(), format!("{start} to {}", zone.brief(end, alert.starts_at)), theme.closed),
    };
    let what = distinction(alert, common);
    let first = format!("{glyph} {when}  ");
    let indent = super::text::width_of(&first).min(width / 2);
    let mut lines = Vec::new();
    for (at, text) in wrap(&what, width.saturating_sub(indent).max(8)).into_iter().enumerate() {
        let lead = if at == 0 { first.clone() } else { " ".repeat(indent) };
        lines.push(Line::from(vec![Span::styled(lead, style), Span::styled(text, theme.text)]));
    }
    lines
}
