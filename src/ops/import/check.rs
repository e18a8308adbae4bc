//! The first pass: reads everything, stores nothing, holds no lock. Says what the content is and which lines are bad.

use sha2::{Digest, Sha256};

use super::background::{Sender, in_background};
use super::intake::{Content, Input};
use super::parser::{Format, Found, Parser};
use super::record::Defaults;
use super::{InvalidLine, Phase, Progress};
use crate::domain::text;
use crate::ops::OpsError;

/// Bad lines that are kept to be shown; the others are counted.
const SHOWN: usize = 3;
/// Bytes between two reports of how far it is.
const REPORTED_EVERY: u64 = 1 << 20;

/// What the first pass found.
pub(super) struct Checked {
    pub(super) content: Content,
    pub(super) format: Format,
    pub(super) defaults: Defaults,
    /// Names the content, and the options that change its meaning.
    pub(super) hash: String,
    pub(super) findings: Findings,
}

/// Records and bad lines.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Records, the bad ones too.
    pub(super) records: u64,
    /// Bad ones.
    pub(super) invalid: u64,
    /// The first of them.
    pub(super) shown: Vec<InvalidLine>,
    /// Why nothing can be read at all.
    no_header: Option<InvalidLine>,
}

enum Message {
    Progress(Progress),
    Done(Result<Box<Checked>, OpsError>),
}

/// Reads all of the input.
pub(super) async fn check(
    input: Input,
    format: Option<Format>,
    defaults: Defaults,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Checked, OpsError> {
    let mut messages = in_background(move |sender| {
        let checked = read(input, format, defaults, &sender);
        // Where nobody listens any more, nobody wants to know.
        let _ = sender.blocking_send(Message::Done(checked.map(Box::new)));
    })?;
    while let Some(message) = messages.recv().await {
        match message {
            Message::Progress(report) => progress(report),
            Message::Done(checked) => return checked.map(|checked| *checked),
        }
    }
    Err(super::background::died())
}

fn read(
    input: Input,
    format: Option<Format>,
    defaults: Defaults,
    sender: &Sender<Message>,
) -> Result<Checked, OpsError> {
    let intake = input.open()?;
    let mut parser = Parser::new(format.or(intake.format), defaults.clone());
    let mut findings = Findings::default();
    let (bytes_total, mut bytes_done, mut reported) = (intake.length, 0, 0);
    let (content, hash) = intake.read(|bytes| {
        parser.feed(bytes, |found| findings.note(found));
        bytes_done += bytes.len() as u64;
        if bytes_done - reported >= REPORTED_EVERY {
            reported = bytes_done;
            let report = Progress { phase: Phase::Checking, bytes_done, bytes_total, records: findings.records };
            // A report that finds no room is no loss: the next one says more.
            let _ = sender.try_send(Message::Progress(report));
        }
    })?;
    parser.finish(|found| findings.note(found));
    let format = parser.format().filter(|_| content.length > 0);
    let format = format.ok_or_else(|| OpsError::Input(format!("there is nothing in '{}' to import", content.name)))?;
    if let Some(InvalidLine { line, reason }) = findings.no_header {
        return Err(OpsError::Input(format!("line {line}: {reason}; nothing was imported")));
    }
    let hash = name_content(hash, format, &defaults);
    Ok(Checked { content, format, defaults, hash, findings })
}

/// A hash over the content and what changes its meaning. `--skip-invalid` does not: content without bad lines means the
/// same with it, and content with bad lines is never imported without it.
fn name_content(content: Sha256, format: Format, defaults: &Defaults) -> String {
    let mut hash = Sha256::new();
    hash.update(content.finalize());
    for option in [Some(format.name()), defaults.project.as_deref(), defaults.level.as_deref()] {
        // No option can hold a NUL, so no two sets of options are written the same.
        hash.update(option.map_or_else(|| "\0".to_owned(), |option| format!("={option}\0")));
    }
    hash.finalize().iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}"))
}

impl Findings {
    fn note(&mut self, found: Found) {
        match found {
            Found::Header => {}
            Found::NoHeader { line, reason } => {
                self.no_header.get_or_insert_with(|| InvalidLine { line, reason: text::printable(&reason) });
            }
            Found::Event { .. } => self.records += 1,
            Found::Bad { line, reason } => {
                self.records += 1;
                self.invalid += 1;
                if self.shown.len() < SHOWN {
                    self.shown.push(InvalidLine { line, reason: text::printable(&reason) });
                }
            }
        }
    }

    /// Why nothing was imported, where that is so.
    pub(super) fn refuse_invalid(&self) -> Result<(), OpsError> {
        if self.invalid == 0 {
            return Ok(());
        }
        let shown: Vec<String> = self.shown.iter().map(ToString::to_string).collect();
        let left = self.invalid - self.shown.len() as u64;
        let more = match left {
            0 => String::new(),
            1 => "; and 1 more bad line".to_owned(),
            _ => format!("; and {left} more bad lines"),
        };
        let shown = shown.join("; ");
        Err(OpsError::Input(format!("{shown}{more}; nothing was imported, --skip-invalid imports the rest")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bad: u64) -> Option<String> {
        let mut findings = Findings::default();
        for line in 1..=bad {
            findings.note(Found::Bad { line, reason: "no".into() });
        }
        findings.refuse_invalid().err().map(|error| error.to_string())
    }

    #[test]
    fn the_first_bad_lines_are_named_and_the_others_counted() {
        let said = |lines: &str| Some(format!("{lines}; nothing was imported, --skip-invalid imports the rest"));
        assert_eq!(refused(0), None);
        assert_eq!(refused(1), said("line 1: no"));
        assert_eq!(refused(4), said("line 1: no; line 2: no; line 3: no; and 1 more bad line"));
        assert_eq!(refused(9), said("line 1: no; line 2: no; line 3: no; and 6 more bad lines"));
    }

    #[test]
    fn the_hash_tells_options_apart() {
        let name = |project: Option<&str>, level: Option<&str>| {
            let defaults = Defaults { project: project.map(str::to_owned), level: level.map(str::to_owned) };
            name_content(Sha256::new(), Format::Csv, &defaults)
        };
        let names = [(None, None), (Some("a"), None), (None, Some("a")), (Some("a"), Some("a")), (Some("ab"), None)];
        let distinct: std::collections::BTreeSet<_> =
            names.into_iter().map(|(project, level)| name(project, level)).collect();
        assert_eq!(distinct.len(), names.len());
    }
}
