//! Recorded series with labelled incidents, from import to snapshot, against a calculation of its own over the CSV.
//!
//! `AFTERIMAGE_TEST_DATA` names the folder: `nab/*.csv` and `nab/windows.json`, where each CSV has its incidents as
//! `[start, end]`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use afterimage::domain::rule::Scope;
use afterimage::domain::series::Count;
use afterimage::domain::{IncidentId, Series, Timestamp, Trigger};
use afterimage::ops::close::{CloseRequest, close};
use afterimage::ops::import::{ImportRequest, Input, import};
use afterimage::ops::open::{OpenRequest, open};
use afterimage::ops::process::{ProcessRequest, process};
use afterimage::ops::rule;
use afterimage::store::Store;

use crate::support::{TestDatabase, minutes, on_both_engines};

/// A recorded count: seconds since 1970, and how many.
type Row = (i64, i64);

const WINDOW: i64 = 300;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("AFTERIMAGE_TEST_DATA").map(|folder| PathBuf::from(folder).join("nab"));
    if folder.is_none() {
        // Not the printing macro: the test harness would swallow it.
        let _ = writeln!(
            std::io::stderr(),
            "\nTHE RECORDED SERIES ARE NOT TESTED: AFTERIMAGE_TEST_DATA does not name their folder\n"
        );
    }
    folder
}

/// Seconds since 1970 of `2014-04-10 00:04:00`, by the calendar's own arithmetic.
fn seconds(text: &str) -> i64 {
    let parts: Vec<i64> = text.split(['-', ' ', ':', '.']).take(6).map(|part| part.parse().expect("digits")).collect();
    let [year, month, day, hour, minute, second] = parts[..] else { panic!("'{text}' is no time") };
    let leap = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let lengths = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths[..usize::try_from(month).unwrap() - 1].iter().sum();
    let years: i64 = (1970..year).map(|year| 365 + leap(year)).sum();
    (((years + months + day - 1) * 24 + hour) * 60 + minute) * 60 + second
}

fn rows(csv: &Path) -> Vec<Row> {
    let text = fs::read_to_string(csv).unwrap();
    let row = |line: &str| {
        let (time, value) = line.split_once(',').unwrap();
        (seconds(time), value.strip_suffix(".0").unwrap_or(value).parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

fn sum(rows: &[Row], start: i64, end: i64) -> i64 {
    rows.iter().filter(|(at, _)| (start..end).contains(at)).map(|(_, count)| count).sum()
}

/// Each bucket that meets the range, and what it counted.
fn buckets(rows: &[Row], start: i64, end: i64, period: i64) -> Vec<(i64, i64)> {
    let mut buckets = BTreeMap::new();
    let mut bucket = start / period * period;
    while bucket < end {
        buckets.insert(bucket, 0);
        bucket += period;
    }
    for (at, count) in rows.iter().filter(|(at, _)| (start..end).contains(at)) {
        *buckets.get_mut(&(at / period * period)).unwrap() += count;
    }
    buckets.into_iter().collect()
}

fn check_series(series: &Series, rows: &[Row], start: i64, end: i64, period: i64) {
    assert_eq!((series.range.start.as_micros(), series.range.end.as_micros()), (start * 1_000_000, end * 1_000_000));
    assert_eq!(i64::try_from(series.period.as_secs()), Ok(period));
    let whole = |count| if let Some(Count::Whole(count)) = count { count } else { panic!("{count:?}") };
    let points: Vec<(i64, i64)> =
        series.points().iter().map(|point| (point.bucket.as_seconds(), whole(point.count))).collect();
    assert_eq!(points, buckets(rows, start, end, period));
}

/// Rules 9, 10 and 13, written down once more.
async fn check_snapshot(store: &Store, id: IncidentId, rows: &[Row], started: i64, closed: i64) {
    let snapshot = store.read().await.unwrap().snapshot(id).await.unwrap().expect("it was captured");
    let anchor = started - WINDOW;
    let target = closed + 10 * WINDOW;
    let facts = &snapshot.facts;
    assert_eq!((facts.as_of.as_seconds(), facts.partial, facts.clipped), (target, false, false));
    assert_eq!(facts.total_events, Some(sum(rows, anchor, closed + WINDOW)));
    assert_eq!(facts.unique_users, Some(0));
    let end = (anchor + 100 * WINDOW).min(target);
    check_series(&snapshot.windowed, rows, end - 200 * WINDOW, end, WINDOW);
    let mut multiple = 1;
    while 200 * multiple * WINDOW < target - anchor {
        multiple += 1;
    }
    check_series(&snapshot.lifetime, rows, anchor, target, multiple * WINDOW);
}

async fn import_csv(store: &Store, csv: &Path, project: &str, rows: &[Row]) {
    let request = ImportRequest { project: Some(project.to_owned()), ..ImportRequest::of(Input::File(csv.to_owned())) };
    let report = import(store, request, &mut |_| {}).await.unwrap();
    assert_eq!(report.imported, rows.len() as u64);
}

/// Opens an incident at its labelled start and closes it at its labelled end.
async fn live_through(store: &Store, project: &str, started: i64, closed: i64) -> IncidentId {
    let request = OpenRequest {
        title: format!("Labelled in {project}"),
        rule: Some(project.to_owned()),
        date_started: Some(Timestamp::from_seconds(started)),
        ..OpenRequest::default()
    };
    let incident = open(store, "tester", request).await.unwrap();
    let at = Some(Timestamp::from_seconds(closed));
    close(store, "tester", CloseRequest { ids: vec![incident.id], at, comment: None }).await.unwrap();
    incident.id
}

on_both_engines! {
    async fn recorded_incidents_get_the_totals_and_series_that_the_csv_holds(database: TestDatabase) {
        let Some(folder) = data() else { return };
        let store = database.store().await;
        let windows = fs::read_to_string(folder.join("windows.json")).unwrap();
        let windows: HashMap<String, Vec<[String; 2]>> = serde_json::from_str(&windows).unwrap();
        let mut incidents = Vec::new();
        let mut weight = 0;
        for (name, labelled) in &windows {
            let (csv, project) = (folder.join(name), name.trim_end_matches(".csv"));
            let rows = rows(&csv);
            import_csv(&store, &csv, project, &rows).await;
            weight += sum(&rows, i64::MIN, i64::MAX);
            let scope = Scope { time_window: minutes(WINDOW / 60), projects: vec![project.to_owned()], ..Scope::default() };
            rule::add(&store, project, scope).await.unwrap();
            for [start, end] in labelled {
                let (started, closed) = (seconds(start), seconds(end));
                let id = live_through(&store, project, started, closed).await;
                incidents.push((id, rows.clone(), started, closed));
            }
        }
        assert_eq!(database.number("select cast(sum(weight) as bigint) from events").await, weight);
        let report = process(&store, ProcessRequest::due(Trigger::Forced, "test")).await.unwrap();
        assert_eq!(report.counts.captured, incidents.len() as u64);
        assert!(incidents.len() > 1, "there are labelled incidents in {}", folder.display());
        for (id, rows, started, closed) in incidents {
            check_snapshot(&store, id, &rows, started, closed).await;
        }
    }
}
