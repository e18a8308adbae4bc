//! One JSON object a line. Numbers are taken as they are written, so that no rounding makes a fraction whole.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::record::{Defaults, Field, Texts};
use crate::domain::{Event, text};

/// The event of one line; otherwise what is wrong with the line, fit to be shown.
pub(super) fn event(line: &[u8], defaults: &Defaults) -> Result<Event, String> {
    let line = std::str::from_utf8(line)
        .map_err(|error| format!("it is not UTF-8 text (after {} bytes)", error.valid_up_to()))?;
    let record: Record<'_> = serde_json::from_str(line.trim()).map_err(|error| reason(&error))?;
    record.0.event(defaults)
}

fn reason(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let what = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(what, _)| what);
    if error.is_data() {
        return text::shorten(what, 200);
    }
    format!("it is not a JSON object: {} at column {}", text::shorten(what, 200), error.column())
}

/// The texts of an object.
struct Record<'a>(Texts<'a>);

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one JSON object a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = Texts::default();
        let mut seen: Vec<Field> = Vec::new();
        let mut tags = None;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "tags" {
                if tags.is_some() {
                    return Err(A::Error::custom("'tags' is there twice"));
                }
                tags = Some(read_tags(map.next_value()?).map_err(A::Error::custom)?);
                continue;
            }
            let Some(field) = Field::named(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&'de RawValue>()?.get();
            let named = |()| A::Error::custom(format!("'{key}' must be a text, a number, true, false or null"));
            let value = match scalar(value).map_err(named)? {
                Some(value) => value,
                // A metric's gap, which must not count as one.
                None if field == Field::Weight => Cow::Borrowed("null"),
                // A null says as little as a key that is not there.
                None => continue,
            };
            if seen.contains(&field) {
                return Err(A::Error::custom(field.twice()));
            }
            seen.push(field);
            texts.set(field, value);
        }
        texts.tags = tags.unwrap_or_default();
        Ok(Record(texts))
    }
}

fn read_tags(value: &RawValue) -> Result<BTreeMap<String, String>, String> {
    let tags: Option<BTreeMap<String, &RawValue>> =
        serde_json::from_str(value.get()).map_err(|_| "'tags' must be an object".to_owned())?;
    let mut read = BTreeMap::new();
    for (name, value) in tags.unwrap_or_default() {
        let value = scalar(value.get()).map_err(|()| {
            let shown = text::shorten(&name, 40);
            format!("the tag '{shown}' must be a text, a number, true, false or null")
        })?;
        if let Some(value) = value {
            read.insert(name, value.into_owned());
        }
    }
    Ok(read)
}

/// A text, or a number, true or false as it is written; `None` for null.
fn scalar(json: &str) -> Result<Option<Cow<'_, str>>, ()> {
    match json.as_bytes().first() {
        Some(b'"') if !json.contains('\\') => {
            let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            Ok(Some(Cow::Borrowed(inner.unwrap_or_default())))
        }
        Some(b'"') => serde_json::from_str(json).map(|text| Some(Cow::Owned(text))).map_err(|_| ()),
        Some(b'{' | b'[') | None => Err(()),
        Some(b'n') => Ok(None),
        Some(_) => Ok(Some(Cow::Borrowed(json))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn read(line: &str) -> Result<Event, String> {
        event(line.as_bytes(), &Defaults::default())
    }

    fn refused(line: &str, expected: &str) {
        assert_eq!(read(line), Err(expected.to_owned()), "{line}");
    }

    #[test]
    fn every_key_and_the_tags_are_taken_and_the_rest_is_ignored() {
        let line = r#"{"timestamp":"1970-01-01T00:00:02Z","count":3,"project":"web","level":"error","environment":"prod",
            "user":17,"fingerprint":"f","message":"a \"b\" \u00e9","event_id":"e1","other":{"deep":[1]},
            "tags":{"region":"eu","try":2,"cold":true,"none":null}}"#;
        let some = |text: &str| Some(text.to_owned());
        let expected = Event {
            weight: 3,
            project: some("web"),
            level: some("error"),
            environment: some("prod"),
            user: some("17"),
            fingerprint: some("f"),
            message: some("a \"b\" é"),
            event_id: some("e1"),
            tags: [("region", "eu"), ("try", "2"), ("cold", "true")].map(|(n, v)| (n.into(), v.into())).into(),
            ..Event::at(Timestamp::from_seconds(2))
        };
        assert_eq!(read(&line.replace('\n', "")), Ok(expected));
    }

    #[test]
    fn a_weight_is_read_as_it_is_written() {
        let weight = |text: &str| read(&format!(r#"{{"timestamp":"1970-01-01","value":{text}}}"#)).map(|e| e.weight);
        for (text, expected) in [("94.0", 94), ("\"94.0\"", 94), ("1000.00", 1000), ("0", 0)] {
            assert_eq!(weight(text), Ok(expected), "{text}");
        }
        for text in [
            "null",
            "\"\"",
            "1e3",
            "-1",
            "0.5",
            "1000000000.00000000001",
            "true",
            "1e-400",
            "123456789012345678901234567890",
        ] {
            assert!(weight(text).unwrap_err().starts_with("the weight '"), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named() {
        refused(r#"{"timestamp":"#, "it is not a JSON object: EOF while parsing a value at column 13");
        refused("{} {}", "it is not a JSON object: trailing characters at column 4");
        refused("[1]", "invalid type: sequence, expected one JSON object a line");
        refused("{}", "there is no 'timestamp'");
        refused(r#"{"user":["a"]}"#, "'user' must be a text, a number, true, false or null");
        refused(r#"{"tags":{"a":{}}}"#, "the tag 'a' must be a text, a number, true, false or null");
        refused(r#"{"tags":[1]}"#, "'tags' must be an object");
        refused(r#"{"user":"a","user":"b"}"#, "'user' is there twice");
        refused(
            r#"{"value":1,"count":1}"#,
            "'value', 'count' and 'weight' mean the same: there must be one of them at the most",
        );
        let invalid = event(b"{\"user\":\"\xff\"}", &Defaults::default());
        assert_eq!(invalid, Err("it is not UTF-8 text (after 9 bytes)".to_owned()));
    }

    #[test]
    fn half_a_surrogate_and_a_nul_are_refused() {
        refused(r#"{"user":"\ud800"}"#, "'user' must be a text, a number, true, false or null");
        let nul = read(r#"{"timestamp":"1970-01-01","user":"\u0000"}"#);
        assert!(nul.unwrap_err().contains("NUL"));
    }
}
