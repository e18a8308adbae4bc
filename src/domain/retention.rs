//! Whether the 200 windows of a rule fit into what a source keeps.

use std::time::Duration;

use super::span::format;
use super::time_window::TimeWindow;
use super::window::WINDOWS;

/// Says what will be gone, where 200 windows are longer than `source` keeps what it has. `None` where they fit.
#[must_use]
pub fn retention_warning(source: &str, time_window: TimeWindow, retention: Duration) -> Option<String> {
    let wanted = time_window.times(WINDOWS);
    let missing = wanted.checked_sub(retention).filter(|missing| !missing.is_zero())?;
    let longest = Duration::from_mins(retention.as_secs() / 60 / u64::from(WINDOWS));
    let fits = if longest.is_zero() { "no window fits".to_owned() } else { format!("up to {} fits", format(longest)) };
    Some(format!(
        "{WINDOWS} windows of {time_window} are {}, and source '{source}' keeps {}: the first {} will be gone by then; \
         {fits}",
        format(wanted),
        format(retention),
        format(missing),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(minutes: i64, retention: Duration) -> Option<String> {
        retention_warning("main", TimeWindow::from_minutes(minutes).unwrap(), retention)
    }

    const FIFTEEN_DAYS: Duration = Duration::from_hours(15 * 24);

    #[test]
    fn a_rule_whose_windows_do_not_fit_is_told_with_the_arithmetic() {
        assert_eq!(
            warning(120, FIFTEEN_DAYS).unwrap(),
            "200 windows of 2h are 16d 16h, and source 'main' keeps 15d: the first 1d 16h will be gone by then; \
             up to 1h 48m fits"
        );
        assert!(warning(109, FIFTEEN_DAYS).is_some());
    }

    #[test]
    fn a_rule_whose_windows_fit_is_not_warned_of() {
        assert_eq!(warning(108, FIFTEEN_DAYS), None);
        assert_eq!(warning(1, Duration::from_mins(200)), None);
    }

    #[test]
    fn where_no_window_fits_it_is_said() {
        assert!(warning(1, Duration::from_hours(1)).unwrap().ends_with("; no window fits"));
    }
}
