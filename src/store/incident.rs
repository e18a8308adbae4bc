//! Incidents: rows in, rows out, each with its projects, its promise and what was kept of it.

use std::collections::HashMap;
use std::str::FromStr;

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use super::pending::PendingRow;
use super::snapshot::FactsRow;
use crate::domain::names::UnknownName;
use crate::domain::{Expression, Incident, IncidentId, IncidentType, Status, TimeWindow, Timestamp, rule::Scope};

/// What a new incident is stored with.
#[derive(Debug, Clone)]
pub struct NewIncident<'a> {
    /// What it is called.
    pub title: &'a str,
    /// How it came to be.
    pub incident_type: IncidentType,
    /// The query as it was written. It is not checked here.
    pub query: &'a str,
    /// Everything else that decides its picture.
    pub scope: &'a Scope,
    /// The rule that opened it: its name, and its number where the database has it.
    pub rule: Option<(Option<i64>, String)>,
    /// When it started.
    pub date_started: Timestamp,
    /// When it was noticed.
    pub date_detected: Timestamp,
    /// When it is recorded.
    pub date_added: Timestamp,
}

#[derive(sqlx::FromRow)]
struct IncidentRow {
    id: i64,
    title: String,
    #[sqlx(rename = "type")]
    incident_type: String,
    status: String,
    aggregation: String,
    query: String,
    source: String,
    expression: Option<String>,
    measure: String,
    rule_name: Option<String>,
    time_window_minutes: i64,
    date_started: i64,
    date_detected: i64,
    date_closed: Option<i64>,
    date_added: i64,
}

/// Reads a name that is stored; anything else means a damaged row.
pub(super) fn named<T: FromStr<Err = UnknownName>>(name: &str) -> Result<T, StoreError> {
    name.parse().map_err(|error: UnknownName| StoreError::Damaged(error.to_string()))
}

pub(super) fn time_window(minutes: i64) -> Result<TimeWindow, StoreError> {
    TimeWindow::from_minutes(minutes).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// What another source is asked, of three columns.
pub(super) fn expression(
    source: String,
    expression: Option<String>,
    measure: &str,
) -> Result<Option<Expression>, StoreError> {
    let measure = named(measure)?;
    Ok(expression.map(|text| Expression { source, text, measure }))
}

impl IncidentRow {
    fn incident(self) -> Result<Incident, StoreError> {
        Ok(Incident {
            id: IncidentId::new(self.id),
            title: self.title,
            incident_type: named(&self.incident_type)?,
            status: named(&self.status)?,
            aggregation: named(&self.aggregation)?,
            query: self.query,
            projects: Vec::new(),
            expression: expression(self.source, self.expression, &self.measure)?,
            rule: self.rule_name,
            time_window: time_window(self.time_window_minutes)?,
            date_started: Timestamp::from_micros(self.date_started),
            date_detected: Timestamp::from_micros(self.date_detected),
            date_closed: self.date_closed.map(Timestamp::from_micros),
            date_added: Timestamp::from_micros(self.date_added),
            pending: None,
            snapshot: None,
        })
    }
}

const INSERT: &str = "insert into incidents (title, type, status, aggregation, query, rule_id, rule_name, \
        time_window_minutes, date_started, date_detected, date_closed, date_added, source, expression, measure) \
    values ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, null, $10, $11, $12, $13) returning id";
const INSERT_PROJECT: &str = "insert into incident_projects (incident_id, project) values ($1, $2)";
// Differs because SQLite has no arrays; a list of numbers is a JSON text there.
const BY_IDS: Text = Text {
    sqlite: "select id, title, type, status, aggregation, query, source, expression, measure, rule_name, \
                 time_window_minutes, date_started, date_detected, date_closed, date_added \
             from incidents where id in (select value from json_each($1))",
    postgres: "select id, title, type, status, aggregation, query, source, expression, measure, rule_name, \
                   time_window_minutes, date_started, date_detected, date_closed, date_added \
               from incidents where id = any($1)",
};
// Differs because SQLite has no arrays.
const PROJECTS: Text = Text {
    sqlite: "select json_group_array(json_array(incident_id, project) order by incident_id, project) \
             from incident_projects where incident_id in (select value from json_each($1))",
    postgres: "select incident_id, project from incident_projects \
               where incident_id = any($1) order by incident_id, project collate \"C\"",
};
// Differs because SQLite locks the database as a whole, at the start of the transaction.
const LOCK: Text = Text {
    sqlite: "select id from incidents where id in (select value from json_each($1)) order by id",
    postgres: "select id from incidents where id = any($1) order by id for no key update",
};
const SET_STATUS: &str = "update incidents set status = $2, date_closed = $3 where id = $1";
const SET_FACTS: &str = "update incidents set title = $2, date_started = $3, date_detected = $4 where id = $1";

/// Binds a list of numbers as each engine takes one: an array, or a JSON text.
macro_rules! fetch_by_ids {
    ($tx:expr, $text:expr, $ids:expr) => {{
        let text = $text.on($tx);
        match $tx {
            Tx::Sqlite(transaction) => {
                let fetched = sqlx::query_as(text).bind(super::incident::json_ids($ids)).fetch_all(&mut **transaction);
                super::engine::answered(async { Ok(fetched.await?) }).await
            }
            Tx::Postgres(transaction) => {
                let fetched = sqlx::query_as(text).bind(super::incident::raw_ids($ids)).fetch_all(&mut **transaction);
                super::engine::answered(async { Ok(fetched.await?) }).await
            }
        }
    }};
}
pub(super) use fetch_by_ids;

pub(super) fn raw_ids(ids: &[IncidentId]) -> Vec<i64> {
    ids.iter().map(|id| id.value()).collect()
}

pub(super) fn json_ids(ids: &[IncidentId]) -> String {
    let numbers: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(","))
}

