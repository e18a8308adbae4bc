//! A snapshot as people read it: its facts, and both series as a line each.

use std::io::{self, Write};

use super::output::page::Facts;
use super::output::{sparkline, words};
use crate::domain::series::{Count, Coverage, Point};
use crate::domain::{Incident, Measure, Series, Snapshot, SnapshotFacts, span, text};
use crate::export::{self, Origin};

/// Columns of a sparkline.
const WIDTH: usize = 66;

/// The page about one snapshot.
pub(super) fn write(
    out: &mut dyn Write,
    origin: Origin,
    incident: &Incident,
    snapshot: &Snapshot,
    unicode: bool,
) -> io::Result<()> {
    let heading = match origin {
        Origin::Kept => "Snapshot",
        Origin::Preview => "Preview of the snapshot",
    };
    writeln!(out, "{heading} of #{} {}\n", incident.id, text::printable(&incident.title))?;
    facts(origin, incident, &snapshot.facts).write(out)?;
    for (name, series) in [("Windowed", &snapshot.windowed), ("Lifetime", &snapshot.lifetime)] {
        write_series(out, name, (series, snapshot.facts.measure), incident, unicode)?;
    }
    if snapshot.facts.measure.is_metric() {
        return writeln!(out, "\nThe values are those of a metric, not events. Every value: add --json.");
    }
    writeln!(out, "\nThe totals are counted from one window before the start to one window after the close: they do")?;
    writeln!(out, "not sum to the windowed series. Every value: add --json.")
}

fn facts(origin: Origin, incident: &Incident, shown: &SnapshotFacts) -> Facts {
    let mut facts = Facts::default();
    facts.add("as of", &shown.as_of.to_string());
    match origin {
        Origin::Kept => {
            facts.add("captured", &shown.date_added.to_string());
            facts.add("state", words::completeness(shown));
        }
        Origin::Preview => facts.add("captured", "not yet"),
    }
    if shown.measure == Measure::Events {
        facts.add("source", &shown.source);
        facts.add("counts", words::aggregation(incident.aggregation));
    } else {
        facts.add("source", &words::source(&shown.source, shown.measure));
    }
    let estimated = if shown.measure.is_estimated() && shown.total_events.is_some() { "~" } else { "" };
    let known = words::known(shown.total_events);
    let events = if shown.measure.is_metric() { "none: a metric, not events" } else { known.as_str() };
    facts.add("total events", &format!("{estimated}{events}"));
    facts.add("unique users", &words::known(shown.unique_users));
    facts.add("started", &incident.date_started.to_string());
    facts.add("closed", &incident.date_closed.map_or_else(|| "not yet".to_owned(), |closed| closed.to_string()));
    facts
}

fn write_series(
    out: &mut dyn Write,
    name: &str,
    (series, measure): (&Series, Measure),
    incident: &Incident,
    unicode: bool,
) -> io::Result<()> {
    let points = series.points();
    let (range, buckets) = (series.range, words::counted(points.len() as u64, "bucket"));
    writeln!(out, "\n{name}: {buckets} of {}", span::format(series.period))?;
    if points.is_empty() {
        return writeln!(out, "  nothing lies in its range yet");
    }
    writeln!(out, "  {}", sparkline::draw(&points, measure, WIDTH, unicode).trim_end())?;
    let marks = sparkline::marks(&points, WIDTH, &[Some(incident.date_started), incident.date_closed]);
    if !marks.is_empty() {
        let closed = match incident.date_closed {
            Some(closed) if closed < range.end => " and closed",
            // A long incident ends beyond its windowed series (rule 13).
            Some(_) => "; the close lies behind the end",
            None => "",
        };
        writeln!(out, "  {marks}  started{closed}")?;
    }
    writeln!(out, "  from {} to {}", range.start, range.end)?;
    writeln!(out, "  {}", remarks(&points, measure).join("; "))
}

/// The largest value, or the lowest where that is the worst, and what is special about some buckets.
fn remarks(points: &[Point], measure: Measure) -> Vec<String> {
    let counted = points.iter().filter_map(|point| point.count.map(|count| (point.bucket, count)));
    let (sign, name) = if measure == Measure::LowestMetric { (-1.0, "lowest") } else { (1.0, "largest") };
    let worse = |one: Count, other: Count| sign * one.as_f64() > sign * other.as_f64();
    let worst = counted.reduce(|best, next| if worse(next.1, best.1) { next } else { best });
    let mut remarks = vec![match worst {
        Some((bucket, count)) if count.as_f64() > 0.0 || measure.is_metric() => {
            format!("{name} {} at {bucket}", value(count, measure))
        }
        Some(_) => "no events".to_owned(),
        None => "no bucket is known".to_owned(),
    }];
    let gaps = points.iter().filter(|point| point.count.is_none()).count();
    if gaps > 0 {
        remarks.push(format!("{} not held, or not yet over, drawn blank", words::counted(gaps as u64, "bucket")));
    }
    let partial = |point: Option<&Point>| point.is_some_and(|point| point.coverage == Coverage::Partial);
    match (partial(points.first()), partial(points.last())) {
        (true, true) => remarks.push("the first and the last bucket are partial".to_owned()),
        (true, false) => remarks.push("the first bucket is partial".to_owned()),
        (false, true) => remarks.push("the last bucket is partial".to_owned()),
        (false, false) => {}
    }
    remarks
}

fn value(count: Count, measure: Measure) -> String {
    if measure.is_metric() { export::words::metric(count.as_f64()) } else { export::words::count(count) }
}
