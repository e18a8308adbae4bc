//! The characters that the console draws with: a Unicode set and an ASCII one. Knows nothing of colours or widgets.
//! Every glyph is one column wide.

use ratatui::symbols::border;

/// Which set of characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing, blocks and arrows.
    Unicode,
    /// Nothing beyond `~`.
    Ascii,
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Declares methods that give a glyph of either set.
macro_rules! glyphs {
    ($($(#[$meta:meta])* $name:ident: $kind:ty = $unicode:expr, $ascii:expr;)+) => {
        impl Glyphs {
            $($(#[$meta])*
            #[must_use]
            pub const fn $name(self) -> $kind {
                match self { Self::Unicode => $unicode, Self::Ascii => $ascii }
            })+
        }
    };
}

glyphs! {
    /// In the gutter of the selected row.
    gutter: &'static str = "▌", ">";
    /// In the gutter of a marked row.
    mark: &'static str = "✓", "*";
    /// An incident that goes on.
    open: &'static str = "●", "!";
    /// An incident that is over.
    closed: &'static str = "○", "-";
    /// A snapshot that is promised.
    pending: &'static str = "◔", "~";
    /// A complete snapshot.
    captured: &'static str = "◆", "+";
    /// A snapshot captured early.
    partial: &'static str = "◇", "%";
    /// A capture that failed.
    failed: &'static str = "✗", "x";
    /// Heights of what counted something in a sparkline, lowest first; none of them is blank. None fills its cell
    /// either, or the sparklines of neighbouring rows would run into each other.
    spark_levels: [&'static str; 6] = ["▂", "▃", "▄", "▅", "▆", "▇"], [":", "-", "=", "+", "*", "#"];
    /// What counted nothing in a sparkline: its baseline.
    spark_zero: &'static str = "▁", "_";
    /// Hatching over what the source did not hold.
    gap: &'static str = "╱", "/";
    /// What has not happened yet.
    future: &'static str = "·", ".";
    /// Where a text was cut off.
    ellipsis: &'static str = "…", "~";
    /// Between two things on one line.
    separator: &'static str = "·", "|";
    /// The frame of a pane.
    border: border::Set<'static> = border::ROUNDED, ASCII_BORDER;
    /// To the left.
    arrow_left: &'static str = "←", "<";
    /// To the right; from, to.
    arrow_right: &'static str = "→", ">";
    /// Upwards; ascending.
    arrow_up: &'static str = "↑", "^";
    /// Downwards; descending.
    arrow_down: &'static str = "↓", "v";
    /// Frames of something at work, in order.
    spinner: &'static [&'static str] = &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"], &["|", "/", "-", "\\"];
    /// Part of a gauge that is done.
    gauge_full: &'static str = "█", "#";
    /// Part of a gauge that is not.
    gauge_empty: &'static str = "░", ".";
    /// The horizontal axis.
    axis_horizontal: &'static str = "─", "-";
    /// The vertical axis.
    axis_vertical: &'static str = "│", "|";
    /// Where the axes meet.
    axis_corner: &'static str = "└", "+";
    /// A labelled place of the vertical axis.
    axis_tick_vertical: &'static str = "┤", "+";
    /// A labelled place of the horizontal axis.
    axis_tick_horizontal: &'static str = "┬", "+";
    /// A line across the chart at a labelled value.
    gridline: &'static str = "┈", "-";
    /// The horizontal axis below the incident.
    axis_incident: &'static str = "━", "=";
    /// A labelled place of the horizontal axis below the incident.
    axis_tick_incident: &'static str = "┯", "+";
    /// On the horizontal axis below a bucket that is not whole.
    axis_partial: &'static str = "~", "~";
    /// On the horizontal axis below the cursor.
    cursor: &'static str = "▲", "^";
    /// Above the bar under the cursor.
    cursor_line: &'static str = "│", "!";
    /// Heights of the top of a bar, lowest first. The last fills its place and is all that the rest of the bar has.
    bar_levels: &'static [&'static str] = &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], &["_", "|"];
    /// As [`Glyphs::bar_levels`], during the incident: told apart without colours too where there are letters for it.
    bar_levels_incident: &'static [&'static str] = &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], &["_", "#"];
    /// Heights of the outline of what stands behind the bars, the lower first.
    behind_levels: [&'static str; 2] = ["─", "▔"], ["o", "*"];
    /// Where the incident starts.
    incident_start: &'static str = "┌", "[";
    /// Where the incident was closed.
    incident_close: &'static str = "┐", "]";
    /// While the incident lasts.
    incident_span: &'static str = "─", "=";
    /// Where the bracket leaves the chart, the incident being older.
    incident_beyond_left: &'static str = "◂", "<";
    /// Where the bracket leaves the chart, the incident being longer or still open.
    incident_beyond_right: &'static str = "▸", ">";
    /// An incident within one column.
    incident_point: &'static str = "╥", "!";
    /// Below the ends of the bracket.
    incident_edge: &'static str = "┊", ":";
}

