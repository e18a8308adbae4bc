//! The configuration file, the environment, and what follows from them where the command line says nothing.
//!
//! Knows what may be configured, and nothing of what is done with it. No message holds a line of the file: it may hold a
//! password.

mod alertmanagers;
mod files;
mod http;
mod outbox;
mod retention;
mod rules;
mod secrets;
mod sources;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::{BaseStrategy, choose_base_strategy};
use serde::Deserialize;
use thiserror::Error;

use crate::domain::alert::Routing;
use crate::domain::expression::EVENTS_SOURCE;
use crate::domain::{span, text};

pub use crate::domain::Secret;
pub use alertmanagers::{AlertmanagerSettings, AlertmanagerTable};
pub use files::{SettingsFile, own_themes};
pub use http::{DEFAULT_MAX_BODY, Http, parse_listen};
pub use outbox::Webhook;
pub use retention::{Retention, parse_retention};
pub use rules::RuleTable;
pub use secrets::SecretAt;
pub use sources::{PrometheusSettings, PrometheusTable};

/// Time between two runs where nothing is said (rule 15).
pub const DEFAULT_INTERVAL: Duration = Duration::from_hours(1);
const LONGEST_INTERVAL: Duration = Duration::from_hours(7 * 24);
const LARGEST_BATCH: u32 = 10_000;
/// Bytes of a configuration file, at the most: somebody may name another file by mistake.
const FILE_LIMIT: u64 = 1_000_000;
/// Characters of what is wrong with one, at the most: it may repeat a name from the file.
const PROBLEM_LIMIT: usize = 300;

/// How this file is called where it is wrong.
const KIND: &str = "configuration file";

/// What the configuration file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Where the database is.
    pub database_url: Option<String>,
    /// Who acts.
    pub user: Option<String>,
    /// Time between two runs.
    #[serde(default, deserialize_with = "interval")]
    pub interval: Option<Duration>,
    /// Rows of every batch of the daemon.
    #[serde(default, deserialize_with = "batch_size")]
    pub batch_size: Option<u32>,
    /// The file with the keys of the console.
    pub keymap: Option<PathBuf>,
    /// What the console looks like: the name of a theme, or its file.
    pub theme: Option<String>,
    /// Which Prometheus may be asked.
    #[serde(default, deserialize_with = "sources::tables")]
    pub prometheus: Vec<PrometheusTable>,
    /// Who is asked which alerts there still are.
    #[serde(default, rename = "alertmanager")]
    pub alertmanagers: Vec<AlertmanagerTable>,
    /// Which rule an alert has.
    #[serde(default, rename = "rule")]
    pub rules: Vec<RuleTable>,
    /// Who is told what happens.
    #[serde(default, rename = "webhook", deserialize_with = "outbox::webhooks")]
    pub webhooks: Vec<Webhook>,
    /// The HTTP interface.
    #[serde(default)]
    pub http: Http,
    /// How long things are kept.
    #[serde(default)]
    pub retention: Retention,
}

/// What the environment says. A variable that is empty says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `AFTERIMAGE_DATABASE_URL`
    pub database_url: Option<String>,
    /// `AFTERIMAGE_USER`
    pub user: Option<String>,
    /// The login name.
    pub login: Option<String>,
    /// Whether colours are unwanted: `NO_COLOR`.
    pub no_color: bool,
    /// Whether texts may hold more than ASCII.
    pub unicode: bool,
    /// `TERM`
    pub term: Option<String>,
    /// `COLORTERM`
    pub colorterm: Option<String>,
}

/// Which database is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// One that somebody named.
    Named(String),
    /// The user's own file, which is created where it is missing.
    Own(PathBuf),
}

