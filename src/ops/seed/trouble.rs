//! One incident's effect on the events it disturbs: a shape laid between two instants, and its end.

use std::time::Duration;

use super::shape::Shape;
use crate::domain::{TimeWindow, Timestamp};

/// So much of an incident has passed when what caused it is mended; people close it after they have seen that.
const MENDED_AFTER: f64 = 0.9;

/// An incident, as its events see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    started: Timestamp,
    length: Duration,
    shape: Shape,
    peak: f64,
    mended: Option<Timestamp>,
    fade: Duration,
}

impl Trouble {
    /// Trouble that began at `started` and was closed at `closed`, or goes on and is seen at `now`.
    #[must_use]
    pub fn new(
        (shape, peak): (Shape, f64),
        time_window: TimeWindow,
        started: Timestamp,
        closed: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let length = closed.unwrap_or(now).since(started).max(time_window.span());
        let fade = length.mul_f64(0.03).max(time_window.span().mul_f64(0.4));
        let mended = closed.map(|_| started + length.mul_f64(MENDED_AFTER));
        Self { started, length, shape, peak, mended, fade }
    }

    /// Somebody has mended it at `mended`; `None`: nobody has after all.
    pub fn mend(&mut self, mended: Option<Timestamp>) {
        self.mended = mended;
    }

    /// How many times the ordinary rate there is at `instant`.
    #[must_use]
    pub fn level(&self, instant: Timestamp) -> f64 {
        if instant < self.started {
            return 1.0;
        }
        let lasting = self.mended.map_or(instant, |mended| instant.min(mended));
        let progress = lasting.since(self.started).as_secs_f64() / self.length.as_secs_f64();
        let faded = (-instant.since(lasting).as_secs_f64() / self.fade.as_secs_f64()).exp();
        1.0 + (self.peak - 1.0) * self.shape.intensity(progress) * faded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000_000 + minutes * 60)
    }

    fn trouble(shape: Shape, peak: f64, closed: Option<Timestamp>) -> Trouble {
        Trouble::new((shape, peak), TimeWindow::DEFAULT, at(0), closed, at(100))
    }

    #[test]
    fn before_the_start_and_long_after_the_close_all_is_ordinary() {
        for shape in Shape::ALL {
            let trouble = trouble(shape, 9.0, Some(at(60)));
            assert!((trouble.level(at(-1)) - 1.0).abs() < 0.001, "{shape:?}");
            assert!((trouble.level(at(120)) - 1.0).abs() < 0.001, "{shape:?}");
        }
    }

    #[test]
    fn the_worst_is_the_peak_and_an_outage_leaves_nothing() {
        assert!((trouble(Shape::Step, 9.0, Some(at(60))).level(at(30)) - 9.0).abs() < 0.001);
        assert!(trouble(Shape::Outage, 0.0, Some(at(60))).level(at(30)).abs() < 0.001);
    }

    #[test]
    fn what_nobody_has_mended_goes_on_until_somebody_does() {
        let mut step = trouble(Shape::Step, 9.0, None);
        assert!((step.level(at(500)) - 9.0).abs() < 0.001);
        step.mend(Some(at(400)));
        assert!((step.level(at(399)) - 9.0).abs() < 0.001);
        assert!(step.level(at(420)) < 1.1);
    }
}
