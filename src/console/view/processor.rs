//! View 4: what the processor does, its runs, who else runs one on this database, and the log.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::header::ago;
use super::text::{Row, cut_line, number, wrap};
use super::{log, sources};
use crate::console::glyphs::Glyphs;
use crate::console::listing::Side;
use crate::console::options::ProcessorChoice;
use crate::console::pointing::Target;
use crate::console::screen::Focus;
use crate::console::state::processor::{ProcessorState, is_alive};
use crate::domain::{Processor, ProcessorRun, Timestamp, span, text};

/// A run whose record has not moved for so long was cut off: the next takes over from it.
const STILL: Duration = Duration::from_mins(2);

/// So many sources are told one by one.
const SOURCES: usize = 4;

/// Draws the view.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame, inner: Rect) {
    let area = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let mut facts = facts(canvas);
    if inner.height < 16 {
        facts.truncate(2);
        facts.extend(sources::facts(canvas, 1));
        facts.push(Line::default());
    }
    let runs = runs(canvas, usize::from(area.width));
    let others = others(canvas, usize::from(area.width));
    // The facts always; then the log gets a third, and the tables what they need of the rest. Runs that have the keys get
    // all but a few lines.
    let height = usize::from(area.height);
    let small = height < 16;
    let left = height.saturating_sub(facts.len());
    let on_runs = canvas.state.focus == Focus::Detail;
    let share = match (on_runs, small) {
        (true, _) => left / 5,
        (false, true) => left / 2,
        (false, false) => left / 3,
    };
    let log = share.max(left.saturating_sub(runs.len() + others.len() + 3));
    let tables = left - log.min(left);
    let others_rows = if small { 0 } else { others.len().min(tables / 2) };
    let runs_rows = tables.saturating_sub(if others_rows > 0 { others_rows + 1 } else { 0 });
    let mut y = area.y;
    let mut put = |lines: &[Line<'static>], most: usize| {
        let from = y;
        for line in lines.iter().take(most) {
            if y < area.bottom() {
                let line = cut_line(line, usize::from(area.width), canvas.look.glyphs);
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y += 1;
            }
        }
        Rect { y: from, height: y - from, ..area }
    };
    put(&facts, height);
    let place = put(&runs, runs_rows.saturating_sub(1));
    canvas.put(place, Target::Runs);
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
    let fact = |label: &str, text: String, style: Style| fact(canvas, label, text, style);
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
    lines.extend(sources::facts(canvas, SOURCES));
    if let Some((skew, which)) = state.skew() {
        let skew = span::format(skew);
        let said = format!("this host is {skew} {which} the database; times here are the database's");
        lines.push(fact("clock", said, theme.warning));
    }
    lines.push(fact("acts as", text::shorten(&state.options.by, 60), theme.text));
    lines.push(Line::default());
    lines
}

pub(super) fn fact(canvas: Canvas<'_>, label: &str, text: String, style: Style) -> Line<'static> {
    Line::from(vec![Span::styled(format!("{label:<11}"), canvas.look.theme.dim), Span::styled(text, style)])
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
            (
                format!("next run {at} (in {}){every}: captures what is due", span::format(next_run_at.since(now))),
                theme.text,
            )
        }
    }
}

fn heading<F>(canvas: Canvas<'_>, (name, style): (&str, Style), columns: &[Column<F>], width: usize) -> Line<'static> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let mut row = Row::default();
    row.left(name, FIRST.min(width), style, glyphs);
    for column in columns {
        row.gap(1);
        match column.side {
            Side::Right => row.right(column.label, column.width, theme.dim, glyphs),
            Side::Left => row.left(column.label, column.width, theme.dim, glyphs),
        };
    }
    row.line()
}

/// The first column of both tables: the time of a run, the kind of a process.
const FIRST: usize = 13;

/// A column beside the first.
#[derive(Debug, Clone, Copy)]
struct Column<F> {
    field: F,
    label: &'static str,
    width: usize,
    side: Side,
    /// The higher, the sooner it goes where there is little room; 0 stays.
    rank: u8,
}

const fn column<F>(field: F, label: &'static str, width: usize, side: Side, rank: u8) -> Column<F> {
    Column { field, label, width, side, rank }
}

/// Those of the columns that have room, from the one that is missed most, in their order; a text that is last has what is
/// left.
fn fitting<F: Copy>(columns: &[Column<F>], width: usize) -> Vec<Column<F>> {
    let used = |kept: &[Column<F>]| FIRST + kept.iter().map(|column| column.width + 1).sum::<usize>();
    let mut kept = columns.to_vec();
    while used(&kept) > width
        && let Some(least) = (0..kept.len()).max_by_key(|at| kept[*at].rank).filter(|at| kept[*at].rank > 0)
    {
        kept.remove(least);
    }
    let left = width.saturating_sub(used(&kept));
    if let Some(last) = kept.last_mut().filter(|last| last.side == Side::Left) {
        last.width += left;
    }
    kept
}

#[derive(Debug, Clone, Copy)]
enum RunField {
    Trigger,
    Took,
    Captured,
    Skipped,
    Failed,
    Place,
}

