//! The way to one Prometheus: what is sent, how long it may take, how much may come back. Knows nothing of incidents.

use std::error::Error;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use tokio::sync::Semaphore;

use super::answer::{self, Fault, Sampled};
use super::options::{Authentication, PrometheusOptions};
use super::plan::Steps;
use crate::domain::{Timestamp, span, text};

/// Bytes of one answer, at the most: 200 points of some thousand series.
const ANSWER_LIMIT: usize = 16_000_000;
/// Questions that a source is asked at the same time, at the most.
const AT_ONCE: usize = 8;
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// One Prometheus, or what speaks its API.
pub(in crate::source) struct HttpClient {
    url: Url,
    client: Client,
    authentication: Authentication,
    timeout: Duration,
    /// It has refused a POST: what stands before it lets only reads through.
    gets_only: AtomicBool,
    permits: Semaphore,
}

/// TLS needs somebody who does its arithmetic, once in the process; without one, building a client panics.
fn install_cryptography() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Somebody else's choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

impl HttpClient {
    pub(in crate::source) fn new(options: &PrometheusOptions) -> Result<Self, String> {
        install_cryptography();
        let mut url =
            Url::parse(&options.url).map_err(|error| format!("'{}': {error}", text::printable(&options.url)))?;
        if url.cannot_be_a_base() || !matches!(url.scheme(), "http" | "https") {
            return Err("its address does not begin with http:// or https://".to_owned());
        }
        // Credentials belong into settings of their own, from where they reach no message.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_query(None);
        url.set_fragment(None);
        let builder = Client::builder()
            .user_agent(concat!("afterimage/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(options)?)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(LONGEST_CONNECT));
        let builder = match &options.authorities {
            Some(pem) => builder.tls_certs_only(certificates(pem)?),
            // It needs none; and a host without any, as a container may be, has none to give.
            None if url.scheme() == "http" => builder.tls_certs_only([]),
            None => builder,
        };
        Ok(Self {
            client: builder.build().map_err(|error| root(&error))?,
            url,
            authentication: options.authentication.clone(),
            timeout: options.timeout,
            gets_only: AtomicBool::new(false),
            permits: Semaphore::new(AT_ONCE),
        })
    }

    /// Where it is, without credentials.
    pub(in crate::source) fn url(&self) -> &Url {
        &self.url
    }

    /// Evaluates at one instant; `None` for the server's own now.
    pub(super) async fn query(&self, expression: &str, at: Option<Timestamp>) -> Result<Vec<Sampled>, Fault> {
        let time = at.map(seconds);
        let mut form = vec![("query", expression), ("partial_response", "false")];
        form.extend(time.as_deref().map(|time| ("time", time)));
        let (status, body) = self.post("api/v1/query", &form).await?;
        answer::read_samples(status, &body)
    }

    /// Evaluates at each of the steps.
    pub(super) async fn query_range(&self, expression: &str, steps: Steps) -> Result<Vec<Sampled>, Fault> {
        let (start, end) = (seconds(steps.first), seconds(steps.last));
        let step = steps.step.as_secs_f64().to_string();
        // Thanos answers with a part where it does not have all, and a part would be kept for good.
        let form =
            [("query", expression), ("start", &start), ("end", &end), ("step", &step), ("partial_response", "false")];
        let (status, body) = self.post("api/v1/query_range", &form).await?;
        answer::read_samples(status, &body)
    }

    /// How long it says that it keeps what it has; empty where it does not say.
    pub(super) async fn retention(&self) -> Result<String, Fault> {
        let (status, body) = self.send(self.request(Method::GET, self.address("api/v1/status/runtimeinfo"))).await?;
        answer::read_retention(status.as_u16(), &body)
    }

    /// Asks for what is at a path below its address.
    pub(in crate::source) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<(u16, Vec<u8>), Fault> {
        let mut address = self.address(path);
        address.query_pairs_mut().extend_pairs(query);
        let (status, body) = self.send(self.request(Method::GET, address)).await?;
        Ok((status.as_u16(), body))
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<(u16, Vec<u8>), Fault> {
        let mut query = self.address(path);
        query.query_pairs_mut().extend_pairs(form);
        if !self.gets_only.load(Ordering::Relaxed) {
            let encoded = query.query().unwrap_or_default().to_owned();
            let request = self.request(Method::POST, self.address(path)).body(encoded);
            let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let (status, body) = self.send(request).await?;
            if status != StatusCode::METHOD_NOT_ALLOWED {
                return Ok((status.as_u16(), body));
            }
            self.gets_only.store(true, Ordering::Relaxed);
        }
        let (status, body) = self.send(self.request(Method::GET, query)).await?;
        Ok((status.as_u16(), body))
    }

    /// What of its API is where, below the path that its own address has.
    fn address(&self, path: &str) -> Url {
        let mut address = self.url.clone();
        address.set_path(&format!("{}/{path}", self.url.path().trim_end_matches('/')));
        address
    }

    fn request(&self, method: Method, address: Url) -> RequestBuilder {
        let request = self.client.request(method, address);
        match &self.authentication {
            Authentication::Nobody => request,
            Authentication::Bearer(token) => request.bearer_auth(token.reveal()),
            Authentication::Basic { username, password } => request.basic_auth(username, Some(password.reveal())),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Fault> {
        let _permit = self.permits.acquire().await.map_err(|_| Fault::Unreachable("it is shut down".to_owned()))?;
        let mut response = request.send().await.map_err(|error| self.fault(&error))?;
        if response.status().is_redirection() {
            return Err(Fault::Unreachable(redirected(&response)));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(&error))? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                let limit = ANSWER_LIMIT / 1_000_000;
                return Err(Fault::Refused(format!(
                    "its answer has more than {limit} MB, which is the limit: let the expression give fewer series"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    }

    fn fault(&self, error: &reqwest::Error) -> Fault {
        let reason = match error {
            error if error.is_timeout() && error.is_connect() => "no connection in time".to_owned(),
            error if error.is_timeout() => format!("no answer within {}", span::format(self.timeout)),
            error if error.is_connect() => format!("no connection: {}", root(error)),
            error => root(error),
        };
        Fault::Unreachable(text::shorten(&reason, 200))
    }
}

/// It is not followed: a POST would arrive elsewhere as a GET without its question, and credentials with it.
fn redirected(response: &Response) -> String {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = target.map_or_else(|| "elsewhere".to_owned(), |target| text::shorten(target, 120));
    format!("it redirects to {target}: let its address say where it is")
}

fn headers(options: &PrometheusOptions) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &options.headers {
        let shown = text::shorten(name, 60);
        let name = HeaderName::try_from(name).map_err(|_| format!("'{shown}' is no name of a header"))?;
        let mut value = HeaderValue::try_from(value.reveal())
            .map_err(|_| format!("the header '{shown}' has a value that no header can have"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, String> {
    let read =
        Certificate::from_pem_bundle(pem).map_err(|error| format!("its authority cannot be read: {}", root(&error)))?;
    if read.is_empty() {
        return Err("its authority holds no certificate in PEM".to_owned());
    }
    Ok(read)
}

/// Seconds with the microseconds that an instant has.
fn seconds(instant: Timestamp) -> String {
    let micros = instant.as_micros();
    let (whole, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:06}") }
}

/// What was wrong in the end: what stands before it names the address, or says only that something was.
fn root(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    text::printable(&innermost.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> PrometheusOptions {
        PrometheusOptions {
            name: "main".to_owned(),
            url: url.to_owned(),
            external_urls: Vec::new(),
            authentication: Authentication::Nobody,
            authorities: None,
            timeout: Duration::from_secs(1),
            retention: None,
            headers: Vec::new(),
        }
    }

    #[test]
    fn an_address_may_have_a_path_and_shows_no_credentials() {
        let address = |url: &str| HttpClient::new(&options(url)).unwrap().address("api/v1/query").to_string();
        assert_eq!(address("http://prom:9090"), "http://prom:9090/api/v1/query");
        assert_eq!(address("https://mimir/prometheus/"), "https://mimir/prometheus/api/v1/query");
        assert_eq!(address("http://ann:hunter2@prom/x?y#z"), "http://prom/x/api/v1/query");
        assert!(HttpClient::new(&options("ftp://prom")).is_err());
        assert!(HttpClient::new(&options("prom:9090")).is_err());
    }

    #[test]
    fn an_authority_that_is_none_is_refused() {
        let refusal = |pem: &[u8]| {
            let options = PrometheusOptions { authorities: Some(pem.to_vec()), ..options("https://prom") };
            HttpClient::new(&options).err().unwrap()
        };
        assert_eq!(refusal(b"nonsense"), "its authority holds no certificate in PEM");
    }

    #[test]
    fn instants_are_written_to_the_microsecond() {
        assert_eq!(seconds(Timestamp::from_micros(1_500_000)), "1.500000");
        assert_eq!(seconds(Timestamp::from_seconds(60)), "60");
    }
}
