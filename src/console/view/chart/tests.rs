//! Pictures of charts, to be looked at.

use std::sync::LazyLock;
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
#[derive(Debug)]
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
    terminal.draw(|frame| render(frame, frame.area(), &chart(fixture, cursor, glyphs, theme))).unwrap();
    terminal.backend().buffer().clone()
}

static TITLES: LazyLock<Vec<String>> = LazyLock::new(|| vec!["Mentions above 300 in five minutes".into()]);

fn chart<'a>(fixture: &'a Fixture, cursor: Option<usize>, glyphs: Glyphs, theme: &'a Theme) -> Chart<'a> {
    Chart {
        titles: &TITLES,
        notes: &[],
        series: &fixture.series,
        date_started: fixture.date_started,
        date_closed: fixture.date_closed,
        target: fixture.target,
        now: fixture.now,
        cursor,
        measure: Measure::Events,
        aggregation: Aggregation::Total,
        behind: None,
        zone: Zone::Utc,
        glyphs,
        theme,
    }
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

#[test]
fn a_series_of_zeros_says_that_nothing_was_counted() {
    let mut fixture = mentions(CAPTURED);
    fixture.series.counts.clear();
    insta::assert_snapshot!("zeros_60x12", picture(&fixture, (60, 12), None, Glyphs::Unicode));
}

#[test]
fn a_series_that_nobody_held_says_so() {
    let mut fixture = mentions(CAPTURED);
    fixture.series.counts.clear();
    fixture.series.held.clear();
    insta::assert_snapshot!("nobody_held_60x12", picture(&fixture, (60, 12), Some(3), Glyphs::Unicode));
}

#[test]
fn an_empty_series_says_so() {
    let mut fixture = mentions(CAPTURED);
    fixture.series.range = Range::new(fixture.now, fixture.now);
    insta::assert_snapshot!("empty_60x12", picture(&fixture, (60, 12), Some(3), Glyphs::Unicode));
}

#[test]
fn an_incident_older_and_longer_than_the_chart_leaves_it_on_both_sides() {
    let mut fixture = lifetime(CAPTURED);
    fixture.date_started = at("2015-03-02 23:10");
    fixture.date_closed = Some(at("2015-03-04 01:00"));
    insta::assert_snapshot!("beyond_60x12", picture(&fixture, (60, 12), None, Glyphs::Unicode));
}

#[test]
fn an_incident_outside_of_the_chart_is_pointed_at() {
    let mut fixture = lifetime(CAPTURED);
    fixture.date_started = at("2015-03-03 23:10");
    fixture.date_closed = Some(at("2015-03-04 01:00"));
    assert!(picture(&fixture, (60, 12), None, Glyphs::Unicode).contains("start 23:10 ▸"));
    fixture.date_started = at("2015-03-03 19:10");
    fixture.date_closed = Some(at("2015-03-03 19:30"));
    assert!(picture(&fixture, (60, 12), None, Glyphs::Ascii).contains("< close 19:30"));
}

/// The last row of a wide chart.
fn reading(fixture: &Fixture, cursor: usize) -> String {
    let picture = picture(fixture, (100, 16), Some(cursor), Glyphs::Unicode);
    picture.lines().last().unwrap().split("   ").next().unwrap().to_owned()
}

#[test]
fn the_cursor_reads_one_bucket() {
    let waiting = mentions(WAITING);
    assert_eq!(reading(&waiting, 0), "2015-03-03 05:45 UTC  no data, before");
    assert_eq!(reading(&waiting, 34), "2015-03-03 08:35 UTC  11 events, before");
    assert_eq!(reading(&waiting, 184), "2015-03-03 21:05 UTC  3,228 events, during");
    assert_eq!(reading(&waiting, 190), "2015-03-03 21:35 UTC  1,132 events, after");
    assert_eq!(reading(&waiting, 193), "2015-03-03 21:50 UTC  369 events so far, after");
    assert_eq!(reading(&waiting, 199), "2015-03-03 22:20 UTC  not yet, after");
    assert_eq!(reading(&waiting, 5_000), reading(&waiting, 199), "beyond the last bucket is the last bucket");
    assert_eq!(reading(&open(), 0), "2015-03-03 13:15 UTC  49 events, partial bucket, before");
}

#[test]
fn the_colours_repeat_what_the_shapes_say() {
    let theme = Theme::colour();
    let buffer = drawn(&mentions(CAPTURED), (100, 16), Some(100), Glyphs::Unicode, &theme);
    let style = |x: u16, y: u16| (buffer[(x, y)].symbol(), buffer[(x, y)].fg, buffer[(x, y)].modifier);
    assert_eq!(style(92, 12), ("█", Color::Red, Modifier::empty()), "during");
    assert_eq!(style(60, 12), ("▂", Color::Cyan, Modifier::empty()), "before");
    assert_eq!(style(4, 12), ("╱", Color::Magenta, Modifier::DIM), "no data");
    assert_eq!(style(92, 1), ("┌", Color::Red, Modifier::BOLD), "bracket");
    assert_eq!(style(93, 13), ("━", Color::Red, Modifier::BOLD), "axis");
    assert_eq!(style(52, 13), ("▲", Color::Reset, Modifier::BOLD), "cursor");
    assert_eq!(style(9, 7), ("o", Color::Reset, Modifier::empty()), "a caption is not dimmed by what was below it");
}

#[test]
fn without_colours_no_cell_has_one() {
    for fixture in [mentions(WAITING), lifetime(WAITING), open()] {
        let buffer = drawn(&fixture, (100, 16), Some(10), Glyphs::Unicode, &Theme::mono());
        let coloured = |cell: &&ratatui::buffer::Cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset);
        assert_eq!(buffer.content.iter().filter(coloured).count(), 0);
    }
}

