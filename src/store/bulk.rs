//! Incidents by the thousand, each as it stands: for load tests, where one statement a row would take minutes.

use sqlx::{Postgres, QueryBuilder, Sqlite};

use super::engine::Tx;
use super::error::StoreError;
use crate::domain::{Activity, Incident, IncidentId};

/// Rows of one statement: the widest has eleven values, and SQLite takes 32,766 at the most.
const CHUNK: usize = 1_000;

const INCIDENTS: &str = "insert into incidents (title, type, status, aggregation, query, rule_name, \
    time_window_minutes, date_started, date_detected, date_closed, date_added) ";
const PROJECTS: &str = "insert into incident_projects (incident_id, project) ";
const ACTIVITIES: &str =
    "insert into incident_activities (incident_id, kind, at, author, status_from, status_to, comment) ";
const PENDING: &str = "insert into pending_snapshots (incident_id, target_run_date, next_attempt_at) ";

/// An incident with its timeline, and the number that it got.
type Numbered<'a> = (i64, &'a (Incident, Vec<Activity>));

/// Builds `insert ... values (...), (...)` from the items, where there are any, and runs it with `$finish`.
macro_rules! insert_rows {
    ($tx:expr, $text:expr, $items:expr, |$row:ident, $item:pat_param| $push:expr, |$query:ident, $connection:ident| $finish:expr) => {
        match $tx {
            Tx::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                let mut $query = QueryBuilder::<Sqlite>::new($text);
                $query.push_values($items, |mut $row, $item| {
                    $push;
                });
                $finish
            }
            Tx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                let mut $query = QueryBuilder::<Postgres>::new($text);
                $query.push_values($items, |mut $row, $item| {
                    $push;
                });
                $finish
            }
        }
    };
}

impl Tx {
    /// Stores incidents as they stand, with their projects, promises and timelines, and says which numbers they got,
    /// in their order. The numbers that they bring are ignored.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_incidents(
        &mut self,
        incidents: &[(Incident, Vec<Activity>)],
    ) -> Result<Vec<IncidentId>, StoreError> {
        let mut ids = Vec::with_capacity(incidents.len());
        for chunk in incidents.chunks(CHUNK) {
            let numbers = self.insert_rows(chunk).await?;
            let numbered: Vec<Numbered<'_>> = numbers.iter().copied().zip(chunk).collect();
            self.insert_projects(&numbered).await?;
            self.insert_timelines(&numbered).await?;
            self.insert_promises(&numbered).await?;
            ids.extend(numbers.into_iter().map(IncidentId::new));
        }
        Ok(ids)
    }

    async fn insert_rows(&mut self, chunk: &[(Incident, Vec<Activity>)]) -> Result<Vec<i64>, StoreError> {
        let mut ids: Vec<i64> = insert_rows!(
            self,
            INCIDENTS,
            chunk,
            |row, (incident, _)| row
                .push_bind(&incident.title)
                .push_bind(incident.incident_type.name())
                .push_bind(incident.status.name())
                .push_bind(incident.aggregation.name())
                .push_bind(&incident.query)
                .push_bind(&incident.rule)
                .push_bind(i64::from(incident.time_window.minutes()))
                .push_bind(incident.date_started.as_micros())
                .push_bind(incident.date_detected.as_micros())
                .push_bind(incident.date_closed.map(crate::domain::Timestamp::as_micros))
                .push_bind(incident.date_added.as_micros()),
            |query, connection| query.push(" returning id").build_query_scalar().fetch_all(connection).await?
        );
        // Numbers grow in the order of the values; what is returned has no order of its own.
        ids.sort_unstable();
        Ok(ids)
    }

    async fn insert_projects(&mut self, numbered: &[Numbered<'_>]) -> Result<(), StoreError> {
        let projects: Vec<(i64, &String)> = numbered
            .iter()
            .flat_map(|(id, (incident, _))| incident.projects.iter().map(move |project| (*id, project)))
            .collect();
        for part in projects.chunks(CHUNK) {
            insert_rows!(
                self,
                PROJECTS,
                part,
                |row, (id, project)| row.push_bind(id).push_bind(project),
                |query, connection| {
                    query.build().execute(connection).await?;
                }
            );
        }
        Ok(())
    }

    async fn insert_timelines(&mut self, numbered: &[Numbered<'_>]) -> Result<(), StoreError> {
        let activities: Vec<(i64, &Activity)> = numbered
            .iter()
            .flat_map(|(id, (_, activities))| activities.iter().map(move |activity| (*id, activity)))
            .collect();
        for part in activities.chunks(CHUNK) {
            insert_rows!(
                self,
                ACTIVITIES,
                part,
                |row, (id, activity)| row
                    .push_bind(id)
                    .push_bind(activity.kind.name())
                    .push_bind(activity.at.as_micros())
                    .push_bind(&activity.by)
                    .push_bind(activity.from.map(crate::domain::Status::name))
                    .push_bind(activity.to.map(crate::domain::Status::name))
                    .push_bind(&activity.comment),
                |query, connection| {
                    query.build().execute(connection).await?;
                }
            );
        }
        Ok(())
    }

    async fn insert_promises(&mut self, numbered: &[Numbered<'_>]) -> Result<(), StoreError> {
        let pending: Vec<(i64, i64, i64)> = numbered
            .iter()
            .filter_map(|(id, (incident, _))| Some((*id, incident.pending.as_ref()?)))
            .map(|(id, pending)| (id, pending.target_run_date.as_micros(), pending.next_attempt_at.as_micros()))
            .collect();
        for part in pending.chunks(CHUNK) {
            insert_rows!(
                self,
                PENDING,
                part,
                |row, (id, target, next)| row.push_bind(id).push_bind(target).push_bind(next),
                |query, connection| {
                    query.build().execute(connection).await?;
                }
            );
        }
        Ok(())
    }
}
