//! The tables `[[prometheus]]`: which sources there are, and by what each is reached. Nothing is asked here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, de};

use super::secrets::SecretAt;
use super::{ConfigError, Configuration, read_limited};
use crate::domain::expression::EVENTS_SOURCE;
use crate::domain::{Secret, span, text};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_TIMEOUT: Duration = Duration::from_mins(2);
/// Headers that say what the program itself must say.
const RESERVED_HEADERS: [&str; 6] =
    ["authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"];

/// One table: a Prometheus as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct PrometheusTable {
    name: String,
    url: String,
    external_urls: Vec<String>,
    credentials: Credentials,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    retention: Option<Duration>,
    headers: BTreeMap<String, Secret>,
}

/// Who asks, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Credentials {
    Nobody,
    Bearer(SecretAt),
    Basic { username: String, password: SecretAt },
}

/// A Prometheus with all that its files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrometheusSettings {
    /// Its name in rules and on screens.
    pub name: String,
    /// Where its API is, without credentials; may hold a path.
    pub url: String,
    /// What else the `generatorURL`s of its alerts begin with.
    pub external_urls: Vec<String>,
    /// The token that it is shown.
    pub bearer_token: Option<Secret>,
    /// The user and the password that it is shown.
    pub basic: Option<(String, Secret)>,
    /// The authorities that are trusted, in PEM; `None` for those of the system.
    pub authorities: Option<Vec<u8>>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How long it keeps what it has; `None` where it is to be asked.
    pub retention: Option<Duration>,
    /// What else it is told with every request.
    pub headers: Vec<(String, Secret)>,
}

/// The keys of a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    #[serde(deserialize_with = "url")]
    pub(super) url: String,
    #[serde(default, deserialize_with = "urls")]
    pub(super) external_urls: Vec<String>,
    pub(super) bearer_token: Option<Secret>,
    pub(super) bearer_token_file: Option<PathBuf>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "timeout")]
    pub(super) timeout: Option<Duration>,
    #[serde(default, deserialize_with = "retention")]
    pub(super) retention: Option<Duration>,
    #[serde(default, deserialize_with = "headers")]
    pub(super) headers: BTreeMap<String, Secret>,
}

impl TryFrom<Table> for PrometheusTable {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let token = SecretAt::either("bearer_token", table.bearer_token, table.bearer_token_file)?;
        let password = SecretAt::either("password", table.password, table.password_file)?;
        let credentials = match (token, table.username, password) {
            (None, None, None) => Credentials::Nobody,
            (Some(token), None, None) => Credentials::Bearer(token),
            (None, Some(username), Some(password)) => Credentials::Basic { username, password },
            (None, Some(_), None) => return Err("username wants a password or a password_file".to_owned()),
            (None, None, Some(_)) => return Err("a password wants a username".to_owned()),
            (Some(_), ..) => return Err("a bearer token and a username are two answers to one question".to_owned()),
        };
        Ok(Self {
            name: table.name,
            url: table.url,
            external_urls: table.external_urls,
            credentials,
            ca_file: table.ca_file,
            timeout: table.timeout.unwrap_or(DEFAULT_TIMEOUT),
            retention: table.retention,
            headers: table.headers,
        })
    }
}

impl PrometheusTable {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Paths are seen from the folder of the configuration.
    pub(super) fn seen_from(&mut self, folder: &Path) {
        self.ca_file = self.ca_file.take().map(|path| folder.join(path));
        self.credentials = match std::mem::replace(&mut self.credentials, Credentials::Nobody) {
            Credentials::Nobody => Credentials::Nobody,
            Credentials::Bearer(token) => Credentials::Bearer(token.seen_from(folder)),
            Credentials::Basic { username, password } => {
                Credentials::Basic { username, password: password.seen_from(folder) }
            }
        };
    }

