//! What every role on the screen looks like. Knows roles, not widgets. By itself it uses only the 16 colours that the
//! terminal defines, so that light and dark ones stay readable; other themes are files. Never paints a background.

mod depth;
mod file;

pub use depth::Depth;

use ratatui::style::{Color, Modifier, Style};

/// A style for each role. Every role is also told by a word, a glyph or a place: colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// What is there to be read.
    pub text: Style,
    /// What may be overlooked.
    pub dim: Style,
    /// The heading of a pane, of a column.
    pub title: Style,
    /// The frame of a pane.
    pub border: Style,
    /// The frame of the pane that has the keys.
    pub border_focused: Style,
    /// The selected row: reversed, whatever its own style.
    pub selected: Style,
    /// A key in a hint.
    pub key: Style,
    /// An incident that goes on.
    pub open: Style,
    /// An incident that is over.
    pub closed: Style,
    /// A snapshot promised for later.
    pub pending: Style,
    /// A snapshot promised for now.
    pub due: Style,
    /// A complete snapshot.
    pub captured: Style,
    /// A snapshot captured early.
    pub partial: Style,
    /// A capture that will be tried again.
    pub failing: Style,
    /// A capture that was given up.
    pub dead: Style,
    /// Something that needs attention soon.
    pub warning: Style,
    /// Something that went wrong.
    pub error: Style,
    /// Something that went well.
    pub success: Style,
    /// A mode that must not be forgotten: read only, frozen clock.
    pub badge: Style,
    /// A bucket of a sparkline, which does not tell the incident from the rest.
    pub spark: Style,
    /// A bucket before or after the incident.
    pub chart_bar: Style,
    /// A bucket of the incident.
    pub chart_incident: Style,
    /// The bracket of the incident and its labels.
    pub chart_mark: Style,
    /// Axes and their labels.
    pub chart_axis: Style,
    /// The column of the cursor and its reading.
    pub chart_cursor: Style,
    /// What has not happened yet.
    pub chart_future: Style,
    /// What the source did not hold.
    pub chart_gap: Style,
    /// The outline of another incident behind the bars.
    pub chart_behind: Style,
}

impl Theme {
    /// For terminals with colours.
    #[must_use]
    pub const fn colour() -> Self {
        let plain = Style::new();
        let dim = plain.add_modifier(Modifier::DIM);
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain,
            dim,
            title: bold,
            border: dim,
            border_focused: plain.fg(Color::Cyan),
            selected: plain.add_modifier(Modifier::REVERSED),
            key: bold.fg(Color::Cyan),
            open: bold.fg(Color::Red),
            closed: plain,
            pending: plain.fg(Color::Cyan),
            due: bold.fg(Color::Magenta),
            captured: plain.fg(Color::Green),
            partial: plain.fg(Color::Magenta),
            failing: plain.fg(Color::Magenta),
            dead: bold.fg(Color::Red),
            warning: plain.fg(Color::Magenta),
            error: bold.fg(Color::Red),
            success: plain.fg(Color::Green),
            badge: bold.fg(Color::Magenta).add_modifier(Modifier::REVERSED),
            spark: plain.fg(Color::Cyan),
            chart_bar: plain.fg(Color::Cyan),
            chart_incident: plain.fg(Color::Red),
            chart_mark: bold.fg(Color::Red),
            chart_axis: dim,
            chart_cursor: bold,
            chart_future: dim,
            chart_gap: dim.fg(Color::Magenta),
            chart_behind: plain.fg(Color::Green),
        }
    }

    /// For `NO_COLOR` and terminals without colours: modifiers only.
    ///
    /// It sets no colour at all, not even the default one: when asked not to use colours, crossterm answers each with a
    /// full reset, which would also take away the reverse video of the selected row.
    #[must_use]
    pub const fn mono() -> Self {
        let plain = Style::new();
        let dim = plain.add_modifier(Modifier::DIM);
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        Self {
            text: plain,
            dim,
            title: bold,
            border: dim,
            border_focused: bold,
            selected: reversed,
            key: bold,
            open: bold,
            closed: plain,
            pending: plain,
            due: bold,
            captured: plain,
            partial: plain,
            failing: bold,
            dead: bold,
            warning: bold,
            error: bold,
            success: plain,
            badge: bold.add_modifier(Modifier::REVERSED),
            spark: plain,
            chart_bar: dim,
            chart_incident: bold,
            chart_mark: bold,
            chart_axis: dim,
            chart_cursor: bold,
            chart_future: dim,
            chart_gap: dim,
            chart_behind: plain,
        }
    }

    /// Every style with the name of its role, as a theme file writes it.
    #[must_use]
    pub fn roles(mut self) -> [(&'static str, Style); 28] {
        self.roles_mut().map(|(role, style)| (role, *style))
    }

    const fn roles_mut(&mut self) -> [(&'static str, &mut Style); 28] {
        [
            ("text", &mut self.text),
            ("dim", &mut self.dim),
            ("title", &mut self.title),
            ("border", &mut self.border),
            ("border-focused", &mut self.border_focused),
            ("selected", &mut self.selected),
            ("key", &mut self.key),
            ("open", &mut self.open),
            ("closed", &mut self.closed),
            ("pending", &mut self.pending),
            ("due", &mut self.due),
            ("captured", &mut self.captured),
            ("partial", &mut self.partial),
            ("failing", &mut self.failing),
            ("dead", &mut self.dead),
            ("warning", &mut self.warning),
            ("error", &mut self.error),
            ("success", &mut self.success),
            ("badge", &mut self.badge),
            ("spark", &mut self.spark),
            ("chart-bar", &mut self.chart_bar),
            ("chart-incident", &mut self.chart_incident),
            ("chart-mark", &mut self.chart_mark),
            ("chart-axis", &mut self.chart_axis),
            ("chart-cursor", &mut self.chart_cursor),
            ("chart-future", &mut self.chart_future),
            ("chart-gap", &mut self.chart_gap),
            ("chart-behind", &mut self.chart_behind),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_without_colours_sets_none() {
        for (role, style) in Theme::mono().roles() {
            assert_eq!((style.fg, style.bg, style.underline_color), (None, None, None), "{role}");
        }
    }

    #[test]
    fn no_background_is_painted_and_no_colour_is_lost_on_a_light_or_a_dark_terminal() {
        let readable = [Color::Red, Color::Green, Color::Magenta, Color::Cyan];
        for (role, style) in Theme::colour().roles() {
            assert_eq!(style.bg, None, "{role}");
            assert!(style.fg.is_none_or(|colour| readable.contains(&colour)), "{role}: {:?}", style.fg);
        }
    }

    #[test]
    fn the_selected_row_is_reversed_with_and_without_colours() {
        for theme in [Theme::colour(), Theme::mono()] {
            assert!(theme.selected.add_modifier.contains(Modifier::REVERSED));
        }
    }
}
