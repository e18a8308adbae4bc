//! The chart of the picture: axes, bars, the incident's span, and what is not known.

use std::ops::RangeInclusive;

use super::canvas::{Anchor, Bar, Canvas, width_of};
use crate::domain::series::{Coverage, Point};
use crate::domain::window::Range;
use crate::domain::{Timestamp, span};
use crate::export::account::{Known, Phase};
use crate::export::axes::{self, Values};
use crate::export::{Subject, words};

/// The rectangle in which the bars stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// A chart that is about to be drawn.
pub(super) struct Plot<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) points: &'a [Point],
    pub(super) place: Place,
    /// From the beginning of the first bucket to the end of the last one.
    range: Range,
    values: Values,
}

/// What is in the chart and needs an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    During,
    Outside,
    Partial,
    Gap,
    Future,
}

const LABELS: u8 = 5;
/// Between two times, at the least.
const TIME_APART: f64 = 84.0;
const SMALL: f64 = 12.0;

impl<'a> Plot<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, points: &'a [Point], place: Place) -> Self {
        let period = subject.shown().period;
        let range = match (points.first(), points.last()) {
            (Some(first), Some(last)) => Range::new(first.bucket, last.bucket + period),
            _ => subject.shown().range,
        };
        Self { subject, points, place, range, values: Values::of(points, LABELS) }
    }

    /// Draws all of it.
    pub(super) fn draw(&self, canvas: &mut Canvas) -> Vec<Mark> {
        self.shade(canvas);
        self.vertical_axis(canvas);
        let marks = self.bars(canvas);
        if self.subject.peak().is_none() {
            let (x, y) =
                (f64::midpoint(self.place.left, self.place.right), f64::midpoint(self.place.top, self.place.bottom));
            canvas.text(x, y, Anchor::Middle, "quiet halo", &self.subject.peak_in_words());
        }
        self.horizontal_axis(canvas);
        self.course(canvas);
        marks
    }

    fn x(&self, at: Timestamp) -> f64 {
        let Place { left, right, .. } = self.place;
        left + axes::share(self.range, at).clamp(0.0, 1.0) * (right - left)
    }

    /// What counted something is never as low as nothing.
    fn height(&self, count: f64) -> f64 {
        let most = self.place.bottom - self.place.top;
        if count <= self.values.bottom { 0.0 } else { (self.values.share(count) * most).clamp(1.0, most) }
    }

    /// Where the incident lies; `None` where the chart shows none of it.
    fn incident(&self) -> Option<RangeInclusive<f64>> {
        let (start, end) = (self.subject.incident.date_started, self.subject.end());
        let meets = start < self.range.end && end >= self.range.start;
        meets.then(|| self.x(start)..=self.x(end))
    }

    fn shade(&self, canvas: &mut Canvas) {
        let Place { top, bottom, .. } = self.place;
        if let Some(span) = self.incident() {
            canvas.rectangle(*span.start(), top, span.end() - span.start(), bottom - top, "class=\"span\"");
        }
    }

    fn vertical_axis(&self, canvas: &mut Canvas) {
        let Place { left, right, top, bottom } = self.place;
        for value in self.values.labels() {
            let y = bottom - self.values.share(value) * (bottom - top);
            if value > self.values.bottom {
                canvas.line((left, y), (right, y), "grid");
            }
            canvas.text(left - 8.0, y + 4.0, Anchor::End, "small quiet", &words::compact(value));
        }
    }

    fn bars(&self, canvas: &mut Canvas) -> Vec<Mark> {
        let Place { top, bottom, .. } = self.place;
        let period = self.subject.shown().period;
        let mut has_partial = false;
        // Outside and during the incident; of each the whole and the partial ones.
        let mut bars: [Vec<Bar>; 4] = Default::default();
        let (mut gaps, mut futures): (Vec<Range>, Vec<Range>) = (Vec::new(), Vec::new());
        for point in self.points {
            let bucket = Range::new(point.bucket, point.bucket + period);
            match self.subject.known(point, period) {
                Known::Gap => lengthen(&mut gaps, bucket),
                Known::Future => lengthen(&mut futures, bucket),
                Known::Count(count, coverage) => {
                    let during = usize::from(self.subject.phase(point.bucket, period) == Phase::During);
                    let partial = usize::from(coverage == Coverage::Partial);
                    has_partial |= coverage == Coverage::Partial;
                    if count > self.values.bottom {
                        let (x, end) = (self.x(bucket.start), self.x(bucket.end));
                        // A hair between neighbours, where there is room for one.
                        let width = if end - x > 3.0 { end - x - 0.6 } else { end - x };
                        bars[2 * during + partial].push(Bar { x, bottom, width, height: self.height(count) });
                    }
                }
            }
        }
        for (class, bars) in ["bar", "bar partial", "during", "during partial"].into_iter().zip(&bars) {
            canvas.bars(bars, class);
        }
        let marks = [
            (self.incident().is_some(), Mark::During),
            (true, Mark::Outside),
            (has_partial, Mark::Partial),
            (!gaps.is_empty(), Mark::Gap),
            (!futures.is_empty(), Mark::Future),
        ];
        for (ranges, pattern) in [(gaps, "gap"), (futures, "future")] {
            for range in ranges {
                let (x, end) = (self.x(range.start), self.x(range.end));
                canvas.rectangle(x, top, end - x, bottom - top, &super::pattern(self.subject, pattern));
            }
        }
        marks.into_iter().filter_map(|(is_there, mark)| is_there.then_some(mark)).collect()
    }

    fn horizontal_axis(&self, canvas: &mut Canvas) {
        let Place { left, right, bottom, .. } = self.place;
        canvas.line((left, bottom), (right, bottom), "axis");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful of labels")]
        let most = ((right - left) / TIME_APART) as usize;
        for time in axes::times(self.range, most) {
            let x = self.x(time.at);
            canvas.line((x, bottom), (x, bottom + 5.0), "axis");
            canvas.text(x, bottom + 19.0, Anchor::Middle, "small quiet", &time.label);
            if let Some(context) = &time.context {
                canvas.text(x, bottom + 34.0, Anchor::Middle, "small quiet", context);
            }
        }
    }

    /// The lines at the start and at the close, and what they are, above the bars.
    fn course(&self, canvas: &mut Canvas) {
        let Place { left, right, top, bottom } = self.place;
        let incident = self.subject.incident;
        let y = top - 9.0;
        let Some(span) = self.incident() else {
            let before = incident.date_started >= self.range.end;
            let (x, anchor) = if before { (right, Anchor::End) } else { (left, Anchor::Start) };
            let where_to = if before { "after" } else { "before" };
            let text = format!("the incident lies {where_to} the chart");
            return canvas.text(x, y, anchor, "small said", &text);
        };
        let (start, end) = span.into_inner();
        if incident.date_started >= self.range.start {
            canvas.line((start, top - 4.0), (start, bottom), "mark");
        }
        let closes_within = incident.date_closed.is_some_and(|closed| closed <= self.range.end);
        if closes_within {
            canvas.line((end, top - 4.0), (end, bottom), "mark close");
        }
        let [started, closed] = self.labels(closes_within);
        for (x, anchor, text) in places(self.place, (start, end), started, closed) {
            canvas.text(x, y, anchor, "small said strong", &text);
        }
    }

    fn labels(&self, closes_within: bool) -> [String; 2] {
        let incident = self.subject.incident;
        let one_day = words::is_same_day(self.range.start, self.range.end);
        let at = |instant, day: bool| {
            let clock = words::clock(instant);
            if day { format!("{} {clock}", words::day(instant)) } else { clock }
        };
        let started = format!("start {}", at(incident.date_started, !one_day));
        let closed = match incident.date_closed {
            Some(closed) if closes_within => {
                format!("close {}", at(closed, !words::is_same_day(closed, incident.date_started)))
            }
            Some(closed) => format!("close {} \u{2192}", at(closed, true)),
            None => format!("open for {}", span::format(self.subject.end().since(incident.date_started))),
        };
        [started, closed]
    }
}

