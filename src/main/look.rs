//! Finds out how the console looks and which keys it has: from the command line, the environment, and the user's files.

use afterimage::cli::{ConsoleOptions as Flags, GlobalOptions};
use afterimage::config::{self, ConfigError, Configuration, Environment};
use afterimage::console::glyphs::Glyphs;
use afterimage::console::keymap::Keymap;
use afterimage::console::options::Look;
use afterimage::console::settings::shown;
use afterimage::console::theme::{Depth, Theme};
use afterimage::domain::text::perhaps;

use super::Failure;

/// How the console looks, and its keys.
pub(super) struct Dress {
    pub(super) look: Look,
    pub(super) keymap: Keymap,
}

/// Reads all that there is to read. A file that is wrong is refused, whether or not it would be used.
pub(super) fn dress(
    global: &GlobalOptions,
    flags: &Flags,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<Dress, Failure> {
    let keymap = keymap(configuration)?;
    let theme = theme(flags.theme.as_deref(), configuration)?;
    let depth = Depth::of(environment.term.as_deref(), environment.colorterm.as_deref());
    let colourless = global.no_color || environment.no_color;
    let look = Look {
        theme: if colourless { Theme::mono() } else { theme.fit(depth) },
        glyphs: if environment.unicode { Glyphs::Unicode } else { Glyphs::Ascii },
    };
    Ok(Dress { look, keymap })
}

/// The user's own keymap, or the one that comes with the program.
pub(super) fn keymap(configuration: &Configuration) -> Result<Keymap, Failure> {
    let Some(file) = configuration.keymap_file()? else { return Ok(Keymap::default()) };
    Ok(Keymap::read(&file.text).map_err(|fault| file.wrong(fault.line, fault.problem))?)
}

/// The theme of this name: the user's own goes before the program's.
pub(super) fn theme(given: Option<&str>, configuration: &Configuration) -> Result<Theme, Failure> {
    let Some(name) = given.or(configuration.theme.as_deref()) else { return Ok(Theme::colour()) };
    if let Some(file) = Configuration::theme_file(name)? {
        return Ok(Theme::read(&file.text).map_err(|fault| file.wrong(fault.line, fault.problem))?);
    }
    Theme::named(name).ok_or_else(|| {
        let own = config::own_themes();
        let known: Vec<&str> = Theme::NAMES.into_iter().chain(own.iter().map(String::as_str)).collect();
        let (perhaps, known) = (perhaps(name, known.iter().copied()), known.join(", "));
        ConfigError::NoTheme { name: shown(name), perhaps, known }.into()
    })
}
