//! How many colours a terminal has, and what becomes of a colour where it has fewer.

use ratatui::style::{Color, Style};

use super::Theme;

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: it is told apart by bold and reverse alone.
    Mono,
    /// The 16 that it defines itself.
    Ansi,
    /// Those, a cube of 216 and a ramp of 24 greys.
    Indexed,
    /// All.
    True,
}

/// The steps of the cube of 216.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Depth {
    /// By `TERM` and `COLORTERM`.
    #[must_use]
    pub fn of(term: Option<&str>, colorterm: Option<&str>) -> Self {
        let (term, colorterm) = (term.unwrap_or_default(), colorterm.unwrap_or_default());
        if term == "dumb" {
            Self::Mono
        } else if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Ansi
        }
    }
}

impl Theme {
    /// The same theme with the colours that the terminal has.
    #[must_use]
    pub fn fit(mut self, depth: Depth) -> Self {
        if depth == Depth::Mono {
            return Self::mono();
        }
        for (_, style) in self.roles_mut() {
            *style = Style { fg: style.fg.and_then(|colour| nearest(colour, depth)), ..*style };
        }
        self
    }
}

/// The nearest colour that there is; none where that is the one that texts have anyway.
fn nearest(colour: Color, depth: Depth) -> Option<Color> {
    match (colour, depth) {
        (Color::Rgb(red, green, blue), Depth::Indexed) => Some(Color::Indexed(index_of([red, green, blue]))),
        (Color::Rgb(red, green, blue), Depth::Ansi) => ansi_of([red, green, blue]),
        (Color::Indexed(index @ 16..), Depth::Ansi) => ansi_of(rgb_of(index)),
        (colour, _) => Some(colour),
    }
}

/// The nearest of the cube and the ramp. The first 16 may be anything, so they are never it.
fn index_of(rgb: [u8; 3]) -> u8 {
    let distance = |index: &u8| -> u32 {
        rgb.iter().zip(rgb_of(*index)).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    (16..=u8::MAX).min_by_key(distance).unwrap_or(16)
}

/// What a place of the cube or the ramp looks like.
fn rgb_of(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [8 + (index - 232) * 10; 3];
    }
    let place = usize::from(index.saturating_sub(16));
    [STEPS[place / 36], STEPS[place / 6 % 6], STEPS[place % 6]]
}

/// The one of the 16 with that hue, as the terminal's owner has set it to be readable. A grey is left to the terminal:
/// whether its black or its white can be seen, nobody here knows.
fn ansi_of([red, green, blue]: [u8; 3]) -> Option<Color> {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let chroma = i32::from(most - least);
    if chroma * 5 < i32::from(most) {
        return None;
    }
    let part = |one: u8, other: u8| (i32::from(one) - i32::from(other)) * 60 / chroma;
    let hue = match most {
        _ if most == red => part(green, blue).rem_euclid(360),
        _ if most == green => 120 + part(blue, red),
        _ => 240 + part(red, green),
    };
    Some(match hue {
        20..70 => Color::Yellow,
        70..165 => Color::Green,
        165..200 => Color::Cyan,
        200..260 => Color::Blue,
        260..340 => Color::Magenta,
        _ => Color::Red,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_says_how_many_colours_it_has() {
        assert_eq!(Depth::of(Some("xterm-256color"), Some("truecolor")), Depth::True);
        assert_eq!(Depth::of(Some("xterm-direct"), None), Depth::True);
        assert_eq!(Depth::of(Some("tmux-256color"), None), Depth::Indexed);
        assert_eq!(Depth::of(Some("linux"), None), Depth::Ansi);
        assert_eq!(Depth::of(None, None), Depth::Ansi);
        assert_eq!(Depth::of(Some("dumb"), Some("truecolor")), Depth::Mono);
    }

    #[test]
    fn a_colour_becomes_the_nearest_that_there_is() {
        assert_eq!(nearest(Color::Rgb(255, 135, 0), Depth::Indexed), Some(Color::Indexed(208)));
        assert_eq!(nearest(Color::Rgb(128, 128, 128), Depth::Indexed), Some(Color::Indexed(244)));
        assert_eq!(nearest(Color::Rgb(255, 123, 114), Depth::Ansi), Some(Color::Red));
        assert_eq!(nearest(Color::Rgb(121, 192, 255), Depth::Ansi), Some(Color::Blue));
        assert_eq!(nearest(Color::Indexed(208), Depth::Ansi), Some(Color::Yellow));
        assert_eq!(nearest(Color::Rgb(139, 148, 158), Depth::Ansi), None, "a grey may be invisible");
        assert_eq!(nearest(Color::LightRed, Depth::Ansi), Some(Color::LightRed));
        assert_eq!(nearest(Color::Indexed(9), Depth::Ansi), Some(Color::Indexed(9)));
    }

    #[test]
    fn no_colour_is_left_that_the_terminal_has_not() {
        for name in Theme::NAMES {
            let theme = Theme::named(name).unwrap();
            for (role, style) in theme.fit(Depth::Ansi).roles() {
                assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(16..))), "{name} {role}");
            }
            for (role, style) in theme.fit(Depth::Indexed).roles() {
                assert!(!matches!(style.fg, Some(Color::Rgb(..))), "{name} {role}");
            }
            assert_eq!(theme.fit(Depth::True), theme);
            assert_eq!(theme.fit(Depth::Mono), Theme::mono());
        }
    }
}
