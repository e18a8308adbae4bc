//! How trouble comes and goes, as a function of its progress. Knows neither time nor events.
//!
//! ```text
//! spike   _/\__      step      _|~~~     ramp     __/|      flapping  _|~|_|~|
//! leak    ___./      relapse   _/\_/\    plateau  _/~~      sawtooth  _/|/|/|
//! outage  ~|___
//! ```
//!
//! How trouble ends is not part of a shape: the signal fades it out when somebody mends it.

use std::f64::consts::PI;

use serde::Deserialize;

/// How trouble comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// At once, and gone by itself.
    Spike,
    /// At once, and there it stays.
    Step,
    /// Steadily worse.
    Ramp,
    /// On and off.
    Flapping,
    /// Hardly at first, then ever faster: what leaks.
    SlowLeak,
    /// Over, it seems; then it comes back.
    Relapse,
    /// Up within a while, and there it stays.
    Plateau,
    /// Worse and worse until something restarts, again and again.
    Sawtooth,
    /// What should happen does not.
    Outage,
}

/// On and off so often within an incident.
const FLAPS: f64 = 4.0;
/// So many restarts within an incident.
const TEETH: f64 = 6.0;

impl Shape {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Spike,
        Self::Step,
        Self::Ramp,
        Self::Flapping,
        Self::SlowLeak,
        Self::Relapse,
        Self::Plateau,
        Self::Sawtooth,
        Self::Outage,
    ];

    /// How bad it is, from 0 (not at all) to 1 (its worst), when `progress` of the incident has passed.
    ///
    /// Nothing before the start. Beyond 1, which is where an incident stands that nobody has mended, it goes on.
    #[must_use]
    pub fn intensity(self, progress: f64) -> f64 {
        if progress < 0.0 {
            return 0.0;
        }
        match self {
            Self::Spike if progress < 0.1 => progress / 0.1,
            Self::Spike => (-(progress - 0.1) * 5.0).exp(),
            Self::Step | Self::Outage => 1.0,
            Self::Ramp => 0.08 + 0.92 * progress.min(1.0),
            Self::Flapping => flap(progress),
            Self::SlowLeak => progress.min(1.0).powi(3),
            Self::Relapse => relapse(progress),
            Self::Plateau => (progress / 0.15).min(1.0),
            Self::Sawtooth => 0.1 + 0.9 * (progress * TEETH).fract(),
        }
    }
}

/// On for the first half of each turn.
fn flap(progress: f64) -> f64 {
    if (progress * FLAPS).fract() < 0.5 { 1.0 } else { 0.04 }
}

/// Two humps, the second one the worse, and quiet between them from 0.4 to 0.6.
fn relapse(progress: f64) -> f64 {
    if progress < 0.4 {
        0.7 * (PI * progress / 0.4).sin()
    } else if progress < 0.6 {
        0.0
    } else {
        ((progress - 0.6) / 0.15).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: Shape, drawn: &str) {
        let drawing: String = (0..20)
            .map(|step| match shape.intensity(f64::from(step) / 20.0) {
                quiet if quiet < 0.05 => '_',
                low if low < 0.4 => '.',
                middle if middle < 0.8 => '-',
                _ => '#',
            })
            .collect();
        assert_eq!(drawing, drawn, "{shape:?}");
    }

    #[test]
    fn every_shape_looks_like_its_name() {
        check(Shape::Spike, "_-#---........______");
        check(Shape::Step, "####################");
        check(Shape::Ramp, ".......---------####");
        check(Shape::Flapping, "###__###__###__###__");
        check(Shape::SlowLeak, "________.......----#");
        check(Shape::Relapse, "_.-----._____.-#####");
        check(Shape::Plateau, "_.-#################");
        check(Shape::Sawtooth, "..-#.-#.--..-#.-#.--");
    }

    #[test]
    fn no_shape_leaves_its_bounds_or_begins_before_its_start() {
        for shape in Shape::ALL {
            assert!(shape.intensity(-0.01).abs() < f64::EPSILON, "{shape:?}");
            for step in 0..3_000 {
                let intensity = shape.intensity(f64::from(step) / 1_000.0);
                assert!((0.0..=1.0).contains(&intensity), "{shape:?} at {step}: {intensity}");
            }
        }
    }
}
