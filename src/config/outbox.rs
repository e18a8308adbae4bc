//! `[[webhook]]`: who is told when a snapshot is captured, a row dies, or an incident is closed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Deserializer, de};

use super::{ConfigError, Secret, read_limited};
use crate::domain::{MessageFormat, MessageKind, span, text};

/// How long an attempt may take where nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// At the most: a message belongs for a minute to the process that has taken it.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

/// An address that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Webhook {
    /// By which it is known in the database.
    pub name: String,
    /// Where messages are sent. That of a chat tool is its own secret.
    pub url: Secret,
    /// What they are signed with.
    secret: Option<Secret>,
    /// The file that holds it instead.
    secret_file: Option<PathBuf>,
    /// Which messages are wanted.
    pub events: Vec<MessageKind>,
    /// In which form.
    pub format: MessageFormat,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// Certificates that are trusted beside those of the system.
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(deserialize_with = "name")]
    name: String,
    #[serde(deserialize_with = "url")]
    url: Secret,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    #[serde(default = "all_events", deserialize_with = "events")]
    events: Vec<MessageKind>,
    #[serde(default = "usual_format", deserialize_with = "format")]
    format: MessageFormat,
    #[serde(default = "usual_timeout", deserialize_with = "timeout")]
    timeout: Duration,
    ca_file: Option<PathBuf>,
}

impl TryFrom<Table> for Webhook {
    type Error = &'static str;

    fn try_from(table: Table) -> Result<Self, &'static str> {
        let Table { name, url, secret, secret_file, events, format, timeout, ca_file } = table;
        if secret.is_some() && secret_file.is_some() {
            return Err("a webhook has a secret or a secret_file, not both");
        }
        Ok(Self { name, url, secret, secret_file, events, format, timeout, ca_file })
    }
}

impl Webhook {
    /// What messages are signed with, wherever it is kept; `None` where they are not.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn secret(&self) -> Result<Option<Secret>, ConfigError> {
        let Some(path) = &self.secret_file else { return Ok(self.secret.clone()) };
        let text = read("secret_file", path)?;
        Ok(Some(Secret::new(text.trim().to_owned())))
    }

    /// The certificates that are trusted beside those of the system, in PEM form.
    ///
    /// # Errors
    /// Where their file cannot be read.
    pub fn certificates(&self) -> Result<Option<String>, ConfigError> {
        self.ca_file.as_deref().map(|path| read("ca_file", path)).transpose()
    }

    /// Paths of a configuration are seen from the folder that it is in.
    pub(super) fn seen_from(&mut self, folder: &Path) {
        for path in [&mut self.secret_file, &mut self.ca_file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }
}

fn read(what: &'static str, path: &Path) -> Result<String, ConfigError> {
    read_limited(path).map_err(|source| {
        let path = text::printable(&path.display().to_string());
        ConfigError::File { what, path, source }
    })
}

/// Reads all of them. Two of one name would share their messages.
pub(super) fn webhooks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Webhook>, D::Error> {
    let webhooks = Vec::<Webhook>::deserialize(deserializer)?;
    let twice =
        webhooks.iter().enumerate().find(|(at, one)| webhooks[..*at].iter().any(|other| other.name == one.name));
    match twice {
        Some((_, twice)) => Err(de::Error::custom(format!("two webhooks have the name '{}'", twice.name))),
        None => Ok(webhooks),
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let written = String::deserialize(deserializer)?;
    let checked = text::required("name of the webhook", &written, text::NAME_LIMIT).map_err(de::Error::custom)?;
    Ok(checked.to_owned())
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let written = Secret::deserialize(deserializer)?;
    let wrong = || de::Error::custom("the url of a webhook begins with http:// or https:// and names a host");
    let url = Url::parse(written.reveal()).map_err(|_| wrong())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(written) } else { Err(wrong()) }
}

fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<MessageKind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let events: Result<Vec<MessageKind>, _> = names.iter().map(|name| name.parse()).collect();
    let mut events = events.map_err(de::Error::custom)?;
    if events.is_empty() {
        return Err(de::Error::custom("a webhook wants at least one event: leave the line out for all of them"));
    }
    events.sort_unstable();
    events.dedup();
    Ok(events)
}

fn format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MessageFormat, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let written = String::deserialize(deserializer)?;
    let timeout = span::parse(&written).filter(|span| (Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(span));
    timeout.ok_or_else(|| de::Error::custom("the timeout of a webhook is from 1s to 30s"))
}

fn all_events() -> Vec<MessageKind> {
    MessageKind::ALL.to_vec()
}

fn usual_format() -> MessageFormat {
    MessageFormat::Json
}

