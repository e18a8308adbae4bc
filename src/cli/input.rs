//! Texts that may come from stdin instead of the command line: they may be longer than it allows.

use std::io::Read;

use super::CliError;
use crate::domain::text::TextError;
use crate::ops::OpsError;

/// Bytes of stdin that are read before it is given up: much more than any text may have.
const STDIN_LIMIT: u64 = 4 << 20;

/// The text that was given, or all of stdin where that is `-`.
pub(super) async fn text_or_stdin(what: &'static str, given: String, limit: usize) -> Result<String, CliError> {
    if given != "-" {
        return Ok(given);
    }
    // Not tokio's own stdin: an interruption is to end the program, not to wait for the reader.
    let read = tokio::task::spawn_blocking(|| {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(STDIN_LIMIT).read_to_end(&mut bytes).map(|_| bytes)
    });
    let file = |source| OpsError::File { what: "stdin".into(), source };
    let bytes = read.await.map_err(|error| file(std::io::Error::other(error)))?.map_err(file)?;
    if bytes.len() > limit {
        return Err(OpsError::from(TextError::TooLong { what, length: bytes.len(), limit }).into());
    }
    let text = String::from_utf8(bytes).map_err(|_| OpsError::Input(format!("the {what} is not UTF-8")))?;
    Ok(text)
}
