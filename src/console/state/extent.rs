//! How much of a series the chart shows, and how zooming, panning and the cursor change it. In instants, never in columns
//! or positions: what the operator chose stays where it is while a live series grows.

use std::time::Duration;

use super::excerpt;
use crate::domain::window::Range;
use crate::domain::{Incident, Series, Timestamp};

/// So many buckets are shown at the least.
const FEWEST: u32 = 8;

/// How much of a series the chart shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// The incident, what came after, and as much before.
    Incident,
    /// What the operator zoomed or panned to.
    Part(Range),
}

/// Which way the chart is panned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what was before.
    Earlier,
    /// To what came after.
    Later,
}

/// What the operator can do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Show less of the series.
    In,
    /// Show more of it.
    Out,
    /// Show all of it.
    All,
    /// Show another part of it.
    Pan(Direction),
}

/// A series, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What is shown a part of.
    pub series: &'a Series,
    /// What is looked for in it.
    pub incident: &'a Incident,
}

impl Extent {
    /// What is shown: whole buckets, cut off where the series ends. Never empty where the series is not.
    #[must_use]
    pub fn range(self, subject: Subject<'_>) -> Range {
        subject.whole_buckets(self.instants(subject))
    }

    /// What is shown after a change; `None` where it would change nothing.
    #[must_use]
    pub fn changed(self, change: Change, subject: Subject<'_>, cursor: Option<Timestamp>) -> Option<Self> {
        match change {
            Change::In => self.zoomed_in(subject, cursor),
            Change::Out => self.zoomed_out(subject, cursor),
            Change::All => (self != Self::Whole).then_some(Self::Whole),
            Change::Pan(direction) => self.panned(subject, direction),
        }
    }

    /// Of the incident after another was selected: instants that were chosen in the one mean nothing in the other.
    #[must_use]
    pub fn carried_over(self) -> Self {
        match self {
            Self::Whole => Self::Whole,
            Self::Incident | Self::Part(_) => Self::Incident,
        }
    }

    /// The incident and its surroundings, or half of what is shown already, about the cursor. `None` where that would be
    /// too little.
    #[must_use]
    pub fn zoomed_in(self, subject: Subject<'_>, cursor: Option<Timestamp>) -> Option<Self> {
        if self == Self::Whole && subject.is_lost_in_it() {
            return Some(Self::Incident);
        }
        let shown = self.instants(subject);
        let focus = subject.focus(shown, cursor);
        let (before, after) = (focus.since(shown.start) / 2, shown.end.since(focus) / 2);
        let half = Range::new(focus - before, focus + after);
        (half.length() >= subject.series.period * FEWEST).then_some(Self::Part(half))
    }

    /// Twice of what is shown: [`Extent::zoomed_in`] the other way round. `None` where all is shown.
    #[must_use]
    pub fn zoomed_out(self, subject: Subject<'_>, cursor: Option<Timestamp>) -> Option<Self> {
        let Self::Part(_) = self else { return (self == Self::Incident).then_some(Self::Whole) };
        let shown = self.instants(subject);
        let focus = subject.focus(shown, cursor);
        let (before, after) = (focus.since(shown.start) * 2, shown.end.since(focus) * 2);
        let double = moved_into(Range::new(focus - before, focus + after), subject.series.range);
        let is = |extent: Self| subject.is_about(double, extent.instants(subject));
        Some(match () {
            () if is(Self::Whole) => Self::Whole,
            () if subject.is_lost_in_it() && is(Self::Incident) => Self::Incident,
            () => Self::Part(double),
        })
    }

    /// A quarter further. `None` where the series ends there.
    #[must_use]
    pub fn panned(self, subject: Subject<'_>, direction: Direction) -> Option<Self> {
        let (shown, period) = (self.instants(subject), subject.series.period);
        let buckets = shown.length().as_micros() / 4 / period.as_micros().max(1);
        let step = period * u32::try_from(buckets).unwrap_or(u32::MAX).max(1);
        let moved = moved_into(shifted(shown, direction, step), subject.series.range);
        (moved != shown).then_some(Self::Part(moved))
    }

    /// Panned as little as brings a bucket into sight.
    #[must_use]
    pub fn following(self, subject: Subject<'_>, bucket: Timestamp) -> Self {
        let (shown, period) = (self.range(subject), subject.series.period);
        let first = shown.start.floor(period);
        let moved = if bucket < first {
            shifted(self.instants(subject), Direction::Earlier, first.since(bucket))
        } else if bucket >= shown.end {
            shifted(self.instants(subject), Direction::Later, (bucket + period).since(shown.end))
        } else {
            return self;
        };
        Self::Part(moved_into(moved, subject.series.range))
    }