fn usual_timeout() -> Duration {
    DEFAULT_TIMEOUT
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;
    use super::*;

    const CHAT: &str = "https://hooks.example.com/services/T0/B0/hunter2";

    fn parse(text: &str) -> Result<Vec<Webhook>, String> {
        let read = Configuration::parse(text, "config.toml").map_err(|error| error.to_string())?;
        Ok(read.webhooks)
    }

    fn refusal(lines: &str) -> String {
        parse(&format!("[[webhook]]\nname = 'chat'\nurl = '{CHAT}'\n{lines}\n")).unwrap_err()
    }

    #[test]
    fn a_webhook_needs_a_name_and_a_url_and_wants_everything() {
        let read = parse(&format!("[[webhook]]\nname = 'chat'\nurl = '{CHAT}'\n")).unwrap();
        assert_eq!((read[0].name.as_str(), read[0].url.reveal()), ("chat", CHAT));
        assert_eq!((read[0].events.as_slice(), read[0].format), (MessageKind::ALL, MessageFormat::Json));
        assert_eq!((read[0].timeout, read[0].secret().unwrap()), (DEFAULT_TIMEOUT, None));
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_webhook_may_say_more() {
        let text = format!(
            "[[webhook]]\nname = 'a'\nurl = '{CHAT}'\nsecret = 'whsec_aGk='\nevents = ['pending.dead']\n\
             format = 'slack'\ntimeout = '3s'\n[[webhook]]\nname = 'b'\nurl = 'http://b/'\n"
        );
        let read = parse(&text).unwrap();
        assert_eq!(
            (read[0].events.as_slice(), read[0].format),
            (&[MessageKind::PendingDead][..], MessageFormat::Slack)
        );
        assert_eq!(read[0].timeout, Duration::from_secs(3));
        assert_eq!(read[0].secret().unwrap().unwrap().reveal(), "whsec_aGk=");
        assert_eq!(read[1].name, "b");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_line() {
        for (lines, line, said) in [
            ("evnts = []", "line 4", "evnts"),
            ("events = []", "line 4", "at least one"),
            ("events = ['snapshot.captred']", "line 4", "snapshot.captured"),
            ("format = 'xml'", "line 4", "json, slack"),
            ("timeout = '5m'", "line 4", "from 1s to 30s"),
            ("secret = 5", "line 4", "a secret is a text"),
            ("secret = 'a'\nsecret_file = 'b'", "line 1", "not both"),
            ("[[webhook]]\nname = 'chat'\nurl = 'http://b/'", "line", "two webhooks have the name 'chat'"),
        ] {
            let refusal = refusal(lines);
            assert!(refusal.contains(line) && refusal.contains(said), "{lines}: {refusal}");
        }
        for url in ["", "hooks", "ftp://hunter2/x", "http://", "/x", "file:///x"] {
            let refusal = parse(&format!("[[webhook]]\nname = 'a'\nurl = '{url}'\n")).unwrap_err();
            assert!(refusal.contains("line 3") && refusal.contains("http://"), "{url}: {refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        assert!(parse("[[webhook]]\nurl = 'http://b/'\n").unwrap_err().contains("name"));
    }

    #[test]
    fn the_examples_can_be_read() {
        let example = include_str!("../../assets/config.example.toml");
        let examples = example.split("\n\n").filter_map(|part| Some(&part[part.find("# [[webhook]]")?..]));
        let lines: Vec<&str> = examples.flat_map(str::lines).map(|line| line.trim_start_matches("# ")).collect();
        let read = parse(&lines.join("\n")).unwrap();
        assert_eq!((read[0].format, read[1].format), (MessageFormat::Slack, MessageFormat::Json));
        assert_eq!(read[0].events, [MessageKind::SnapshotCaptured, MessageKind::PendingDead]);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let read = parse(&format!("[[webhook]]\nname = 'a'\nurl = '{CHAT}'\nsecret = 'correct-horse'\n")).unwrap();
        let shown = format!("{read:?}");
        assert!(shown.contains("\"a\"") && !shown.contains("hunter2") && !shown.contains("horse"), "{shown}");
        assert!(!refusal("secret = 31337").contains("31337"));
    }

    #[test]
    fn a_secret_may_lie_in_a_file_beside_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "correct-horse\n").unwrap();
        std::fs::write(
            folder.path().join("config.toml"),
            format!("[[webhook]]\nname = 'a'\nurl = '{CHAT}'\nsecret_file = 'key'\n"),
        )
        .unwrap();
        let read = Configuration::load(Some(&folder.path().join("config.toml"))).unwrap();
        assert_eq!(read.webhooks[0].secret().unwrap().unwrap().reveal(), "correct-horse");
        std::fs::remove_file(folder.path().join("key")).unwrap();
        let error = read.webhooks[0].secret().unwrap_err();
        assert!(error.to_string().contains("secret_file") && error.exit_status() == 3, "{error}");
    }
}
