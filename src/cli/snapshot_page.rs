//! A snapshot as people read it: its facts, and both series as a line each.

use std::io::{self, Write};

use super::output::page::Facts;
use super::output::{sparkline, words};
use crate::domain::series::{Count, Coverage, Point};
use crate::domain::{Incident, Series, Snapshot, SnapshotFacts, span, text};
use crate::export::Origin;

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
        write_series(out, name, series, incident, unicode)?;
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
    facts.add("source", &shown.source);
    facts.add("counts", words::aggregation(incident.aggregation));
    facts.add("total events", &words::known(shown.total_events));
    facts.add("unique users", &words::known(shown.unique_users));
    facts.add("started", &incident.date_started.to_string());
    facts.add("closed", &incident.date_closed.map_or_else(|| "not yet".to_owned(), |closed| closed.to_string()));
    facts
}

fn write_series(
    out: &mut dyn Write,
    name: &str,
    series: &Series,
    incident: &Incident,
    unicode: bool,
) -> io::Result<()> {
    let points = series.points();
    let (range, buckets) = (series.range, words::counted(points.len() as u64, "bucket"));
    writeln!(out, "\n{name}: {buckets} of {}", span::format(series.period))?;
    if points.is_empty() {
        return writeln!(out, "  nothing lies in its range yet");
    }
    writeln!(out, "  {}", sparkline::draw(&points, WIDTH, unicode).trim_end())?;
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
    writeln!(out, "  {}", remarks(&points).join("; "))
}

/// The largest value, and what is special about some buckets.
fn remarks(points: &[Point]) -> Vec<String> {
    let counted = points.iter().filter_map(|point| point.count.map(|count| (point.bucket, count)));
    let largest = counted.reduce(|best, next| if next.1.as_f64() > best.1.as_f64() { next } else { best });
    let mut remarks = vec![match largest {
        Some((bucket, count)) if count.as_f64() > 0.0 => format!("largest {} at {bucket}", value(count)),
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

fn value(count: Count) -> String {
    match count {
        Count::Whole(count) => words::number(count),
        Count::Estimate(count) => format!("{count:.1}"),
    }
}
