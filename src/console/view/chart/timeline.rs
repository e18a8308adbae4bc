//! The horizontal axis: where times are written below the columns. Knows columns and zones, not characters.

use std::time::Duration;

use super::cells::Cell;
use crate::console::zone::Zone;
use crate::domain::Timestamp;
use crate::domain::series::Point;

/// A labelled place of the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    /// The column that its instant lies in.
    pub column: u16,
    /// Where its label begins, counted from the left end of the labels' row.
    pub label_at: u16,
    /// What is written.
    pub label: String,
}

/// Columns between two labels, at the least.
const APART: u16 = 3;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Seconds from one tick to the next. From a week on they fall on Mondays.
const STEPS: &[i64] = &[
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    56 * DAY,
    112 * DAY,
    224 * DAY,
    448 * DAY,
    896 * DAY,
    1792 * DAY,
];
/// 1970-01-05, a Monday.
const FIRST_MONDAY: i64 = 4 * DAY;

/// The ticks of the smallest step whose labels do not come near each other, in a row that begins `gutter` columns left
/// of the first column.
pub(super) fn ticks(points: &[Point], cells: &[Cell], period: Duration, zone: Zone, gutter: u16) -> Vec<Tick> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let width = u16::try_from(cells.len()).unwrap_or(u16::MAX);
    let end = last.bucket + period;
    let fine_enough = i64::try_from(period.as_secs()).unwrap_or(i64::MAX);
    let column_of = |instant| {
        let position = points.iter().rposition(|point| point.bucket <= instant)?;
        u16::try_from(cells.iter().position(|cell| cell.points.contains(&position))?).ok()
    };
    // Few labels with the day say more than many without it, but one label alone says little.
    for (day_first, least) in [(true, 3), (false, 2), (true, 1), (false, 1)] {
        for step in STEPS.iter().copied().filter(|step| *step >= fine_enough) {
            let instants = instants(first.bucket, end, step, zone, usize::from(width));
            match labels(&instants, step, day_first, zone, gutter, width, column_of) {
                Some(ticks) if ticks.len() >= least => return ticks,
                _ => {}
            }
        }
    }
    Vec::new()
}

/// The multiples of a step in local time; none where there would be more than columns.
fn instants(start: Timestamp, end: Timestamp, step: i64, zone: Zone, most: usize) -> Vec<Timestamp> {
    let length = i64::try_from(end.since(start).as_secs()).unwrap_or(i64::MAX);
    if usize::try_from(length / step).unwrap_or(usize::MAX) > most {
        return Vec::new();
    }
    let phase = if step >= 7 * DAY { FIRST_MONDAY } else { 0 };
    let local = start.as_seconds().saturating_add(i64::from(zone.offset_seconds(start)));
    let first = (local.saturating_sub(phase)).div_euclid(step).saturating_mul(step).saturating_add(phase);
    let mut offset = i64::from(zone.offset_seconds(start));
    let mut instants = Vec::new();
    for number in 0..=i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1) {
        let local = first.saturating_add(step.saturating_mul(number));
        // The offset may have changed since the tick before.
        offset = i64::from(zone.offset_seconds(Timestamp::from_seconds(local.saturating_sub(offset))));
        let instant = Timestamp::from_seconds(local.saturating_sub(offset));
        if instant >= end {
            break;
        }
        // Where clocks are put forward they skip some: such a one would be another instant's second label.
        let is_shown = instant.as_seconds().saturating_add(i64::from(zone.offset_seconds(instant))) == local;
        if instant >= start && is_shown {
            instants.push(instant);
        }
    }
    instants
}

/// The ticks with their labels centred below them; `None` where two come near each other.
fn labels(
    instants: &[Timestamp],
    step: i64,
    day_first: bool,
    zone: Zone,
    gutter: u16,
    width: u16,
    column_of: impl Fn(Timestamp) -> Option<u16>,
) -> Option<Vec<Tick>> {
    let mut ticks: Vec<Tick> = Vec::new();
    let mut free_from = 0;
    let years = instants.first().is_some_and(|first| {
        instants.last().is_some_and(|last| zone.date(*first).get(..4) != zone.date(*last).get(..4))
    });
    let mut day_before = None;
    for instant in instants {
        let day = zone.date(*instant);
        let new_day = day_before.as_ref().map_or(day_first, |before| *before != day);
        let label = match (step >= DAY, new_day) {
            (true, _) if years => day.clone(),
            (true, _) => zone.day(*instant),
            (false, true) if zone.minute(*instant) == "00:00" => zone.day(*instant),
            (false, true) => zone.day_and_minute(*instant),
            (false, false) => zone.minute(*instant),
        };
        day_before = Some(day);
        let column = column_of(*instant)?;
        let length = u16::try_from(label.len()).ok()?;
        let last_place = (gutter + width).checked_sub(length)?;
        let label_at = (gutter + column).saturating_sub(length / 2).min(last_place);
        if label_at < free_from {
            return None;
        }
        free_from = label_at + length + APART;
        ticks.push(Tick { column, label_at, label });
    }
    Some(ticks)
}

