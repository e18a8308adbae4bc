//! Who may ask: whoever has the token. Without one only programs on this host, and no web page that runs in a browser here.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::ApiError;

/// A token that requests must carry. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// The token that is written so.
    #[must_use]
    pub fn new(written: &str) -> Self {
        Self(Sha256::digest(written).into())
    }

    /// Whether this is it. How long that takes says nothing of how much of it was right.
    fn is(&self, given: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        self.0.ct_eq(&given).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// Who may ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// What every request must carry, where anything.
    pub token: Option<Token>,
    /// How others reach this: `https://afterimage.example.com`.
    pub public_url: Option<String>,
}

impl Policy {
    /// Whether one may listen there.
    pub(super) fn allows(&self, address: SocketAddr) -> bool {
        self.token.is_some() || address.ip().is_loopback()
    }

    /// Lets a request through, or says why not.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        match &self.token {
            Some(token) => check_token(token, headers),
            None => self.check_local(headers),
        }
    }

    /// A web page may make a browser on this host send requests here, under a name of its own that leads to this host.
    fn check_local(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let refused = |what: &str| {
            let message = format!("{what}: without a token only programs on this host may ask, and no web page");
            Err(ApiError::new(StatusCode::FORBIDDEN, message))
        };
        if headers.contains_key(ORIGIN) {
            return refused("the request comes from a web page");
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let public = self.public_url.as_deref().and_then(|url| url.split("://").nth(1)?.split('/').next());
        if is_local(host) || public.is_some_and(|public| public.eq_ignore_ascii_case(host)) {
            return Ok(());
        }
        refused("the request asks for another host")
    }
}

/// Whether a host's name is an address, or the name that every host has for itself.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.is_empty() || name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

fn check_token(token: &Token, headers: &HeaderMap) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::new(StatusCode::UNAUTHORIZED, message));
    let Some(given) = headers.get(AUTHORIZATION) else {
        return refused("a token is needed: send it as 'Authorization: Bearer TOKEN'");
    };
    let given = given.to_str().unwrap_or_default();
    let bearer = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer {
        Some((_, given)) if token.is(given.trim()) => Ok(()),
        Some(_) => refused("this is not the token"),
        None => refused("the token is sent in another way: send it as 'Authorization: Bearer TOKEN'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        given.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_token_itself_opens() {
        let policy = Policy { token: Some(Token::new("correct-horse")), public_url: None };
        let opens = |value| policy.check(&headers(&[("authorization", value)])).is_ok();
        assert!(opens("Bearer correct-horse") && opens("bearer  correct-horse"));
        for wrong in [
            "Bearer correct-hors",
            "Bearer correct-horsee",
            "Bearer",
            "Bearer ",
            "Basic correct-horse",
            "correct-horse",
        ] {
            assert!(!opens(wrong), "{wrong}");
        }
        assert!(policy.check(&HeaderMap::new()).is_err());
        assert_eq!(format!("{:?}", policy.token), "Some(Token(..))");
    }

    #[test]
    fn without_a_token_no_web_page_may_ask() {
        let policy = Policy { token: None, public_url: Some("https://ops.example.com".into()) };
        let opens = |given: &[_]| policy.check(&headers(given)).is_ok();
        for host in ["127.0.0.1:9470", "localhost", "LOCALHOST:1", "[::1]:9470", "ops.example.com"] {
            assert!(opens(&[("host", host)]), "{host}");
        }
        assert!(!opens(&[("host", "rebound.example.net:9470")]));
        assert!(!opens(&[("host", "127.0.0.1:9470"), ("origin", "http://evil.example.net")]));
    }

    #[test]
    fn another_address_than_a_loopback_one_needs_a_token() {
        let open = Policy::default();
        let closed = Policy { token: Some(Token::new("correct-horse")), public_url: None };
        for (address, local) in [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("[::]:0", false),
            ("10.0.0.1:0", false),
            ("[::ffff:127.0.0.1]:0", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!((open.allows(address), closed.allows(address)), (local, true), "{address}");
        }
    }
}
