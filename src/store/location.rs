//! Where a database is: reads URLs, and names a database without ever showing a password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::error::StoreError;

/// Where a database is.
#[derive(Clone)]
pub enum Location {
    /// A file.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What may be done with it.
        mode: FileMode,
    },
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

/// What may be done with a database file: `?mode=` of its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// `ro`
    ReadOnly,
    /// `rw`, the default: it must exist.
    ReadWrite,
    /// `rwc`: it is created where it is missing.
    Create,
}

impl Location {
    /// A database file that is created where it is missing.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self::Sqlite { path, mode: FileMode::Create }
    }

    /// Reads `sqlite:PATH`, `sqlite://PATH`, with `?mode=ro|rw|rwc`, and `postgres://...`.
    ///
    /// # Errors
    /// Where it is neither. The message never repeats what may hold a password.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            return parse_sqlite(rest.strip_prefix("//").unwrap_or(rest));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| {
                StoreError::Url("the Postgres URL cannot be read: write postgres://user@host/database".into())
            })?;
            // A setting of the session, for texts that we never read, which PgBouncer refuses.
            return Ok(Self::Postgres(Box::new(options.extra_float_digits(None))));
        }
        Err(StoreError::Url("the database URL begins with neither 'sqlite:' nor 'postgres://'".into()))
    }

    /// The same place, where a missing file is created.
    #[must_use]
    pub fn creating(self) -> Self {
        match self {
            Self::Sqlite { path, mode: FileMode::ReadWrite } => Self::Sqlite { path, mode: FileMode::Create },
            other => other,
        }
    }

    /// The same place by a name that holds wherever one stands; a file that is missing keeps its own.
    #[must_use]
    pub fn absolute(&self) -> Self {
        match self {
            Self::Sqlite { path, mode } => {
                Self::Sqlite { path: path.canonicalize().unwrap_or_else(|_| path.clone()), mode: *mode }
            }
            Self::Postgres(_) => self.clone(),
        }
    }

    /// The same place, only to be read.
    #[must_use]
    pub fn read_only(self) -> Self {
        match self {
            Self::Sqlite { path, .. } => Self::Sqlite { path, mode: FileMode::ReadOnly },
            other @ Self::Postgres(_) => other,
        }
    }
}

fn parse_sqlite(rest: &str) -> Result<Location, StoreError> {
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() {
        return Err(StoreError::Url("the SQLite URL names no file: write sqlite:PATH".into()));
    }
    if path == ":memory:" || path == "/:memory:" {
        return Err(StoreError::Url("sqlite::memory: keeps nothing: name a file, sqlite:PATH".into()));
    }
    let mut mode = FileMode::ReadWrite;
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        mode = match parameter {
            "mode=ro" => FileMode::ReadOnly,
            "mode=rw" => FileMode::ReadWrite,
            "mode=rwc" => FileMode::Create,
            "mode=memory" => {
                return Err(StoreError::Url("mode=memory keeps nothing: use ro, rw or rwc".into()));
            }
            _ => {
                let shown = crate::domain::text::shorten(parameter, 40);
                return Err(StoreError::Url(format!(
                    "'{shown}' is no parameter of a SQLite URL: it is mode=ro|rw|rwc"
                )));
            }
        };
    }
    Ok(Location::Sqlite { path: PathBuf::from(path), mode })
}

/// The database's name for people: `sqlite:demo.db`, `postgres://user@host:5432/name`. Never a password.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => {
                let shown = path.display().to_string();
                write!(formatter, "sqlite:{}", crate::domain::text::printable(&shown))
            }
            Self::Postgres(options) => {
                let database = options.get_database().unwrap_or(options.get_username());
                let host = match options.get_socket() {
                    Some(socket) => socket.display().to_string(),
                    None => format!("{}:{}", options.get_host(), options.get_port()),
                };
                let shown = format!("postgres://{}@{host}/{database}", options.get_username());
                formatter.write_str(&crate::domain::text::printable(&shown))
            }
        }
    }
}

/// As it is displayed: options would print their password.
impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, shown: &str) {
        assert_eq!(Location::parse(url).map(|location| location.to_string()).unwrap(), shown);
    }

    #[test]
    fn a_sqlite_url_names_a_file_and_what_may_be_done_with_it() {
        check("sqlite:demo.db", "sqlite:demo.db");
        check("sqlite://demo.db", "sqlite:demo.db");
        check("sqlite:///var/lib/demo.db?mode=ro", "sqlite:/var/lib/demo.db");
        let mode = |url| match Location::parse(url) {
            Ok(Location::Sqlite { mode, .. }) => mode,
            other => panic!("{other:?}"),
        };
        assert_eq!(mode("sqlite:a"), FileMode::ReadWrite);
        assert_eq!(mode("sqlite:a?mode=rwc"), FileMode::Create);
        assert_eq!(mode("sqlite:a?mode=ro"), FileMode::ReadOnly);
    }

    #[test]
    fn a_database_in_memory_is_refused() {
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:a?mode=memory", "sqlite:", "mysql://x", "demo.db"] {
            assert!(Location::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let location = Location::parse("postgres://ops:hunter2@db.example:6543/incidents").unwrap();
        assert_eq!(location.to_string(), "postgres://ops@db.example:6543/incidents");
        assert!(!format!("{location:?}").contains("hunter2"));
        let broken = Location::parse("postgres://ops:hunter2@db:port/x").unwrap_err();
        assert!(!broken.to_string().contains("hunter2"));
    }
}
