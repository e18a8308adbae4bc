//! One attempt to deliver: a POST, and what its answer means. No error tells more of an address than its host: that of a
//! chat tool is its own secret.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Certificate, Client, StatusCode, Url, redirect};

use super::{OutboxError, OutboxTarget};
use crate::domain::{Timestamp, span, text};

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Delivered,
    /// Nobody needs to be told any more, or the receiver never wants it.
    Dropped(&'static str),
    /// It is to be tried again.
    Failed(String),
    /// It could not even be written, because the database is not there: that counts against nobody.
    Untried,
}

/// Characters of an error.
const ERROR_LIMIT: usize = 200;

/// A client for one target: it follows no redirect, and does not wait for ever.
pub(super) fn client(target: &OutboxTarget) -> Result<Client, OutboxError> {
    // Another part of the program may have done it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let refuse = |problem: String| OutboxError { name: target.name.clone(), problem };
    let mut builder = Client::builder().redirect(redirect::Policy::none()).timeout(target.timeout);
    if target.url.scheme() == "http" {
        // It needs no certificates, and must not fail where the system has none.
        builder = builder.tls_certs_only([]);
    }
    if is_loopback(&target.url) {
        builder = builder.no_proxy();
    }
    if let Some(pem) = &target.ca {
        let certificates = Certificate::from_pem_bundle(pem).unwrap_or_default();
        if certificates.is_empty() {
            return Err(refuse("its ca_file holds no certificate in PEM form".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| refuse(reason(&error.without_url())))
}

/// What may be said of an address.
pub(super) fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    text::printable(&format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default()))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Sends a body under an id, signed where there is a key.
pub(super) async fn post(
    client: &Client,
    target: &OutboxTarget,
    message_id: &str,
    now: Timestamp,
    body: String,
) -> Outcome {
    let seconds = now.as_seconds();
    let mut request = client
        .post(target.url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("afterimage/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", message_id)
        .header("webhook-timestamp", seconds);
    if let Some(key) = &target.key {
        request = request.header("webhook-signature", key.sign(message_id, seconds, &body));
    }
    match request.body(body).send().await {
        // The answer's body is left unread: it may repeat the address.
        Ok(response) => judge(response.status()),
        Err(error) => Outcome::Failed(failure(error, target.timeout)),
    }
}

fn judge(status: StatusCode) -> Outcome {
    if status.is_success() {
        Outcome::Delivered
    } else if status == StatusCode::GONE {
        Outcome::Dropped("the receiver answered 410 Gone")
    } else {
        Outcome::Failed(format!("the receiver answered {status}"))
    }
}

fn failure(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {}", span::format(timeout));
    }
    let what = if error.is_connect() { "no connection" } else { "no answer" };
    format!("{what}: {}", reason(&error.without_url()))
}

/// What lies at the bottom of an error, which is what people can do something about.
fn reason(error: &reqwest::Error) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    text::shorten(&deepest.to_string(), ERROR_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_delivered_and_only_gone_is_given_up() {
        let judged = |status| judge(StatusCode::from_u16(status).unwrap());
        assert_eq!([200, 202, 204].map(judged), [Outcome::Delivered, Outcome::Delivered, Outcome::Delivered]);
        assert!(matches!(judged(410), Outcome::Dropped(_)));
        for status in [301, 302, 400, 401, 404, 429, 500, 503] {
            assert!(matches!(judged(status), Outcome::Failed(said) if said.contains(&status.to_string())));
        }
    }

    #[test]
    fn an_address_is_named_by_its_host_alone() {
        let named = |url: &str| place(&Url::parse(url).unwrap());
        assert_eq!(named("https://ops:hunter2@hooks.example.com/services/T0/B0/x?y=z#q"), "https://hooks.example.com");
        assert_eq!(named("http://[::1]:9000/x"), "http://[::1]:9000");
    }

    #[test]
    fn loopback_is_never_asked_through_a_proxy() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        assert!(loopback("http://127.0.0.1:1/") && loopback("http://[::1]/") && loopback("http://localhost/"));
        assert!(!loopback("http://10.0.0.1/") && !loopback("http://localhost.example.com/"));
    }
}