    fn instants(self, subject: Subject<'_>) -> Range {
        match self {
            Self::Whole => subject.series.range,
            Self::Incident => excerpt::around(subject.series, subject.incident),
            Self::Part(range) => {
                let least = subject.series.period * FEWEST;
                let range = Range::new(range.start, range.end.max(range.start + least));
                moved_into(range, subject.series.range)
            }
        }
    }
}

impl Subject<'_> {
    /// Whether the incident and its surroundings are so small a part that they are worth being shown alone.
    #[must_use]
    pub fn is_lost_in_it(self) -> bool {
        excerpt::around(self.series, self.incident).length() * 4 < self.series.range.length() * 3
    }

    fn whole_buckets(self, range: Range) -> Range {
        let (period, whole) = (self.series.period, self.series.range);
        let end = range.end.floor(period);
        let end = if end == range.end { end } else { end + period };
        Range::new(range.start.floor(period).max(whole.start), end.min(whole.end))
    }

    /// What zooming keeps in its place: the cursor, the start, the close, whichever is seen; or else the middle.
    fn focus(self, shown: Range, cursor: Option<Timestamp>) -> Timestamp {
        let candidates = [cursor, Some(self.incident.date_started), self.incident.date_closed];
        let seen = |instant: &Timestamp| (shown.start..shown.end).contains(instant);
        candidates.into_iter().flatten().find(seen).unwrap_or(shown.start + shown.length() / 2)
    }

    /// Whether two ranges differ by less than a bucket on either side.
    fn is_about(self, one: Range, other: Range) -> bool {
        let apart = |one: Timestamp, other: Timestamp| one.since(other).max(other.since(one));
        apart(one.start, other.start) < self.series.period && apart(one.end, other.end) < self.series.period
    }
}

fn shifted(range: Range, direction: Direction, by: Duration) -> Range {
    match direction {
        Direction::Earlier => Range::new(range.start - by, range.end - by),
        Direction::Later => Range::new(range.start + by, range.end + by),
    }
}

