//! Hands a text to the clipboard of tmux, and by it to that of the terminal around it. What the console writes to its own
//! terminal ends in tmux, which takes it only where it was told to.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// Hands the text over. That it cannot be is no more than a line of the log: the terminal was asked, too.
pub(super) fn hand_to_tmux(text: &str) {
    if let Err(error) = load(text) {
        tracing::debug!(%error, "tmux does not take what was copied");
    }
}

fn load(text: &str) -> io::Result<()> {
    let mut tmux = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let written = tmux.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
    let status = tmux.wait()?;
    written?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}
