//! Where incidents came from that alerts have opened: the group, and what its alerts have in common.

use super::alert::{GroupId, read, written};
use super::engine::{Text, Tx, execute};
use super::error::StoreError;
use super::incident::fetch_by_ids;
use crate::domain::IncidentId;
use crate::domain::alert::{Labels, Origin};

#[derive(sqlx::FromRow)]
struct OriginRow {
    incident_id: i64,
    source: String,
    group_key: String,
    labels: String,
    annotations: String,
    generator_url: Option<String>,
    external_url: Option<String>,
    truncated: i64,
}

const INSERT_ORIGIN: &str = "insert into incident_origins (incident_id, group_id, labels, annotations, generator_url, \
        external_url, truncated) \
    values ($1, $2, $3, $4, $5, $6, $7)";
const UPDATE_ORIGIN: &str = "update incident_origins set labels = $2, annotations = $3 where incident_id = $1";
const SET_TRUNCATED: &str = "update incident_origins set truncated = $2 where incident_id = $1";
// Differs because SQLite has no arrays.
const ORIGINS: Text = Text {
    sqlite: "select o.incident_id, g.source, g.group_key, o.labels, o.annotations, o.generator_url, o.external_url, \
                 o.truncated \
             from incident_origins o join alert_groups g on g.id = o.group_id \
             where o.incident_id in (select value from json_each($1)) order by o.incident_id",
    postgres: "select o.incident_id, g.source, g.group_key, o.labels, o.annotations, o.generator_url, \
                   o.external_url, o.truncated \
               from incident_origins o join alert_groups g on g.id = o.group_id \
               where o.incident_id = any($1) order by o.incident_id",
};

impl Tx {
    /// Records of which group an incident is an episode, and what its alerts have in common.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_origin(&mut self, id: IncidentId, group: GroupId, origin: &Origin) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(INSERT_ORIGIN)
                .bind(id.value())
                .bind(group.0)
                .bind(written(&origin.labels)?)
                .bind(written(&origin.annotations)?)
                .bind(&origin.generator_url)
                .bind(&origin.external_url)
                .bind(i64::try_from(origin.truncated).unwrap_or(i64::MAX))
        );
        Ok(())
    }

    /// Changes what the alerts of an incident have in common.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_origin_labels(
        &mut self,
        id: IncidentId,
        labels: &Labels,
        annotations: &Labels,
    ) -> Result<(), StoreError> {
        let (labels, annotations) = (written(labels)?, written(annotations)?);
        execute!(self, sqlx::query(UPDATE_ORIGIN).bind(id.value()).bind(&labels).bind(&annotations));
        Ok(())
    }

    /// Records how many alerts of an incident the last notification left out.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_origin_truncated(&mut self, id: IncidentId, truncated: u64) -> Result<(), StoreError> {
        let truncated = i64::try_from(truncated).unwrap_or(i64::MAX);
        execute!(self, sqlx::query(SET_TRUNCATED).bind(id.value()).bind(truncated));
        Ok(())
    }

    /// Where these incidents came from, those that alerts have opened.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn origins(&mut self, ids: &[IncidentId]) -> Result<Vec<(IncidentId, Origin)>, StoreError> {
        let rows: Vec<OriginRow> = fetch_by_ids!(self, ORIGINS, ids)?;
        let origin = |row: OriginRow| {
            let origin = Origin {
                source: row.source,
                group_key: row.group_key,
                labels: read(&row.labels)?,
                annotations: read(&row.annotations)?,
                generator_url: row.generator_url,
                external_url: row.external_url,
                truncated: row.truncated.unsigned_abs(),
            };
            Ok((IncidentId::new(row.incident_id), origin))
        };
        rows.into_iter().map(origin).collect()
    }
}