#[test]
fn only_its_own_rectangle_is_drawn_in() {
    let mut buffer = Buffer::filled(Rect::new(0, 0, 80, 20), ratatui::buffer::Cell::new("x"));
    let fixture = mentions(WAITING);
    let area = Rect::new(10, 3, 60, 12);
    draw(&mut buffer, area, &chart(&fixture, Some(7), Glyphs::Unicode, &Theme::colour()));
    for y in 0..20 {
        for x in 0..80 {
            if !area.contains((x, y).into()) {
                assert_eq!(buffer[(x, y)].symbol(), "x", "{x} {y}");
            }
        }
    }
}

#[test]
fn a_title_from_outside_is_harmless_and_cut_to_its_room() {
    let fixture = mentions(CAPTURED);
    let theme = Theme::colour();
    let titles = vec!["\u{1b}[31m漢字 ".repeat(20)];
    let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 12));
    draw(
        &mut buffer,
        Rect::new(0, 0, 60, 12),
        &Chart { titles: &titles, ..chart(&fixture, None, Glyphs::Ascii, &theme) },
    );
    let picture = text(&buffer);
    let first = picture.lines().next().unwrap();
    assert!(!picture.contains('\u{1b}') && first.contains('~') && first.ends_with("events per 5m"), "{first}");
}

fn any_count() -> impl Strategy<Value = Count> {
    prop_oneof![
        Just(Count::Whole(0)),
        (0..1000i64).prop_map(Count::Whole),
        any::<i64>().prop_map(Count::Whole),
        Just(Count::Whole(i64::MAX)),
        any::<f64>().prop_map(Count::Estimate),
    ]
}

