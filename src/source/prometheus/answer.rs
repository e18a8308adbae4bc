//! What Prometheus answers, read: series of samples, or an error in its own words.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::{Timestamp, text};

/// Characters of somebody else's error that are passed on, at the most.
const REASON_LIMIT: usize = 300;

/// A value at an instant.
pub(super) type Sample = (Timestamp, f64);

/// One series of an answer. Values that are no numbers are left out: they are gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sampled {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) samples: Vec<Sample>,
}

/// Why there is no answer to work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum Fault {
    /// It does not answer, or not what it should.
    Unreachable(String),
    /// It does not let us in.
    Denied(String),
    /// It cannot evaluate what was asked.
    Refused(String),
}

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<T>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Matrix(Vec<Row>),
    Vector(Vec<Row>),
    Scalar(RawSample),
    String(IgnoredAny),
}

/// A row of a matrix has `values`, one of a vector a `value`; of native histograms neither has any.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<RawSample>,
    value: Option<RawSample>,
}

/// Seconds, and a number as a text, which may be `NaN` or `+Inf`.
#[derive(Deserialize)]
struct RawSample(f64, String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeInfo {
    #[serde(default)]
    storage_retention: String,
}

impl RawSample {
    fn read(&self) -> Option<Sample> {
        let value: f64 = self.1.parse().ok()?;
        value.is_finite().then(|| (instant(self.0), value))
    }
}

impl From<Row> for Sampled {
    fn from(row: Row) -> Self {
        let samples = row.values.iter().chain(&row.value).filter_map(RawSample::read).collect();
        Self { labels: row.metric, samples }
    }
}

/// The instant of an answer, to the millisecond.
#[expect(clippy::cast_possible_truncation, reason = "no instant of an answer is out of range, and the cast saturates")]
fn instant(seconds: f64) -> Timestamp {
    Timestamp::from_micros(((seconds * 1_000.0).round() as i64).saturating_mul(1_000))
}

/// What an answer of the query API says.
pub(super) fn read_samples(status: u16, body: &[u8]) -> Result<Vec<Sampled>, Fault> {
    match read::<Data>(status, body)? {
        Data::Matrix(rows) | Data::Vector(rows) => Ok(rows.into_iter().map(Sampled::from).collect()),
        Data::Scalar(sample) => {
            Ok(vec![Sampled { labels: BTreeMap::new(), samples: sample.read().into_iter().collect() }])
        }
        Data::String(_) => Err(Fault::Refused("the expression gives a text and not numbers".to_owned())),
    }
}

/// How long the server says that it keeps what it has, in its own words; empty where it does not say.
pub(super) fn read_retention(status: u16, body: &[u8]) -> Result<String, Fault> {
    Ok(read::<RuntimeInfo>(status, body)?.storage_retention)
}

fn read<T: for<'de> Deserialize<'de>>(status: u16, body: &[u8]) -> Result<T, Fault> {
    match serde_json::from_slice::<Envelope<T>>(body) {
        Ok(Envelope { status: said, data: Some(data), .. }) if said == "success" && (200..300).contains(&status) => {
            Ok(data)
        }
        Ok(envelope) if envelope.status == "error" => Err(fault(status, &envelope)),
        _ if status == 401 || status == 403 => Err(Fault::Denied(outline(status, body))),
        Ok(_) if (200..300).contains(&status) => Err(Fault::Unreachable("its answer holds no data".to_owned())),
        Err(error) if (200..300).contains(&status) => {
            let reason = text::shorten(&error.to_string(), REASON_LIMIT);
            Err(Fault::Unreachable(format!("its answer cannot be read: {reason}")))
        }
        _ => Err(Fault::Unreachable(outline(status, body))),
    }
}

/// An error that the API says itself. What it says of an overload is not the expression's fault.
fn fault<T>(status: u16, envelope: &Envelope<T>) -> Fault {
    let said = if envelope.error.is_empty() { &envelope.error_type } else { &envelope.error };
    let reason = text::shorten(said, REASON_LIMIT);
    match status {
        401 | 403 => Fault::Denied(reason),
        400 | 422 => Fault::Refused(reason),
        200..300 if matches!(envelope.error_type.as_str(), "bad_data" | "execution") => Fault::Refused(reason),
        _ => Fault::Unreachable(format!("{reason} (HTTP {status})")),
    }
}

/// An answer that is not of the API: something stands before it, or it is not what its address promises.
fn outline(status: u16, body: &[u8]) -> String {
    let said = text::shorten(String::from_utf8_lossy(&body[..body.len().min(4_000)]).trim(), 120);
    if said.is_empty() || said.starts_with('<') { format!("HTTP {status}") } else { format!("HTTP {status}: {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Vec<Sampled>, Fault> {
        read_samples(status, body.as_bytes())
    }

    fn samples(body: &str) -> Vec<(i64, f64)> {
        let answer = read(200, body).unwrap();
        answer.iter().flat_map(|series| &series.samples).map(|(at, value)| (at.as_micros(), *value)).collect()
    }

    #[test]
    fn a_matrix_a_vector_and_a_scalar_are_read() {
        let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"up","job":"a"},"values":[[1435781430.781,"1"],[1435781445.781,"2.5e-1"]]}]}}"#;
        assert_eq!(samples(matrix), [(1_435_781_430_781_000, 1.0), (1_435_781_445_781_000, 0.25)]);
        assert_eq!(read(200, matrix).unwrap()[0].labels["job"], "a");
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[60,"3"]}]},
            "warnings":["x"]}"#;
        assert_eq!(samples(vector), [(60_000_000, 3.0)]);
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[60.5,"7"]}}"#;
        assert_eq!(samples(scalar), [(60_500_000, 7.0)]);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let body = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},
            "values":[[1,"NaN"],[2,"+Inf"],[3,"-Inf"],[4,"0"],[5,"x"]]},{"metric":{},"histograms":[]}]}}"#;
        assert_eq!(samples(body), [(4_000_000, 0.0)]);
    }

    #[test]
    fn an_error_of_the_api_is_passed_on_by_whose_fault_it_is() {
        let error = |kind: &str, text: &str| format!(r#"{{"status":"error","errorType":"{kind}","error":"{text}"}}"#);
        let bad = error("bad_data", r#"invalid parameter \"query\": 1:5: \u001b[31mparse error"#);
        let said = "invalid parameter \"query\": 1:5:  [31mparse error".to_owned();
        assert_eq!(read(400, &bad), Err(Fault::Refused(said)));
        assert_eq!(read(422, &error("execution", "x")), Err(Fault::Refused("x".into())));
        assert_eq!(read(503, &error("timeout", "x")), Err(Fault::Unreachable("x (HTTP 503)".into())));
        assert_eq!(read(429, &error("", "slow down")), Err(Fault::Unreachable("slow down (HTTP 429)".into())));
        assert_eq!(read(401, &error("", "who?")), Err(Fault::Denied("who?".into())));
        let Err(Fault::Refused(reason)) = read(400, &error("bad_data", &"x".repeat(5_000))) else { panic!() };
        assert!(reason.chars().count() <= REASON_LIMIT);
    }

    #[test]
    fn an_answer_that_is_not_of_the_api_is_nobodys_expressions_fault() {
        let unreachable = |said: &str| Err(Fault::Unreachable(said.to_owned()));
        assert_eq!(read(502, "<html>Bad gateway</html>"), unreachable("HTTP 502"));
        assert_eq!(read(400, "no org id\n"), unreachable("HTTP 400: no org id"));
        assert_eq!(read(404, ""), unreachable("HTTP 404"));
        assert_eq!(read(403, "RBAC: access denied"), Err(Fault::Denied("HTTP 403: RBAC: access denied".into())));
        assert_eq!(read(200, r#"{"status":"success"}"#), unreachable("its answer holds no data"));
        assert!(matches!(read(200, "<html>"), Err(Fault::Unreachable(said)) if said.contains("cannot be read")));
        let string = r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#;
        assert!(matches!(read(200, string), Err(Fault::Refused(_))));
    }

    #[test]
    fn a_retention_is_read() {
        let body = br#"{"status":"success","data":{"startTime":"x","storageRetention":"15d or 10GB"}}"#;
        assert_eq!(read_retention(200, body), Ok("15d or 10GB".to_owned()));
        assert_eq!(read_retention(200, br#"{"status":"success","data":{}}"#), Ok(String::new()));
    }
}
