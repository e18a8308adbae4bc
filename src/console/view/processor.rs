//! View 4: what the processor does, its runs, who else runs one on this database, and the log.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::header::ago;
use super::log;
use super::text::{Row, cut_line, number};
use crate::console::options::ProcessorChoice;
use crate::console::pointing::Target;
use crate::console::state::processor::{ProcessorState, is_alive};
use crate::domain::{Processor, ProcessorRun, Timestamp, span, text};

/// A run whose record has not moved for so long was cut off: the next takes over from it.
const STILL: Duration = Duration::from_mins(2);

/// Draws the view.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, inner: Rect) {
    let area = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut facts = facts(canvas);
    if inner.height < 16 {
        facts.truncate(2);
        facts.push(Line::default());
    }
    let runs = runs(canvas, usize::from(area.width));
    let others = others(canvas, usize::from(area.width));
    // The facts always; then the log gets a third, and the tables what they need of the rest.
    let height = usize::from(area.height);
    let small = height < 16;
    let left = height.saturating_sub(facts.len());
    let share = if small { left / 2 } else { left / 3 };
    let log = share.max(left.saturating_sub(runs.len() + others.len() + 3));
    let tables = left - log.min(left);
    let others_rows = if small { 0 } else { others.len().min(tables / 2) };
    let runs_rows = tables.saturating_sub(if others_rows > 0 { others_rows + 1 } else { 0 });
    let mut y = area.y;
    let mut put = |lines: &[Line<'static>], most: usize| {
        for line in lines.iter().take(most) {
            if y < area.bottom() {
                let line = cut_line(line, usize::from(area.width), canvas.look.glyphs);
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y += 1;
            }
        }
    };
    put(&facts, height);
    put(&runs, runs_rows.saturating_sub(1));
    put(&[Line::default()], usize::from(runs_rows > 0));
    put(&others, others_rows);
    put(&[Line::default()], usize::from(others_rows > 0));
    let rest = usize::from(area.bottom().saturating_sub(y));
    canvas.put(Rect { y, height: area.bottom().saturating_sub(y), ..area }, Target::Log);
    let lines = log::lines(canvas, rest, usize::from(area.width));
    for line in lines {
        if y < area.bottom() {
            frame.render_widget(line, Rect { y, height: 1, ..area });
            y += 1;
        }
    }
}

