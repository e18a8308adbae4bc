//! How far long work has come, on a terminal; nowhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

const COUNTED: &str = "{msg} [{bar:40}] {human_pos} of {human_len}, {eta} left";
const MEASURED: &str = "{msg} [{bar:40}] {bytes} of {total_bytes}, {eta} left";
const ENDLESS: &str = "{msg} {bytes}";

/// A bar on stderr that is gone when the work is done.
pub struct Progress {
    bar: ProgressBar,
    glyphs: &'static str,
}

impl Progress {
    /// A bar over things, that nobody sees unless somebody watches stderr.
    pub fn things(terminal: Terminal) -> Self {
        Self::new(terminal, COUNTED)
    }

    /// A bar over bytes.
    pub fn bytes(terminal: Terminal) -> Self {
        Self::new(terminal, MEASURED)
    }

    fn new(terminal: Terminal, template: &str) -> Self {
        let target = if terminal.progress { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let glyphs = if terminal.unicode { "█▉▊▋▌▍▎▏ " } else { "#- " };
        let progress = Self { bar: ProgressBar::with_draw_target(Some(0), target), glyphs };
        progress.use_template(template);
        progress
    }

    fn use_template(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars(self.glyphs));
        }
    }

    /// `done` of `total` of what `stage` does; of an input whose length nobody knows, where there is no total.
    pub fn show(&self, stage: &'static str, done: u64, total: Option<u64>) {
        self.bar.set_message(stage);
        match total {
            Some(total) => {
                if self.bar.length().is_none() {
                    self.use_template(MEASURED);
                }
                self.bar.set_length(total);
            }
            None if self.bar.length().is_some() => {
                self.use_template(ENDLESS);
                self.bar.unset_length();
            }
            None => {}
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