impl Tx {
    /// Stores a new, open incident with its projects.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_incident(&mut self, new: &NewIncident<'_>) -> Result<IncidentId, StoreError> {
        let (rule_id, rule_name) = new.rule.clone().unzip();
        let rule_id = rule_id.flatten();
        let id: i64 = on_engine!(self, connection => sqlx::query_scalar(INSERT)
            .bind(new.title)
            .bind(new.incident_type.name())
            .bind(new.scope.aggregation.name())
            .bind(new.query)
            .bind(rule_id)
            .bind(rule_name)
            .bind(i64::from(new.scope.time_window.minutes()))
            .bind(new.date_started.as_micros())
            .bind(new.date_detected.as_micros())
            .bind(new.date_added.as_micros())
            .bind(super::rule::source(new.scope))
            .bind(super::rule::expression(new.scope))
            .bind(super::rule::measure(new.scope).name())
            .fetch_one(connection)
            .await?);
        for project in &new.scope.projects {
            execute!(self, sqlx::query(INSERT_PROJECT).bind(id).bind(project));
        }
        Ok(IncidentId::new(id))
    }

    /// Locks incidents for a change, in ascending order so that two operators never wait for each other, and returns
    /// those that exist.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where another holds one of them for longer than 5 s.
    pub async fn lock_incidents(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StoreError> {
        let _locked: Vec<(i64,)> = fetch_by_ids!(self, LOCK, ids)?;
        self.incidents(ids).await
    }

    /// These incidents, in the order asked for; those that do not exist are left out.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn incidents(&mut self, ids: &[IncidentId]) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<IncidentRow> = fetch_by_ids!(self, BY_IDS, ids)?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            found.insert(row.id, row.incident()?);
        }
        for (id, project) in self.projects_of(ids).await? {
            if let Some(incident) = found.get_mut(&id.value()) {
                incident.projects.push(project);
            }
        }
        let pending: Vec<PendingRow> = fetch_by_ids!(self, super::pending::BY_IDS, ids)?;
        for row in pending {
            if let Some(incident) = found.get_mut(&row.incident_id) {
                incident.pending = Some(row.into());
            }
        }
        let snapshots: Vec<FactsRow> = fetch_by_ids!(self, super::snapshot::FACTS_BY_IDS, ids)?;
        for row in snapshots {
            if let Some(incident) = found.get_mut(&row.incident_id) {
                incident.snapshot = Some(row.try_into()?);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(&id.value())).collect())
    }

    /// One incident.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn incident(&mut self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(self.incidents(&[id]).await?.pop())
    }

    /// The projects of these incidents, sorted.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn projects_of(&mut self, ids: &[IncidentId]) -> Result<Vec<(IncidentId, String)>, StoreError> {
        let rows: Vec<(i64, String)> = super::packed::fetch_packed_by_ids!(self, PROJECTS, ids)?;
        Ok(rows.into_iter().map(|(id, project)| (IncidentId::new(id), project)).collect())
    }

    /// Sets the status with the close that belongs to it.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_status(&mut self, id: IncidentId, date_closed: Option<Timestamp>) -> Result<(), StoreError> {
        let status = if date_closed.is_some() { Status::Closed } else { Status::Open };
        execute!(
            self,
            sqlx::query(SET_STATUS).bind(id.value()).bind(status.name()).bind(date_closed.map(Timestamp::as_micros))
        );
        Ok(())
    }

    /// Corrects an incident's title, start and detection.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_incident_facts(
        &mut self,
        id: IncidentId,
        title: &str,
        date_started: Timestamp,
        date_detected: Timestamp,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(SET_FACTS)
                .bind(id.value())
                .bind(title)
                .bind(date_started.as_micros())
                .bind(date_detected.as_micros())
        );
        Ok(())
    }
}
