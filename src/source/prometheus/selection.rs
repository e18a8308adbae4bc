//! Several series in one answer: which of them count, and what they are together.

use std::collections::BTreeMap;

use super::answer::Sampled;
use super::plan::Values;
use crate::domain::{Measure, Timestamp};

/// The label that names a metric, and says nothing of whose it is.
const METRIC_NAME: &str = "__name__";

/// Those series count that agree with the incident's labels; all of them where none does.
pub(super) struct Selection<'a> {
    measure: Measure,
    labels: &'a BTreeMap<String, String>,
    agreeing_only: bool,
}

impl<'a> Selection<'a> {
    /// Decides once for all that was answered of an incident, so that no bucket is of other series than the next.
    pub(super) fn new<'s>(
        measure: Measure,
        labels: &'a BTreeMap<String, String>,
        answered: impl IntoIterator<Item = &'s Sampled>,
    ) -> Self {
        let agreeing_only = answered.into_iter().any(|series| agrees(labels, series));
        Self { measure, labels, agreeing_only }
    }

    /// Adds what was answered to `values`, each sample to the bucket that `bucket_of` gives.
    pub(super) fn collect(
        &self,
        answered: &[Sampled],
        bucket_of: impl Fn(Timestamp) -> Timestamp,
        values: &mut Values,
    ) {
        let counting = answered.iter().filter(|series| !self.agreeing_only || agrees(self.labels, series));
        for (at, value) in counting.flat_map(|series| &series.samples) {
            let together = values.entry(bucket_of(*at));
            together.and_modify(|other| *other = self.measure.combine(*other, *value)).or_insert(*value);
        }
    }
}

/// Whether a series has no label that says something else of the incident.
fn agrees(labels: &BTreeMap<String, String>, series: &Sampled) -> bool {
    let own = series.labels.iter().filter(|(name, _)| *name != METRIC_NAME);
    own.into_iter().all(|(name, value)| labels.get(name).is_none_or(|wanted| wanted == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn check(measure: Measure, wanted: &[(&str, &str)], answered: &[(&[(&str, &str)], f64)], expected: f64) {
        let instant = Timestamp::from_seconds(60);
        let answered: Vec<Sampled> = answered
            .iter()
            .map(|(own, value)| Sampled { labels: labels(own), samples: vec![(instant, *value)] })
            .collect();
        let wanted = labels(wanted);
        let mut values = Values::new();
        Selection::new(measure, &wanted, &answered).collect(&answered, |at| at, &mut values);
        assert_eq!(values.into_iter().collect::<Vec<_>>(), [(instant, expected)]);
    }

    #[test]
    fn series_that_agree_with_the_incident_count_and_the_others_do_not() {
        let answered: [(&[_], f64); 3] = [
            (&[("__name__", "up"), ("service", "a"), ("pod", "1")], 1.0),
            (&[("service", "a"), ("pod", "2")], 2.0),
            (&[("service", "b"), ("pod", "1")], 4.0),
        ];
        check(Measure::EstimatedEvents, &[("service", "a"), ("team", "x"), ("__name__", "other")], &answered, 3.0);
        check(Measure::Metric, &[("service", "a")], &answered, 2.0);
        check(Measure::LowestMetric, &[("service", "a")], &answered, 1.0);
        check(Measure::EstimatedEvents, &[("pod", "1")], &answered, 5.0);
    }

    #[test]
    fn where_none_agrees_all_count() {
        let answered: [(&[_], f64); 2] = [(&[("service", "a")], 1.0), (&[("service", "b")], 2.0)];
        check(Measure::EstimatedEvents, &[("service", "c")], &answered, 3.0);
        check(Measure::EstimatedEvents, &[], &answered, 3.0);
    }
}
