//! What exports look like, of every kind of incident, and that no text from outside can be more than a text.

use std::time::Duration;

use proptest::prelude::*;

use super::svg::Theme;
use super::{Format, Origin, Subject, first_series, write};
use crate::domain::series::{Count, held};
use crate::domain::window::Range;
use crate::domain::{
    Activity, ActivityKind, Aggregation, Expression, Incident, IncidentId, IncidentType, Measure, Series, SeriesKind,
    Snapshot, SnapshotFacts, Status, TimeWindow, Timestamp,
};

const HOSTILE: &str = "</svg><script>alert(1)</script> & \"x\" | `b` \u{1b}[31m\u{202e}gnp.exe\n# heading\u{0}";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Timestamp::MIN).unwrap()
}

fn incident(started: &str, closed: Option<&str>, minutes: i64) -> Incident {
    Incident {
        id: IncidentId::new(482),
        title: "Checkout errors above 5%".into(),
        incident_type: IncidentType::AlertTriggered,
        status: if closed.is_some() { Status::Closed } else { Status::Open },
        aggregation: Aggregation::Total,
        query: "level:error !environment:dev".into(),
        projects: vec!["checkout".into(), "web".into()],
        expression: None,
        rule: Some("5xx".into()),
        time_window: TimeWindow::from_minutes(minutes).unwrap(),
        date_started: at(started),
        date_detected: at(started) + Duration::from_secs(50),
        date_closed: closed.map(at),
        date_added: at(started),
        pending: None,
        snapshot: None,
    }
}

fn activity(kind: ActivityKind, when: Timestamp, by: &str, to: Option<Status>, comment: Option<&str>) -> Activity {
    Activity { kind, at: when, by: by.into(), from: None, to, comment: comment.map(Into::into) }
}

fn activities(incident: &Incident) -> Vec<Activity> {
    let said = "the acquirer confirms:\none of two data centres is down";
    let mut activities = vec![
        activity(ActivityKind::Detected, incident.date_detected, "alerts", None, None),
        activity(ActivityKind::Comment, incident.date_started + Duration::from_mins(4), "anna", None, Some(said)),
    ];
    if let Some(closed) = incident.date_closed {
        let recorded = closed + Duration::from_mins(2);
        let to = Some(Status::Closed);
        activities.push(activity(ActivityKind::StatusChange, recorded, "ben", to, Some("failed over | fixed")));
    }
    activities
}

/// A quiet hum, the incident, its decay; nothing after `now`, and nothing before `horizon`.
fn series(incident: &Incident, range: Range, period: Duration, horizon: Option<Timestamp>, now: Timestamp) -> Series {
    let mut series = Series { range, period, counts: Vec::new(), held: held(range, horizon, now) };
    let closed = incident.date_closed.unwrap_or(now);
    for (position, point) in (0u32..).zip(series.points()) {
        let seed = (i64::from(position) * 7919) % 17;
        let inside = point.bucket + period > incident.date_started && point.bucket < closed;
        let count = if inside { 60 + seed * 5 } else { seed / 4 };
        if point.bucket < now && point.bucket >= horizon.unwrap_or(Timestamp::MIN) && count > 0 {
            series.counts.push((position, Count::Whole(count)));
        }
    }
    series
}

/// What a capture at `now` keeps, or what is looked ahead at then.
fn snapshot(incident: &Incident, origin: Origin, horizon: Option<Timestamp>, now: Timestamp) -> Snapshot {
    let course = incident.course();
    let ranges = match origin {
        Origin::Kept => course.ranges(now),
        Origin::Preview => course.preview_ranges(now),
    };
    let known = now.min(ranges.as_of);
    Snapshot {
        facts: SnapshotFacts {
            incident_id: incident.id,
            as_of: ranges.as_of,
            date_added: now,
            partial: course.target_run_date().is_none_or(|target| target > now),
            clipped: horizon.is_some(),
            source: "events".into(),
            measure: Measure::Events,
            total_events: Some(1_204),
            unique_users: Some(1),
        },
        windowed: series(incident, ranges.windowed, incident.time_window.span(), horizon, known),
        lifetime: series(incident, ranges.lifetime, ranges.lifetime_period, horizon, known),
    }
}

fn written(incident: &Incident, snapshot: &Snapshot, origin: Origin, format: Format, theme: Theme) -> String {
    let activities = activities(incident);
    let series = first_series(incident, snapshot);
    write(&Subject { incident, activities: &activities, snapshot, origin, series }, format, theme)
}

