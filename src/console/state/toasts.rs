//! What the console says in passing, and what it has said. Knows nothing of why.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::Timestamp;

const KEPT: usize = 200;

/// How something said is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Plain,
    /// Something has gone well.
    Success,
    /// Something is not as one might think.
    Warning,
    /// Something went wrong.
    Error,
}

impl Tone {
    const fn lasts(self) -> Duration {
        match self {
            Self::Plain => Duration::from_secs(5),
            Self::Success => Duration::from_secs(8),
            Self::Warning => Duration::from_secs(10),
            Self::Error => Duration::from_secs(15),
        }
    }
}

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// When.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Tone,
    /// What.
    pub text: String,
    until: Timestamp,
}

/// What was said, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toasts {
    said: VecDeque<Toast>,
}

impl Toasts {
    /// Says something.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>, now: Timestamp) {
        if self.said.len() == KEPT {
            self.said.pop_front();
        }
        self.said.push_back(Toast { at: now, tone, text: text.into(), until: now + tone.lasts() });
    }

    /// What is still to be seen.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<&Toast> {
        self.said.back().filter(|toast| now < toast.until)
    }

    /// Takes away what is to be seen; it stays in the history.
    pub fn dismiss(&mut self, now: Timestamp) {
        if let Some(toast) = self.said.back_mut() {
            toast.until = toast.until.min(now);
        }
    }

    /// Everything kept, the newest first.
    pub fn history(&self) -> impl Iterator<Item = &Toast> {
        self.said.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_goes_from_the_screen_and_stays_in_the_history() {
        let (now, mut toasts) = (Timestamp::from_seconds(100), Toasts::default());
        toasts.say(Tone::Plain, "copied #482", now);
        assert_eq!(toasts.current(now).map(|toast| toast.text.as_str()), Some("copied #482"));
        assert_eq!(toasts.current(now + Duration::from_secs(5)), None);
        assert_eq!(toasts.history().count(), 1);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut toasts = Toasts::default();
        for second in 0..1000 {
            toasts.say(Tone::Error, "again", Timestamp::from_seconds(second));
        }
        assert_eq!(toasts.history().count(), KEPT);
    }
}
