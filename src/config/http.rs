//! `[http]`: where the daemon listens, who may ask, and how much may be sent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{ConfigError, read_limited};
use crate::domain::{Secret, text};

/// Bytes of a request's body where nothing is said.
pub const DEFAULT_MAX_BODY: usize = 4_000_000;
const SMALLEST_MAX_BODY: i64 = 1_000;
const LARGEST_MAX_BODY: i64 = 64_000_000;
/// Characters of a token: one that is shorter can be guessed, one that is longer fits into no header.
const SHORTEST_TOKEN: usize = 8;
const LONGEST_TOKEN: usize = 1_000;

/// What the configuration says of the HTTP interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where a daemon listens; nowhere where nothing is said.
    #[serde(default, deserialize_with = "listen")]
    pub listen: Option<SocketAddr>,
    /// What every request must carry.
    #[serde(default)]
    token: Option<Secret>,
    /// The file that holds it instead.
    token_file: Option<PathBuf>,
    /// Bytes of a request's body, at the most.
    #[serde(default, deserialize_with = "max_body")]
    pub max_body: Option<usize>,
    /// How others reach this, for links: `https://afterimage.example.com`.
    #[serde(default, deserialize_with = "public_url")]
    pub public_url: Option<String>,
}

impl Http {
    /// The token that every request must carry, if there is to be one.
    ///
    /// # Errors
    /// Where its file cannot be read, it is no token, or it is given twice.
    pub fn token(&self) -> Result<Option<Secret>, ConfigError> {
        let token = match (&self.token, &self.token_file) {
            (None, None) => return Ok(None),
            (Some(token), None) => token.clone(),
            (None, Some(path)) => read_token(path)?,
            (Some(_), Some(_)) => {
                return Err(ConfigError::Http("[http] has a token and a token_file: one of them must go".into()));
            }
        };
        let written = token.reveal();
        if !(SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&written.len()) || !written.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(ConfigError::Http(format!(
                "the token of [http] must have {SHORTEST_TOKEN} to {LONGEST_TOKEN} letters, digits or signs, and no \
                 white space: 'openssl rand -hex 32' makes one"
            )));
        }
        Ok(Some(token))
    }

    /// A path of a configuration is seen from the folder that it is in.
    pub(super) fn seen_from(self, folder: &Path) -> Self {
        Self { token_file: self.token_file.map(|path| folder.join(path)), ..self }
    }
}

fn read_token(path: &Path) -> Result<Secret, ConfigError> {
    let shown = || text::printable(&path.display().to_string());
    let read = read_limited(path).map_err(|source| ConfigError::File { what: "token file", path: shown(), source })?;
    Ok(Secret::new(read.trim()))
}

/// Reads where to listen: an address and a port. Port 0 takes one that is free.
///
/// # Errors
/// Where it is anything else.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "it is an address and a port: write it like 127.0.0.1:9470 or [::1]:9470".to_owned())
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_listen(&text).map(Some).map_err(Error::custom)
}

fn max_body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let bytes = i64::deserialize(deserializer)?;
    let fitting = (SMALLEST_MAX_BODY..=LARGEST_MAX_BODY).contains(&bytes).then(|| usize::try_from(bytes).ok());
    let problem = || format!("max_body is a number of bytes from {SMALLEST_MAX_BODY} to {LARGEST_MAX_BODY}");
    fitting.flatten().map(Some).ok_or_else(|| Error::custom(problem()))
}

fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = address.map(|address| address.split('/').next().unwrap_or_default()).unwrap_or_default();
    // A name in it could be a password, and it is shown to everybody.
    if host.is_empty() || host.contains('@') || !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains(['?', '#'])
    {
        return Err(Error::custom(
            "public_url is a URL without a name or a query, like https://afterimage.example.com",
        ));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Http, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let text = "listen = '127.0.0.1:9470'\ntoken = 'correct-horse'\nmax_body = 1_000_000\n\
                    public_url = 'https://ops.example.com/afterimage/'\n";
        let http = read(text).unwrap();
        assert_eq!(http.listen, Some("127.0.0.1:9470".parse().unwrap()));
        assert_eq!(http.token().unwrap().unwrap().reveal(), "correct-horse");
        assert_eq!(
            (http.max_body, http.public_url.as_deref()),
            (Some(1_000_000), Some("https://ops.example.com/afterimage"))
        );
        assert_eq!(read("").unwrap().token().unwrap(), None);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        for (text, said) in [
            ("listen = '9470'", "write it like 127.0.0.1:9470"),
            ("listen = 'localhost'", "write it like 127.0.0.1:9470"),
            ("max_body = 10", "from 1000 to 64000000"),
            ("public_url = 'ops.example.com'", "like https://"),
            ("public_url = 'https://ann:hunter2@ops.example.com'", "without a name"),
            ("lisen = 'x'", "lisen"),
        ] {
            let refusal = read(text).unwrap_err().message().to_owned();
            assert!(refusal.contains(said) && !refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn a_token_that_is_none_is_refused_and_never_repeated() {
        for text in
            ["token = 'short'", "token = 'with a space'", "token = ''", "token = 'twice-given'\ntoken_file = 'x'"]
        {
            let refusal = read(text).unwrap().token().unwrap_err().to_string();
            assert!(
                !refusal.contains("short") && !refusal.contains("with a") && !refusal.contains("twice"),
                "{refusal}"
            );
        }
        let refusal = read("token = 123456789").unwrap_err().message().to_owned();
        assert!(refusal.contains("in quotes") && !refusal.contains("123"), "{refusal}");
    }
}
