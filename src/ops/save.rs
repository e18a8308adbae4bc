//! Saves a text as a file: all of it or nothing, and never over another file unless that was said.
//!
//! Waits for the disk: whoever must not, calls it from a thread that may.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::OpsError;

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is saved.
    Kept,
    /// It is replaced.
    Replaced,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing: a file can be made.
    Nothing,
    /// A file, which can be replaced.
    File,
}

/// Whether a text could be saved here. Changes nothing.
///
/// # Errors
/// Where no file can be here: the folder is missing, or what is there is no file.
pub fn inspect(path: &Path) -> Result<Found, OpsError> {
    let folder = folder(path);
    match fs::metadata(path) {
        Ok(file) if file.is_file() => Ok(Found::File),
        Ok(file) if file.is_dir() => {
            Err(OpsError::Input(format!("'{}' is a folder: name a file in it", path.display())))
        }
        Ok(_) => Err(OpsError::Input(format!("'{}' is not a regular file", path.display()))),
        Err(_) if path.file_name().is_none() => {
            Err(OpsError::Input(format!("'{}' is not the name of a file", path.display())))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => Ok(Found::Nothing),
            Ok(_) => Err(OpsError::Input(format!("'{}' is not a folder", folder.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(OpsError::Absent(format!("there is no folder '{}'", folder.display())))
            }
            Err(error) => Err(unusable(folder, error)),
        },
        Err(error) => Err(unusable(path, error)),
    }
}

/// Saves a text. Others see the old file or the new one, never a part.
///
/// # Errors
/// Where there is a file that is to be kept, or it cannot be written.
pub fn save(path: &Path, text: &str, existing: Existing) -> Result<(), OpsError> {
    let found = inspect(path)?;
    if found == Found::File && existing == Existing::Kept {
        return Err(exists(path));
    }
    // Where the name is a link, what it leads to is replaced, and the link stays.
    let target = if found == Found::File { fs::canonicalize(path) } else { Ok(path.to_owned()) };
    let target = target.map_err(|error| unusable(path, error))?;
    write(&target, text, existing).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => unusable(path, error),
    })
}

fn write(target: &Path, text: &str, existing: Existing) -> io::Result<()> {
    // As any program makes a file; a temporary one would be its owner's alone.
    let mode = fs::metadata(target).map_or_else(|_| Permissions::from_mode(0o666), |file| file.permissions());
    let mut file = tempfile::Builder::new().prefix(".afterimage-").permissions(mode).tempfile_in(folder(target))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    let saved = match existing {
        Existing::Kept => file.persist_noclobber(target),
        Existing::Replaced => file.persist(target),
    };
    saved.map(drop).map_err(|error| error.error)
}

/// Where a file of this name lies.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn exists(path: &Path) -> OpsError {
    OpsError::Conflict(format!("the file '{}' exists already", path.display()))
}

fn unusable(path: &Path, source: io::Error) -> OpsError {
    OpsError::File { what: format!("the file '{}' cannot be written", path.display()), source }
}

/// A path as it is wherever one looks from: relative ones from the folder of this process, `~/` from the user's own.
#[must_use]
pub fn absolute(given: &str) -> PathBuf {
    let home = given.strip_prefix("~/").and_then(|rest| Some(etcetera::home_dir().ok()?.join(rest)));
    let path = home.unwrap_or_else(|| PathBuf::from(given));
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_file_is_saved_and_one_that_is_there_is_kept_unless_it_is_to_be_replaced() {
        let folder = folder();
        let path = folder.path().join("a.md");
        save(&path, "one", Existing::Kept).unwrap();
        let refused = save(&path, "two", Existing::Kept).unwrap_err();
        assert_eq!((refused.exit_status(), fs::read_to_string(&path).unwrap()), (4, "one".to_owned()));
        assert!(refused.to_string().contains("a.md' exists already"), "{refused}");
        save(&path, "two", Existing::Replaced).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_new_one_is_for_all_that_the_user_lets_in() {
        let folder = folder();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o640)).unwrap();
        save(&old, "x", Existing::Replaced).unwrap();
        save(&new, "x", Existing::Kept).unwrap();
        fs::write(folder.path().join("usual"), "").unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("old"), mode("new")), (0o640, mode("usual")));
    }

    #[test]
    fn a_link_stays_a_link_to_what_is_replaced() {
        let folder = folder();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "one").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        save(&link, "two", Existing::Replaced).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "two");
    }

    #[test]
    fn what_can_be_no_file_is_said_and_left_alone() {
        let folder = folder();
        fs::write(folder.path().join("file"), "").unwrap();
        let cases = [
            ("none/a.md", 3, "there is no folder"),
            ("file/a.md", 2, "cannot be written"),
            ("", 2, "is a folder"),
            ("..", 2, "is a folder"),
            ("none/..", 2, "is not the name of a file"),
        ];
        for (name, status, said) in cases {
            let error = save(&folder.path().join(name), "x", Existing::Replaced).unwrap_err();
            assert_eq!(error.exit_status(), status, "{name}: {error}");
            assert!(error.to_string().contains(said), "{name}: {error}");
        }
        let device = save(Path::new("/dev/null"), "x", Existing::Replaced).unwrap_err();
        assert!(device.to_string().contains("'/dev/null' is not a regular file"), "{device}");
        assert!(inspect(Path::new("")).unwrap_err().to_string().contains("is not the name of a file"));
    }
}