/// Takes a bucket into the last range where it follows on it.
fn lengthen(ranges: &mut Vec<Range>, bucket: Range) {
    match ranges.last_mut() {
        Some(last) if last.end == bucket.start => last.end = bucket.end,
        _ => ranges.push(bucket),
    }
}

/// Where the two labels go: outside of the span where there is room, else inside, else as one.
fn places(place: Place, (start, end): (f64, f64), started: String, closed: String) -> Vec<(f64, Anchor, String)> {
    const APART: f64 = 14.0;
    let (one, other) = (width_of(&started, SMALL), width_of(&closed, SMALL));
    let Place { left, right, .. } = place;
    if end - start > one + other + APART {
        return vec![(start + 4.0, Anchor::Start, started), (end - 4.0, Anchor::End, closed)];
    }
    let (fits_left, fits_right) = (start - left > one, right - end > other);
    match (fits_left, fits_right) {
        (true, true) => vec![(start - 2.0, Anchor::End, started), (end + 2.0, Anchor::Start, closed)],
        (true, false) if start - left > one + other + APART => {
            vec![(end, Anchor::End, format!("{started}, {closed}"))]
        }
        _ if right - start > one + other + APART => vec![(start, Anchor::Start, format!("{started}, {closed}"))],
        _ => vec![(right, Anchor::End, format!("{started}, {closed}"))],
    }
}
