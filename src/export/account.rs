//! What an export says in words: how the incident went, what was counted, and what the snapshot lacks. The picture and
//! the page take their sentences from here, so that they can never tell different stories.

use std::time::Duration;

use super::{Origin, Subject, words};
use crate::domain::series::{Count, Coverage, Point};
use crate::domain::{Aggregation, Incident, Measure, Series, SeriesKind, Snapshot, Timestamp, span, text};

/// Where a bucket lies in the course of its incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It is over before the incident starts.
    Before,
    /// It meets the incident.
    During,
    /// It begins after the close.
    After,
}

/// What is known of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    /// It was counted, all of it or a part.
    Count(f64, Coverage),
    /// The source did not hold it.
    Gap,
    /// It was not over yet.
    Future,
}

/// The most that a bucket counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// How much.
    pub count: Count,
    /// When its bucket begins.
    pub bucket: Timestamp,
}

impl Subject<'_> {
    /// The series that the chart shows.
    #[must_use]
    pub fn shown(&self) -> &Series {
        match self.series {
            SeriesKind::Windowed => &self.snapshot.windowed,
            SeriesKind::Lifetime => &self.snapshot.lifetime,
        }
    }

    /// The instant up to which anything can be known: a snapshot knows all that it is as of.
    #[must_use]
    pub fn known_until(&self) -> Timestamp {
        match self.origin {
            Origin::Kept => self.snapshot.facts.as_of,
            Origin::Preview => self.snapshot.facts.date_added,
        }
    }

    /// When the incident was closed, or how far an open one has come.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.incident.date_closed.unwrap_or(self.known_until()).max(self.incident.date_started)
    }

    /// Where a bucket lies in the course of the incident.
    #[must_use]
    pub fn phase(&self, bucket: Timestamp, period: Duration) -> Phase {
        if bucket + period <= self.incident.date_started {
            Phase::Before
        } else if self.incident.date_closed.is_some_and(|closed| bucket >= closed.max(self.incident.date_started)) {
            Phase::After
        } else {
            Phase::During
        }
    }

    /// What is known of a bucket.
    #[must_use]
    pub fn known(&self, point: &Point, period: Duration) -> Known {
        let over = point.bucket + period <= self.known_until();
        match point.count {
            Some(count) if self.origin == Origin::Preview && !over => Known::Count(count.as_f64(), Coverage::Partial),
            Some(count) => Known::Count(count.as_f64(), point.coverage),
            None if self.origin == Origin::Preview && !over => Known::Future,
            None => Known::Gap,
        }
    }

    /// What the values are.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.snapshot.facts.measure
    }

    /// What the chart shows of each bucket: `events per 10m`.
    #[must_use]
    pub fn shown_in_words(&self) -> String {
        words::shown(self.incident.aggregation, self.measure(), self.shown().period)
    }

    /// What is said of the bucket that [`Subject::peak`] finds.
    #[must_use]
    pub fn peak_name(&self) -> &'static str {
        if self.measure() == Measure::LowestMetric { "Lowest" } else { "Peak" }
    }

    /// The highest bucket of the chart, the first of equal ones, or the lowest where that is the worst; `None` where
    /// nothing was counted.
    #[must_use]
    pub fn peak(&self) -> Option<Peak> {
        let counted = self.shown().points().into_iter().filter_map(|point| Some((point.bucket, point.count?)));
        let sign = if self.measure() == Measure::LowestMetric { -1.0 } else { 1.0 };
        let worse = |one: Count, other: Count| sign * one.as_f64() > sign * other.as_f64();
        let peak = counted.reduce(|best, next| if worse(next.1, best.1) { next } else { best });
        peak.filter(|(_, count)| count.as_f64() > 0.0 || self.measure().is_metric())
            .map(|(bucket, count)| Peak { count, bucket })
    }

    /// `145 events in 10m at 2026-11-24 11:40 UTC, 13m after the start`.
    #[must_use]
    pub fn peak_in_words(&self) -> String {
        let Some(Peak { count, bucket }) = self.peak() else { return self.nothing_in_words() };
        let period = self.shown().period;
        let counted = words::counted(count, self.incident.aggregation, self.measure());
        let started = self.incident.date_started;
        let place = match self.phase(bucket, period) {
            Phase::During if bucket <= started => ", at the start".to_owned(),
            Phase::During => format!(", {} after the start", span::format(bucket.since(started))),
            Phase::Before => format!(", {} before the start", span::format(started.since(bucket))),
            Phase::After => format!(", {} after the close", span::format(bucket.since(self.end()))),
        };
        if self.measure().is_metric() {
            return format!("{counted} at {} UTC{place}", words::minute(bucket));
        }
        format!("{counted} in {} at {} UTC{place}", span::format(period), words::minute(bucket))
    }

    fn nothing_in_words(&self) -> String {
        let any = self.shown().points().iter().any(|point| point.count.is_some());
        let unit = words::unit(self.incident.aggregation, true);
        if any { format!("no {unit}") } else { "nothing is known".to_owned() }
    }

    /// `98.2 events per 10m on average, in 7 buckets`; `None` where no whole bucket of the phase is known.
    #[must_use]
    pub fn average_in_words(&self, phase: Phase) -> Option<String> {
        let (mean, period, buckets) = self.average(phase)?;
        let (unit, period) = (words::unit(self.incident.aggregation, true), span::format(period));
        let plural = if buckets == 1 { "" } else { "s" };
        let buckets = words::number(i64::try_from(buckets).unwrap_or(i64::MAX));
        let mean = words::mean_of(mean, self.measure());
        let per = if self.measure().is_metric() { String::new() } else { format!(" {unit} per {period}") };
        Some(format!("{mean}{per} on average, in {buckets} whole bucket{plural}"))
    }

    /// The mean of the whole buckets of a phase, what it is per, and how many there are. Of the windowed series; of the
    /// lifetime series what that one does not reach.
    #[must_use]
    pub fn average(&self, phase: Phase) -> Option<(f64, Duration, usize)> {
        let Snapshot { windowed, lifetime, .. } = self.snapshot;
        let reaches_end = windowed.range.end > self.end() || self.incident.date_closed.is_none();
        let series = if phase == Phase::Before || reaches_end { windowed } else { lifetime };
        let whole = |point: &Point| match self.known(point, series.period) {
            Known::Count(count, Coverage::Whole) if self.phase(point.bucket, series.period) == phase => Some(count),
            _ => None,
        };
        let counts: Vec<f64> = series.points().iter().filter_map(whole).collect();
        if counts.is_empty() {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a series has some hundred buckets")]
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        // Events of a longer bucket can be said per window; its distinct users and the values of a metric cannot.
        let window = self.incident.time_window.span();
        Some(match self.incident.aggregation {
            _ if self.measure().is_metric() => (mean, series.period, counts.len()),
            Aggregation::Total => (mean * window.as_secs_f64() / series.period.as_secs_f64(), window, counts.len()),
            Aggregation::UniqueUsers => (mean, series.period, counts.len()),
        })
    }

    /// What was counted in all, and by how many users; a metric has no totals.
    #[must_use]
    pub fn totals_in_words(&self) -> (String, String) {
        let facts = &self.snapshot.facts;
        if self.measure().is_metric() {
            return ("none: a metric, not events".to_owned(), "not known".to_owned());
        }
        let sign = if self.measure().is_estimated() { "~" } else { "" };
        let known = |count: Option<i64>, sign: &str| {
            count.map_or_else(|| "not known".to_owned(), |count| format!("{sign}{}", words::number(count)))
        };
        (known(facts.total_events, sign), known(facts.unique_users, ""))
    }

    /// `main, events, estimated`: where the counts come from, and what they are.
    #[must_use]
    pub fn source_in_words(&self) -> String {
        let what = match self.measure() {
            Measure::Events => "events",
            Measure::EstimatedEvents => "events, estimated",
            Measure::Metric => "a metric, not events",
            Measure::LowestMetric => "a metric whose lowest counts, not events",
        };
        format!("{}: {what}", text::shorten(&self.snapshot.facts.source, 60))
    }

    /// `from 2026-11-24 11:16 to 12:48 UTC`: what the totals are counted over (rule 9).
    #[must_use]
    pub fn totals_range_in_words(&self) -> String {
        let totals = self.incident.course().ranges(self.snapshot.facts.as_of.min(self.known_until())).totals;
        format!("from {}", words::range(totals.start, totals.end))
    }

    /// `closed after 1h 12m`, `open for 18m`.
    #[must_use]
    pub fn course_in_words(&self) -> String {
        let lasted = span::format(self.end().since(self.incident.date_started));
        if self.incident.date_closed.is_some() {
            format!("closed after {lasted}")
        } else {
            format!("open for {lasted}")
        }
    }

    /// What the snapshot is and what it lacks, a sentence each.
    #[must_use]
    pub fn standing(&self) -> Vec<String> {
        let facts = &self.snapshot.facts;
        let target = self.incident.course().target_run_date();
        let mut said = vec![match (self.origin, target) {
            (Origin::Preview, Some(target)) if target > self.known_until() => format!(
                "Preview as of {}: the snapshot is due {}, and what lies between has not happened yet.",
                words::instant(self.known_until()),
                words::instant(target)
            ),
            (Origin::Preview, Some(target)) => format!(
                "Preview as of {}: the snapshot has been due since {}, and nothing is captured yet.",
                words::instant(self.known_until()),
                words::instant(target)
            ),
            (Origin::Preview, None) => {
                format!("Preview as of {}: the incident is still open.", words::instant(self.known_until()))
            }
            (Origin::Kept, Some(target)) if facts.partial && target > facts.as_of => format!(
                "Partial: captured before its time. The {} from {} to {} are missing.",
                span::format(target.since(facts.as_of)),
                words::instant(facts.as_of),
                words::instant(target)
            ),
            (Origin::Kept, _) if facts.partial => {
                format!("Partial: captured before its time, as of {}.", words::instant(facts.as_of))
            }
            (Origin::Kept, _) => {
                let captured = words::instant(facts.date_added);
                format!("Complete snapshot as of {}, captured {captured}.", words::instant(facts.as_of))
            }
        }];
        if facts.clipped {
            said.push("Clipped: the source no longer held part of the time; that is a gap, not a zero.".to_owned());
        }
        said.extend(self.edges());
        said.extend(self.beyond());
        said
    }

    /// Which of the outermost buckets the range covers only in part.
    fn edges(&self) -> Option<String> {
        let points = self.shown().points();
        let partial = |point: Option<&Point>| point.is_some_and(|point| point.coverage == Coverage::Partial);
        let which = match (partial(points.first()), partial(points.last())) {
            (true, true) if points.len() > 1 => "first and the last bucket are",
            (true, _) => "first bucket is",
            (false, true) => "last bucket is",
            (false, false) => return None,
        };
        Some(format!("The {which} partial: the range begins or ends within."))
    }

    /// A long incident goes on beyond the end of its windowed series (rule 13).
    fn beyond(&self) -> Option<String> {
        let end = self.shown().range.end;
        let closed = self.incident.date_closed.filter(|closed| *closed >= end)?;
        let closed = words::instant(closed);
        Some(format!("The close at {closed} lies beyond the end of the chart; the lifetime series shows it."))
    }
}

/// What of an incident decides which events count, in a sentence without an end.
#[must_use]
pub fn scope(incident: &Incident) -> String {
    let rule = match &incident.rule {
        Some(rule) => format!("Rule {}", text::printable(rule)),
        None => "No rule".to_owned(),
    };
    format!("{rule}, window {}, {}, {}", incident.time_window, projects(incident), query(incident))
}

/// Its projects, where none means all.
#[must_use]
pub fn projects(incident: &Incident) -> String {
    match incident.projects.as_slice() {
        [] => "all projects".to_owned(),
        [one] => format!("project {}", text::printable(one)),
        many => format!("projects {}", text::printable(&many.join(", "))),
    }
}

fn query(incident: &Incident) -> String {
    if let Some(expression) = &incident.expression {
        return text::printable(&expression.text);
    }
    if incident.query.is_empty() { "every event".to_owned() } else { text::printable(&incident.query) }
}
