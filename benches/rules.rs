//! The rules that run for every row and every frame: `cargo bench --bench rules`.

use std::time::Duration;

use afterimage::console::glyphs::Glyphs;
use afterimage::console::theme::Theme;
use afterimage::console::view::sparkline::sparkline;
use afterimage::domain::series::{Count, bucket_number};
use afterimage::domain::window::{Course, Range};
use afterimage::domain::{Measure, Query, Series, TimeWindow, Timestamp, schedule};
use divan::{Bencher, black_box};

const START: i64 = 1_735_689_617_250_000;

fn main() {
    divan::main();
}

fn course(minutes: i64) -> Course {
    let start = Timestamp::from_micros(START);
    Course {
        date_started: start,
        date_closed: Some(start + Duration::from_hours(5)),
        time_window: TimeWindow::from_minutes(minutes).expect("it may be so long"),
    }
}

fn series() -> Series {
    let range = course(1).ranges(Timestamp::MAX).windowed;
    let counts = (0..200).step_by(3).map(|position| (position, Count::Whole(i64::from(position) * 7))).collect();
    Series { range, period: Duration::from_mins(1), counts, held: vec![range] }
}

#[divan::bench(args = [1, 60, 43_200])]
fn ranges_of_an_incident(minutes: i64) -> Range {
    black_box(course(minutes)).ranges(black_box(Timestamp::from_micros(START * 2))).windowed
}

#[divan::bench]
fn target_of_a_close() -> Timestamp {
    schedule::target_run_date(black_box(Timestamp::from_micros(START)), black_box(TimeWindow::DEFAULT))
}

#[divan::bench]
fn bucket_of_an_event() -> i64 {
    bucket_number(black_box(Timestamp::from_micros(START)), black_box(Duration::from_mins(15)))
}

#[divan::bench]
fn two_hundred_points_with_zeros(bencher: Bencher) {
    let series = series();
    bencher.bench(|| black_box(&series).points());
}

#[divan::bench]
fn two_hundred_points_as_a_sparkline_of_ten_columns(bencher: Bencher) {
    let (points, theme) = (series().points(), Theme::colour());
    let now = Timestamp::from_micros(START * 2);
    bencher.bench(|| sparkline((black_box(&points), Measure::Events), 10, now, Glyphs::Unicode, &theme));
}

#[divan::bench]
fn a_series_as_it_is_stored(bencher: Bencher) {
    let series = series();
    bencher.bench(|| Series::encode_counts(black_box(&series.counts)));
}

#[divan::bench]
fn a_series_as_it_is_read(bencher: Bencher) {
    let text = Series::encode_counts(&series().counts);
    bencher.bench(|| Series::decode_counts(black_box(&text)));
}

#[divan::bench]
fn a_query_as_it_is_read() -> bool {
    Query::parse(black_box("level:error !environment:staging message:*timeout*")).is_ok()
}

#[divan::bench]
fn an_instant_as_it_is_read() -> bool {
    Timestamp::parse(black_box("2026-11-24T12:05:17.25+01:00"), Timestamp::MIN).is_ok()
}
