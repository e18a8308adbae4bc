//! A snapshot as other tools take it: a picture, a page for a post-mortem, a table, a document. Pure: what is known goes
//! in, a text comes out. Knows neither files nor terminals, and nothing of who asks.
//!
//! Whatever comes from outside goes through `text::printable` here, and then through what its format needs.

mod account;
pub mod alerts_json;
mod axes;
pub mod csv;
pub mod json;
pub mod markdown;
pub mod svg;
pub mod words;

pub use account::Phase;

use crate::domain::{Activity, Incident, IncidentId, SeriesKind, Snapshot};
use svg::Theme;

crate::domain::named_enum! {
    /// What a snapshot is written as.
    Format, "format", "markdown, svg, csv, json" {
        /// A page for a post-mortem: facts, timeline and chart, the judgement left blank.
        Markdown = "markdown",
        /// The chart.
        Svg = "svg",
        /// A row for each bucket of both series.
        Csv = "csv",
        /// The document of `snapshot show --json`.
        Json = "json",
    }
}

/// Whether a snapshot is kept, or only looked ahead at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is stored.
    Kept,
    /// It is what the incident would get.
    Preview,
}

/// What is exported: an incident, what happened in it, and its snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Whose snapshot it is.
    pub incident: &'a Incident,
    /// Its timeline, the oldest first.
    pub activities: &'a [Activity],
    /// What was kept of it, or would be.
    pub snapshot: &'a Snapshot,
    /// Which of the two.
    pub origin: Origin,
    /// The series that the chart shows.
    pub series: SeriesKind,
}

/// Writes a snapshot in a format. The theme is for pictures.
#[must_use]
pub fn write(subject: &Subject<'_>, format: Format, theme: Theme) -> String {
    match format {
        Format::Markdown => markdown::write(subject),
        Format::Svg => svg::write(subject, theme),
        Format::Csv => csv::write(subject.snapshot),
        Format::Json => json::text(&json::snapshot(subject.snapshot)),
    }
}

/// The series that a chart shows where nobody has chosen: the lifetime where the windowed one lacks the tail (rule 13).
#[must_use]
pub fn first_series(incident: &Incident, snapshot: &Snapshot) -> SeriesKind {
    let is_long = incident.course().is_long(snapshot.facts.as_of);
    if is_long { SeriesKind::Lifetime } else { SeriesKind::Windowed }
}

/// What a file of this is called where nobody has chosen: one can see from it whether it is only a preview.
#[must_use]
pub fn file_name(id: IncidentId, origin: Origin, format: Format) -> String {
    let preview = if origin == Origin::Preview { "-preview" } else { "" };
    format!("incident-{id}{preview}.{}", format.extension())
}

impl Format {
    /// Whether it has a chart, which shows one of the two series.
    #[must_use]
    pub const fn has_chart(self) -> bool {
        matches!(self, Self::Markdown | Self::Svg)
    }

    /// How the names of its files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Svg => "svg",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// What it is good for, in a few words.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Markdown => "a page for a post-mortem, with facts and chart",
            Self::Svg => "the chart as a picture, for light and dark pages",
            Self::Csv => "a row for each bucket of both series",
            Self::Json => "the document of 'snapshot show --json'",
        }
    }

    /// The format that a file's name tells by its end, if it does.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        let named = |format: &&Self| end.eq_ignore_ascii_case(format.extension());
        Self::ALL.iter().find(named).copied().or_else(|| end.eq_ignore_ascii_case("markdown").then_some(Self::Markdown))
    }
}

#[cfg(test)]
mod tests;
