//! Where an incident's counts come from when it is not the events table: an expression in the language of a source.

use super::named_enum;

named_enum! {
    /// What the values of a series are.
    Measure, "measure", "events, estimated_events, metric, lowest_metric" {
        /// Events, counted exactly by the database's own table.
        Events = "events",
        /// Events per bucket as a monitoring system estimates them: fractions, and no users.
        EstimatedEvents = "estimated_events",
        /// A metric, and not events: a bucket shows its value at the end; of several series the highest.
        Metric = "metric",
        /// A metric of which the lowest is the worst, as alerts on "less than" have it.
        LowestMetric = "lowest_metric",
    }
}

/// The name under which the database's own events table is a source.
pub const EVENTS_SOURCE: &str = "events";

/// What a source is asked about an incident. Its rule has it, an incident copies it when it opens, and keeps it (rule 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression {
    /// The name of a source of the configuration.
    pub source: String,
    /// In the source's language; `{{window}}` in it stands for `W`.
    pub text: String,
    /// What its values are.
    pub measure: Measure,
}

impl Measure {
    /// Whether values are estimates, and users not known.
    #[must_use]
    pub fn is_estimated(self) -> bool {
        self != Self::Events
    }

    /// Whether values are those of a metric, which have no total.
    #[must_use]
    pub fn is_metric(self) -> bool {
        matches!(self, Self::Metric | Self::LowestMetric)
    }
}