#[cfg(test)]
mod tests {
    use super::super::cells::reduce;
    use super::*;
    use crate::domain::series::Coverage;

    fn check(start: &str, minutes: u64, count: u32, width: usize, labels: &[&str]) {
        check_in(Zone::Utc, start, minutes, count, width, labels);
    }

    fn check_in(zone: Zone, start: &str, minutes: u64, count: u32, width: usize, labels: &[&str]) {
        let start = Timestamp::parse(start, Timestamp::MIN).unwrap();
        let period = Duration::from_mins(minutes);
        let point = |number| Point { bucket: start + period * number, count: None, coverage: Coverage::Whole };
        let points: Vec<Point> = (0..count).map(point).collect();
        let cells = reduce(&points, width, start, crate::domain::Measure::Events);
        let ticks = ticks(&points, &cells, period, zone, 5);
        assert_eq!(ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(), labels);
    }

    #[test]
    fn times_are_round_and_as_many_as_have_room() {
        check("2026-11-24 08:55", 1, 200, 95, &["Nov 24 09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00"]);
        check("2026-11-24 08:55", 1, 200, 60, &["Nov 24 09:00", "10:00", "11:00", "12:00"]);
        check("2026-11-24 08:55", 1, 200, 30, &["09:00", "10:00", "11:00", "12:00"]);
        check("2026-11-24 08:55", 1, 200, 12, &["09:00", "12:00"]);
        check("2026-11-24 08:55", 1, 200, 7, &["Nov 24 12:00"]);
    }

    #[test]
    fn the_date_is_written_where_the_day_changes() {
        check(
            "2026-11-24 18:55",
            5,
            200,
            95,
            &["Nov 24 20:00", "22:00", "Nov 25", "02:00", "04:00", "06:00", "08:00", "10:00"],
        );
        check(
            "2026-11-24 18:55",
            60,
            200,
            95,
            &["Nov 25", "Nov 26", "Nov 27", "Nov 28", "Nov 29", "Nov 30", "Dec 1", "Dec 2", "Dec 3"],
        );
    }

    #[test]
    fn long_series_have_their_years_and_begin_their_weeks_on_mondays() {
        check("2026-11-24", 1_440, 28, 95, &["Nov 30", "Dec 7", "Dec 14", "Dec 21"]);
        check("2026-11-24", 1_440, 60, 95, &["2026-12-07", "2026-12-21", "2027-01-04", "2027-01-18"]);
        check("2026-11-24", 43_200, 200, 60, &["2028-11-20", "2033-10-17", "2038-09-13"]);
    }

    /// The zone of a process is fixed at its start, so the test of one runs in a process of its own.
    #[test]
    fn an_hour_that_the_clocks_skip_has_no_label_and_the_others_have_one_each() {
        let tests = std::env::current_exe().unwrap();
        let name = "console::view::chart::timeline::tests::around_a_change_in_central_europe";
        let mut child = std::process::Command::new(tests);
        let child = child.args(["--exact", name, "--ignored"]).env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "run with TZ set, by the test above"]
    fn around_a_change_in_central_europe() {
        let put_forward = ["Mar 28 23:00", "Mar 29", "01:00", "03:00", "04:00"];
        check_in(Zone::Local, "2026-03-28 21:55", 2, 145, 60, &put_forward);
        let put_back = ["Oct 24 23:00", "Oct 25", "01:00", "02:00", "03:00"];
        check_in(Zone::Local, "2026-10-24 20:55", 2, 160, 100, &put_back);
    }

    #[test]
    fn where_nothing_fits_nothing_is_written() {
        check("2026-11-24 08:55", 1, 200, 0, &[]);
    }
}