#[test]
fn what_is_to_be_known_stands_above_the_picture_and_is_cut_to_its_room() {
    let fixture = mentions(WAITING);
    let theme = Theme::colour();
    let notes = ["complete in 32m 30s, at 22:25; clipped: no data before 08:35", "clipped: no data before 08:35"];
    let notes = notes.map(|note| Line::styled(note, theme.partial));
    let drawn = |width, height| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let chart = Chart { notes: &notes, ..chart(&fixture, None, Glyphs::Unicode, &theme) };
        let area = buffer.area;
        draw(&mut buffer, area, &chart);
        text(&buffer)
    };
    insta::assert_snapshot!("noted_100x16", drawn(100, 16));
    assert!(drawn(40, 16).lines().nth(1).unwrap().starts_with("clipped: no data before 08:35"));
    assert!(!drawn(100, 9).contains("clipped"), "with little room the legend says it");
}

prop_compose! {
    fn any_fixture()(
        start in prop_oneof![1_400_000_000_000_000..1_500_000_000_000_000i64, any::<i64>()],
        minutes in 1..43_200u64, length in 0..13_000u64, held in any::<bool>(),
        counts in proptest::collection::btree_map(0..220u32, any_count(), 0..100),
        started in -20..230i64, lasted in proptest::option::of(-5..230i64), now in -20..400i64, target in proptest::option::of(-20..400i64),
    ) -> Fixture {
        let period = Duration::from_mins(minutes);
        let start = Timestamp::from_micros(start);
        let range = Range::new(start, start + period * u32::try_from(length / 60).unwrap() + Duration::from_secs(length % 60));
        let at = |buckets: i64| {
            let by = period * u32::try_from(buckets.unsigned_abs()).unwrap();
            if buckets < 0 { start - by } else { start + by }
        };
        Fixture {
            series: Series { range, period, counts: counts.into_iter().collect(), held: if held { vec![range] } else { Vec::new() } },
            date_started: at(started),
            date_closed: lasted.map(|lasted| at(started + lasted)),
            target: target.map(at),
            now: at(now),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_series_and_no_size_panics(
        fixture in any_fixture(), width in 0..160u16, height in 0..30u16,
        cursor in proptest::option::of(prop_oneof![0..250usize, any::<usize>()]), ascii: bool,
    ) {
        let glyphs = if ascii { Glyphs::Ascii } else { Glyphs::Unicode };
        let buffer = drawn(&fixture, (width, height), cursor, glyphs, &Theme::colour());
        if ascii {
            prop_assert!(text(&buffer).is_ascii());
        }
    }

    #[test]
    fn every_column_has_the_bucket_that_is_drawn_there(fixture in any_fixture(), width in 1..160u16, height in 1..30u16) {
        let theme = Theme::colour();
        let area = Rect::new(3, 2, width, height);
        let chart = chart(&fixture, None, Glyphs::Unicode, &theme);
        let points = fixture.series.points();
        let layout = Layout::new(area, &chart, &points);
        let columns = columns(area, &chart);
        prop_assert_eq!(columns.len(), layout.cells.len());
        for ((place, bucket), cell) in columns.into_iter().zip(&layout.cells) {
            prop_assert_eq!(area.intersection(place), place);
            let position = points.iter().position(|point| point.bucket == bucket);
            prop_assert!(position.is_some_and(|position| cell.points.contains(&position)));
        }
    }

    #[test]
    fn labels_of_the_time_axis_are_apart(fixture in any_fixture(), width in 30..200u16) {
        let picture = picture(&fixture, (width, 16), None, Glyphs::Ascii);
        let labels = picture.lines().nth(14).unwrap_or_default().to_owned();
        for label in labels.split("   ").map(str::trim).filter(|label| !label.is_empty()) {
            prop_assert!(label.len() <= "Nov 24 12:00".len(), "{label}");
        }
    }
}

/// The same a quarter of an hour later, and not as high.
fn later(fixture: &Fixture) -> Behind {
    let counts = fixture.series.points();
    let counts_later = [None; 3].into_iter().chain(counts.iter().map(|point| point.count.map(Count::as_f64)));
    Behind {
        counts: counts_later.take(counts.len()).collect(),
        factor: 0.4,
        resampled: false,
        measure: Measure::Events,
    }
}

#[test]
fn what_stands_behind_is_an_outline_before_and_within_the_bars() {
    let fixture = lifetime("2015-03-03 22:30");
    for (glyphs, name) in [(Glyphs::Unicode, "Unicode"), (Glyphs::Ascii, "Ascii")] {
        let theme = Theme::colour();
        let behind = later(&fixture);
        let chart = Chart {
            behind: Some(Backdrop { behind: &behind, name: "#41", scaled: false }),
            ..chart(&fixture, Some(4), glyphs, &theme)
        };
        let mut terminal = Terminal::new(TestBackend::new(60, 14)).unwrap();
        terminal.draw(|frame| render(frame, frame.area(), &chart)).unwrap();
        let buffer = terminal.backend().buffer();
        insta::assert_snapshot!(format!("behind_60x14_{name}"), text(buffer));
        let [low, high] = glyphs.behind_levels();
        let outline: Vec<_> = (buffer.content().iter()).filter(|cell| [low, high].contains(&cell.symbol())).collect();
        let own = outline.iter().any(|cell| cell.fg == theme.chart_behind.fg.unwrap());
        let through = outline.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED));
        assert!(own && (through || glyphs == Glyphs::Ascii));
    }
}

