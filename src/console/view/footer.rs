//! The line at the bottom: the filter while it is typed, else what the console has just said, else the keys that matter
//! here and now.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use super::canvas::Canvas;
use super::text::{cut, width_of};
use crate::console::availability::{self, Hint};
use crate::console::keymap::Action;
use crate::console::pointing::Target;
use crate::console::state::FilterLine;
use crate::console::state::toasts::{Toast, Tone};
use crate::domain::filter::{Field, completions};
use crate::domain::text::{printable, typed};

/// Hints from this place on are shown always.
const ALWAYS: u8 = 40;

/// Draws the line.
pub(super) fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let area = canvas.screen.footer;
    match (&canvas.state.filter_line, canvas.state.toasts.current(canvas.moment.real)) {
        (Some(line), _) => filter(canvas, frame, line),
        (None, Some(toast)) => say(canvas, frame, toast),
        (None, None) => frame.render_widget(hints(canvas, usize::from(area.width)), area),
    }
}

/// What is typed has the whole line; what is said of it stands above.
fn filter(canvas: Canvas<'_>, frame: &mut Frame, line: &FilterLine) {
    let (area, theme) = (canvas.screen.footer, &canvas.look.theme);
    frame.render_widget(Span::styled(" /", theme.key), area);
    let place = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(3), ..area };
    input(canvas, frame, &line.input, place, Focused::Yes);
    let Some(error) = line.error.as_ref().filter(|error| !error.unfinished) else { return };
    let room = usize::from(place.width).saturating_sub(1);
    let before: String = line.input.value().chars().take(error.position - 1).collect();
    let from = width_of(&before).saturating_sub(line.input.visual_scroll(room)).min(room);
    let from = u16::try_from(from).unwrap_or(0);
    let faulty = Rect { x: place.x + from, width: place.width - from, ..place };
    frame.buffer_mut().set_style(faulty, theme.error);
}

/// What is said of a filter that is being typed: where it is wrong, how it may go on, or what it may hold.
pub(super) fn about_filter(canvas: Canvas<'_>, line: &FilterLine, room: usize) -> (String, Style) {
    let theme = &canvas.look.theme;
    if let Some(error) = &line.error {
        let (text, style) = if error.unfinished {
            (error.problem.to_string(), theme.warning)
        } else {
            (error.to_string(), theme.error)
        };
        return (format!(" {text} "), style);
    }
    let offered = match &line.offered {
        Some(offered) => offered.words.clone(),
        None => completions(line.input.value(), &canvas.state.rows.names()),
    };
    let word = line.input.value().rsplit(char::is_whitespace).next().unwrap_or_default();
    if !word.is_empty() && !offered.is_empty() {
        return (format!(" tab: {} ", offered.join("  ")), theme.text);
    }
    let fields: Vec<String> = Field::ALL.iter().map(|field| format!("{field}:")).collect();
    let texts = [
        format!(" {}  words 'exact !not  tab completes, enter keeps, esc clears ", fields.join(" ")),
        format!(" {}  'exact !not ", fields.join(" ")),
        " status: project: rule: window: age: snapshot: ..., words; esc clears ".to_owned(),
    ];
    let fits = texts.iter().find(|text| width_of(text) <= room);
    (fits.unwrap_or(&texts[2]).clone(), theme.dim)
}

/// Whether an input has the keys, and so the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focused {
    Yes,
    No,
}

/// What is being typed, scrolled so that the cursor is seen.
pub(super) fn input(canvas: Canvas<'_>, frame: &mut Frame, input: &Input, place: Rect, focused: Focused) {
    if place.is_empty() {
        return;
    }
    let room = usize::from(place.width).saturating_sub(1);
    let text = typed(input.value());
    let before: String = text.chars().take(input.cursor()).collect();
    let (mut hidden, mut column) = (0, width_of(&before));
    if focused == Focused::Yes {
        for grapheme in before.graphemes(true) {
            if column <= room {
                break;
            }
            column -= width_of(grapheme);
            hidden += grapheme.len();
        }
    }
    let (mut shown, mut used) = (String::new(), 0);
    for grapheme in text[hidden..].graphemes(true) {
        used += width_of(grapheme);
        if used > room {
            break;
        }
        shown.push_str(grapheme);
    }
    frame.render_widget(Span::styled(shown, canvas.look.theme.text), place);
    if focused == Focused::Yes {
        let column = u16::try_from(column.min(room)).unwrap_or(0);
        frame.set_cursor_position(Position::new(place.x + column, place.y));
    }
}

/// What was said stands at the right, so that the keys stay where they are; alone where there is no room for both.
fn say(canvas: Canvas<'_>, frame: &mut Frame, toast: &Toast) {
    let (area, theme) = (canvas.screen.footer, &canvas.look.theme);
    let style = match toast.tone {
        Tone::Plain => theme.text,
        Tone::Success => theme.success,
        Tone::Warning => theme.warning,
        Tone::Error => theme.error,
    };
    let width = usize::from(area.width);
    let text = fitting(canvas, &toast.text, width.saturating_sub(2));
    let length = width_of(&text);
    let room = width.saturating_sub(length + 2);
    let keys = hints(canvas, room);
    let x = if keys.width() <= room {
        frame.render_widget(keys, Rect { width: u16::try_from(room).unwrap_or(0), ..area });
        width - length - 1
    } else {
        1
    };
    let x = u16::try_from(x).unwrap_or(0).min(area.width);
    frame.render_widget(Span::styled(text, style), Rect { x: area.x + x, width: area.width - x, ..area });
}

/// What was said in one line; where it has to be cut, how all of it is read.
fn fitting(canvas: Canvas<'_>, text: &str, room: usize) -> String {
    let glyphs = canvas.look.glyphs;
    let whole = cut(text, room, glyphs);
    let more = format!("  {} shows all", canvas.state.key(Action::Messages));
    let is_cut = width_of(&printable(text)) > room && room > 4 * width_of(&more);
    if is_cut { format!("{}{more}", cut(text, room - width_of(&more), glyphs)) } else { whole }
}

/// The keys that can be used now, by their place; those for help and leaving always fit.
fn hints(canvas: Canvas<'_>, width: usize) -> Line<'static> {
    let theme = &canvas.look.theme;
    let hints = availability::hints(canvas.state, canvas.moment.now);
    let named = hints.into_iter().map(|hint| (canvas.state.key(hint.action), hint));
    let cost = |(key, hint): &(String, Hint)| width_of(key) + width_of(&hint.label) + 3;
    let (always, others): (Vec<_>, Vec<_>) = named.partition(|(_, hint)| hint.place >= ALWAYS);
    let mut room = width.saturating_sub(1 + always.iter().map(cost).sum::<usize>());
    let mut shown = Vec::new();
    for named in others {
        if cost(&named) > room {
            break;
        }
        room -= cost(&named);
        shown.push(named);
    }
    let mut spans = vec![Span::raw(" ")];
    let mut x = canvas.screen.footer.x + 1;
    for (key, hint) in shown.into_iter().chain(always) {
        let length = u16::try_from(width_of(&key) + 1 + width_of(&hint.label)).unwrap_or(0);
        canvas.put(Rect { x, width: length, ..canvas.screen.footer }, Target::Hint(hint.action));
        x = x.saturating_add(length + 2);
        spans.push(Span::styled(key, theme.key));
        spans.push(Span::styled(format!(" {}  ", hint.label), theme.dim));
    }
    Line::from(spans)
}
