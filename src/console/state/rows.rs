//! What is at hand of the incidents near the viewport: their rows and shapes. Bounded, whatever the list holds.

use std::collections::{BTreeSet, HashMap};

use crate::console::effect::Edition;
use crate::domain::filter::Names;
use crate::domain::series::Point;
use crate::domain::{Incident, IncidentId, Series, Timestamp};

/// So many rows are kept before those out of sight are let go.
const ROWS_KEPT: usize = 4_000;
/// So many shapes.
const SHAPES_KEPT: usize = 600;

/// The shape of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Its buckets; none where there is no series.
    pub points: Vec<Point>,
    /// When it was read, on the host's clock.
    pub read_at: Timestamp,
}

/// Where the shape of an incident is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// By the database.
    Here,
    /// By a source of the configuration.
    Elsewhere,
}

/// Rows and shapes at hand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    incidents: HashMap<IncidentId, Incident>,
    shapes: HashMap<IncidentId, Shape>,
    wanted: Vec<IncidentId>,
    /// Of each kind of measuring.
    wanted_shapes: [Vec<IncidentId>; 2],
    absent: Vec<IncidentId>,
    /// What was read since belongs to this edition or a later one.
    edition: Option<Edition>,
}

impl Rows {
    /// An incident, if it is at hand.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(&id)
    }

    /// A shape, if it is at hand.
    #[must_use]
    pub fn shape(&self, id: IncidentId) -> Option<&Shape> {
        self.shapes.get(&id)
    }

    /// The names that occur in what is at hand, sorted.
    #[must_use]
    pub fn names(&self) -> Names {
        let sorted = |names: BTreeSet<&String>| names.into_iter().cloned().collect();
        Names {
            projects: sorted(self.incidents.values().flat_map(|incident| &incident.projects).collect()),
            rules: sorted(self.incidents.values().filter_map(|incident| incident.rule.as_ref()).collect()),
        }
    }

    /// Those of `ids` that are not at hand.
    #[must_use]
    pub fn missing(&self, ids: &[IncidentId]) -> Vec<IncidentId> {
        let missing = |id: &&IncidentId| !self.incidents.contains_key(id) && !self.absent.contains(id);
        ids.iter().filter(missing).copied().collect()
    }

    /// Those of `ids` whose shape is not at hand, or was read before `stale` and may have changed since.
    #[must_use]
    pub fn missing_shapes(&self, ids: &[IncidentId], stale: Timestamp) -> Vec<IncidentId> {
        let wanted = |id: &&IncidentId| match (self.incidents.get(id), self.shapes.get(id)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(incident), Some(shape)) => !incident.is_captured() && shape.read_at < stale,
        };
        ids.iter().filter(wanted).copied().collect()
    }

    /// Where the shape of an incident is measured: a snapshot is in the database, wherever it came from.
    #[must_use]
    pub fn measured(&self, id: IncidentId) -> Measured {
        let elsewhere = |incident: &Incident| incident.expression.is_some() && incident.snapshot.is_none();
        if self.incidents.get(&id).is_some_and(elsewhere) { Measured::Elsewhere } else { Measured::Here }
    }

    /// Remembers what was asked for, so that what does not come can be told from what has not come yet.
    pub fn ask_rows(&mut self, ids: &[IncidentId]) {
        self.wanted = ids.to_vec();
    }

    /// As [`Rows::ask_rows`].
    pub fn ask_shapes(&mut self, measured: Measured, ids: &[IncidentId]) {
        self.wanted_shapes[measured as usize] = ids.to_vec();
    }

    /// Takes over what was read.
    pub fn answer_rows(&mut self, incidents: Vec<Incident>) {
        self.absent = std::mem::take(&mut self.wanted);
        self.absent.retain(|id| !incidents.iter().any(|incident| incident.id == *id));
        for incident in incidents {
            self.put(incident);
        }
    }

    /// Takes over one incident as it is now. Its shape is read again where a snapshot has come or gone.
    pub fn put(&mut self, incident: Incident) {
        let id = incident.id;
        let before = self.incidents.get(&id).and_then(|known| known.snapshot.as_ref());
        if before.map(|facts| facts.date_added) != incident.snapshot.as_ref().map(|facts| facts.date_added) {
            self.shapes.remove(&id);
        }
        self.incidents.insert(id, incident);
    }

    /// Takes over shapes.
    pub fn answer_shapes(&mut self, measured: Measured, shapes: Vec<(IncidentId, Series)>, read_at: Timestamp) {
        for id in std::mem::take(&mut self.wanted_shapes[measured as usize]) {
            self.shapes
                .entry(id)
                .and_modify(|shape| shape.read_at = read_at)
                .or_insert(Shape { points: Vec::new(), read_at });
        }
        for (id, series) in shapes {
            self.shapes.insert(id, Shape { points: series.points(), read_at });
        }
    }

    /// Something has changed since: lets go of all that is not `kept`, so that it is read anew when it comes into sight.
    pub fn renew(&mut self, edition: Edition, kept: &BTreeSet<IncidentId>) {
        if self.edition.replace(edition).is_some_and(|before| before != edition) {
            self.incidents.retain(|id, _| kept.contains(id));
            self.shapes.retain(|id, _| kept.contains(id));
        }
    }

    /// Whether there is so much that something should be let go of.
    #[must_use]
    pub fn is_overfull(&self) -> bool {
        self.incidents.len() > ROWS_KEPT || self.shapes.len() > SHAPES_KEPT
    }

    /// Lets go of what is far from `kept`, where there is too much.
    pub fn prune(&mut self, kept: impl Fn(IncidentId) -> bool) {
        if self.incidents.len() > ROWS_KEPT {
            self.incidents.retain(|id, _| kept(*id));
        }
        if self.shapes.len() > SHAPES_KEPT {
            self.shapes.retain(|id, _| kept(*id));
        }
    }
}
