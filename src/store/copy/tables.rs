//! What is copied: every table with its columns, those that others refer to first. A test holds this to the schema.

use std::fmt::Write;

use super::super::engine::Text;

/// A table that is copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// So many of its first columns are its primary key.
    pub(super) key: usize,
    pub(super) columns: &'static [Column],
    /// Rows that stay where they are.
    but: Option<&'static str>,
    /// Whether the database numbers its rows.
    pub(super) is_numbered: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
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

/// The statements of a table, written from its columns: no word of them comes from outside.
impl Table {
    /// The names of its columns.
    pub fn column_names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|column| column.name)
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    fn key_names(&self) -> String {
        let names: Vec<&str> = self.columns[..self.key].iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// A page of rows in the order of the key, each as a JSON array; behind a key, where there is one to bind.
    pub(super) fn select(&self, dialect: Dialect, is_behind: bool, rows: u32) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| column.read(dialect)).collect();
        let array = dialect.of(ARRAY);
        let mut text = format!("select cast({array}({}) as text) from {} where true", values.join(", "), self.name);
        if let Some(but) = self.but {
            let _ = write!(text, " and {but}");
        }
        if is_behind {
            let bounds: Vec<String> =
                self.columns[..self.key].iter().enumerate().map(|(at, column)| column.bound(dialect, at)).collect();
            let _ = write!(text, " and ({}) > ({})", self.key_names(), bounds.join(", "));
        }
        let _ = write!(text, " order by {} limit {rows}", self.key_names());
        text
    }

    /// Stores a JSON array of rows.
    pub(super) fn insert(&self, dialect: Dialect) -> String {
        let values: Vec<String> =
            self.columns.iter().enumerate().map(|(at, column)| column.write(dialect, at)).collect();
        format!(
            "insert into {} ({}) {} {} {}",
            self.name,
            self.names(),
            dialect.of(KEEP),
            values.join(", "),
            dialect.of(EACH)
        )
    }

    /// The number of its last row.
    pub(super) fn greatest(&self) -> String {
        format!("select coalesce(max(id), 0) from {}", self.name)
    }

    pub(super) fn count(&self) -> String {
        let but = self.but.map(|but| format!(" where {but}")).unwrap_or_default();
        format!("select count(*) from {}{but}", self.name)
    }

    fn delete(&self) -> String {
        let but = self.but.map(|but| format!(" where {but}")).unwrap_or_default();
        format!("delete from {}{but}", self.name)
    }
}

/// The statements that delete all that is copied. Postgres deletes row by row unless it may cut a table off.
pub(super) fn clearing(dialect: Dialect) -> Vec<String> {
    let (kept, whole): (Vec<&Table>, Vec<&Table>) = TABLES.iter().partition(|table| table.but.is_some());
    let mut texts: Vec<String> = kept.into_iter().map(Table::delete).collect();
    match dialect {
        Dialect::Sqlite => texts.extend(whole.into_iter().rev().map(Table::delete)),
        Dialect::Postgres => {
            let names: Vec<&str> = whole.into_iter().map(|table| table.name).collect();
            texts.push(format!("truncate table {} restart identity", names.join(", ")));
        }
    }
    texts
}

/// The engine for which a statement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn of(self, text: Text) -> &'static str {
        match self {
            Self::Sqlite => text.sqlite,
            Self::Postgres => text.postgres,
        }
    }
}

// Differs because each engine has its own names for what it does with JSON, and Postgres keeps the numbers that it is
// given only where it is told to.
const ARRAY: Text = Text { sqlite: "json_array", postgres: "json_build_array" };
const KEEP: Text = Text { sqlite: "select", postgres: "overriding system value select" };
const EACH: Text = Text {
    sqlite: "from json_each($1) where true",
    postgres: "from jsonb_array_elements(cast($1 as jsonb)) as rows(value)",
};

impl Column {
    /// Its value for the array. SQLite has no truth values: they become numbers unless they are written as JSON.
    fn read(&self, dialect: Dialect) -> String {
        match (dialect, self.kind) {
            (Dialect::Sqlite, Kind::Truth) => format!("json(case when {} then 'true' else 'false' end)", self.name),
            _ => self.name.to_owned(),
        }
    }

    fn write(&self, dialect: Dialect, at: usize) -> String {
        self.typed(dialect, &format!("value ->> {at}"))
    }

    fn bound(&self, dialect: Dialect, at: usize) -> String {
        match dialect {
            Dialect::Sqlite => format!("$1 ->> {at}"),
            Dialect::Postgres => self.typed(dialect, &format!("cast($1 as json) ->> {at}")),
        }
    }

    fn typed(&self, dialect: Dialect, value: &str) -> String {
        match (dialect, self.kind) {
            (Dialect::Sqlite, _) | (_, Kind::Text) => value.to_owned(),
            (Dialect::Postgres, Kind::Number) => format!("cast({value} as bigint)"),
            (Dialect::Postgres, Kind::Truth) => format!("cast({value} as boolean)"),
        }
    }
}
