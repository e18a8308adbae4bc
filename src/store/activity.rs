//! The timeline of an incident.

use super::engine::{Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::{Activity, IncidentId, Timestamp};

#[derive(sqlx::FromRow)]
struct ActivityRow {
    kind: String,
    at: i64,
    author: String,
    status_from: Option<String>,
    status_to: Option<String>,
    comment: Option<String>,
}

const INSERT: &str = "insert into incident_activities (incident_id, kind, at, author, status_from, status_to, comment) \
    values ($1, $2, $3, $4, $5, $6, $7)";
const LIST: &str = "select kind, at, author, status_from, status_to, comment from incident_activities \
    where incident_id = $1 order by id";

impl TryFrom<ActivityRow> for Activity {
    type Error = StoreError;

    fn try_from(row: ActivityRow) -> Result<Self, StoreError> {
        let status = |name: Option<String>| name.map(|name| super::incident::named(&name)).transpose();
        Ok(Self {
            kind: super::incident::named(&row.kind)?,
            at: Timestamp::from_micros(row.at),
            by: row.author,
            from: status(row.status_from)?,
            to: status(row.status_to)?,
            comment: row.comment,
        })
    }
}

impl Tx {
    /// Adds an entry to the timeline of an incident.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_activity(&mut self, id: IncidentId, activity: &Activity) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(INSERT)
                .bind(id.value())
                .bind(activity.kind.name())
                .bind(activity.at.as_micros())
                .bind(&activity.by)
                .bind(activity.from.map(crate::domain::Status::name))
                .bind(activity.to.map(crate::domain::Status::name))
                .bind(&activity.comment)
        );
        Ok(())
    }

    /// The timeline of an incident, in the order in which it was recorded.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn activities(&mut self, id: IncidentId) -> Result<Vec<Activity>, StoreError> {
        let rows: Vec<ActivityRow> =
            on_engine!(self, connection => sqlx::query_as(LIST).bind(id.value()).fetch_all(connection).await?);
        rows.into_iter().map(Activity::try_from).collect()
    }
}