impl Glyphs {
    /// Unicode where the locale (the first that is set of `LC_ALL`, `LC_CTYPE`, `LANG`) can carry it.
    #[must_use]
    pub fn for_locale(locale: Option<&str>) -> Self {
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn every(glyphs: Glyphs) -> Vec<&'static str> {
        let border = glyphs.border();
        let mut every = vec![
            glyphs.gutter(),
            glyphs.mark(),
            glyphs.open(),
            glyphs.closed(),
            glyphs.pending(),
            glyphs.captured(),
            glyphs.partial(),
            glyphs.failed(),
            glyphs.spark_zero(),
            glyphs.gap(),
            glyphs.future(),
            glyphs.ellipsis(),
            glyphs.separator(),
            border.top_left,
            border.horizontal_top,
            border.vertical_left,
            glyphs.arrow_left(),
            glyphs.arrow_right(),
            glyphs.arrow_up(),
            glyphs.arrow_down(),
            glyphs.gauge_full(),
            glyphs.gauge_empty(),
            glyphs.axis_horizontal(),
            glyphs.axis_vertical(),
            glyphs.axis_corner(),
            glyphs.axis_tick_vertical(),
            glyphs.axis_tick_horizontal(),
            glyphs.gridline(),
            glyphs.axis_incident(),
            glyphs.axis_tick_incident(),
            glyphs.axis_partial(),
            glyphs.cursor(),
            glyphs.cursor_line(),
            glyphs.incident_edge(),
            glyphs.incident_start(),
            glyphs.incident_close(),
            glyphs.incident_span(),
            glyphs.incident_beyond_left(),
            glyphs.incident_beyond_right(),
            glyphs.incident_point(),
        ];
        every.extend(glyphs.spark_levels());
        every.extend(glyphs.spinner());
        every.extend(glyphs.bar_levels());
        every.extend(glyphs.bar_levels_incident());
        every.extend(glyphs.behind_levels());
        every
    }

    #[test]
    fn every_glyph_is_one_column_wide() {
        for glyph in every(Glyphs::Unicode).into_iter().chain(every(Glyphs::Ascii)) {
            assert_eq!(glyph.width(), 1, "{glyph}");
        }
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        assert!(every(Glyphs::Ascii).iter().all(|glyph| glyph.is_ascii()));
    }

    #[test]
    fn a_locale_decides_which_set_is_drawn() {
        for locale in ["C.UTF-8", "de_DE.utf8", "UTF-8", "en_US.UTF-8@euro"] {
            assert_eq!(Glyphs::for_locale(Some(locale)), Glyphs::Unicode, "{locale}");
        }
        for locale in [None, Some(""), Some("C"), Some("POSIX"), Some("de_DE.ISO-8859-1")] {
            assert_eq!(Glyphs::for_locale(locale), Glyphs::Ascii, "{locale:?}");
        }
    }
}