/// Writes the picture, light, and the page.
fn check(name: &str, incident: &Incident, origin: Origin, horizon: Option<&str>, now: &str) {
    let snapshot = snapshot(incident, origin, horizon.map(at), at(now));
    insta::assert_snapshot!(format!("{name}.svg"), written(incident, &snapshot, origin, Format::Svg, Theme::Light));
    let page = written(incident, &snapshot, origin, Format::Markdown, Theme::Light);
    insta::assert_snapshot!(format!("{name}.md"), page);
}

/// The same incident as a monitoring system has it.
fn elsewhere(mut incident: Incident, origin: Origin, measure: Measure, now: &str) -> (Incident, Snapshot) {
    let text = "sum(increase(http_requests_total{code=~\"5..\"}[{{window}}])) | `x`".into();
    incident.expression = Some(Expression { source: "main".into(), text, measure });
    let mut snapshot = snapshot(&incident, origin, None, at(now));
    let convert = |count: Count| match measure {
        Measure::EstimatedEvents => Count::Estimate(count.as_f64() * 1.013),
        _ => Count::Estimate((count.as_f64() - 20.0) * 0.0123),
    };
    for series in [&mut snapshot.windowed, &mut snapshot.lifetime] {
        series.counts.iter_mut().for_each(|(_, count)| *count = convert(*count));
    }
    let facts = &mut snapshot.facts;
    (facts.source, facts.measure, facts.unique_users) = ("main".into(), measure, None);
    facts.total_events = facts.total_events.filter(|_| !measure.is_metric());
    (incident, snapshot)
}

