//! The sources of the configuration in view 4: which there are, whether they answer, and how far back they go.

use ratatui::text::Line;

use super::canvas::Canvas;
use super::origin;
use super::processor::fact;
use crate::domain::text::shorten;
use crate::domain::{SourceHealth, span};

/// One source a line, those that do not answer first, at most `most` lines; nothing until they are known, and in a single
/// line nothing where there are none.
pub(super) fn facts(canvas: Canvas<'_>, most: usize) -> Vec<Line<'static>> {
    let (theme, state) = (&canvas.look.theme, canvas.state);
    let Some(overview) = &state.overview else { return Vec::new() };
    if overview.sources.is_empty() {
        let none = "no sources are configured: the events table counts for all".to_owned();
        return if most > 1 { vec![fact(canvas, "sources", none, theme.dim)] } else { Vec::new() };
    }
    let mut sources: Vec<&SourceHealth> = overview.sources.iter().collect();
    sources.sort_by_key(|health| health.error.is_none());
    let shown = if sources.len() > most { most.saturating_sub(1).max(1) } else { most };
    let label = |at: usize| if at == 0 { "sources" } else { "" };
    let mut lines = Vec::new();
    for (at, health) in sources.iter().take(shown).enumerate() {
        let more = sources.len() - shown.min(sources.len());
        let more = if most == 1 && more > 0 { format!("+{more} ") } else { String::new() };
        let (text, style) = source(canvas, health);
        lines.push(fact(canvas, label(at), format!("{more}{text}"), style));
    }
    let rest = sources.get(shown..).unwrap_or_default();
    if most > 1 && !rest.is_empty() {
        let silent = rest.iter().filter(|health| health.error.is_some()).count();
        let how = if silent == 0 { "none of them silent".to_owned() } else { format!("{silent} of them silent") };
        lines.push(fact(canvas, "", format!("{} more, {how}", rest.len()), theme.dim));
    }
    lines
}

/// `main answers, keeps 15d, http://prometheus:9090`; what is wrong comes before where it is.
fn source(canvas: Canvas<'_>, health: &SourceHealth) -> (String, ratatui::style::Style) {
    let (state, style) = origin::answers(canvas, health);
    let keeps = health.retention.map(|keeps| format!(", keeps {}", span::format(keeps))).unwrap_or_default();
    (format!("{} {state}{keeps}, {}", shorten(&health.name, 40), shorten(&health.url, 120)), style)
}
