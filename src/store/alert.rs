//! Alerts and the incidents that they open: groups, episodes, occurrences. What an incident has of its alerts in common is
//! in `origin`.

use super::engine::{Text, Tx, execute, on_engine};
use super::error::StoreError;
use crate::domain::alert::episode::{ClosedBy, Episode, KnownAlert};
use crate::domain::alert::{Alert, Labels, MemberAlert};
use crate::domain::{IncidentId, Timestamp};

/// A group of alerts that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupId(pub(super) i64);

#[derive(sqlx::FromRow)]
struct EpisodeRow {
    incident_id: i64,
    date_started: i64,
    date_closed: Option<i64>,
    captured: bool,
    truncated: i64,
    closed_by: Option<String>,
}

#[derive(sqlx::FromRow)]
struct KnownRow {
    fingerprint: String,
    starts_at: i64,
    ends_at: Option<i64>,
    incident_id: i64,
    status: String,
}

#[derive(sqlx::FromRow)]
struct AlertRow {
    incident_id: i64,
    fingerprint: String,
    starts_at: i64,
    ends_at: Option<i64>,
    labels: String,
    annotations: String,
    generator_url: Option<String>,
    missing_since: Option<i64>,
}

/// How far the alerts of an incident are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many it has.
    pub alerts: u64,
    /// How many of them fire.
    pub firing: u64,
    /// How many the last notification left out.
    pub truncated: u64,
    /// When the last of those that are over was over.
    pub last_end: Option<Timestamp>,
}

/// Past episodes that are looked at: an alert belongs to the latest of them or to none.
const EPISODES: i64 = 50;

const FIND_GROUP: &str = "select id from alert_groups where source = $1 and group_key = $2";
const ADD_GROUP: &str =
    "insert into alert_groups (source, group_key) values ($1, $2) on conflict (source, group_key) do nothing";
// Differs because SQLite's write lock is the group's lock.
const LOCK_GROUP: Text = Text {
    sqlite: "select id from alert_groups where source = $1 and group_key = $2",
    postgres: "select id from alert_groups where source = $1 and group_key = $2 for update",
};
const GROUP_EPISODES: &str = "select o.incident_id, i.date_started, i.date_closed, o.truncated, \
        exists (select 1 from incident_snapshots s where s.incident_id = i.id and not s.partial) as captured, \
        (select a.author from incident_activities a where a.incident_id = i.id and a.kind = 'status_change' \
         order by a.id desc limit 1) as closed_by \
    from incident_origins o join incidents i on i.id = o.incident_id \
    where o.group_id = $1 order by o.incident_id desc limit $2";
// Differs because a JSON text is taken apart by functions of other names.
const KNOWN: Text = Text {
    sqlite: "select a.fingerprint, a.starts_at, a.ends_at, a.incident_id, i.status \
             from json_each($2) k join incident_alerts a \
                 on a.source = $1 and a.fingerprint = k.value ->> 0 and a.starts_at = k.value ->> 1 \
             join incidents i on i.id = a.incident_id order by a.fingerprint, a.starts_at",
    postgres: "select a.fingerprint, a.starts_at, a.ends_at, a.incident_id, i.status \
               from jsonb_array_elements($2::jsonb) k(value) join incident_alerts a \
                   on a.source = $1 and a.fingerprint = k.value ->> 0 and a.starts_at = (k.value ->> 1)::bigint \
               join incidents i on i.id = a.incident_id order by a.fingerprint, a.starts_at",
};
// Differs as above.
const INSERT_ALERTS: Text = Text {
    sqlite: "insert into incident_alerts (source, incident_id, fingerprint, starts_at, ends_at, labels, annotations, \
                 generator_url) \
             select $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 \
             from json_each($3) where true on conflict (source, fingerprint, starts_at) do nothing",
    postgres: "insert into incident_alerts (source, incident_id, fingerprint, starts_at, ends_at, labels, \
                   annotations, generator_url) \
               select $1, $2, value ->> 0, (value ->> 1)::bigint, (value ->> 2)::bigint, value ->> 3, value ->> 4, \
                   value ->> 5 \
               from jsonb_array_elements($3::jsonb) k(value) \
               on conflict (source, fingerprint, starts_at) do nothing",
};
// Differs as above.
const END_ALERTS: Text = Text {
    sqlite: "update incident_alerts set ends_at = k.value ->> 2, missing_since = null from json_each($2) k \
             where incident_alerts.source = $1 and incident_alerts.fingerprint = k.value ->> 0 \
                 and incident_alerts.starts_at = k.value ->> 1 and incident_alerts.ends_at is null",
    postgres: "update incident_alerts set ends_at = (k.value ->> 2)::bigint, missing_since = null \
               from jsonb_array_elements($2::jsonb) k(value) \
               where incident_alerts.source = $1 and incident_alerts.fingerprint = k.value ->> 0 \
                   and incident_alerts.starts_at = (k.value ->> 1)::bigint and incident_alerts.ends_at is null",
};
const END_THE_REST: &str = "update incident_alerts set ends_at = $2, missing_since = null \
    where incident_id = $1 and ends_at is null";
