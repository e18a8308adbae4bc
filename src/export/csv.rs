//! Both series as CSV, a row for each bucket. Holds nothing that anybody has typed: no cell can be a formula or break its
//! row, whatever the incident is called.

use super::json;
use crate::domain::series::{Coverage, Point};
use crate::domain::{SeriesKind, Snapshot};

/// Every bucket of both series. The value is empty where the source did not hold the bucket, or it is not over yet.
#[must_use]
pub fn write(snapshot: &Snapshot) -> String {
    let both = [(SeriesKind::Windowed, &snapshot.windowed), (SeriesKind::Lifetime, &snapshot.lifetime)];
    let rows = both.into_iter().flat_map(|(kind, series)| {
        let seconds = series.period.as_secs();
        series.points().into_iter().map(move |point| {
            let coverage = match point.coverage {
                Coverage::Whole => "whole",
                Coverage::Partial => "partial",
            };
            format!("{kind},{},{seconds},{},{coverage}\n", point.bucket, value(&point))
        })
    });
    let head = "series,bucket_start,period_seconds,value,coverage\n".to_owned();
    std::iter::once(head).chain(rows).collect()
}

/// Exactly as the JSON document has it.
fn value(point: &Point) -> String {
    point.count.map(|count| json::count(count).to_string()).unwrap_or_default()
}
