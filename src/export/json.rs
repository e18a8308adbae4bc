//! The JSON document of a snapshot, with the keys that scripts rely on, in their order: one writer for what is printed
//! and what is saved.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Value, json};

use crate::domain::series::{Count, Point};
use crate::domain::{Series, Snapshot, SnapshotFacts, text};

/// Writes one document on one line.
///
/// # Errors
/// Where the writer fails.
pub fn write(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Harmless))?;
    writeln!(out)
}

/// The same as a text.
///
/// # Panics
/// Never: memory takes everything that is written to it.
#[must_use]
pub fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, value).expect("memory takes everything that is written to it");
    String::from_utf8(bytes).expect("a serializer of JSON writes UTF-8")
}

/// Compact, with every character escaped that can control a terminal. JSON itself only asks for those below U+0020.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut written = 0;
        for (index, character) in fragment.char_indices() {
            let printable = !character.is_control() && !text::printable(character.encode_utf8(&mut [0; 4])).is_empty();
            if printable {
                continue;
            }
            writer.write_all(&fragment.as_bytes()[written..index])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            written = index + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

/// A snapshot without its series.
#[must_use]
pub fn facts(facts: &SnapshotFacts) -> Value {
    json!({
        "incident_id": facts.incident_id.value(),
        "as_of": facts.as_of.to_string(),
        "date_added": facts.date_added.to_string(),
        "partial": facts.partial,
        "clipped": facts.clipped,
        "source": facts.source,
        "total_events": facts.total_events,
        "unique_users": facts.unique_users,
    })
}

/// A snapshot with its series.
#[must_use]
pub fn snapshot(snapshot: &Snapshot) -> Value {
    let mut document = facts(&snapshot.facts);
    document["windowed"] = series(&snapshot.windowed);
    document["lifetime"] = series(&snapshot.lifetime);
    document
}

fn series(series: &Series) -> Value {
    let value = |point: Point| json!([point.bucket.as_seconds(), point.count.map(count)]);
    json!({
        "start": series.range.start.to_string(),
        "end": series.range.end.to_string(),
        "period_seconds": series.period.as_secs(),
        "values": series.points().into_iter().map(value).collect::<Vec<_>>(),
    })
}

/// What a bucket counted.
pub(super) fn count(count: Count) -> Value {
    match count {
        Count::Whole(count) => json!(count),
        Count::Estimate(count) => json!(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_document_can_control_a_terminal() {
        let given = "a\u{1b}[31m \u{7f}\u{9b}31m \u{202e}\u{2028} größer 漢字 👩‍🚒 \"\\ \u{e0001}";
        let written = text(&json!({ "title": given }));
        assert!(written.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}' && c != '\u{e0001}'));
        assert!(written.contains("\\u009b31m") && written.contains("größer 漢字 👩‍🚒"), "{written}");
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["title"], given);
    }
}