const SET_MISSING: &str = "update incident_alerts set missing_since = $4 \
    where source = $1 and fingerprint = $2 and starts_at = $3 and ends_at is null";
const PROGRESS: &str = "select count(*), count(*) - count(a.ends_at), max(a.ends_at), \
        coalesce((select truncated from incident_origins where incident_id = $1), 0) \
    from incident_alerts a where a.incident_id = $1";
const ALERTS: &str = "select incident_id, fingerprint, starts_at, ends_at, labels, annotations, generator_url, \
        missing_since \
    from incident_alerts where incident_id = $1 order by starts_at, fingerprint limit $2";
const FIRING: &str = "select a.incident_id, a.fingerprint, a.starts_at, a.ends_at, a.labels, a.annotations, \
        a.generator_url, a.missing_since \
    from incident_alerts a where a.source = $1 and a.ends_at is null order by a.incident_id, a.fingerprint, a.starts_at";
pub(super) fn written(labels: &Labels) -> Result<String, StoreError> {
    super::measure::json(labels)
}

pub(super) fn read(labels: &str) -> Result<Labels, StoreError> {
    serde_json::from_str(labels).map_err(|error| StoreError::Damaged(format!("labels cannot be read: {error}")))
}

impl AlertRow {
    fn member(self) -> Result<MemberAlert, StoreError> {
        Ok(MemberAlert {
            incident_id: IncidentId::new(self.incident_id),
            alert: Alert {
                fingerprint: self.fingerprint,
                starts_at: Timestamp::from_micros(self.starts_at),
                ends_at: self.ends_at.map(Timestamp::from_micros),
                labels: read(&self.labels)?,
                annotations: read(&self.annotations)?,
                generator_url: self.generator_url,
            },
            missing_since: self.missing_since.map(Timestamp::from_micros),
        })
    }
}

