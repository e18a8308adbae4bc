//! What a notification changes: a pure decision of what is known of a group and what is said of it now. Said again, or in
//! another order, it comes to the same.
//!
//! ```text
//! alert is known      it is over now            -> its end is recorded
//!                     it fires, and somebody
//!                     closed its incident       -> the incident stays closed, and its timeline says so
//! alert is new        an episode is open        -> joins it
//!                     it began in a past one    -> joins that; one that its alerts had closed goes on
//!                     otherwise                 -> a new incident, one for all such of a notification
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Alert, Notification};
use crate::domain::incident::IncidentId;
use crate::domain::timestamp::Timestamp;

/// Who closed an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// Its alerts were over.
    Alerts,
    /// An operator.
    Hand,
}

/// A past or present episode of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// The incident that it is.
    pub incident_id: IncidentId,
    /// When it started.
    pub date_started: Timestamp,
    /// When and how it was closed; `None` while it is open.
    pub closed: Option<(Timestamp, ClosedBy)>,
    /// Whether a complete snapshot exists, so that its times stay as they are.
    pub captured: bool,
    /// How many alerts the last notification left out.
    pub truncated: u64,
}

/// An occurrence that was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAlert {
    /// The incident that it belongs to.
    pub incident_id: IncidentId,
    /// Whether that is closed.
    pub incident_closed: bool,
    /// When it was over.
    pub ends_at: Option<Timestamp>,
}

/// What is known before a notification.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The group's episodes, the latest first.
    pub episodes: Vec<Episode>,
    /// Those of the notification's alerts that were told before, by fingerprint and start.
    pub alerts: HashMap<(String, Timestamp), KnownAlert>,
}

/// What a notification changes. Alerts are named by their place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Alerts that are over now, and were not.
    pub ended: Vec<usize>,
    /// New alerts of incidents that are there.
    pub joined: Vec<(usize, IncidentId)>,
    /// New alerts that open an incident.
    pub opened: Vec<usize>,
    /// Incidents that their alerts had closed, and that were not over.
    pub reopened: BTreeSet<IncidentId>,
    /// Incidents that began earlier than was known.
    pub moved: BTreeMap<IncidentId, Timestamp>,
    /// Closed incidents of which an alert is said to fire.
    pub still_firing: BTreeMap<IncidentId, usize>,
    /// Of how many alerts nothing is said, where that has changed.
    pub truncated: BTreeMap<IncidentId, u64>,
    /// The incident whose alerts are all over, those that were left out as well.
    pub all_over: Option<IncidentId>,
}

impl Changes {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The incidents that may change, apart from those of alerts that are over.
    #[must_use]
    pub fn incidents(&self) -> BTreeSet<IncidentId> {
        let joined = self.joined.iter().map(|(_, id)| *id);
        let named = self.moved.keys().chain(self.still_firing.keys()).chain(self.truncated.keys()).copied();
        joined.chain(named).chain(self.reopened.iter().copied()).chain(self.all_over).collect()
    }
}

/// Decides what a notification changes.
#[must_use]
pub fn changes(known: &Known, notification: &Notification, now: Timestamp) -> Changes {
    let mut changes = Changes::default();
    for (place, alert) in notification.alerts.iter().enumerate() {
        match known.alerts.get(&(alert.fingerprint.clone(), alert.starts_at)) {
            Some(before) if before.ends_at.is_none() && alert.ends_at.is_some() => changes.ended.push(place),
            Some(before) if before.ends_at.is_none() && before.incident_closed => {
                changes.still_firing.entry(before.incident_id).or_insert(place);
            }
            Some(_) => {}
            None => changes.place(known, place, alert, now),
        }
    }
    changes.count_those_left_out(known, notification);
    changes
}

impl Changes {
    /// Finds the incident of an alert that is told for the first time.
    fn place(&mut self, known: &Known, place: usize, alert: &Alert, now: Timestamp) {
        let starts_at = alert.starts_at.min(now);
        let open = known.episodes.iter().find(|episode| episode.closed.is_none());
        let Some(episode) = open.or_else(|| known.episodes.iter().find(|episode| episode.takes(alert))) else {
            self.opened.push(place);
            return;
        };
        let id = episode.incident_id;
        self.joined.push((place, id));
        let goes_on = episode.closed.is_some_and(|(at, _)| alert.ends_at.is_none_or(|end| end.min(now) > at));
        if goes_on && !episode.is_settled() {
            self.reopened.insert(id);
        }
        if starts_at < episode.date_started && !episode.is_settled() {
            let earliest = self.moved.entry(id).or_insert(starts_at);
            *earliest = starts_at.min(*earliest);
        }
    }

    /// A group that is too large is told in part: it is not over while some of it fires, told or not.
    fn count_those_left_out(&mut self, known: &Known, notification: &Notification) {
        let Some(open) = known.episodes.iter().find(|episode| episode.closed.is_none()) else { return };
        let left_out = if notification.resolved { 0 } else { notification.truncated };
        if open.truncated != left_out {
            self.truncated.insert(open.incident_id, left_out);
        }
        let over_in_part = open.truncated > 0 || notification.truncated > 0;
        if notification.resolved && over_in_part {
            self.all_over = Some(open.incident_id);
        }
    }
}

impl Episode {
    /// Whether its times are no longer the alerts' to change.
    fn is_settled(&self) -> bool {
        self.captured || matches!(self.closed, Some((_, ClosedBy::Hand)))
    }

    /// Whether an alert that was not told before belongs to this closed episode: it began within, and is over or goes on
    /// with it. One that fires after an operator has closed, or after the capture, needs somebody's eye anew.
    fn takes(&self, alert: &Alert) -> bool {
        let Some((date_closed, _)) = self.closed else { return true };
        let meets = alert.starts_at <= date_closed && alert.ends_at.is_none_or(|end| end >= self.date_started);
        meets && (alert.ends_at.is_some() || !self.is_settled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::Labels;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + 60 * minute)
    }

