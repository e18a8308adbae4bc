//! Themes as files: a role and its style a line. The ones that come with the program are such files, too.

use std::fmt::Write;

use ratatui::style::{Color, Modifier, Style};

use super::Theme;
use crate::console::settings::{self, Fault, Setting, shown};
use crate::domain::text::perhaps;

const PREAMBLE: &str = "\
# What the console looks like: ROLE = \"STYLE\". A role that is not named looks as in the theme 'terminal'. A style is
# any of bold, dim, italic, underlined and reversed, and one colour: black, red, green, yellow, blue, magenta, cyan, gray,
# dark-gray, light-red and so on, white (the terminal's own 16), 0 to 255, or #rrggbb; or default for the colour of
# texts. The selected row is always reversed, and nothing ever paints a background. Where there are fewer colours, the
# nearest is taken; with NO_COLOR none.

";

const COLOURS: [(&str, Color); 17] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
    ("default", Color::Reset),
];

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// The themes that are kept as files.
const EMBEDDED: [(&str, &str); 4] = [
    ("dark", include_str!("../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../../assets/themes/high-contrast.toml")),
    ("colorblind", include_str!("../../../assets/themes/colorblind.toml")),
];

impl Theme {
    /// The themes that come with the program, the one without a choice first.
    pub const NAMES: [&'static str; 6] = ["terminal", "mono", "dark", "light", "high-contrast", "colorblind"];

    /// A theme that comes with the program.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "terminal" => Some(Self::colour()),
            "mono" => Some(Self::mono()),
            name => Self::read(EMBEDDED.iter().find(|(known, _)| *known == name)?.1).ok(),
        }
    }

    /// Reads a theme file.
    ///
    /// # Errors
    /// Where it names a role or a style that there is not.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut theme = Self::colour();
        for setting in settings::read(text)? {
            let known = theme.roles().map(|(role, _)| role);
            let Some((_, style)) = theme.roles_mut().into_iter().find(|(role, _)| *role == setting.name) else {
                let (name, perhaps) = (shown(&setting.name), perhaps(&setting.name, known));
                let problem = format!("there is no role '{name}'{perhaps}; it is one of {}", known.join(", "));
                return Err(Fault { line: setting.line, problem });
            };
            *style = style_of(&setting)?;
        }
        // Without it nobody would know what the next key acts on.
        theme.selected = theme.selected.add_modifier(Modifier::REVERSED);
        Ok(theme)
    }

    /// The theme as a file that gives it again.
    #[must_use]
    pub fn file(&self) -> String {
        let mut file = PREAMBLE.to_owned();
        for (role, style) in self.roles() {
            let _ = writeln!(file, "{role} = \"{}\"", written(style));
        }
        file
    }
}

fn style_of(setting: &Setting) -> Result<Style, Fault> {
    let fault = |problem: String| Fault { line: setting.line, problem };
    let [text] = setting.texts.as_slice() else {
        return Err(fault(format!("'{}' has one style: write {} = \"bold red\"", setting.name, setting.name)));
    };
    let mut style = Style::new();
    for word in text.split_whitespace() {
        let lower = word.to_ascii_lowercase();
        if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == lower) {
            style = style.add_modifier(*modifier);
        } else if style.fg.is_none() {
            style = style.fg(colour_of(&lower).ok_or_else(|| fault(no_style(word)))?);
        } else {
            let problem = format!("'{}' has a colour already: '{}' is one too many", setting.name, shown(word));
            return Err(fault(problem));
        }
    }
    // Texts have this one by themselves. Setting it would be one colour too many where none may be set.
    let fg = style.fg.filter(|colour| *colour != Color::Reset);
    Ok(Style { fg, ..style })
}

fn colour_of(word: &str) -> Option<Color> {
    if let Some(digits) = word.strip_prefix('#') {
        let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
        return Some(Color::from_u32(value));
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok().map(Color::Indexed);
    }
    let word = word.replace("grey", "gray").replace("bright-", "light-");
    COLOURS.iter().find(|(name, _)| *name == word).map(|(_, colour)| *colour)
}

fn no_style(word: &str) -> String {
    let names = MODIFIERS.iter().map(|(name, _)| *name).chain(COLOURS.iter().map(|(name, _)| *name));
    let known: Vec<&str> = names.collect();
    let perhaps = perhaps(word, known.iter().copied());
    format!("'{}' is no style{perhaps}; it is one of {}, 0 to 255, #rrggbb", shown(word), known.join(", "))
}