fn facts(canvas: Canvas<'_>) -> Vec<Line<'static>> {
    let (state, theme) = (canvas.state, &canvas.look.theme);
    let fact = |label: &str, text: String, style: Style| {
        Line::from(vec![Span::styled(format!("{label:<11}"), theme.dim), Span::styled(text, style)])
    };
    let (what, style) = doing(canvas);
    let mut lines = vec![fact("processor", what, style)];
    if let Some(last) = &state.processor.last {
        let at = state.zone.day_and_minute(last.at);
        let (said, style) = match &last.result {
            Ok(counts) if counts.due() == 0 => (format!("{at}, nothing was due"), theme.text),
            Ok(counts) => {
                let style = if counts.failed > 0 { theme.failing } else { theme.success };
                (format!("{at}, {} captured, {} failed", number(counts.captured.cast_signed()), counts.failed), style)
            }
            Err(error) => (format!("{at}, failed: {}", text::shorten(error, 200)), theme.error),
        };
        lines.push(fact("last run", said, style));
    }
    if let Some(counts) = state.overview.as_ref().map(|overview| overview.counts) {
        let (pending, due, failing, dead) = (counts.pending, counts.due, counts.failing, counts.dead);
        let style = if failing + dead > 0 { theme.failing } else { theme.text };
        lines.push(fact("pending", format!("{pending}, {due} due, {failing} failing, {dead} dead"), style));
    }
    if let Some((skew, which)) = state.skew() {
        let skew = span::format(skew);
        let said = format!("this host is {skew} {which} the database; times here are the database's");
        lines.push(fact("clock", said, theme.warning));
    }
    lines.push(fact("acts as", text::shorten(&state.options.by, 60), theme.text));
    lines.push(Line::default());
    lines
}

fn doing(canvas: Canvas<'_>) -> (String, Style) {
    let (state, theme, now) = (canvas.state, &canvas.look.theme, canvas.moment.now);
    let every = match state.options.processor {
        ProcessorChoice::Every(interval) => format!(", every {}", span::format(interval)),
        ProcessorChoice::Off(_) => String::new(),
    };
    match &state.processor.state {
        ProcessorState::Off(reason) => (format!("none in this console ({reason})"), theme.warning),
        ProcessorState::Starting => ("starting".to_owned(), theme.dim),
        ProcessorState::Running { since, trigger } => {
            (format!("running for {} ({trigger})", span::format(now.since(*since))), theme.due)
        }
        ProcessorState::Failed { error, retry_at } => {
            let left = span::format(retry_at.since(canvas.moment.real));
            (format!("failed, tries again in {left}: {}", text::shorten(error, 200)), theme.error)
        }
        ProcessorState::Waiting { next_run_at } => {
            let at = state.zone.time(*next_run_at);
            (format!("waiting, next run {at} (in {}){every}", span::format(next_run_at.since(now))), theme.text)
        }
    }
}

fn heading(canvas: Canvas<'_>, name: &str, columns: &[(&str, usize, bool)], width: usize) -> Line<'static> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let mut row = Row::default();
    row.left(name, 13.min(width), theme.title, glyphs);
    for (label, columns, right) in columns {
        row.gap(1);
        if *right {
            row.right(label, *columns, theme.dim, glyphs)
        } else {
            row.left(label, *columns, theme.dim, glyphs)
        };
    }
    row.line()
}

fn runs(canvas: Canvas<'_>, width: usize) -> Vec<Line<'static>> {
    let (state, theme, glyphs) = (canvas.state, &canvas.look.theme, canvas.look.glyphs);
    let columns = [
        ("TRIGGER", 8, false),
        ("TOOK", 8, true),
        ("CAPTURED", 8, true),
        ("SKIPPED", 7, true),
        ("FAILED", 6, true),
        ("WHERE", 16, false),
    ];
    let mut lines = vec![heading(canvas, "runs", &columns, width)];
    let runs = state.overview.as_ref().map(|overview| overview.runs.as_slice()).unwrap_or_default();
    if runs.is_empty() {
        lines.push(Line::styled("no run has found anything due yet", theme.dim));
    }
    let count = |count: u64| number(count.cast_signed());
    for run in runs {
        let ProcessorRun { trigger, counts, host, started_at, .. } = run;
        let took = match run.finished_at {
            Some(finished) => took(finished.since(*started_at)),
            None if moves(run, canvas.moment.now) => "running".to_owned(),
            None => "cut off".to_owned(),
        };
        let failed = if counts.failed > 0 || run.error.is_some() { theme.failing } else { theme.text };
        let skipped = counts.skipped_open + counts.skipped_existing;
        let mut row = Row::default();
        row.right(&state.zone.day_and_minute(*started_at), 12, theme.text, glyphs).gap(2);
        row.left(trigger.name(), 8, theme.dim, glyphs).gap(1).right(&took, 8, theme.dim, glyphs).gap(1);
        row.right(&count(counts.captured), 8, theme.text, glyphs).gap(1);
        row.right(&count(skipped), 7, theme.dim, glyphs).gap(1).right(&count(counts.failed), 6, failed, glyphs).gap(1);
        let room = width.saturating_sub(64).max(16);
        match &run.error {
            Some(error) => row.left(&format!("{host}: {error}"), room, theme.error, glyphs),
            None => row.left(host, room, theme.dim, glyphs),
        };
        lines.push(row.line());
    }
    lines
}

fn took(span: Duration) -> String {
    if span.as_secs() < 10 {
        format!("{} ms", number(i64::try_from(span.as_millis()).unwrap_or(0)))
    } else {
        span::format(span)
    }
}

fn others(canvas: Canvas<'_>, width: usize) -> Vec<Line<'static>> {
    let (state, theme, glyphs) = (canvas.state, &canvas.look.theme, canvas.look.glyphs);
    let processors = state.overview.as_ref().map(|overview| overview.processors.as_slice()).unwrap_or_default();
    if processors.is_empty() {
        return Vec::new();
    }
    let columns =
        [("HOST", 18, false), ("PID", 8, true), ("VERSION", 8, false), ("SEEN", 12, true), ("DOES", 10, false)];
    let mut lines = vec![heading(canvas, "processes", &columns, width)];
    for processor in processors {
        let Processor { host, pid, kind, version, last_seen, .. } = processor;
        let alive = is_alive(processor, canvas.moment.now);
        let style = if alive { theme.text } else { theme.dim };
        let seen = ago(canvas.moment.now.since(*last_seen));
        let does = if alive { does(canvas, processor) } else { "seems to be gone".to_owned() };
        let mut row = Row::default();
        row.left(kind.name(), 13, style, glyphs).gap(1).left(host, 18, style, glyphs).gap(1);
        row.right(&pid.to_string(), 8, theme.dim, glyphs).gap(1).left(version, 8, theme.dim, glyphs).gap(1);
        row.right(&seen, 12, theme.dim, glyphs).gap(1).left(&does, width.saturating_sub(64).max(10), style, glyphs);
        lines.push(row.line());
    }
    lines
}

/// What a process that is alive does: a run that goes on where it lives is its own, or a neighbour's.
fn does(canvas: Canvas<'_>, processor: &Processor) -> String {
    let (state, now) = (canvas.state, canvas.moment.now);
    let runs = state.overview.as_ref().map(|overview| overview.runs.as_slice()).unwrap_or_default();
    let running = |run: &&ProcessorRun| run.finished_at.is_none() && run.host == processor.host && moves(run, now);
    if let Some(run) = runs.iter().find(running) {
        return format!("runs, {} captured", number(run.counts.captured.cast_signed()));
    }
    match processor.next_run_at {
        Some(next) if next > now => {
            format!("waits until {} (in {})", state.zone.brief(next, now), span::format(next.since(now)))
        }
        Some(_) => "is about to run".to_owned(),
        None => "starts".to_owned(),
    }
}

/// Whether the record of a run that has not ended still moves.
fn moves(run: &ProcessorRun, now: Timestamp) -> bool {
    now.since(run.updated_at) < STILL
}
