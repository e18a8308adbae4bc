//! Secrets of the configuration: written in it, or in a file of their own, which is read when they are needed and not
//! before: somebody who only lists incidents need not be able to read them.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::{ConfigError, read_limited};
use crate::domain::{Secret, text};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretAt {
    /// In the configuration.
    Written(Secret),
    /// In this file.
    File(PathBuf),
}

impl SecretAt {
    /// Which of two keys says it; neither is none.
    ///
    /// # Errors
    /// Where both do.
    pub fn either(key: &str, written: Option<Secret>, file: Option<PathBuf>) -> Result<Option<Self>, String> {
        match (written, file) {
            (Some(_), Some(_)) => Err(format!("{key} and {key}_file say the same: leave one of them out")),
            (Some(secret), None) => Ok(Some(Self::Written(secret))),
            (None, file) => Ok(file.map(Self::File)),
        }
    }

    /// A path is seen from the folder of the configuration.
    #[must_use]
    pub fn seen_from(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            written @ Self::Written(_) => written,
        }
    }

    /// The secret, without the white space around it. `what` is what its file is called where it is wrong.
    ///
    /// # Errors
    /// Where its file cannot be read, or says nothing.
    pub fn read(&self, what: &'static str) -> Result<Secret, ConfigError> {
        match self {
            Self::Written(secret) => Ok(secret.clone()),
            Self::File(path) => read_trimmed(what, path).map(Secret::new),
        }
    }
}

fn read_trimmed(what: &'static str, path: &Path) -> Result<String, ConfigError> {
    let read = read_limited(path).and_then(|text| match text.trim() {
        "" => Err(Error::new(ErrorKind::InvalidData, "it is empty")),
        trimmed => Ok(trimmed.to_owned()),
    });
    read.map_err(|source| ConfigError::File { what, path: text::printable(&path.display().to_string()), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_is_read_without_the_white_space_around_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), " t0ken\n").unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let read = |name: &str| SecretAt::File(name.into()).seen_from(folder.path()).read("token file");
        assert_eq!(read("token").unwrap().reveal(), "t0ken");
        for (name, said) in [("empty", "it is empty"), ("missing", "No such file")] {
            let refusal = read(name).unwrap_err().to_string();
            assert!(refusal.contains(&format!("/{name} cannot be read: {said}")), "{refusal}");
        }
    }

    #[test]
    fn a_secret_is_said_once() {
        let secret = || Some(Secret::new("x"));
        assert_eq!(SecretAt::either("token", None, None), Ok(None));
        assert!(SecretAt::either("token", secret(), Some("x".into())).unwrap_err().contains("token_file"));
        assert_eq!(SecretAt::either("token", secret(), None), Ok(Some(SecretAt::Written(Secret::new("x")))));
    }
}
