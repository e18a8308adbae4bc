//! Where the bytes come from, twice the same: a file that must not change meanwhile, or a spool of what can be read
//! only once. Knows nothing of events.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::parser::Format;
use crate::domain::text;
use crate::ops::OpsError;

/// Bytes that are read at once.
const BLOCK: usize = 65_536;

/// What is imported.
pub enum Input {
    /// A file by its path; what is no ordinary file is read once, as a stream is.
    File(PathBuf),
    /// A stream that can be read only once, like standard input.
    Stdin(Box<dyn Read + Send>),
    /// What came with a request.
    Request(Box<dyn Read + Send>),
}

/// An input that is open.
pub(super) struct Intake {
    /// What it is called in messages and in the record of the import.
    pub(super) name: String,
    /// The format that its name promises.
    pub(super) format: Option<Format>,
    /// Its length in bytes, where it is known.
    pub(super) length: Option<u64>,
    reader: Box<dyn Read + Send>,
    kept: Kept,
}

/// What the second pass reads.
enum Kept {
    /// The file itself, and what it was like at first.
    File(File, Stamp),
    /// What the first pass writes down. It has no name, so nothing is left of it whatever happens.
    Spool(File),
}

/// What tells that a file was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

/// Content that was read to its end once and can be read again.
pub(super) struct Content {
    pub(super) name: String,
    pub(super) length: u64,
    kept: Kept,
}

impl Input {
    /// Opens it.
    pub(super) fn open(self) -> Result<Intake, OpsError> {
        let stream = |name: &str, reader| {
            let name = name.to_owned();
            let kept = Kept::Spool(spool(&name)?);
            Ok(Intake { name, format: None, length: None, reader, kept })
        };
        let path = match self {
            Self::File(path) => path,
            Self::Stdin(reader) => return stream("standard input", reader),
            Self::Request(reader) => return stream("the request", reader),
        };
        let name = text::shorten(&path.display().to_string(), 200);
        let fault = |source| OpsError::File { what: format!("cannot import '{name}'"), source };
        let file = File::open(&path).map_err(fault)?;
        let metadata = file.metadata().map_err(fault)?;
        if metadata.is_dir() {
            return Err(fault(ErrorKind::IsADirectory.into()));
        }
        let format = Format::of_path(&path);
        if !metadata.is_file() {
            let kept = Kept::Spool(spool(&name)?);
            return Ok(Intake { name, format, length: None, reader: Box::new(file), kept });
        }
        let stamp = Stamp::of(&file).map_err(fault)?;
        // Both handles share one position, and are never used at the same time.
        let kept = Kept::File(file.try_clone().map_err(fault)?, stamp);
        Ok(Intake { name, format, length: Some(stamp.length), reader: Box::new(file), kept })
    }
}

impl Intake {
    /// Reads to the end: every block is handed out, and kept where it could not be had again. Returns what was read,
    /// and its SHA-256.
    pub(super) fn read(mut self, mut hand_out: impl FnMut(&[u8])) -> Result<(Content, Sha256), OpsError> {
        let mut hash = Sha256::new();
        let mut block = vec![0; BLOCK];
        let mut length = 0;
        loop {
            let bytes = read_block(&mut self.reader, &mut block).map_err(|error| unreadable(&self.name, error))?;
            if bytes.is_empty() {
                break;
            }
            length += bytes.len() as u64;
            hash.update(bytes);
            if let Kept::Spool(spool) = &mut self.kept {
                spool.write_all(bytes).map_err(|error| not_spooled(&self.name, error))?;
            }
            hand_out(bytes);
        }
        let content = Content { name: self.name, length, kept: self.kept };
        content.check_unchanged()?;
        Ok((content, hash))
    }
}

impl Content {
    /// Reads it again, block by block, until `hand_out` has had enough.
    pub(super) fn read_again(&mut self, mut hand_out: impl FnMut(&Self, &[u8]) -> bool) -> Result<(), OpsError> {
        let mut block = vec![0; BLOCK];
        self.file().rewind().map_err(|error| unreadable(&self.name, error))?;
        loop {
            let bytes = read_block(&mut self.file(), &mut block).map_err(|error| unreadable(&self.name, error))?;
            if bytes.is_empty() || !hand_out(self, bytes) {
                return Ok(());
            }
        }
    }

    /// Makes sure that it is still what the first pass has read.
    pub(super) fn check_unchanged(&self) -> Result<(), OpsError> {
        let Kept::File(file, before) = &self.kept else { return Ok(()) };
        let now = Stamp::of(file).map_err(|error| unreadable(&self.name, error))?;
        if now == *before && now.length == self.length {
            return Ok(());
        }
        Err(OpsError::Conflict(format!(
            "'{}' was written to while it was being imported: import a copy of it, or feed it with --follow",
            self.name
        )))
    }

    fn file(&self) -> &File {
        match &self.kept {
            Kept::File(file, _) | Kept::Spool(file) => file,
        }
    }
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { length: metadata.len(), modified: metadata.modified().ok() })
    }
}

fn read_block<'a>(reader: &mut impl Read, block: &'a mut [u8]) -> io::Result<&'a [u8]> {
    loop {
        match reader.read(block) {
            Ok(length) => return Ok(block.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn spool(name: &str) -> Result<File, OpsError> {
    tempfile::tempfile().map_err(|error| not_spooled(name, error))
}

fn not_spooled(name: &str, source: io::Error) -> OpsError {
    let folder = std::env::temp_dir();
    OpsError::File { what: format!("cannot keep {name} in a temporary file under {}", folder.display()), source }
}

fn unreadable(name: &str, source: io::Error) -> OpsError {
    OpsError::File { what: format!("cannot read '{name}'"), source }
}