/// Why there is no configuration to work with.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the {what} {path} cannot be read: {source}")]
    File {
        /// What kind of file it is.
        what: &'static str,
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file says something that makes no sense.
    #[error("the {what} {path} is wrong in line {line}: {problem}")]
    Malformed {
        /// What kind of file it is.
        what: &'static str,
        /// Which.
        path: String,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// What it says in one place does not go with what it says in another.
    #[error("the {what} {path} is wrong: {problem}")]
    Inconsistent {
        /// What kind of file it is.
        what: &'static str,
        /// Which.
        path: String,
        /// What does not go together.
        problem: String,
    },
    /// A theme that is not there.
    #[error("there is no theme '{name}'{perhaps}: it is a file, or one of {known}")]
    NoTheme {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        perhaps: String,
        /// What there is.
        known: String,
    },
    /// What is said of the HTTP interface cannot be.
    #[error("{0}")]
    Http(String),
    /// Nobody knows where a user's files belong.
    #[error("there is no home folder: name a database with --database-url")]
    NoHome,
}

impl ConfigError {
    /// The exit status that says it to scripts.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::File { source, .. } if source.kind() == ErrorKind::NotFound => 3,
            _ => 2,
        }
    }
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn read() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default().to_lowercase();
        Self {
            database_url: variable("AFTERIMAGE_DATABASE_URL"),
            user: variable("AFTERIMAGE_USER"),
            // A service has a user, but often none of these variables.
            login: ["LOGNAME", "USER"].into_iter().find_map(variable).or_else(|| whoami::username().ok()),
            no_color: variable("NO_COLOR").is_some(),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            term: variable("TERM"),
            colorterm: variable("COLORTERM"),
        }
    }
}

impl Configuration {
    /// The file that [`Configuration::load`] reads, where there is one.
    #[must_use]
    pub fn file(named: Option<&Path>) -> Option<PathBuf> {
        let own = || own_folder().map(|folder| folder.join("config.toml")).filter(|file| file.exists());
        named.map(Path::to_owned).or_else(own)
    }

    /// Reads the file that was named, which must be there, or the user's own, where there is one.
    ///
    /// # Errors
    /// Where it cannot be read, or says what it may not.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        let own = || own_folder().map(|folder| folder.join("config.toml"));
        let Some(path) = named.map(Path::to_owned).or_else(own) else { return Ok(Self::default()) };
        let shown = text::printable(&path.display().to_string());
        match read_limited(&path) {
            Ok(text) => Ok(Self::parse(&text, &shown)?.seen_from(path.parent())),
            Err(source) if named.is_none() && source.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::File { what: KIND, path: shown, source }),
        }
    }

    /// Reads the text of a file, which is called `path` where it is wrong.
    ///
    /// # Errors
    /// Where it says what it may not.
    pub fn parse(text: &str, path: &str) -> Result<Self, ConfigError> {
        let read: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            ConfigError::Malformed {
                what: KIND,
                path: path.to_owned(),
                line,
                problem: text::shorten(error.message(), PROBLEM_LIMIT),
            }
        })?;
        let inconsistent = |problem| ConfigError::Inconsistent { what: KIND, path: path.to_owned(), problem };
        read.check_alertmanagers().map_err(inconsistent)?;
        read.checked_routing().map_err(inconsistent)?;
        Ok(read)
    }

    /// The rules for alerts.
    #[must_use]
    pub fn routing(&self) -> Routing {
        // It was checked when it was read.
        self.checked_routing().unwrap_or_default()
    }

    fn checked_routing(&self) -> Result<Routing, String> {
        let sources = self.prometheus.iter().map(PrometheusTable::name).chain([EVENTS_SOURCE]).collect();
        rules::routing(&self.rules, &sources)
    }

    /// Which database is meant: that of the command line, the environment, this configuration, or the user's own.
    ///
    /// # Errors
    /// Where it is the user's own, and there is no home folder.
    pub fn database(&self, given: Option<&str>, environment: &Environment) -> Result<Database, ConfigError> {
        let named = given.or(environment.database_url.as_deref()).or(self.database_url.as_deref());
        if let Some(url) = named {
            return Ok(Database::Named(url.to_owned()));
        }
        let folders = choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
        Ok(Database::Own(folders.data_dir().join("afterimage").join("afterimage.db")))
    }

    /// Under which name somebody acts: that of the command line, the environment, this configuration, or the login.
    #[must_use]
    pub fn user(&self, given: Option<&str>, environment: &Environment) -> String {
        let named = given.or(environment.user.as_deref()).or(self.user.as_deref()).or(environment.login.as_deref());
        named.unwrap_or("unknown").to_owned()
    }
}

/// Where a user's own configuration is.
fn own_folder() -> Option<PathBuf> {
    Some(choose_base_strategy().ok()?.config_dir().join("afterimage"))
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_LIMIT {
        let said = format!("it is larger than a configuration ever is: the limit is {FILE_LIMIT} bytes");
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, said));
    }
    std::fs::read_to_string(path)
}

