//! Pictures of charts, to be looked at.

use std::time::Duration;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::domain::series::held;
use crate::domain::window::Range;

/// Mentions of a company in five minutes, of 2015-03-03 from 08:35 on (Numenta Anomaly Benchmark).
const MENTIONS: &[i64] = &[
    11, 13, 19, 23, 24, 26, 17, 15, 18, 23, 21, 15, 11, 27, 18, 20, 31, 82, 13, 26, 22, 13, 39, 22, 23, 10, 20, 25, 24,
    29, 20, 22, 25, 33, 35, 24, 21, 29, 30, 28, 32, 36, 40, 41, 37, 26, 46, 43, 57, 33, 40, 28, 120, 106, 76, 93, 49,
    40, 57, 49, 62, 264, 169, 97, 79, 104, 69, 56, 95, 68, 94, 72, 91, 95, 72, 81, 68, 77, 80, 71, 79, 68, 72, 65, 79,
    89, 80, 75, 194, 193, 162, 141, 133, 107, 114, 98, 108, 78, 85, 72, 79, 90, 67, 78, 85, 68, 95, 96, 107, 67, 67,
    70, 84, 91, 66, 93, 112, 101, 68, 132, 99, 92, 106, 111, 86, 112, 87, 79, 102, 89, 60, 94, 120, 103, 94, 69, 85,
    82, 82, 61, 90, 77, 91, 134, 76, 83, 165, 105, 379, 1698, 3228, 2234, 1452, 865, 1088, 1585, 1132, 643, 536, 369,
    294, 272, 169, 151, 143, 170,
];

/// An incident with a rule of five minutes, as it is seen at some time.
struct Fixture {
    series: Series,
    date_started: Timestamp,
    date_closed: Option<Timestamp>,
    target: Option<Timestamp>,
    now: Timestamp,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Timestamp::MIN).unwrap()
}

/// The counts, one a period from `from` on, as a source with everything since `horizon` tells them at `now`.
fn series(range: Range, minutes: u64, from: Timestamp, counts: &[i64], horizon: Timestamp, now: Timestamp) -> Series {
    let period = Duration::from_mins(minutes);
    let position = |instant: Timestamp| {
        u32::try_from(instant.since(range.start.floor(period)).as_secs() / period.as_secs()).unwrap()
    };
    let counted = (0..).map(|number| from + period * number).zip(counts);
    let known =
        counted.filter(|(bucket, count)| **count > 0 && (horizon.max(range.start.floor(period))..now).contains(bucket));
    let counts = known.map(|(bucket, count)| (position(bucket), Count::Whole(*count))).collect();
    Series { range, period, counts, held: held(range, Some(horizon), now) }
}

/// A snapshot that waits to be captured: rule 10 as of the target, the source holding only the last fourteen hours.
fn mentions(now: &str) -> Fixture {
    let range = Range::new(at("2015-03-03 05:45"), at("2015-03-03 22:25"));
    let horizon = at("2015-03-03 08:35");
    Fixture {
        series: series(range, 5, horizon, MENTIONS, horizon, at(now)),
        date_started: at("2015-03-03 21:00"),
        date_closed: Some(at("2015-03-03 21:35")),
        target: Some(at("2015-03-03 22:25")),
        now: at(now),
    }
}

/// The lifetime of the same incident: few buckets, stretched.
fn lifetime(now: &str) -> Fixture {
    let range = Range::new(at("2015-03-03 20:55"), at("2015-03-03 22:25"));
    let mut fixture = mentions(now);
    fixture.series = series(range, 5, at("2015-03-03 08:35"), MENTIONS, at("2015-03-03 08:35"), at(now));
    fixture
}

/// Still open, its range not on the grid of its buckets.
fn open() -> Fixture {
    let range = Range::new(at("2015-03-03 13:18"), at("2015-03-03 21:22:30"));
    let now = at("2015-03-03 21:22:30");
    let series = series(range, 5, at("2015-03-03 08:35"), MENTIONS, at("2015-03-03 08:35"), now);
    Fixture { series, date_started: at("2015-03-03 21:00"), date_closed: None, target: None, now }
}

fn drawn(fixture: &Fixture, size: (u16, u16), cursor: Option<usize>, glyphs: Glyphs, theme: &Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let chart = Chart {
        title: "Mentions above 300 in five minutes",
        series: &fixture.series,
        date_started: fixture.date_started,
        date_closed: fixture.date_closed,
        target: fixture.target,
        now: fixture.now,
        cursor,
        aggregation: Aggregation::Total,
        zone: Zone::Utc,
        glyphs,
        theme,
    };
    terminal.draw(|frame| render(frame, frame.area(), &chart)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..buffer.area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn picture(fixture: &Fixture, size: (u16, u16), cursor: Option<usize>, glyphs: Glyphs) -> String {
    text(&drawn(fixture, size, cursor, glyphs, &Theme::colour()))
}

const CAPTURED: &str = "2015-03-04 09:00";
const WAITING: &str = "2015-03-03 21:52:30";

#[test]
fn a_captured_incident_at_every_size() {
    for (width, height) in [(120, 24), (100, 16), (60, 12), (40, 8), (20, 4), (8, 3)] {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let name = format!("captured_{width}x{height}_{glyphs:?}");
            insta::assert_snapshot!(name, picture(&mentions(CAPTURED), (width, height), Some(184), glyphs));
        }
    }
}

#[test]
fn an_incident_whose_snapshot_is_awaited() {
    for (width, height) in [(100, 16), (60, 12), (40, 8), (20, 4)] {
        let name = format!("waiting_{width}x{height}");
        insta::assert_snapshot!(name, picture(&mentions(WAITING), (width, height), None, Glyphs::Unicode));
    }
}

#[test]
fn the_lifetime_of_an_incident_is_stretched_and_says_what_is_to_come() {
    for (width, height) in [(100, 16), (60, 12), (40, 8), (20, 4)] {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let name = format!("lifetime_{width}x{height}_{glyphs:?}");
            insta::assert_snapshot!(name, picture(&lifetime(WAITING), (width, height), Some(3), glyphs));
        }
    }
}

#[test]
fn an_open_incident_goes_on_to_the_right_edge() {
    for (width, height) in [(100, 16), (60, 12), (40, 8)] {
        let name = format!("open_{width}x{height}");
        insta::assert_snapshot!(name, picture(&open(), (width, height), None, Glyphs::Unicode));
    }
}