    pub(super) fn read(&self) -> Result<PrometheusSettings, ConfigError> {
        let (bearer_token, basic) = match &self.credentials {
            Credentials::Nobody => (None, None),
            Credentials::Bearer(token) => (Some(token.read("bearer_token_file")?), None),
            Credentials::Basic { username, password } => {
                (None, Some((username.clone(), password.read("password_file")?)))
            }
        };
        let authorities = self.ca_file.as_ref().map(|path| {
            let shown = text::printable(&path.display().to_string());
            read_limited(path).map_err(|source| ConfigError::File { what: "ca_file", path: shown, source })
        });
        Ok(PrometheusSettings {
            name: self.name.clone(),
            url: self.url.clone(),
            external_urls: self.external_urls.clone(),
            bearer_token,
            basic,
            authorities: authorities.transpose()?.map(String::into_bytes),
            timeout: self.timeout,
            retention: self.retention,
            headers: self.headers.clone().into_iter().collect(),
        })
    }
}

impl Configuration {
    /// The sources of the configuration, with what the files of their secrets and authorities say.
    ///
    /// # Errors
    /// Where one of these files cannot be read.
    pub fn prometheus_settings(&self) -> Result<Vec<PrometheusSettings>, ConfigError> {
        self.prometheus.iter().map(PrometheusTable::read).collect()
    }
}

