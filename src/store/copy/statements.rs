//! The statements of a copy, written from the columns of a table: no word of them comes from outside.

use std::fmt::Write;

use super::super::engine::Text;
use super::tables::{Column, Kind, TABLES, Table};

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