fn check_elsewhere(name: &str, measure: Measure) {
    let incident = incident("2026-11-24 11:26:49", Some("2026-11-24 12:38:49"), 10);
    let (incident, snapshot) = elsewhere(incident, Origin::Kept, measure, "2026-11-24 15:00");
    let written = |format| written(&incident, &snapshot, Origin::Kept, format, Theme::Light);
    insta::assert_snapshot!(format!("{name}.svg"), written(Format::Svg));
    insta::assert_snapshot!(format!("{name}.md"), written(Format::Markdown));
    let csv = written(Format::Csv);
    assert!(csv.lines().all(|line| line.split(',').count() == 5), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
    assert!(json["unique_users"].is_null());
    assert_eq!(json["total_events"].is_null(), measure.is_metric());
}

#[test]
fn an_estimate_says_that_it_is_one() {
    check_elsewhere("estimated", Measure::EstimatedEvents);
}

#[test]
fn a_metric_is_no_events_and_has_no_totals_and_may_be_below_zero() {
    check_elsewhere("metric", Measure::Metric);
    check_elsewhere("lowest_metric", Measure::LowestMetric);
}

#[test]
fn a_captured_incident() {
    let incident = incident("2026-11-24 11:26:49", Some("2026-11-24 12:38:49"), 10);
    check("captured", &incident, Origin::Kept, None, "2026-11-24 15:00");
    let snapshot = snapshot(&incident, Origin::Kept, None, at("2026-11-24 15:00"));
    insta::assert_snapshot!("captured.csv", written(&incident, &snapshot, Origin::Kept, Format::Csv, Theme::Auto));
    insta::assert_snapshot!("captured.json", written(&incident, &snapshot, Origin::Kept, Format::Json, Theme::Auto));
    insta::assert_snapshot!("auto.svg", written(&incident, &snapshot, Origin::Kept, Format::Svg, Theme::Auto));
}

#[test]
fn a_clipped_and_partial_snapshot_says_both() {
    let mut incident = incident("2026-11-24 11:26:49", Some("2026-11-24 12:38:49"), 1);
    incident.aggregation = Aggregation::UniqueUsers;
    check("clipped", &incident, Origin::Kept, Some("2026-11-24 10:40"), "2026-11-24 12:44");
}

#[test]
fn a_pending_incident_shows_what_has_not_happened_yet() {
    let incident = incident("2026-11-24 11:26:49", Some("2026-11-24 12:38:49"), 10);
    check("pending", &incident, Origin::Preview, None, "2026-11-24 13:10");
}

#[test]
fn an_open_incident_is_shown_as_far_as_it_has_come() {
    check("open", &incident("2026-11-24 11:26:49", None, 5), Origin::Preview, None, "2026-11-24 12:00");
}

#[test]
fn a_long_incident_shows_its_lifetime_first() {
    let incident = incident("2026-11-24 11:26:49", Some("2026-11-26 09:00"), 1);
    check("long", &incident, Origin::Kept, None, "2026-11-27");
}

#[test]
fn an_incident_without_any_event() {
    let incident = incident("2026-11-24 11:26:49", Some("2026-11-24 12:38:49"), 43_200);
    let mut snapshot = snapshot(&incident, Origin::Kept, None, at("2026-12-15"));
    (snapshot.windowed.counts, snapshot.lifetime.counts) = (Vec::new(), Vec::new());
    (snapshot.facts.total_events, snapshot.facts.unique_users) = (Some(0), None);
    insta::assert_snapshot!("nothing.svg", written(&incident, &snapshot, Origin::Kept, Format::Svg, Theme::Dark));
    insta::assert_snapshot!("nothing.md", written(&incident, &snapshot, Origin::Kept, Format::Markdown, Theme::Dark));
}

#[test]
fn a_series_that_has_not_begun_yet_is_said_to_be_empty() {
    let incident = incident("2026-11-24 11:26:49", None, 5);
    let mut snapshot = snapshot(&incident, Origin::Preview, None, at("2026-11-24 12:00"));
    let start = snapshot.windowed.range.start;
    for series in [&mut snapshot.windowed, &mut snapshot.lifetime] {
        (series.range, series.counts) = (Range::new(start, start), Vec::new());
    }
    for format in [Format::Svg, Format::Markdown] {
        let text = written(&incident, &snapshot, Origin::Preview, format, Theme::Auto);
        assert!(text.contains("nothing lies in its range yet"), "{text}");
    }
}

/// The names of a picture's elements.
fn elements(svg: &str) -> Vec<&str> {
    let elements =
        svg.split('<').skip(1).filter_map(|piece| piece.split([' ', '/', '>']).find(|name| !name.is_empty()));
    elements.map(str::trim).collect()
}

#[test]
fn no_text_from_outside_is_more_than_a_text() {
    let mut hostile = incident("2026-11-24 11:26:49", Some("2026-11-24 12:38:49"), 10);
    hostile.title = HOSTILE.repeat(100);
    (hostile.query, hostile.rule) = (HOSTILE.into(), Some(HOSTILE.into()));
    hostile.projects = vec![HOSTILE.into()];
    let snapshot = snapshot(&hostile, Origin::Kept, None, at("2026-11-24 15:00"));
    let activities = [activity(ActivityKind::Comment, hostile.date_started, HOSTILE, None, Some(HOSTILE))];
    let subject = Subject {
        incident: &hostile,
        activities: &activities,
        snapshot: &snapshot,
        origin: Origin::Kept,
        series: SeriesKind::Windowed,
    };
    for format in [Format::Svg, Format::Markdown, Format::Csv, Format::Json] {
        let text = write(&subject, format, Theme::Auto);
        let harmless = |c: char| (!c.is_control() || c == '\n') && c != '\u{202e}';
        assert!(text.chars().all(harmless), "{format}");
    }
    let svg = write(&subject, Format::Svg, Theme::Auto);
    assert!(!elements(&svg).contains(&"script"), "{svg}");
    assert_eq!(svg.matches("</svg>").count(), 1);
    let page = write(&subject, Format::Markdown, Theme::Auto);
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings.len(), 8, "{headings:?}");
    for row in page.lines().filter(|line| line.starts_with('|')) {
        let cells = row.replace("\\|", "").matches('|').count();
        assert!(cells == 3 || cells == 4, "{row}");
    }
    assert!(!page.contains("<script") || page.contains("\\<script"), "{page}");
    let csv = write(&subject, Format::Csv, Theme::Auto);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-:.,\n".contains(c);
    assert!(csv.chars().all(plain), "no cell holds what anybody has typed");
}

proptest! {
    #[test]
    fn no_incident_of_any_values_panics(
        started in 0..Timestamp::MAX.as_micros(), length in 0..400_000_000_000i64, open: bool, minutes in 1..=43_200i64,
        later in 0..40_000_000_000i64, preview: bool, title in any::<String>(), users: bool,
    ) {
        let mut incident = incident("2026-11-24", None, minutes);
        incident.title = title;
        incident.aggregation = if users { Aggregation::UniqueUsers } else { Aggregation::Total };
        incident.date_started = Timestamp::from_micros(started);
        let end = Timestamp::from_micros(started + length);
        if !open {
            (incident.date_closed, incident.status) = (Some(end), Status::Closed);
        }
        let now = end + Duration::from_micros(later.unsigned_abs());
        let origin = if preview || open { Origin::Preview } else { Origin::Kept };
        let snapshot = snapshot(&incident, origin, None, now);
        for format in Format::ALL {
            let text = written(&incident, &snapshot, origin, *format, Theme::Auto);
            let finite = !text.contains("NaN") && !text.contains("inf ");
            prop_assert!(finite, "{}", text);
        }
    }
}
