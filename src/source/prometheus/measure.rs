//! What is asked about one incident, and what the answers are: two series and a total, with what was frozen.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::try_join;

use super::Prometheus;
use super::answer::{Fault, Sampled};
use super::frozen;
use super::plan::{self, Values};
use super::selection::Selection;
use crate::domain::alert::Labels;
use crate::domain::expression::fill_window;
use crate::domain::window::Range;
use crate::domain::{Expression, Series, Timestamp};
use crate::source::{Measurement, RemoteRequest};

/// How much earlier something must have ended to be frozen: a scrape is stored a little after the instant that it
/// carries, and what is frozen is not asked for again.
const SETTLED: Duration = Duration::from_secs(30);
/// Buckets that are frozen of one incident, at the most: the latest ones.
const FROZEN_LIMIT: u32 = 50_000;

/// A range in buckets of this length.
#[derive(Clone, Copy)]
struct Buckets {
    range: Range,
    period: Duration,
}

/// What was answered for one series.
struct Answers {
    period: Duration,
    /// For whole buckets, by the instant of their end.
    whole: Vec<Sampled>,
    /// For parts of buckets.
    parts: Vec<(Timestamp, Vec<Sampled>)>,
}

impl Answers {
    fn all(&self) -> impl Iterator<Item = &Sampled> {
        self.whole.iter().chain(self.parts.iter().flat_map(|(_, answered)| answered))
    }

    fn values(&self, selection: &Selection<'_>) -> Values {
        let mut values = Values::new();
        selection.collect(&self.whole, |ended| plan::bucket_of(ended, self.period), &mut values);
        for (bucket, answered) in &self.parts {
            selection.collect(answered, |_| *bucket, &mut values);
        }
        values
    }
}

impl Prometheus {
    /// Measures one incident.
    pub(in crate::source) async fn measure(
        &self,
        request: &RemoteRequest,
        now: Timestamp,
    ) -> Result<Measurement, Fault> {
        let (ranges, expression) = (request.ranges, &request.expression);
        let (frozen, nothing) = (frozen::of(request), Values::new());
        let windowed = Buckets { range: ranges.windowed, period: request.period };
        let lifetime = Buckets { range: ranges.lifetime, period: ranges.lifetime_period };
        let horizon = async { Ok(self.horizon(now).await) };
        let (windows, lives, total, horizon) = try_join!(
            self.answers(&expression.text, windowed, &frozen, now),
            self.answers(&expression.text, lifetime, &nothing, now),
            self.total(request, now),
            horizon,
        )?;
        let answered = windows.all().chain(lives.all()).chain(&total);
        let selection = Selection::new(expression.measure, &request.labels, answered);
        let (mut windows, mut lives) = (windows.values(&selection), lives.values(&selection));
        frozen::stand_first(&mut windows, &frozen, request);
        frozen::stand_in(&mut lives, &frozen, request, horizon);
        let mut totals = Values::new();
        selection.collect(&total, |_| ranges.totals.start, &mut totals);
        let is_held = horizon.is_none_or(|horizon| ranges.totals.start >= horizon);
        let total = totals.into_values().next().filter(|_| is_held);
        let total = total.or_else(|| frozen::total(&frozen, &windows, ranges.totals, request.period));
        let windowed = plan::series(windowed.range, windowed.period, &windows);
        let lifetime = plan::series(lifetime.range, lifetime.period, &lives);
        let is_clipped = |horizon| is_clipped(&windowed, horizon, now) || is_clipped(&lifetime, horizon, now);
        Ok(Measurement {
            incident_id: request.incident_id,
            source: expression.source.clone(),
            measure: expression.measure,
            total_events: total.filter(|_| !expression.measure.is_metric()).map(rounded),
            unique_users: None,
            clipped: horizon.is_some_and(is_clipped),
            windowed,
            lifetime,
        })
    }

    /// What an expression says of the last `window` before `now`; `None` where the source knows nothing of it.
    pub(in crate::source) async fn evaluate(
        &self,
        expression: &Expression,
        labels: &Labels,
        window: Duration,
        now: Timestamp,
    ) -> Result<Option<f64>, Fault> {
        let answered = self.query(&fill_window(&expression.text, window), Some(now), now).await?;
        let selection = Selection::new(expression.measure, labels, answered.iter());
        let mut values = Values::new();
        selection.collect(&answered, |_| now, &mut values);
        Ok(values.into_values().next())
    }

