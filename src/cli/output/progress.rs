//! How far long work has come, on a terminal; nowhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// A bar on stderr that is gone when the work is done.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar that nobody sees unless somebody watches stderr.
    pub fn new(terminal: Terminal) -> Self {
        let target = if terminal.progress { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let glyphs = if terminal.unicode { "█▉▊▋▌▍▎▏ " } else { "#- " };
        let style = ProgressStyle::with_template("{msg} [{bar:40}] {human_pos} of {human_len}, {eta} left");
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = style {
            bar.set_style(style.progress_chars(glyphs));
        }
        Self(bar)
    }

    /// `done` of `total` of what `stage` does.
    pub fn show(&self, stage: &'static str, done: u64, total: u64) {
        self.0.set_message(stage);
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
