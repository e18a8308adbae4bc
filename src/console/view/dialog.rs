//! Forms and confirmations: a box in the middle, never larger than the screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::canvas::Canvas;
use super::footer::{Focused, input};
use super::text::{cut, wrap};
use crate::console::glyphs::Glyphs;
use crate::console::listing::Direction;
use crate::console::pointing::Target;
use crate::console::state::dialog::{Field, FieldKind, Form, Place, Purpose, Weight};
use crate::export::Format;

/// Labels of fields take so many columns.
const LABEL: u16 = 12;

/// A box of at most this size in the middle of the screen, emptied, with a title. Gives what is within.
pub(super) fn open(canvas: Canvas<'_>, frame: &mut Frame, title: &str, width: u16, height: u16) -> Rect {
    let area = frame.area();
    let (width, height) = (width.min(area.width), (height + 2).min(area.height));
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    canvas.cover(place, Target::Dialog);
    let theme = &canvas.look.theme;
    let title = cut(title, usize::from(width).saturating_sub(4), canvas.look.glyphs);
    let block = Block::bordered()
        .border_set(canvas.look.glyphs.border())
        .border_style(theme.border_focused)
        .title(Span::styled(format!(" {title} "), theme.title));
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    Rect { x: inner.x + 1.min(inner.width), width: inner.width.saturating_sub(2), ..inner }
}

/// A form or a confirmation.
pub(super) fn form(canvas: Canvas<'_>, frame: &mut Frame, form: &Form) {
    let theme = &canvas.look.theme;
    let width = 76.min(frame.area().width);
    let text_width = usize::from(width).saturating_sub(4);
    let mut notes: Vec<Line<'static>> = Vec::new();
    for note in &form.notes {
        let style = if note.weight == Weight::Warning { theme.warning } else { theme.dim };
        notes.extend(wrap(&note.text, text_width).into_iter().map(|line| Line::styled(line, style)));
    }
    let fields = u16::try_from(form.fields.len()).unwrap_or(0);
    let least = if frame.area().height < 16 { 1 } else { 2 };
    let remark = remark(canvas, form).map(|(text, style)| (wrap(&text, text_width), style));
    let remark_height = remark.as_ref().map_or(0, |(lines, _)| u16::try_from(lines.len()).unwrap_or(0)).clamp(least, 4);
    let below = if fields > 0 { fields + 2 + remark_height } else { 2 };
    let targets = targets(canvas, form, text_width, usize::from(frame.area().height.saturating_sub(below + 2)) / 2);
    let notes_height = u16::try_from(notes.len()).unwrap_or(0);
    let targets_height = u16::try_from(targets.len()).unwrap_or(0);
    let gap = u16::from(targets_height + notes_height > 0 && fields > 0);
    let inner = open(canvas, frame, &form.title, width, targets_height + notes_height + gap + below);
    // The fields and buttons keep their places at the bottom; targets and notes have what is left above them.
    let mut y = inner.y;
    let top_end = inner.bottom().saturating_sub(below);
    for line in targets.into_iter().chain(notes) {
        if y < top_end {
            frame.render_widget(line, Rect { y, height: 1, ..inner });
            y += 1;
        }
    }
    let mut y = top_end.max(inner.y);
    for (at, field) in form.fields.iter().enumerate() {
        if y < inner.bottom() {
            let focused = if form.focus == Place::Field(at) { Focused::Yes } else { Focused::No };
            let row = Rect { y, height: 1, ..inner };
            draw_field(canvas, frame, field, focused, row);
            canvas.put(row, Target::Field(at));
            y += 1;
        }
    }
    if let Some((lines, style)) = remark.filter(|_| fields > 0) {
        let room = y + u16::from(inner.height > 10)..inner.bottom().saturating_sub(1);
        for (line, y) in lines.into_iter().zip(room) {
            frame.render_widget(Span::styled(line, style), Rect { y, height: 1, ..inner });
        }
    }
    buttons(canvas, frame, form, inner);
}

