//! The files that a console may have beside the configuration: the keymap, the themes. Finds and reads them; what they
//! say is for the console to understand.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{ConfigError, Configuration, own_folder, read_limited};
use crate::domain::text;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// What kind of file it is.
    pub what: &'static str,
    /// Where it is, as it may be shown.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl SettingsFile {
    fn read(what: &'static str, path: &Path) -> Result<Self, ConfigError> {
        let shown = text::printable(&path.display().to_string());
        match read_limited(path) {
            Ok(text) => Ok(Self { what, path: shown, text }),
            Err(source) => Err(ConfigError::File { what, path: shown, source }),
        }
    }

    fn read_if_there(what: &'static str, path: Option<PathBuf>) -> Result<Option<Self>, ConfigError> {
        let Some(path) = path else { return Ok(None) };
        match Self::read(what, &path) {
            Err(ConfigError::File { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// Says what is wrong in a line of it.
    #[must_use]
    pub fn wrong(&self, line: usize, problem: String) -> ConfigError {
        ConfigError::Malformed { what: self.what, path: self.path.clone(), line, problem }
    }
}

impl Configuration {
    /// The keymap: the file that the configuration names, or the user's own where there is one.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn keymap_file(&self) -> Result<Option<SettingsFile>, ConfigError> {
        match &self.keymap {
            Some(path) => SettingsFile::read("keymap file", path).map(Some),
            None => SettingsFile::read_if_there("keymap file", own_folder().map(|folder| folder.join("keymap.toml"))),
        }
    }

    /// The file of a theme: where a path was named, that; else the user's own theme of this name, where there is one.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn theme_file(name: &str) -> Result<Option<SettingsFile>, ConfigError> {
        if is_path(name) {
            return SettingsFile::read("theme file", Path::new(name)).map(Some);
        }
        let own = own_folder().map(|folder| folder.join("themes").join(format!("{name}.toml")));
        SettingsFile::read_if_there("theme file", own)
    }

    /// Paths of a configuration are seen from the folder that it is in.
    pub(super) fn seen_from(mut self, folder: Option<&Path>) -> Self {
        if let Some(folder) = folder {
            self.keymap = self.keymap.map(|path| folder.join(path));
            let beside = |name: String| if is_path(&name) { folder.join(name).display().to_string() } else { name };
            self.theme = self.theme.map(beside);
            self.webhooks.iter_mut().for_each(|webhook| webhook.seen_from(folder));
        }
        self
    }
}

fn is_path(theme: &str) -> bool {
    theme.contains('/') || Path::new(theme).extension().is_some_and(|extension| extension == "toml")
}

/// The names of the user's own themes.
#[must_use]
pub fn own_themes() -> Vec<String> {
    let entries = own_folder().and_then(|folder| std::fs::read_dir(folder.join("themes")).ok());
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| Some(text::printable(path.file_stem()?.to_str()?)))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder_of_the_configuration_and_names_are_no_paths() {
        let read = |theme: &str| {
            let configuration = Configuration {
                keymap: Some("keys.toml".into()),
                theme: Some(theme.to_owned()),
                ..Configuration::default()
            };
            let seen = configuration.seen_from(Some(Path::new("/etc/a")));
            (seen.keymap.unwrap().display().to_string(), seen.theme.unwrap())
        };
        assert_eq!(read("dark"), ("/etc/a/keys.toml".to_owned(), "dark".to_owned()));
        assert_eq!(read("mine.toml").1, "/etc/a/mine.toml");
        assert_eq!(read("/b/mine.toml").1, "/b/mine.toml");
    }
}