#[test]
fn what_stands_behind_has_room_on_the_scale() {
    let fixture = lifetime("2015-03-03 22:30");
    let theme = Theme::colour();
    let behind = Behind {
        counts: vec![Some(90_000.0); fixture.series.len()],
        factor: 1.0,
        resampled: false,
        measure: Measure::Events,
    };
    let chart = Chart {
        behind: Some(Backdrop { behind: &behind, name: "#41", scaled: false }),
        ..chart(&fixture, None, Glyphs::Unicode, &theme)
    };
    let mut terminal = Terminal::new(TestBackend::new(60, 14)).unwrap();
    terminal.draw(|frame| render(frame, frame.area(), &chart)).unwrap();
    assert!(text(terminal.backend().buffer()).contains("100k ┤"));
}

/// The same shape as the values of a metric, from below zero to above it.
fn metric(now: &str) -> Fixture {
    let mut fixture = mentions(now);
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let value = |count: i64| Count::Estimate((count - 400) as f64 * 0.000_123);
    for (_, count) in &mut fixture.series.counts {
        let Count::Whole(counted) = *count else { continue };
        *count = value(counted);
    }
    fixture
}

#[test]
fn a_metric_has_an_axis_through_zero_and_no_unit_of_events() {
    let (theme, fixture) = (Theme::colour(), metric(CAPTURED));
    for measure in [Measure::Metric, Measure::LowestMetric] {
        for (width, height) in [(100, 16), (40, 8)] {
            for cursor in [None, Some(184)] {
                let chart = Chart { measure, ..chart(&fixture, cursor, Glyphs::Unicode, &theme) };
                let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                terminal.draw(|frame| render(frame, frame.area(), &chart)).unwrap();
                let read = if cursor.is_some() { "read" } else { "worst" };
                insta::assert_snapshot!(
                    format!("{}_{read}_{width}x{height}", measure.name()),
                    text(terminal.backend().buffer())
                );
            }
        }
    }
}

#[test]
fn an_estimate_says_so_in_the_little_room_that_it_has() {
    let (theme, fixture) = (Theme::colour(), mentions(CAPTURED));
    for (width, said) in
        [(100, "events per 5m, estimated, highest of"), (60, "events per 5m, estimated"), (30, "~events per 5m")]
    {
        let chart = Chart { measure: Measure::EstimatedEvents, ..chart(&fixture, None, Glyphs::Unicode, &theme) };
        let mut terminal = Terminal::new(TestBackend::new(width, 16)).unwrap();
        terminal.draw(|frame| render(frame, frame.area(), &chart)).unwrap();
        let drawn = text(terminal.backend().buffer());
        assert!(drawn.lines().next().unwrap().contains(said), "{drawn}");
    }
}
