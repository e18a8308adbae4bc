//! What is copied: every table with its columns, those that others refer to first. A test holds this to the schema.

/// A table that is copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// So many of its first columns are its primary key.
    pub(super) key: usize,
    pub(super) columns: &'static [Column],
    /// Rows that stay where they are.
    pub(super) but: Option<&'static str>,
    /// Whether the database numbers its rows.
    pub(super) is_numbered: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    Truth,
}

impl Table {
    const fn new(name: &'static str, key: usize, columns: &'static [Column]) -> Self {
        Self { name, key, columns, but: None, is_numbered: false }
    }

    const fn numbered(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, key: 1, columns, but: None, is_numbered: true }
    }
}

const fn number(name: &'static str) -> Column {
    Column { name, kind: Kind::Number }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn truth(name: &'static str) -> Column {
    Column { name, kind: Kind::Truth }
}

/// Every table but those that tell of this database alone: which migrations it has seen, and the processes on it. What
/// is pending comes last: until then a processor finds nothing to do.
pub const TABLES: &[Table] = &[
    Table { but: Some("key <> 'copy'"), ..Table::new("meta", 1, &[text("key"), text("value")]) },
    Table::numbered(
        "alert_rules",
        &[
            number("id"),
            text("name"),
            number("time_window_minutes"),
            text("query"),
            text("aggregation"),
            number("date_added"),
            number("date_updated"),
            text("source"),
            text("expression"),
            text("measure"),
        ],
    ),
    Table::new("alert_rule_projects", 2, &[number("rule_id"), text("project")]),
    Table::numbered(
        "incidents",
        &[
            number("id"),
            text("title"),
            text("type"),
            text("status"),
            text("aggregation"),
            text("query"),
            number("rule_id"),
            text("rule_name"),
            number("time_window_minutes"),
            number("date_started"),
            number("date_detected"),
            number("date_closed"),
            number("date_added"),
            text("source"),
            text("expression"),
            text("measure"),
        ],
    ),
    Table::new("incident_projects", 2, &[number("incident_id"), text("project")]),
    Table::numbered(
        "incident_activities",
        &[
            number("id"),
            number("incident_id"),
            text("kind"),
            number("at"),
            text("author"),
            text("status_from"),
            text("status_to"),
            text("comment"),
        ],
    ),
    Table::numbered("alert_groups", &[number("id"), text("source"), text("group_key")]),
    Table::new(
        "incident_origins",
        1,
        &[
            number("incident_id"),
            number("group_id"),
            text("labels"),
            text("annotations"),
            text("generator_url"),
            text("external_url"),
            number("truncated"),
        ],
    ),
    Table::new(
        "incident_alerts",
        3,
        &[
            text("source"),
            text("fingerprint"),
            number("starts_at"),
            number("ends_at"),
            number("incident_id"),
            text("labels"),
            text("annotations"),
            text("generator_url"),
            number("missing_since"),
        ],
    ),
    Table::new(
        "incident_snapshots",
        1,
        &[
            number("incident_id"),
            number("as_of"),
            number("date_added"),
            truth("partial"),
            truth("clipped"),
            text("source"),
            number("total_events"),
            number("unique_users"),
            text("measure"),
        ],
    ),
    Table::new(
        "superseded_snapshots",
        2,
        &[
            number("incident_id"),
            number("revision"),
            number("superseded_at"),
            number("as_of"),
            number("date_added"),
            truth("partial"),
            truth("clipped"),
            text("source"),
            number("total_events"),
            number("unique_users"),
            text("measure"),
        ],
    ),
    Table::new(
        "time_series_snapshots",
        3,
        &[
            number("incident_id"),
            number("revision"),
            text("kind"),
            number("range_start"),
            number("range_end"),
            number("period_seconds"),
            text("counts"),
            text("held"),
        ],
    ),
    Table::numbered(
        "events",
        &[
            number("id"),
            text("project"),
            number("occurred_at"),
            number("weight"),
            text("user_name"),
            text("level"),
            text("environment"),
            text("fingerprint"),
            text("message"),
            text("tags"),
            text("event_id"),
        ],
    ),
    Table::new(
        "event_minutes",
        4,
        &[text("project"), number("minute"), text("level"), text("environment"), number("weight"), number("events")],
    ),
    Table::new("event_projects", 1, &[text("project")]),
    Table::numbered(
        "imports",
        &[
            number("id"),
            text("content_hash"),
            number("repetition"),
            text("name"),
            number("position"),
            number("imported"),
            number("started_at"),
            number("finished_at"),
        ],
    ),
    Table::numbered(
        "processor_runs",
        &[
            number("id"),
            text("trigger"),
            text("host"),
            number("started_at"),
            number("updated_at"),
            number("finished_at"),
            number("batch_size"),
            number("cursor_next_attempt_at"),
            number("cursor_incident_id"),
            number("captured"),
            number("skipped_open"),
            number("skipped_existing"),
            number("failed"),
            number("batches"),
            text("error"),
        ],
    ),
    Table::new("outbox_targets", 1, &[text("name"), text("kinds"), number("last_seen")]),
    Table::numbered(
        "outbox",
        &[
            number("id"),
            text("message_id"),
            text("target"),
            text("kind"),
            number("incident_id"),
            number("occurred_at"),
            number("attempts"),
            number("next_attempt_at"),
            text("last_error"),
        ],
    ),
    Table::new(
        "frozen_series",
        1,
        &[
            number("incident_id"),
            number("date_closed"),
            number("next_attempt_at"),
            number("attempts"),
            text("last_error"),
            number("range_start"),
            number("range_end"),
            number("period_seconds"),
            text("counts"),
            text("held"),
        ],
    ),
    Table::new(
        "pending_snapshots",
        1,
        &[
            number("incident_id"),
            number("target_run_date"),
            number("next_attempt_at"),
            number("attempts"),
            text("last_error"),
            number("last_error_at"),
            text("last_host"),
            number("dead_since"),
        ],
    ),
];
