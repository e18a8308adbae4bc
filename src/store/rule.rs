//! Alert rules with their projects.

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::expression::EVENTS_SOURCE;
use crate::domain::rule::Scope;
use crate::domain::{AlertRule, Measure, Query, Timestamp};

#[derive(sqlx::FromRow)]
struct RuleRow {
    id: i64,
    name: String,
    time_window_minutes: i64,
    query: String,
    aggregation: String,
    source: String,
    expression: Option<String>,
    measure: String,
    date_added: i64,
    date_updated: i64,
}

/// A rule and its number.
#[derive(Debug, Clone)]
pub struct StoredRule {
    /// Its number, by which incidents know it.
    pub id: i64,
    /// What it says.
    pub rule: AlertRule,
}

const LIST: &str = "select id, name, time_window_minutes, query, aggregation, source, expression, measure, date_added, \
        date_updated \
    from alert_rules where $1 = '' or name = $1 order by name";
const PROJECTS: &str = "select project from alert_rule_projects where rule_id = $1 order by project";
const INSERT: &str = "insert into alert_rules (name, time_window_minutes, query, aggregation, date_added, date_updated, \
        source, expression, measure) \
    values ($1, $2, $3, $4, $5, $5, $6, $7, $8) on conflict (name) do nothing returning id";
const UPDATE: &str = "update alert_rules set time_window_minutes = $2, query = $3, aggregation = $4, date_updated = $5, \
        source = $6, expression = $7, measure = $8 \
    where id = $1";
// Differs because SQLite locks the database as a whole. The delete changes the rule's incidents, in no order of its own.
const LOCK_INCIDENTS: Text = Text {
    sqlite: "select id from incidents where false and rule_id = $1",
    postgres: "select id from incidents where rule_id = $1 order by id for no key update",
};
const DELETE: &str = "delete from alert_rules where name = $1";
const DELETE_PROJECTS: &str = "delete from alert_rule_projects where rule_id = $1";
const INSERT_PROJECT: &str = "insert into alert_rule_projects (rule_id, project) values ($1, $2)";
const OPEN_INCIDENTS: &str = "select count(*) from incidents i join alert_rules r on r.id = i.rule_id \
    where r.name = $1 and i.status = 'open'";

/// The name of the source that a scope asks.
pub(super) fn source(scope: &Scope) -> &str {
    scope.expression.as_ref().map_or(EVENTS_SOURCE, |expression| &expression.source)
}

/// What it asks there.
pub(super) fn expression(scope: &Scope) -> Option<&str> {
    scope.expression.as_ref().map(|expression| expression.text.as_str())
}

/// What is answered.
pub(super) fn measure(scope: &Scope) -> Measure {
    scope.expression.as_ref().map_or(Measure::Events, |expression| expression.measure)
}

impl Tx {
    async fn stored_rules(&mut self, name: &str) -> Result<Vec<StoredRule>, StoreError> {
        let rows: Vec<RuleRow> =
            on_engine!(self, connection => sqlx::query_as(LIST).bind(name).fetch_all(connection).await?);
        let mut rules = Vec::with_capacity(rows.len());
        for row in rows {
            let projects: Vec<String> =
                on_engine!(self, connection => sqlx::query_scalar(PROJECTS).bind(row.id).fetch_all(connection).await?);
            let query = Query::parse(&row.query).map_err(|error| StoreError::Damaged(error.to_string()))?;
            let scope = Scope {
                time_window: super::incident::time_window(row.time_window_minutes)?,
                query,
                aggregation: super::incident::named(&row.aggregation)?,
                projects: crate::domain::rule::sorted(projects),
                expression: super::incident::expression(row.source, row.expression, &row.measure)?,
            };
            rules.push(StoredRule {
                id: row.id,
                rule: AlertRule {
                    name: row.name,
                    scope,
                    date_added: Timestamp::from_micros(row.date_added),
                    date_updated: Timestamp::from_micros(row.date_updated),
                },
            });
        }
        Ok(rules)
    }

    /// The rule of that name.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn rule(&mut self, name: &str) -> Result<Option<StoredRule>, StoreError> {
        if name.is_empty() {
            return Ok(None);
        }
        Ok(self.stored_rules(name).await?.pop())
    }

    /// Every rule, by name.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn rules(&mut self) -> Result<Vec<AlertRule>, StoreError> {
        Ok(self.stored_rules("").await?.into_iter().map(|stored| stored.rule).collect())
    }

    /// Stores a new rule; `false` where there is one of that name already (rule 3).
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_rule(&mut self, name: &str, scope: &Scope, now: Timestamp) -> Result<bool, StoreError> {
        let id: Option<i64> = on_engine!(self, connection => sqlx::query_scalar(INSERT)
            .bind(name)
            .bind(i64::from(scope.time_window.minutes()))
            .bind(scope.query.text())
            .bind(scope.aggregation.name())
            .bind(now.as_micros())
            .bind(source(scope))
            .bind(expression(scope))
            .bind(measure(scope).name())
            .fetch_optional(connection)
            .await?);
        if let Some(id) = id {
            self.insert_rule_projects(id, &scope.projects).await?;
        }
        Ok(id.is_some())
    }

    /// Changes what a rule says from now on; no incident changes with it (rule 3).
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn update_rule(&mut self, id: i64, scope: &Scope, now: Timestamp) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(UPDATE)
                .bind(id)
                .bind(i64::from(scope.time_window.minutes()))
                .bind(scope.query.text())
                .bind(scope.aggregation.name())
                .bind(now.as_micros())
                .bind(source(scope))
                .bind(expression(scope))
                .bind(measure(scope).name())
        );
        execute!(self, sqlx::query(DELETE_PROJECTS).bind(id));
        self.insert_rule_projects(id, &scope.projects).await
    }

    async fn insert_rule_projects(&mut self, id: i64, projects: &[String]) -> Result<(), StoreError> {
        for project in projects {
            execute!(self, sqlx::query(INSERT_PROJECT).bind(id).bind(project));
        }
        Ok(())
    }

    /// Locks the incidents that were opened by a rule, in ascending order as every operator does, so that deleting the
    /// rule and closing several of them never wait for each other in a circle.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where another holds one of them for longer than 5 s.
    pub async fn lock_incidents_of_rule(&mut self, id: i64) -> Result<(), StoreError> {
        let text = LOCK_INCIDENTS.on(self);
        let _locked: Vec<i64> =
            on_engine!(self, connection => sqlx::query_scalar(text).bind(id).fetch_all(connection).await?);
        Ok(())
    }

    /// Deletes a rule; whether there was one.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn delete_rule(&mut self, name: &str) -> Result<bool, StoreError> {
        let deleted = execute!(self, sqlx::query(DELETE).bind(name));
        Ok(deleted > 0)
    }

    /// How many open incidents were opened by this rule, and keep what they copied from it (rule 3).
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn open_incidents_of_rule(&mut self, name: &str) -> Result<u64, StoreError> {
        let count: i64 =
            on_engine!(self, connection => sqlx::query_scalar(OPEN_INCIDENTS).bind(name).fetch_one(connection).await?);
        Ok(count.unsigned_abs())
    }
}
