//! Both series as CSV, a row for each bucket. Holds nothing that anybody has typed: no cell can be a formula or break its
//! row, whatever the incident is called.

use super::json;
use crate::domain::series::{Coverage, Point};
use crate::domain::{SeriesKind, Snapshot};

/// Every bucket of both series. The value is empty where the source did not hold the bucket, or it is not over yet.
#[must_use]
pub fn write(snapshot: &Snapshot) -> String {
    let mut text = String::from("series,bucket_start,period_seconds,value,coverage\n");
    for (kind, series) in [(SeriesKind::Windowed, &snapshot.windowed), (SeriesKind::Lifetime, &snapshot.lifetime)] {
        for point in series.points() {
            let coverage = match point.coverage {
                Coverage::Whole => "whole",
                Coverage::Partial => "partial",
            };
            let (seconds, value) = (series.period.as_secs(), value(&point));
            text.push_str(&format!("{kind},{},{seconds},{value},{coverage}\n", point.bucket));
        }
    }
    text
}

/// Exactly as the JSON document has it.
fn value(point: &Point) -> String {
    point.count.map(|count| json::count(count).to_string()).unwrap_or_default()
}
