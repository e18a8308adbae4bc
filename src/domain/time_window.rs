//! The time window `W` of an alert rule: whole minutes from 1 to 43,200.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// A rule's time window `W` in whole minutes (rule 1). It is also the period of a windowed series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeWindow(u32);

/// The number of minutes is not one that a time window may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a time window of {0} minutes is not possible: it is from 1 to 43200 minutes (30 days)")]
pub struct TimeWindowError(pub i64);

impl TimeWindow {
    /// What an incident without a rule has.
    pub const DEFAULT: Self = Self(1);
    /// 30 days.
    pub const MAX_MINUTES: u32 = 43_200;

    /// A time window of `minutes` minutes.
    ///
    /// # Errors
    /// Where `minutes` is not from 1 to 43,200.
    pub fn from_minutes(minutes: i64) -> Result<Self, TimeWindowError> {
        match u32::try_from(minutes) {
            Ok(whole @ 1..=Self::MAX_MINUTES) => Ok(Self(whole)),
            _ => Err(TimeWindowError(minutes)),
        }
    }

    /// Whole minutes.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        self.0
    }

    /// `W` itself.
    #[must_use]
    pub fn span(self) -> Duration {
        self.times(1)
    }

    /// `count` windows, one after the other.
    #[must_use]
    pub fn times(self, count: u32) -> Duration {
        Duration::from_secs(u64::from(self.0) * 60 * u64::from(count))
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&super::span::format(self.span()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_from_1_to_43200_minutes() {
        assert_eq!(TimeWindow::from_minutes(1).map(TimeWindow::minutes), Ok(1));
        assert_eq!(TimeWindow::from_minutes(43_200).map(TimeWindow::minutes), Ok(43_200));
        for minutes in [0, -1, 43_201, 100_000, i64::MAX, i64::MIN] {
            assert_eq!(TimeWindow::from_minutes(minutes), Err(TimeWindowError(minutes)));
        }
    }
}