/// Reads the tables; two sources have two names.
pub(super) fn tables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PrometheusTable>, D::Error> {
    let tables = Vec::<PrometheusTable>::deserialize(deserializer)?;
    for (index, table) in tables.iter().enumerate() {
        if tables[..index].iter().any(|other| other.name == table.name) {
            let name = text::shorten(&table.name, 60);
            return Err(de::Error::custom(format!("two sources have the name '{name}'")));
        }
    }
    Ok(tables)
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let name = text::required("name of a source", &name, text::NAME_LIMIT).map_err(de::Error::custom)?;
    if name == EVENTS_SOURCE {
        return Err(de::Error::custom("'events' is the database's own table: give the source another name"));
    }
    Ok(name.to_owned())
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    read_url(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

pub(super) fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let urls = Vec::<String>::deserialize(deserializer)?;
    urls.iter().map(|url| read_url(url)).collect::<Result<_, _>>().map_err(de::Error::custom)
}

/// An address without credentials. What is refused is not repeated: it may hold some.
fn read_url(written: &str) -> Result<String, String> {
    let url = Url::parse(written).map_err(|error| format!("that is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("an address begins with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address holds no credentials: say username and password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address ends with its path, without ? and #".to_owned());
    }
    Ok(url.into())
}

pub(super) fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let timeout = read_span(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
    if (Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(&timeout) {
        return Ok(Some(timeout));
    }
    Err(de::Error::custom("a timeout is from 1s to 2m"))
}

fn retention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let retention = read_span(&String::deserialize(deserializer)?).map_err(de::Error::custom)?;
    if retention.is_zero() {
        return Err(de::Error::custom("a retention is longer than nothing: leave it out where it is not known"));
    }
    Ok(Some(retention))
}

fn read_span(written: &str) -> Result<Duration, &'static str> {
    span::parse(written).ok_or("that is no span of time: write it like 10s, 15d or 1h 30m")
}

pub(super) fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Secret>, D::Error> {
    let headers = BTreeMap::<String, Secret>::deserialize(deserializer)?;
    for (name, value) in &headers {
        let shown = text::shorten(name, 60);
        let Ok(header) = HeaderName::try_from(name) else {
            return Err(de::Error::custom(format!("'{shown}' is no name of a header")));
        };
        if RESERVED_HEADERS.contains(&header.as_str()) {
            let instead = if header == "authorization" { ": say bearer_token, or username and password" } else { "" };
            return Err(de::Error::custom(format!("the header '{shown}' cannot be set{instead}")));
        }
        if HeaderValue::try_from(value.reveal()).is_err() {
            return Err(de::Error::custom(format!("the header '{shown}' has a value that no header can have")));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<PrometheusTable> {
        Configuration::parse(text, "config.toml").unwrap_or_else(|error| panic!("{error}")).prometheus
    }

    fn check_refused(lines: &str, line: usize, said: &str) {
        let text = format!("[[prometheus]]\nname = 'main'\nurl = 'http://prom:9090'\n{lines}");
        let refusal = Configuration::parse(&text, "config.toml").unwrap_err().to_string();
        assert!(refusal.contains(said) && refusal.contains(&format!("in line {line}:")), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }

    #[test]
    fn a_source_is_a_name_and_an_address() {
        let table = read("[[prometheus]]\nname = 'main'\nurl = 'http://prom:9090'\n").remove(0);
        let settings = table.read().unwrap();
        assert_eq!((settings.name.as_str(), settings.url.as_str()), ("main", "http://prom:9090/"));
        assert_eq!((settings.timeout, settings.retention), (Duration::from_secs(10), None));
        assert!(settings.bearer_token.is_none() && settings.basic.is_none() && settings.headers.is_empty());
    }

    #[test]
    fn all_that_may_be_said_of_a_source_is_read() {
        let text = "[[prometheus]]\nname = 'mimir'\nurl = 'https://mimir/prometheus'\n\
                    external_urls = ['https://prom.example', 'https://old.example/p']\ntimeout = '1m'\n\
                    retention = '15d'\nusername = 'ann'\npassword = 'hunter2'\nheaders = { X-Scope-OrgID = 'team' }\n";
        let table = read(text).remove(0);
        assert!(!format!("{table:?}").contains("hunter2"));
        let settings = table.read().unwrap();
        assert_eq!(settings.basic, Some(("ann".to_owned(), Secret::new("hunter2"))));
        assert_eq!(settings.external_urls, ["https://prom.example/", "https://old.example/p"]);
        assert_eq!((settings.timeout, settings.retention), (Duration::from_mins(1), Some(Duration::from_hours(360))));
        assert_eq!(settings.headers, [("X-Scope-OrgID".to_owned(), Secret::new("team"))]);
    }

    #[test]
    fn what_a_source_cannot_have_is_refused_with_its_line() {
        check_refused("bearer_tokn = 'hunter2'", 4, "unknown field `bearer_tokn`");
        check_refused("\ntimeout = '3m'", 5, "a timeout is from 1s to 2m");
        check_refused("timeout = '500ms'", 4, "no span of time");
        check_refused("retention = '0s'", 4, "longer than nothing");
        check_refused("headers = { Authorization = 'hunter2' }", 4, "cannot be set: say bearer_token");
        check_refused("headers = { 'a b' = 'hunter2' }", 4, "'a b' is no name of a header");
        check_refused("external_urls = ['http://ann:hunter2@prom']", 4, "holds no credentials");
        check_refused("bearer_token = 12345", 4, "a secret is a text in quotes");
        check_refused("bearer_token = 'hunter2'\nbearer_token_file = 'x'", 1, "leave one of them out");
        check_refused("username = 'ann'", 1, "wants a password");
        check_refused("password = 'hunter2'", 1, "wants a username");
        check_refused("bearer_token = 'x'\nusername = 'ann'\npassword = 'hunter2'", 1, "two answers");
        check_refused("[[prometheus]]\nname = 'main'\nurl = 'http://x'", 1, "two sources have the name 'main'");
        check_refused("[[prometheus]]\nname = 'events'\nurl = 'http://x'", 5, "the database's own table");
        check_refused("[[prometheus]]\nname = 'b'\nurl = 'prom:9090'", 6, "begins with http://");
        check_refused("[[prometheus]]\nname = 'b'", 4, "missing field `url`");
    }

    #[test]
    fn files_are_seen_from_the_folder_of_the_configuration_and_named_where_they_are_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[[prometheus]]\nname = 'a'\nurl = 'http://a'\nbearer_token_file = 'token'\nca_file = 'ca.pem'\n";
        let configuration = Configuration::parse(text, "x").unwrap().seen_from(Some(folder.path()));
        let refusal = configuration.prometheus_settings().unwrap_err().to_string();
        assert!(refusal.contains("the bearer_token_file") && refusal.contains("/token cannot be read"), "{refusal}");
        std::fs::write(folder.path().join("token"), "t0ken\n").unwrap();
        let refusal = configuration.prometheus_settings().unwrap_err().to_string();
        assert!(refusal.contains("the ca_file") && refusal.contains("/ca.pem cannot be read"), "{refusal}");
        std::fs::write(folder.path().join("ca.pem"), "pem").unwrap();
        let settings = configuration.prometheus_settings().unwrap().remove(0);
        assert_eq!(settings.bearer_token, Some(Secret::new("t0ken")));
        assert_eq!(settings.authorities.as_deref(), Some(b"pem".as_slice()));
    }
}