fn written(style: Style) -> String {
    let modifiers = MODIFIERS.iter().filter(|(_, modifier)| style.add_modifier.contains(*modifier));
    let mut words: Vec<String> = modifiers.map(|(name, _)| (*name).to_owned()).collect();
    match style.fg {
        Some(Color::Indexed(index)) => words.push(index.to_string()),
        Some(Color::Rgb(red, green, blue)) => words.push(format!("#{red:02x}{green:02x}{blue:02x}")),
        Some(colour) => {
            words.extend(COLOURS.iter().find(|(_, known)| *known == colour).map(|(name, _)| (*name).to_owned()));
        }
        None if words.is_empty() => words.push("default".to_owned()),
        None => {}
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let fault = Theme::read(text).map(|_| ()).unwrap_err().to_string();
        assert!(fault.starts_with(expected), "{text}\n{fault}");
    }

    #[test]
    fn a_style_is_modifiers_and_a_colour_in_any_order() {
        let read = |style: &str| Theme::read(&format!("open = '{style}'")).unwrap().open;
        assert_eq!(read("bold red"), Style::new().bold().fg(Color::Red));
        assert_eq!(read("#ff8800 Reversed"), Style::new().reversed().fg(Color::Rgb(255, 136, 0)));
        assert_eq!(read("208"), Style::new().fg(Color::Indexed(208)));
        assert_eq!(read("bright-blue dim italic"), Style::new().dim().italic().fg(Color::LightBlue));
        assert_eq!(read("default"), Style::new());
        assert_eq!(read(""), Style::new());
    }

    #[test]
    fn what_a_file_does_not_name_stays_and_the_selected_row_stays_reversed() {
        let theme = Theme::read("# mine\nselected = 'bold blue'\n").unwrap();
        assert!(theme.selected.add_modifier.contains(Modifier::REVERSED | Modifier::BOLD));
        assert_eq!(Theme { selected: Theme::colour().selected, ..theme }, Theme::colour());
    }

    #[test]
    fn what_there_is_not_is_refused_with_its_line_and_what_there_is() {
        check("\nboder = 'red'", "line 2: there is no role 'boder': perhaps 'border'; it is one of text, dim, title");
        check("open = 'bold crimson'", "line 1: 'crimson' is no style; it is one of bold, dim, italic, underlined");
        check("open = 'boldd red'", "line 1: 'boldd' is no style: perhaps 'bold'");
        check("open = '#ff88'", "line 1: '#ff88' is no style");
        check("open = '256'", "line 1: '256' is no style");
        check("open = 'red on'", "line 1: 'open' has a colour already: 'on' is one too many");
        check("open = []", "line 1: 'open' has one style: write open = \"bold red\"");
    }

    #[test]
    fn every_theme_that_comes_with_the_program_names_every_role_and_survives_being_written() {
        for name in Theme::NAMES {
            let theme = Theme::named(name).unwrap();
            assert_eq!(Theme::read(&theme.file()), Ok(theme), "{name}");
        }
        for (name, text) in EMBEDDED {
            let named = settings::read(text).unwrap();
            let roles = Theme::colour().roles().map(|(role, _)| role);
            assert!(roles.iter().all(|role| named.iter().any(|setting| setting.name == *role)), "{name}");
        }
    }

    #[test]
    fn the_file_of_the_first_theme_says_what_the_program_does() {
        assert_eq!(include_str!("../../../assets/themes/terminal.toml"), Theme::colour().file());
    }

    /// The relative luminance of a colour, as WCAG has it.
    fn luminance(rgb: [u8; 3]) -> f64 {
        let part = |value: u8| {
            let share = f64::from(value) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2])
    }

    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn the_colours_of_a_theme_can_be_read_on_the_backgrounds_that_it_is_for() {
        let (dark, light) = ([[0; 3], [0x28, 0x2c, 0x34]], [[255; 3], [0xfd, 0xf6, 0xe3]]);
        let both = [dark[0], dark[1], light[0], light[1]];
        for (name, backgrounds, least) in
            [("dark", &dark[..], 4.5), ("light", &light[..], 4.5), ("colorblind", &both[..], 3.0)]
        {
            for (role, style) in Theme::named(name).unwrap().roles() {
                let Some(Color::Rgb(red, green, blue)) = style.fg else { continue };
                for background in backgrounds {
                    let contrast = contrast([red, green, blue], *background);
                    let least = if role == "border" { 3.0 } else { least };
                    assert!(contrast >= least, "{name} {role} on {background:?}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn of_high_contrast_nothing_is_dim() {
        let theme = Theme::named("high-contrast").unwrap();
        assert!(theme.roles().iter().all(|(_, style)| !style.add_modifier.contains(Modifier::DIM)));
    }
}