/// Where a console's log is kept: in the XDG state folder, where there is a home.
#[must_use]
pub fn log_file() -> Option<PathBuf> {
    Some(state_folder()?.join("afterimage.log"))
}

/// Where it is kept how the console is looked at: beside its log.
#[must_use]
pub fn view_file() -> Option<PathBuf> {
    Some(state_folder()?.join("view.toml"))
}

fn state_folder() -> Option<PathBuf> {
    let folders = choose_base_strategy().ok()?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(state.join("afterimage"))
}

/// Reads the time between two runs: from a second to a week.
///
/// # Errors
/// Where it is anything else.
pub fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = span::parse(text).ok_or("an interval is a span of time: write it like 30s, 5m or 1h")?;
    if interval < Duration::from_secs(1) {
        return Err("an interval is at least a second".into());
    }
    if interval > LONGEST_INTERVAL {
        return Err("an interval is at most a week".into());
    }
    Ok(interval)
}

/// Reads the rows of a batch: from 1 to 10,000.
///
/// # Errors
/// Where it is anything else.
pub fn parse_batch_size(text: &str) -> Result<u32, String> {
    let size = text.parse().ok().filter(|size| (1..=LARGEST_BATCH).contains(size));
    size.ok_or_else(|| format!("a batch has from 1 to {LARGEST_BATCH} rows"))
}

fn interval<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_interval(&text).map(Some).map_err(serde::de::Error::custom)
}

fn batch_size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = i64::deserialize(deserializer)?;
    parse_batch_size(&number.to_string()).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Configuration::parse(text, "config.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_file_may_say_six_things() {
        let text = "database_url = 'sqlite:a.db'\nuser = 'ann'\ninterval = '5m'\nbatch_size = 100\n\
                    keymap = 'keys.toml'\ntheme = 'dark'\n";
        let read = Configuration::parse(text, "config.toml").unwrap();
        assert_eq!(read.database_url.as_deref(), Some("sqlite:a.db"));
        assert_eq!(read.user.as_deref(), Some("ann"));
        assert_eq!((read.interval, read.batch_size), (Some(Duration::from_mins(5)), Some(100)));
        assert_eq!((read.keymap.as_deref(), read.theme.as_deref()), (Some(Path::new("keys.toml")), Some("dark")));
        assert_eq!(Configuration::parse("", "config.toml").unwrap(), Configuration::default());
    }

    #[test]
    fn an_unknown_key_is_named() {
        let refusal = refusal("user = 'ann'\ndatbase_url = 'x'\n");
        assert!(refusal.contains("line 2") && refusal.contains("datbase_url"), "{refusal}");
    }

    #[test]
    fn a_value_that_cannot_be_is_named_with_its_line() {
        assert!(refusal("interval = '0s'").contains("at least a second"));
        assert!(refusal("\nbatch_size = 0").contains("line 2: a batch has from 1 to 10000 rows"));
    }

    #[test]
    fn a_broken_line_is_not_repeated() {
        let refusal = refusal("database_url = postgres://ops:hunter2@db/x\n");
        assert!(refusal.contains("line 1") && !refusal.contains("hunter2"), "{refusal}");
    }

    #[test]
    fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
        let environment = Environment {
            database_url: Some("sqlite:environment".into()),
            user: Some("environment".into()),
            login: Some("login".into()),
            ..Environment::default()
        };
        let nothing = Environment { login: Some("login".into()), ..Environment::default() };
        let file = Configuration {
            database_url: Some("sqlite:file".into()),
            user: Some("file".into()),
            ..Configuration::default()
        };
        let database = |given, environment| file.database(given, environment).unwrap();
        assert_eq!(database(Some("sqlite:given"), &environment), Database::Named("sqlite:given".into()));
        assert_eq!(database(None, &environment), Database::Named("sqlite:environment".into()));
        assert_eq!(database(None, &nothing), Database::Named("sqlite:file".into()));
        assert_eq!(file.user(Some("given"), &environment), "given");
        assert_eq!(file.user(None, &environment), "environment");
        assert_eq!(file.user(None, &nothing), "file");
        assert_eq!(Configuration::default().user(None, &nothing), "login");
    }
}