/// The range with its length, moved as little as brings it into `whole`; all of `whole` where it is longer.
fn moved_into(range: Range, whole: Range) -> Range {
    let length = range.length().min(whole.length());
    let start = range.start.min(whole.end - length).max(whole.start);
    Range::new(start, (start + length).min(whole.end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::state::excerpt::tests::incident;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn series(start: i64, end: i64) -> Series {
        let range = Range::new(at(start), at(end));
        Series { range, period: MINUTE, counts: Vec::new(), held: vec![range] }
    }

    #[test]
    fn the_first_step_shows_the_incident_and_each_after_it_half() {
        let (series, incident) = (series(0, 12_000), incident(10_800, 11_100));
        let subject = Subject { series: &series, incident: &incident };
        let mut extent = Extent::Whole;
        let mut lengths = Vec::new();
        while let Some(next) = extent.zoomed_in(subject, None) {
            extent = next;
            lengths.push(extent.range(subject).length().as_secs() / 60);
            let range = extent.range(subject);
            assert!((range.start..range.end).contains(&incident.date_started), "{range:?}");
        }
        assert_eq!(lengths, [40, 20, 10]);
        for expected in [20, 40, 200] {
            extent = extent.zoomed_out(subject, None).unwrap();
            assert_eq!(extent.range(subject).length().as_secs() / 60, expected);
        }
        assert_eq!((extent, extent.zoomed_out(subject, None)), (Extent::Whole, None));
    }

    #[test]
    fn the_cursor_stays_where_it_is_on_the_screen() {
        let (series, incident) = (series(0, 12_000), incident(10_800, 11_100));
        let subject = Subject { series: &series, incident: &incident };
        let extent = Extent::Part(Range::new(at(1_200), at(3_600)));
        let zoomed = extent.zoomed_in(subject, Some(at(1_800))).unwrap();
        assert_eq!(zoomed, Extent::Part(Range::new(at(1_500), at(2_700))), "a quarter from the left, as before");
    }

    #[test]
    fn a_live_series_that_grows_does_not_move_what_was_chosen() {
        let incident = incident(10_800, 11_100);
        let extent = Extent::Part(Range::new(at(10_020), at(11_220)));
        let shown = |start, end| extent.range(Subject { series: &series(start, end), incident: &incident });
        assert_eq!(shown(0, 12_000), shown(137, 12_137));
        let gone = shown(10_500, 22_500);
        assert_eq!((gone.start, gone.length().as_secs()), (at(10_500), 1_200), "as much of what there still is");
    }

    #[test]
    fn what_follows_the_cursor_moves_no_further_than_it_must() {
        let (series, incident) = (series(0, 12_000), incident(10_800, 11_100));
        let subject = Subject { series: &series, incident: &incident };
        let extent = Extent::Part(Range::new(at(1_200), at(3_600)));
        assert_eq!(extent.following(subject, at(1_200)), extent);
        assert_eq!(extent.following(subject, at(1_140)), Extent::Part(Range::new(at(1_140), at(3_540))));
        assert_eq!(extent.following(subject, at(3_600)), Extent::Part(Range::new(at(1_260), at(3_660))));
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        In,
        Out,
        Earlier,
        Later,
        To(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let fixed = prop_oneof![Just(Step::In), Just(Step::Out), Just(Step::Earlier), Just(Step::Later)];
        prop_oneof![4 => fixed, 1 => (0..260u32).prop_map(Step::To)]
    }

    proptest! {
        #[test]
        fn what_is_shown_is_never_empty_and_always_of_the_series(
            start in -20_000..1_000_000_000i64, length in 1..20_000i64, started in -20_000..40_000i64,
            lasted in 0..20_000i64, steps in proptest::collection::vec(step(), 0..20), grown in 0..5_000i64,
        ) {
            let before = series(start, start + length);
            let after = series(start + grown, start + length + grown);
            let incident = incident(start + started, start + started + lasted);
            let mut extent = Extent::Whole;
            let mut cursor = None;
            for step in steps {
                let subject = Subject { series: &before, incident: &incident };
                extent = match step {
                    Step::In => extent.zoomed_in(subject, cursor).unwrap_or(extent),
                    Step::Out => extent.zoomed_out(subject, cursor).unwrap_or(extent),
                    Step::Earlier => extent.panned(subject, Direction::Earlier).unwrap_or(extent),
                    Step::Later => extent.panned(subject, Direction::Later).unwrap_or(extent),
                    Step::To(position) => {
                        let last = u32::try_from(before.len() - 1).unwrap();
                        let bucket = before.first_bucket() + MINUTE * position.min(last);
                        cursor = Some(bucket);
                        let moved = extent.following(subject, bucket);
                        let range = moved.range(subject);
                        prop_assert!(range.start.floor(MINUTE) <= bucket && bucket < range.end, "{bucket} in {range:?}");
                        moved
                    }
                };
                for series in [&before, &after] {
                    let subject = Subject { series, incident: &incident };
                    let range = extent.range(subject);
                    prop_assert!(!range.is_empty() && series.range.contains(range), "{extent:?}: {range:?}");
                    prop_assert!(!excerpt::part(series, range).is_empty());
                }
            }
        }

        #[test]
        fn zooming_in_and_out_again_shows_what_was_shown(
            start in 0..1_000_000_000i64, length in 1_000..20_000i64, started in -2_000..20_000i64, lasted in 0..9_000i64,
            steps in proptest::collection::vec(prop_oneof![Just(Step::In), Just(Step::Earlier), Just(Step::Later)], 0..6),
            cursor in proptest::option::of(0..300i64),
        ) {
            let series = series(start, start + length);
            let incident = incident(start + started, start + started + lasted);
            let subject = Subject { series: &series, incident: &incident };
            let cursor = cursor.map(|bucket| at(start + bucket * 60).floor(MINUTE));
            let mut extent = Extent::Whole;
            for step in steps {
                extent = match step {
                    Step::In => extent.zoomed_in(subject, cursor),
                    Step::Earlier => extent.panned(subject, Direction::Earlier),
                    _ => extent.panned(subject, Direction::Later),
                }.unwrap_or(extent);
            }
            if let Some(nearer) = extent.zoomed_in(subject, cursor) {
                let back = nearer.zoomed_out(subject, cursor).unwrap();
                let (was, is) = (extent.range(subject), back.range(subject));
                prop_assert!(subject.is_about(was, is) || was == is, "{was:?} {is:?}");
            }
        }
    }
}