const RUN_COLUMNS: &[Column<RunField>] = &[
    column(RunField::Trigger, "TRIGGER", 8, Side::Left, 3),
    column(RunField::Took, "TOOK", 8, Side::Right, 2),
    column(RunField::Captured, "CAPTURED", 8, Side::Right, 0),
    column(RunField::Skipped, "SKIPPED", 7, Side::Right, 4),
    column(RunField::Failed, "FAILED", 6, Side::Right, 0),
    column(RunField::Place, "WHERE", 8, Side::Left, 1),
];

fn runs(canvas: Canvas<'_>, width: usize) -> Vec<Line<'static>> {
    let (state, theme) = (canvas.state, &canvas.look.theme);
    let columns = fitting(RUN_COLUMNS, width);
    let on_runs = state.focus == Focus::Detail;
    let style = if on_runs { theme.title.patch(theme.border_focused) } else { theme.title };
    let scroll = state.processor.scroll;
    let mut lines = vec![heading(canvas, ("runs", style), &columns, width)];
    let runs = state.overview.as_ref().map(|overview| overview.runs.as_slice()).unwrap_or_default();
    if runs.is_empty() {
        lines.push(Line::styled("no run has found anything due yet", theme.dim));
    }
    if scroll > 0 {
        lines.push(Line::styled(format!("{scroll} newer above"), theme.dim));
    }
    for run in runs.iter().skip(scroll) {
        lines.push(run_row(canvas, run, &columns));
        if let Some(error) = run.error.as_deref().filter(|_| on_runs) {
            let wrapped = wrap(&text::printable(error), width.saturating_sub(FIRST + 1).max(20));
            lines.extend(wrapped.into_iter().map(|line| Line::styled(format!("{:14}{line}", ""), theme.error)));
        }
    }
    lines
}

fn run_row(canvas: Canvas<'_>, run: &ProcessorRun, columns: &[Column<RunField>]) -> Line<'static> {
    let (state, theme, glyphs) = (canvas.state, &canvas.look.theme, canvas.look.glyphs);
    let ProcessorRun { trigger, counts, host, started_at, .. } = run;
    let took = match run.finished_at {
        Some(finished) => took(finished.since(*started_at)),
        None if moves(run, canvas.moment.now) => "running".to_owned(),
        None => "cut off".to_owned(),
    };
    let count = |count: u64| number(count.cast_signed());
    let failed = if counts.failed > 0 || run.error.is_some() { theme.failing } else { theme.text };
    let (place, style) = match &run.error {
        Some(error) if state.focus != Focus::Detail => (format!("{error}, on {host}"), theme.error),
        _ => (host.clone(), theme.dim),
    };
    let mut row = Row::default();
    row.right(&state.zone.day_and_minute(*started_at), FIRST - 1, theme.text, glyphs).gap(1);
    for column in columns {
        let (text, style) = match column.field {
            RunField::Trigger => (trigger.name().to_owned(), theme.dim),
            RunField::Took => (took.clone(), theme.dim),
            RunField::Captured => (count(counts.captured), theme.text),
            RunField::Skipped => (count(counts.skipped_open + counts.skipped_existing), theme.dim),
            RunField::Failed => (count(counts.failed), failed),
            RunField::Place => (place.clone(), style),
        };
        put(row.gap(1), column, &text, style, glyphs);
    }
    row.line()
}

fn put<F>(row: &mut Row, column: &Column<F>, text: &str, style: Style, glyphs: Glyphs) {
    match column.side {
        Side::Right => row.right(text, column.width, style, glyphs),
        Side::Left => row.left(text, column.width, style, glyphs),
    };
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
    let columns = fitting(PROCESS_COLUMNS, width);
    let mut lines = vec![heading(canvas, ("processes", theme.title), &columns, width)];
    for processor in processors {
        let Processor { host, pid, kind, version, last_seen, .. } = processor;
        let alive = is_alive(processor, canvas.moment.now);
        let style = if alive { theme.text } else { theme.dim };
        let mut row = Row::default();
        row.left(kind.name(), FIRST, style, glyphs);
        for column in &columns {
            let (text, style) = match column.field {
                ProcessField::Host => (host.clone(), style),
                ProcessField::Pid => (pid.to_string(), theme.dim),
                ProcessField::Version => (version.clone(), theme.dim),
                ProcessField::Seen => (ago(canvas.moment.now.since(*last_seen)), theme.dim),
                ProcessField::Does if alive => (does(canvas, processor), style),
                ProcessField::Does => ("seems to be gone".to_owned(), style),
            };
            put(row.gap(1), column, &text, style, glyphs);
        }
        lines.push(row.line());
    }
    lines
}

#[derive(Debug, Clone, Copy)]
enum ProcessField {
    Host,
    Pid,
    Version,
    Seen,
    Does,
}

const PROCESS_COLUMNS: &[Column<ProcessField>] = &[
    column(ProcessField::Host, "HOST", 18, Side::Left, 1),
    column(ProcessField::Pid, "PID", 8, Side::Right, 4),
    column(ProcessField::Version, "VERSION", 8, Side::Left, 3),
    column(ProcessField::Seen, "SEEN", 12, Side::Right, 2),
    column(ProcessField::Does, "DOES", 24, Side::Left, 0),
];

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
