//! The tables `[[alertmanager]]`: who is asked which alerts there still are, for those of which no end was told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::sources::{self, PrometheusSettings, PrometheusTable};
use super::{ConfigError, Configuration};
use crate::domain::{Secret, span, text};

const DEFAULT_INTERVAL: Duration = Duration::from_mins(1);
const LONGEST_INTERVAL: Duration = Duration::from_hours(1);
/// The source of alerts that a webhook means where it says nothing.
const DEFAULT_NAME: &str = "alertmanager";

/// One table: Alertmanagers that tell the same, as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct AlertmanagerTable {
    name: String,
    poll_interval: Duration,
    prometheus: Option<String>,
    members: Vec<PrometheusTable>,
}

/// Alertmanagers that tell the same, with all that their files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerSettings {
    /// The name of the source of alerts.
    pub name: String,
    /// How often they are asked.
    pub poll_interval: Duration,
    /// The source that evaluates the alerts; `None` where there is no telling which.
    pub prometheus: Option<String>,
    /// How each of them is reached.
    pub members: Vec<PrometheusSettings>,
}

/// The keys of a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, deserialize_with = "name")]
    name: Option<String>,
    #[serde(deserialize_with = "urls")]
    urls: Vec<String>,
    #[serde(default, deserialize_with = "poll_interval")]
    poll_interval: Option<Duration>,
    prometheus: Option<String>,
    bearer_token: Option<Secret>,
    bearer_token_file: Option<PathBuf>,
    username: Option<String>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "sources::timeout")]
    timeout: Option<Duration>,
    #[serde(default, deserialize_with = "sources::headers")]
    headers: std::collections::BTreeMap<String, Secret>,
}

impl TryFrom<Table> for AlertmanagerTable {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let name = table.name.clone().unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let member = |url: &String| {
            PrometheusTable::try_from(sources::Table {
                name: name.clone(),
                url: url.clone(),
                external_urls: Vec::new(),
                bearer_token: table.bearer_token.clone(),
                bearer_token_file: table.bearer_token_file.clone(),
                username: table.username.clone(),
                password: table.password.clone(),
                password_file: table.password_file.clone(),
                ca_file: table.ca_file.clone(),
                timeout: table.timeout,
                retention: None,
                headers: table.headers.clone(),
            })
        };
        Ok(Self {
            members: table.urls.iter().map(member).collect::<Result<_, _>>()?,
            poll_interval: table.poll_interval.unwrap_or(DEFAULT_INTERVAL),
            prometheus: table.prometheus,
            name,
        })
    }
}

impl AlertmanagerTable {
    pub(super) fn seen_from(&mut self, folder: &Path) {
        self.members.iter_mut().for_each(|member| member.seen_from(folder));
    }
}

impl Configuration {
    /// The Alertmanagers of the configuration, with what the files of their secrets and authorities say.
    ///
    /// # Errors
    /// Where one of these files cannot be read.
    pub fn alertmanager_settings(&self) -> Result<Vec<AlertmanagerSettings>, ConfigError> {
        let only = match self.prometheus.as_slice() {
            [only] => Some(only.name().to_owned()),
            _ => None,
        };
        let settings = |table: &AlertmanagerTable| {
            Ok(AlertmanagerSettings {
                name: table.name.clone(),
                poll_interval: table.poll_interval,
                prometheus: table.prometheus.clone().or_else(|| only.clone()),
                members: table.members.iter().map(PrometheusTable::read).collect::<Result<_, _>>()?,
            })
        };
        self.alertmanagers.iter().map(settings).collect()
    }

    /// Names that one part of the configuration uses of another.
    pub(super) fn check_alertmanagers(&self) -> Result<(), String> {
        for (index, table) in self.alertmanagers.iter().enumerate() {
            let name = text::shorten(&table.name, 60);
            if self.alertmanagers[..index].iter().any(|other| other.name == table.name) {
                return Err(format!("two alertmanagers have the name '{name}': a pair is one, with two urls"));
            }
            let known = |wanted: &String| self.prometheus.iter().any(|source| source.name() == wanted);
            if let Some(wanted) = table.prometheus.as_ref().filter(|wanted| !known(wanted)) {
                let wanted = text::shorten(wanted, 60);
                return Err(format!("alertmanager '{name}' wants prometheus '{wanted}', and there is no such source"));
            }
        }
        Ok(())
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let written = String::deserialize(deserializer)?;
    let name = text::required("name of an alertmanager", &written, text::NAME_LIMIT).map_err(de::Error::custom)?;
    Ok(Some(name.to_owned()))
}

fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let urls = sources::urls(deserializer)?;
    if urls.is_empty() { Err(de::Error::custom("an alertmanager has at least one address")) } else { Ok(urls) }
}

fn poll_interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let written = String::deserialize(deserializer)?;
    let interval = span::parse(&written).filter(|span| (Duration::from_secs(1)..=LONGEST_INTERVAL).contains(span));
    interval.map(Some).ok_or_else(|| de::Error::custom("a poll_interval is from 1s to 1h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "[[prometheus]]\nname = 'main'\nurl = 'http://prom:9090'\n";

    fn read(text: &str) -> Result<Configuration, String> {
        Configuration::parse(text, "config.toml").map_err(|error| error.to_string())
    }

    #[test]
    fn a_pair_is_one_with_two_addresses_and_is_confirmed_by_the_only_source() {
        let text = format!("{MAIN}[[alertmanager]]\nurls = ['http://a:9093', 'http://b:9093']\n");
        let settings = read(&text).unwrap().alertmanager_settings().unwrap().remove(0);
        assert_eq!((settings.name.as_str(), settings.prometheus.as_deref()), ("alertmanager", Some("main")));
        assert_eq!(settings.members.len(), 2);
        assert_eq!(settings.poll_interval, Duration::from_mins(1));
        let two = format!("{text}[[prometheus]]\nname = 'other'\nurl = 'http://other'\n");
        assert_eq!(read(&two).unwrap().alertmanager_settings().unwrap()[0].prometheus, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let check = |lines: &str, said: &str| {
            let refusal = read(&format!("{MAIN}[[alertmanager]]\n{lines}\n")).unwrap_err();
            assert!(refusal.contains(said), "{refusal}");
        };
        check("urls = []", "at least one address");
        check("urls = ['http://a']\npoll_interval = '2h'", "from 1s to 1h");
        check("urls = ['http://a']\nprometheus = 'other'", "no such source");
        check("urls = ['http://a']\n[[alertmanager]]\nurls = ['http://b']", "a pair is one");
        check("urls = ['http://a']\nusername = 'ann'", "wants a password");
    }
}