impl Tx {
    /// A group, where it is known.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn alert_group(&mut self, source: &str, group_key: &str) -> Result<Option<GroupId>, StoreError> {
        let id: Option<i64> = on_engine!(self, connection => sqlx::query_scalar(FIND_GROUP)
            .bind(source)
            .bind(group_key)
            .fetch_optional(connection)
            .await?);
        Ok(id.map(GroupId))
    }

    /// A group, locked until the end of the transaction, so that what is said of it is taken in one after the other.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where another holds it for longer than 5 s.
    pub async fn lock_alert_group(&mut self, source: &str, group_key: &str) -> Result<GroupId, StoreError> {
        execute!(self, sqlx::query(ADD_GROUP).bind(source).bind(group_key));
        let text = LOCK_GROUP.on(self);
        let id: i64 = on_engine!(self, connection => sqlx::query_scalar(text)
            .bind(source)
            .bind(group_key)
            .fetch_one(connection)
            .await?);
        Ok(GroupId(id))
    }

    /// The latest episodes of a group, the latest first. `by` is the name under which alerts close.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn episodes(&mut self, group: GroupId, by: &str) -> Result<Vec<Episode>, StoreError> {
        let rows: Vec<EpisodeRow> = on_engine!(self, connection => sqlx::query_as(GROUP_EPISODES)
            .bind(group.0)
            .bind(EPISODES)
            .fetch_all(connection)
            .await?);
        let episode = |row: EpisodeRow| {
            let closer = if row.closed_by.as_deref() == Some(by) { ClosedBy::Alerts } else { ClosedBy::Hand };
            Episode {
                incident_id: IncidentId::new(row.incident_id),
                date_started: Timestamp::from_micros(row.date_started),
                closed: row.date_closed.map(|at| (Timestamp::from_micros(at), closer)),
                captured: row.captured,
                truncated: row.truncated.unsigned_abs(),
            }
        };
        Ok(rows.into_iter().map(episode).collect())
    }

    /// Those of these alerts that are known, each with its fingerprint and start.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn known_alerts(
        &mut self,
        source: &str,
        alerts: &[Alert],
    ) -> Result<Vec<((String, Timestamp), KnownAlert)>, StoreError> {
        let keys: Vec<_> = alerts.iter().map(|alert| (&alert.fingerprint, alert.starts_at.as_micros())).collect();
        let (text, keys) = (KNOWN.on(self), super::measure::json(&keys)?);
        let rows: Vec<KnownRow> = on_engine!(self, connection =>
            sqlx::query_as(text).bind(source).bind(&keys).fetch_all(connection).await?);
        let known = |row: KnownRow| {
            let told = KnownAlert {
                incident_id: IncidentId::new(row.incident_id),
                incident_closed: super::incident::named::<crate::domain::Status>(&row.status)?
                    == crate::domain::Status::Closed,
                ends_at: row.ends_at.map(Timestamp::from_micros),
            };
            Ok(((row.fingerprint, Timestamp::from_micros(row.starts_at)), told))
        };
        rows.into_iter().map(known).collect()
    }

    /// Adds alerts to an incident; how many were new.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn insert_alerts(&mut self, id: IncidentId, source: &str, alerts: &[&Alert]) -> Result<u64, StoreError> {
        let mut rows = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let (starts, ends) = (alert.starts_at.as_micros(), alert.ends_at.map(Timestamp::as_micros));
            let (labels, annotations) = (written(&alert.labels)?, written(&alert.annotations)?);
            rows.push((&alert.fingerprint, starts, ends, labels, annotations, &alert.generator_url));
        }
        let (text, rows) = (INSERT_ALERTS.on(self), super::measure::json(&rows)?);
        Ok(execute!(self, sqlx::query(text).bind(source).bind(id.value()).bind(&rows)))
    }

    /// Records that alerts are over: those with an end that fired.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn end_alerts(&mut self, source: &str, alerts: &[&Alert]) -> Result<(), StoreError> {
        let row = |alert: &&Alert| {
            let ends_at = alert.ends_at?;
            Some((alert.fingerprint.clone(), alert.starts_at.as_micros(), ends_at.as_micros()))
        };
        let rows: Vec<_> = alerts.iter().filter_map(row).collect();
        let (text, rows) = (END_ALERTS.on(self), super::measure::json(&rows)?);
        execute!(self, sqlx::query(text).bind(source).bind(&rows));
        Ok(())
    }

    /// Records that all alerts of an incident are over that were not.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn end_remaining_alerts(&mut self, id: IncidentId, at: Timestamp) -> Result<(), StoreError> {
        execute!(self, sqlx::query(END_THE_REST).bind(id.value()).bind(at.as_micros()));
        Ok(())
    }

    /// Records since when an alert that is not over is known to nobody any more, or that it is known again.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn set_alert_missing(
        &mut self,
        source: &str,
        alert: &Alert,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        execute!(
            self,
            sqlx::query(SET_MISSING)
                .bind(source)
                .bind(&alert.fingerprint)
                .bind(alert.starts_at.as_micros())
                .bind(since.map(Timestamp::as_micros))
        );
        Ok(())
    }

    /// How far the alerts of an incident are over.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn alert_progress(&mut self, id: IncidentId) -> Result<Progress, StoreError> {
        let (alerts, firing, last_end, truncated): (i64, i64, Option<i64>, i64) = on_engine!(self, connection =>
            sqlx::query_as(PROGRESS).bind(id.value()).fetch_one(connection).await?);
        Ok(Progress {
            alerts: alerts.unsigned_abs(),
            firing: firing.unsigned_abs(),
            truncated: truncated.unsigned_abs(),
            last_end: last_end.map(Timestamp::from_micros),
        })
    }

    /// The alerts of an incident, by their start, at most so many.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn alerts_of(&mut self, id: IncidentId, limit: u32) -> Result<Vec<MemberAlert>, StoreError> {
        let rows: Vec<AlertRow> = on_engine!(self, connection => sqlx::query_as(ALERTS)
            .bind(id.value())
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?);
        rows.into_iter().map(AlertRow::member).collect()
    }

    /// Every alert of a source that is not over.
    ///
    /// # Errors
    /// Where the database cannot, or holds a damaged row.
    pub async fn firing_alerts(&mut self, source: &str) -> Result<Vec<MemberAlert>, StoreError> {
        let rows: Vec<AlertRow> =
            on_engine!(self, connection => sqlx::query_as(FIRING).bind(source).fetch_all(connection).await?);
        rows.into_iter().map(AlertRow::member).collect()
    }
}
