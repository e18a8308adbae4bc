//! When a pending snapshot is captured, when a failed one is tried again, and when the processor runs next.

use std::time::Duration;

use super::time_window::TimeWindow;
use super::timestamp::Timestamp;

/// The longest that a capture waits after the close, and the most that a snapshot shows after it.
pub const LONGEST_DELAY: Duration = Duration::from_hours(240);
/// After this many failures a pending snapshot is dead (rule 17).
pub const MAX_ATTEMPTS: u32 = 8;
/// The first batch of a run (rule 15).
pub const FIRST_BATCH: u32 = 50;
/// The largest batch of a run (rule 15).
pub const LARGEST_BATCH: u32 = 500;

/// How often a processor runs where nobody says otherwise (rule 15).
pub const USUAL_INTERVAL: Duration = Duration::from_hours(1);

const BACKOFF_BASE: Duration = Duration::from_secs(30);
const SHORTEST_POSTPONEMENT: Duration = Duration::from_mins(1);
const LONGEST_POSTPONEMENT: Duration = Duration::from_hours(1);
const LONGEST_JITTER: Duration = Duration::from_mins(1);
/// A run that has not come so long after its tick and its jitter is missed.
const GRACE: Duration = Duration::from_mins(3);

/// `min(10 * W minutes, 10 days)`: how long after the close an incident is still looked at.
#[must_use]
pub fn cap(time_window: TimeWindow) -> Duration {
    time_window.times(10).min(LONGEST_DELAY)
}

/// When the snapshot of an incident closed at `date_closed` is due (rule 6).
#[must_use]
pub fn target_run_date(date_closed: Timestamp, time_window: TimeWindow) -> Timestamp {
    date_closed + cap(time_window)
}

/// How long after its target a row is captured whose counts come from elsewhere: a sample is stored a little after the
/// instant that it carries, and a snapshot is the same whenever it is captured (rule 11).
pub const SETTLING: Duration = Duration::from_secs(30);

/// How long to wait after the `failures`-th failure (rule 17): 30 s * 2^n, +-25 %.
///
/// `chance` from 0 to 1 chooses within the +-25 %.
#[must_use]
pub fn backoff(failures: u32, chance: f64) -> Duration {
    let doubled = BACKOFF_BASE.saturating_mul(2u32.saturating_pow(failures.min(MAX_ATTEMPTS)));
    doubled.mul_f64(0.75 + 0.5 * chance.clamp(0.0, 1.0))
}

/// How long a row waits after a fault that is not counted against it (rule 17): as long as it is overdue already, so
/// that it doubles from a minute up to an hour. `chance` from 0 to 1 takes off up to a quarter.
#[must_use]
pub fn postponement(overdue: Duration, chance: f64) -> Duration {
    overdue.clamp(SHORTEST_POSTPONEMENT, LONGEST_POSTPONEMENT).mul_f64(1.0 - 0.25 * chance.clamp(0.0, 1.0))
}

/// How long a message waits after the `failures`-th failure of its delivery: as [`backoff`], up to an hour.
#[must_use]
pub fn redelivery(failures: u32, chance: f64) -> Duration {
    backoff(failures, chance).min(LONGEST_POSTPONEMENT)
}

/// How many rows the batch after a full one of `size` rows may take (rule 15): twice as many, up to 500.
#[must_use]
pub fn next_batch_size(size: u32) -> u32 {
    size.saturating_mul(2).min(LARGEST_BATCH.max(size))
}

/// The next UTC multiple of `interval` that lies after `now` (rule 15), without jitter.
#[must_use]
pub fn next_tick(now: Timestamp, interval: Duration) -> Timestamp {
    now.floor(interval) + interval
}

/// What was due by this instant should have been taken by a run that has come by `now`: the last tick whose run, with
/// its jitter, had the time to.
#[must_use]
pub fn late_until(now: Timestamp, interval: Duration) -> Timestamp {
    (now - patience(interval)).floor(interval)
}

/// When [`late_until`] is another instant than at `now`.
#[must_use]
pub fn late_again(now: Timestamp, interval: Duration) -> Timestamp {
    late_until(now, interval) + interval + patience(interval)
}

/// For how long after a tick one waits for its run.
fn patience(interval: Duration) -> Duration {
    interval / 10 + GRACE
}