    /// What is held now of before and during, in whole buckets of `W`. What was frozen already stays as it is.
    pub(in crate::source) async fn freeze(&self, request: &RemoteRequest, now: Timestamp) -> Result<Series, Fault> {
        let (windowed, lifetime, period) = (request.ranges.windowed, request.ranges.lifetime, request.period);
        let both = Range::new(windowed.start.min(lifetime.start), windowed.end.max(lifetime.end));
        let longest = period * FROZEN_LIMIT;
        let mut whole = plan::whole_buckets(both, period, now - SETTLED);
        whole.start = whole.start.max(whole.end - longest);
        let frozen = frozen::of(request);
        let answered = self.whole_buckets(&request.expression.text, whole, period, &frozen, now).await?;
        let answers = Answers { period, whole: answered, parts: Vec::new() };
        let selection = Selection::new(request.expression.measure, &request.labels, answers.all());
        let mut values = answers.values(&selection);
        values.extend(frozen);
        let first = values.keys().next().map_or(whole.start, |bucket| whole.start.min(*bucket));
        let end = values.keys().next_back().map_or(whole.end, |bucket| whole.end.max(*bucket + period));
        Ok(plan::series(Range::new(first.max(end - longest), end), period, &values))
    }

    /// What the source says of a series.
    async fn answers(&self, text: &str, asked: Buckets, known: &Values, now: Timestamp) -> Result<Answers, Fault> {
        let Buckets { range, period } = asked;
        let whole = plan::whole_buckets(range, period, now);
        let parts = plan::parts(range, period, now).into_iter().map(|part| async move {
            let expression = fill_window(text, part.length());
            let answered = self.query(&expression, Some(part.end), now).await?;
            Ok::<_, Fault>((part.start.floor(period), answered))
        });
        let (whole, parts) = try_join!(self.whole_buckets(text, whole, period, known, now), try_join_all(parts))?;
        Ok(Answers { period, whole, parts })
    }

    /// What the source says of whole buckets: all from the first that is not known to the last.
    async fn whole_buckets(
        &self,
        text: &str,
        whole: Range,
        period: Duration,
        known: &Values,
        now: Timestamp,
    ) -> Result<Vec<Sampled>, Fault> {
        let expression = fill_window(text, period);
        let expression = &expression;
        let steps = plan::steps(unknown(whole, period, known), period);
        let answers = steps.into_iter().map(|steps| self.query_range(expression, steps, now));
        Ok(try_join_all(answers).await?.into_iter().flatten().collect())
    }

    /// What the source says of the totals range at once (rule 9); nothing of a metric, which has no total.
    async fn total(&self, request: &RemoteRequest, now: Timestamp) -> Result<Vec<Sampled>, Fault> {
        let range = request.ranges.totals;
        let happened = Range::new(range.start, range.end.min(now));
        if request.expression.measure.is_metric() || happened.is_empty() {
            return Ok(Vec::new());
        }
        self.query(&fill_window(&request.expression.text, happened.length()), Some(happened.end), now).await
    }
}

/// The part of an aligned range that begins and ends with buckets that are not known.
fn unknown(whole: Range, period: Duration, known: &Values) -> Range {
    let (mut start, mut end) = (whole.start, whole.end);
    while start < end && known.contains_key(&start) {
        start = start + period;
    }
    while end > start && known.contains_key(&(end - period)) {
        end = end - period;
    }
    Range::new(start, end)
}

/// Whether something that has happened lies before the horizon, and is not held (rule 14).
fn is_clipped(series: &Series, horizon: Timestamp, now: Timestamp) -> bool {
    let ended = |bucket: Timestamp| (bucket + series.period).min(series.range.end) <= now;
    series.range.start < horizon
        && series.points().iter().any(|point| point.bucket < horizon && ended(point.bucket) && point.count.is_none())
}

#[expect(clippy::cast_possible_truncation, reason = "a count of events has less than 53 bits, and the cast saturates")]
fn rounded(total: f64) -> i64 {
    total.round() as i64
}
