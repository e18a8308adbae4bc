//! What is on the screen, one region per file. Pure: draws the state as of a moment, and changes nothing.

mod ascii;
mod canvas;
pub mod chart;
mod detail;
mod dialog;
mod facts;
mod footer;
mod frame;
mod header;
mod help;
mod incidents;
mod log;
mod menu;
mod origin;
mod palette;
mod pending;
mod picture;
mod processor;
mod snapshots;
mod sources;
pub mod sparkline;
mod standing;
mod table;
mod text;
mod timeline;

use std::cell::RefCell;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use canvas::Canvas;
use text::wrap;

use crate::console::event::Moment;
use crate::console::glyphs::Glyphs;
use crate::console::options::Look;
use crate::console::pointing::Targets;
use crate::console::screen::{Arrangement, Screen};
use crate::console::state::dialog::Dialog;
use crate::console::state::{State, ViewKind};

/// Draws everything, and says what stands where. At any size: where there is too little room it says so.
pub fn view(state: &State, look: &Look, moment: Moment, frame: &mut Frame) -> Targets {
    let area = frame.area();
    let screen = Screen::of(area.width, area.height, state.focus, state.zoom);
    let targets = RefCell::default();
    draw(Canvas { state, look, moment, screen, targets: &targets }, frame);
    if look.glyphs == Glyphs::Ascii {
        ascii::reduce(frame.buffer_mut());
    }
    targets.into_inner()
}

fn draw(canvas: Canvas<'_>, frame: &mut Frame) {
    let Canvas { state, screen, .. } = canvas;
    let area = frame.area();
    if screen.arrangement == Arrangement::TooSmall {
        too_small(canvas, frame, area);
        return;
    }
    header::draw(canvas, frame);
    frame::draw(canvas, frame);
    if state.view == ViewKind::Processor {
        processor::draw(canvas, frame, screen.inner);
    } else {
        match state.view {
            ViewKind::Incidents => incidents::draw(canvas, frame),
            ViewKind::Pending => pending::draw(canvas, frame),
            _ => snapshots::draw(canvas, frame),
        }
        detail::draw(canvas, frame);
    }
    footer::draw(canvas, frame);
    match &state.dialog {
        Some(Dialog::Form(form)) => dialog::form(canvas, frame, form),
        Some(Dialog::Sort(highlighted)) => menu::sort(canvas, frame, *highlighted),
        Some(Dialog::Columns(highlighted)) => menu::columns(canvas, frame, *highlighted),
        Some(Dialog::Palette(found)) => palette::draw(canvas, frame, found),
        Some(Dialog::Help(scroll)) => help::draw(canvas, frame, *scroll),
        Some(Dialog::Messages(scroll)) => help::messages(canvas, frame, *scroll),
        None => {}
    }
}

fn too_small(canvas: Canvas<'_>, frame: &mut Frame, area: Rect) {
    let (width, height) = crate::console::screen::SMALLEST;
    let said = format!("too small: {}x{}, needs {width}x{height}", area.width, area.height);
    let lines = wrap(&said, usize::from(area.width));
    let first = (usize::from(area.height).saturating_sub(lines.len())) / 2;
    for (line, y) in lines.into_iter().zip(area.y + u16::try_from(first).unwrap_or(0)..area.bottom()) {
        frame.render_widget(Line::styled(line, canvas.look.theme.text), Rect { y, height: 1, ..area });
    }
}