fn targets(canvas: Canvas<'_>, form: &Form, width: usize, most: usize) -> Vec<Line<'static>> {
    let (theme, glyphs) = (&canvas.look.theme, canvas.look.glyphs);
    let most = most.clamp(1, 8);
    if most == 1 && form.targets.len() > 1 {
        return vec![Line::styled(numbers(form, width), theme.key)];
    }
    let shown = if form.targets.len() > most { most.saturating_sub(1) } else { form.targets.len() };
    let digits = form.targets.iter().map(|target| target.seen.id.to_string().len()).max().unwrap_or(0);
    let line = |target: &crate::console::state::dialog::Target| {
        let number = format!("#{:<digits$}  ", target.seen.id);
        let title = cut(&target.title, width.saturating_sub(number.len()), glyphs);
        Line::from(vec![Span::styled(number, theme.key), Span::styled(title, theme.text)])
    };
    let mut lines: Vec<Line<'static>> = form.targets.iter().take(shown).map(line).collect();
    if shown < form.targets.len() {
        let rest: Vec<String> = form.targets.iter().skip(shown).map(|target| format!("#{}", target.seen.id)).collect();
        let named = format!("and {}", rest.join(" "));
        let rest = if named.len() <= width { named } else { format!("and {} more", rest.len()) };
        lines.push(Line::styled(rest, theme.dim));
    }
    lines
}

/// The numbers alone, as many as there is room for: `#483 #484 and 3 more`.
fn numbers(form: &Form, width: usize) -> String {
    let named = |count: usize| {
        let numbers: Vec<String> =
            form.targets.iter().take(count).map(|target| format!("#{}", target.seen.id)).collect();
        let rest = form.targets.len() - count;
        if rest > 0 { format!("{} and {rest} more", numbers.join(" ")) } else { numbers.join(" ") }
    };
    let fits = |count: &usize| named(*count).len() <= width;
    named((1..=form.targets.len()).rev().find(fits).unwrap_or(1))
}

fn draw_field(canvas: Canvas<'_>, frame: &mut Frame, field: &Field, focused: Focused, row: Rect) {
    let theme = &canvas.look.theme;
    let faulty = field.visited && field.error.is_some();
    let style = match (faulty, focused) {
        (true, _) => theme.error,
        (false, Focused::Yes) => theme.title,
        (false, Focused::No) => theme.dim,
    };
    let mark = if focused == Focused::Yes { canvas.look.glyphs.gutter() } else { " " };
    frame.render_widget(Line::from(vec![Span::styled(mark, theme.key), Span::styled(field.label(), style)]), row);
    let place = Rect { x: row.x + LABEL.min(row.width), width: row.width.saturating_sub(LABEL), ..row };
    if field.kind == FieldKind::Format {
        formats(canvas, frame, field.input.value(), place, focused);
        return;
    }
    if field.input.value().is_empty() {
        // What is to be typed stands where it goes, before it is missed.
        let asked = field.error.as_ref().filter(|_| field.kind == FieldKind::Count);
        let hint = cut(asked.unwrap_or(&field.hint), usize::from(place.width).saturating_sub(2), canvas.look.glyphs);
        let hint_place = Rect { x: place.x + 1.min(place.width), width: place.width.saturating_sub(1), ..place };
        frame.render_widget(Span::styled(hint, theme.dim), hint_place);
    }
    input(canvas, frame, &field.input, place, focused);
}

/// All formats, the chosen one between brackets.
fn formats(canvas: Canvas<'_>, frame: &mut Frame, chosen: &str, place: Rect, focused: Focused) {
    let theme = &canvas.look.theme;
    let style = if focused == Focused::Yes { theme.title.patch(theme.selected) } else { theme.title };
    let names = Format::ALL.iter().map(|format| match format.name() {
        name if name == chosen => Span::styled(format!("[{name}]"), style),
        name => Span::styled(name, theme.dim),
    });
    let line: Line<'_> = names.flat_map(|name| [name, Span::raw(" ")]).collect();
    frame.render_widget(line, place);
}

/// What is wrong with the field that has the keys, or with the first that was left; else what it comes to.
fn remark(canvas: Canvas<'_>, form: &Form) -> Option<(String, ratatui::style::Style)> {
    let theme = &canvas.look.theme;
    let focused = match form.focus {
        Place::Field(at) => form.fields.get(at),
        Place::Cancel | Place::Accept => None,
    };
    let faulty = |field: &&Field| field.visited && field.error.is_some();
    let fault = focused.filter(faulty).or_else(|| form.fields.iter().find(faulty));
    if let Some(error) = fault.and_then(|field| field.error.clone()) {
        return Some((error, theme.error));
    }
    // Where a file goes is worth knowing wherever the keys are.
    let file = form.fields.iter().find(|field| field.kind == FieldKind::File);
    // So is a project that nothing is counted for.
    let projects = form.fields.iter().find(|field| field.kind == FieldKind::Projects);
    let elsewhere = |field: &&Field| focused.is_none_or(|focused| focused.kind != field.kind);
    let told = [focused, file.filter(elsewhere), projects.filter(elsewhere)];
    let told = told.into_iter().flatten().filter(|field| !field.input.value().is_empty() && !field.hint.is_empty());
    let told = told.map(|field| field.hint.as_str()).collect::<Vec<_>>().join("; ");
    Some((told, theme.dim)).filter(|(told, _)| !told.is_empty())
}

fn buttons(canvas: Canvas<'_>, frame: &mut Frame, form: &Form, inner: Rect) {
    let theme = &canvas.look.theme;
    let button = |label: &str, focused: bool| {
        let style = if focused { theme.title.patch(theme.selected) } else { theme.text };
        Span::styled(format!("[ {label} ]"), style)
    };
    let confirms = matches!(form.purpose, Purpose::Confirm(_)) && form.fields.is_empty();
    let hint = if confirms { "y does it, n does not" } else { "enter does it, tab moves, esc cancels" };
    let line = Line::from(vec![
        button("Cancel", form.focus == Place::Cancel),
        Span::raw("  "),
        button(form.accept, form.focus == Place::Accept),
        Span::raw("  "),
        Span::styled(hint, theme.dim),
    ]);
    if inner.height > 0 {
        let row = Rect { y: inner.bottom() - 1, height: 1, ..inner };
        let mut x = row.x;
        for (span, target) in line.spans.iter().zip([Some(Target::Cancel), None, Some(Target::Accept)]) {
            let width = u16::try_from(span.width()).unwrap_or(0);
            if let Some(target) = target {
                canvas.put(Rect { x, width, ..row }.intersection(row), target);
            }
            x += width;
        }
        frame.render_widget(line, row);
    }
}

/// The sign of a direction. In ASCII the signs are those of query languages: a `v` before a heading reads as a letter.
pub(super) fn arrow(direction: Direction, glyphs: Glyphs) -> &'static str {
    match (direction, glyphs) {
        (Direction::Ascending, Glyphs::Unicode) => glyphs.arrow_up(),
        (Direction::Descending, Glyphs::Unicode) => glyphs.arrow_down(),
        (Direction::Ascending, Glyphs::Ascii) => "+",
        (Direction::Descending, Glyphs::Ascii) => "-",
    }
}
