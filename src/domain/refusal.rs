//! Why what is so forbids a write, and what can be done instead. Knows no shell: each names its own way to do it.

use super::incident::{Incident, IncidentId};

/// Why what is so forbids a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is so: who did what, and when.
    pub text: String,
    /// What can be done instead, where it is worth saying.
    pub remedy: Option<Remedy>,
    /// The incident as it stands, where it is another than the operator saw.
    pub incident: Option<Incident>,
}

/// What can be done instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Say it in a comment, or reopen the incident and close it anew.
    CommentOrReopen,
    /// Reopen the incident.
    Reopen,
    /// Capture before the target, and know what will be missing.
    CaptureEarly,
    /// Look at the snapshot.
    SeeSnapshot(IncidentId),
}

impl Refusal {
    /// What is so, and nothing else to say.
    #[must_use]
    pub const fn new(text: String, remedy: Option<Remedy>) -> Self {
        Self { text, remedy, incident: None }
    }

    /// In one sentence, with the remedy in the words of a shell.
    #[must_use]
    pub fn said(&self, words: impl FnOnce(Remedy) -> String) -> String {
        self.remedy.map_or_else(|| self.text.clone(), |remedy| format!("{}: {}", self.text, words(remedy)))
    }
}