/// What a process adds to each tick (rule 15): up to a tenth of the interval, at most 60 s.
///
/// `chance` from 0 to 1 chooses within that.
#[must_use]
pub fn jitter(interval: Duration, chance: f64) -> Duration {
    (interval / 10).min(LONGEST_JITTER).mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutes(count: i64) -> TimeWindow {
        TimeWindow::from_minutes(count).unwrap()
    }

    #[test]
    fn what_is_late_changes_with_each_tick_whose_run_has_not_come() {
        let at = |text| Timestamp::parse(text, Timestamp::MIN).unwrap();
        let hour = Duration::from_hours(1);
        assert_eq!(late_until(at("2026-11-24T14:08:59Z"), hour), at("2026-11-24T13:00:00Z"));
        assert_eq!(late_again(at("2026-11-24T14:08:59Z"), hour), at("2026-11-24T14:09:00Z"));
        assert_eq!(late_until(at("2026-11-24T14:09:00Z"), hour), at("2026-11-24T14:00:00Z"));
    }

    #[test]
    fn rule_6_the_target_is_ten_windows_or_ten_days_after_the_close() {
        let closed = Timestamp::from_seconds(1_000_000);
        let after = |count| target_run_date(closed, minutes(count)).since(closed);
        assert_eq!(after(1), Duration::from_mins(10));
        assert_eq!(after(10), Duration::from_mins(100));
        assert_eq!(after(1_440), LONGEST_DELAY);
        assert_eq!(after(1_500), LONGEST_DELAY);
        assert_eq!(after(43_200), LONGEST_DELAY);
    }

    #[test]
    fn rule_15_batches_double_up_to_500() {
        let sizes: Vec<u32> =
            std::iter::successors(Some(FIRST_BATCH), |size| Some(next_batch_size(*size))).take(6).collect();
        assert_eq!(sizes, [50, 100, 200, 400, 500, 500]);
    }

    #[test]
    fn rule_15_ticks_are_utc_multiples_of_the_interval() {
        let now = Timestamp::parse("2026-11-24T13:36:49Z", Timestamp::MIN).unwrap();
        let tick = |minutes| next_tick(now, Duration::from_mins(minutes)).to_string();
        assert_eq!(tick(60), "2026-11-24T14:00:00Z");
        assert_eq!(tick(5), "2026-11-24T13:40:00Z");
        assert_eq!(tick(1440), "2026-11-25T00:00:00Z");
        assert_eq!(jitter(Duration::from_hours(1), 1.0), Duration::from_mins(1));
        assert_eq!(jitter(Duration::from_secs(20), 1.0), Duration::from_secs(2));
    }

    #[test]
    fn rule_17_the_backoff_doubles_from_a_minute() {
        let middle = |failures| backoff(failures, 0.5).as_secs();
        assert_eq!([1, 2, 3, 8].map(middle), [60, 120, 240, 7680]);
        assert_eq!((backoff(1, 0.0).as_secs(), backoff(1, 1.0).as_secs()), (45, 75));
    }

    #[test]
    fn a_message_is_sent_again_after_a_minute_doubling_up_to_an_hour() {
        let middle = |failures| redelivery(failures, 0.5).as_secs();
        assert_eq!([1, 2, 3, 6, 7, 8, 1_000].map(middle), [60, 120, 240, 1_920, 3_600, 3_600, 3_600]);
        assert_eq!((redelivery(1, 0.0).as_secs(), redelivery(1, 1.0).as_secs()), (45, 75));
    }

    #[test]
    fn rule_17_what_is_not_counted_is_put_off_from_a_minute_up_to_an_hour() {
        let wait = |minutes| postponement(Duration::from_mins(minutes), 0.0).as_secs() / 60;
        assert_eq!([0, 1, 5, 59, 60, 100_000].map(wait), [1, 1, 5, 59, 60, 60]);
        assert_eq!(postponement(Duration::ZERO, 1.0), Duration::from_secs(45));
    }

    proptest! {
        #[test]
        fn rule_6_the_target_grows_with_w_and_is_never_more_than_ten_days_away(
            closed in 0..Timestamp::MAX.as_micros(), shorter in 1..=43_200i64, longer in 1..=43_200i64,
        ) {
            let closed = Timestamp::from_micros(closed);
            let (shorter, longer) = (shorter.min(longer), shorter.max(longer));
            let (first, second) = (target_run_date(closed, minutes(shorter)), target_run_date(closed, minutes(longer)));
            prop_assert!(closed < first && first <= second && second <= closed + LONGEST_DELAY);
        }

        #[test]
        fn rule_17_the_backoff_never_leaves_its_quarter(failures in any::<u32>(), chance in any::<f64>()) {
            let wait = backoff(failures, if chance.is_nan() { 0.5 } else { chance });
            let middle = backoff(failures, 0.5);
            prop_assert!(wait >= middle.mul_f64(0.749) && wait <= middle.mul_f64(1.251));
        }

        #[test]
        fn rule_15_the_next_tick_is_at_most_an_interval_away(now in any::<i64>(), seconds in 1..10_000_000u64) {
            let (now, interval) = (Timestamp::from_micros(now / 2), Duration::from_secs(seconds));
            let tick = next_tick(now, interval);
            prop_assert!(now < tick && tick <= now + interval);
            prop_assert_eq!(tick, tick.floor(interval));
        }
    }
}