    fn alert(name: &str, starts: i64, ends: Option<i64>) -> Alert {
        let (labels, annotations) = (Labels::new(), Labels::new());
        let (starts_at, ends_at) = (at(starts), ends.map(at));
        Alert { fingerprint: name.into(), starts_at, ends_at, labels, annotations, generator_url: None }
    }

    fn said(alerts: &[Alert], truncated: u64) -> Notification {
        Notification {
            group_key: "g".into(),
            resolved: alerts.iter().all(|alert| alert.ends_at.is_some()),
            truncated,
            labels: Labels::new(),
            annotations: Labels::new(),
            external_url: None,
            alerts: alerts.to_vec(),
        }
    }

    fn episode(starts: i64, closed: Option<(i64, ClosedBy)>) -> Episode {
        Episode {
            incident_id: IncidentId::new(7),
            date_started: at(starts),
            closed: closed.map(|(minute, by)| (at(minute), by)),
            captured: false,
            truncated: 0,
        }
    }

    fn known(episode: Episode, alerts: &[Alert]) -> Known {
        let known = |alert: &Alert| {
            let incident_closed = episode.closed.is_some();
            let told = KnownAlert { incident_id: episode.incident_id, incident_closed, ends_at: alert.ends_at };
            ((alert.fingerprint.clone(), alert.starts_at), told)
        };
        Known { episodes: vec![episode], alerts: alerts.iter().map(known).collect() }
    }

    const SEVEN: IncidentId = IncidentId::new(7);

    fn decide(known: &Known, alerts: &[Alert]) -> Changes {
        changes(known, &said(alerts, 0), at(100))
    }

    #[test]
    fn a_storm_of_new_alerts_is_one_incident() {
        let storm: Vec<Alert> = (0..100).map(|n| alert(&n.to_string(), n, None)).collect();
        let changes = decide(&Known::default(), &storm);
        assert_eq!(changes.opened.len(), 100);
        assert_eq!(changes, Changes { opened: (0..100).collect(), ..Changes::default() });
    }

    #[test]
    fn what_is_said_again_changes_nothing() {
        let firing = alert("a", 0, None);
        let over = alert("a", 0, Some(5));
        assert!(
            decide(&known(episode(0, None), std::slice::from_ref(&firing)), std::slice::from_ref(&firing)).is_empty()
        );
        let closed = known(episode(0, Some((5, ClosedBy::Alerts))), std::slice::from_ref(&over));
        assert!(decide(&closed, &[over]).is_empty());
        assert!(decide(&closed, &[firing]).is_empty(), "a firing that comes after its resolve is an old one");
    }

    #[test]
    fn an_alert_that_fires_on_leaves_closed_what_an_operator_closed() {
        let firing = alert("a", 0, None);
        let changes = decide(&known(episode(0, Some((5, ClosedBy::Hand))), std::slice::from_ref(&firing)), &[firing]);
        assert_eq!(changes, Changes { still_firing: [(SEVEN, 0)].into(), ..Changes::default() });
    }

    #[test]
    fn the_same_alert_that_fires_anew_is_a_new_incident() {
        let past = known(episode(0, Some((5, ClosedBy::Alerts))), &[alert("a", 0, Some(5))]);
        assert_eq!(decide(&past, &[alert("a", 9, None)]).opened, [0]);
        let by_hand = known(episode(0, Some((5, ClosedBy::Hand))), &[alert("a", 0, None)]);
        assert_eq!(decide(&by_hand, &[alert("b", 3, None)]).opened, [0], "what an operator closed stays as it is");
    }

    #[test]
    fn an_alert_that_fires_since_before_its_episode_was_closed_reopens_it() {
        let past = known(episode(2, Some((5, ClosedBy::Alerts))), &[alert("a", 2, Some(5))]);
        let changes = decide(&past, &[alert("b", 1, None)]);
        assert_eq!((changes.joined, changes.reopened), (vec![(0, SEVEN)], [SEVEN].into()));
        assert_eq!(changes.moved, [(SEVEN, at(1))].into());
        let over = decide(&past, &[alert("b", 3, Some(4))]);
        assert_eq!(over, Changes { joined: vec![(0, SEVEN)], ..Changes::default() });
    }

    #[test]
    fn what_is_captured_is_not_moved_any_more() {
        let mut captured = episode(2, Some((5, ClosedBy::Alerts)));
        captured.captured = true;
        let past = known(captured, &[alert("a", 2, Some(5))]);
        let changes = decide(&past, &[alert("b", 1, Some(9))]);
        assert_eq!(changes, Changes { joined: vec![(0, SEVEN)], ..Changes::default() });
        assert_eq!(decide(&past, &[alert("b", 1, None)]).opened, [0]);
    }

    #[test]
    fn a_group_that_is_told_in_part_is_over_when_all_of_it_is() {
        let open = known(episode(0, None), &[alert("a", 0, None)]);
        let in_part = changes(&open, &Notification { resolved: false, ..said(&[alert("a", 0, Some(5))], 3) }, at(100));
        assert_eq!((in_part.ended, in_part.truncated), (vec![0], [(SEVEN, 3)].into()));
        let mut large = episode(0, None);
        large.truncated = 3;
        let over = changes(&known(large, &[alert("a", 0, Some(5))]), &said(&[alert("a", 0, Some(5))], 3), at(100));
        assert_eq!((over.truncated, over.all_over), ([(SEVEN, 0)].into(), Some(SEVEN)));
    }
}
