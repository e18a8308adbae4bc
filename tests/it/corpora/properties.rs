//! What must hold of every reader of texts from outside, whatever it is given. The fuzz targets and the tests of their
//! corpora run the same functions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use afterimage::config::Configuration;
use afterimage::console::keymap::Keymap;
use afterimage::console::theme::Theme;
use afterimage::domain::alert::matcher::Matcher;
use afterimage::domain::alert::{Alert, Labels, Notification};
use afterimage::domain::event::{TAG_LIMIT, WEIGHT_LIMIT};
use afterimage::domain::expression::{fill_labels, wanted_labels};
use afterimage::domain::filter::{Filter, Names, completions};
use afterimage::domain::query::{Field, Pattern, QUERY_LIMIT, Query, Term};
use afterimage::domain::text::{MESSAGE_LIMIT, NAME_LIMIT};
use afterimage::domain::{Event, Timestamp, span};
use afterimage::ops::import::{Format, read_pieces};
use afterimage::source::{derive, validate};

/// Bytes of an error's text, at the most: it is read on one screen.
const SAID_LIMIT: usize = 4_000;
/// 2026-11-24T12:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_795_521_600);

/// A reader, and what must hold of it.
pub type Property = fn(&[u8]);

/// Every reader by the name of its target.
pub const ALL: [(&str, Property); 9] = [
    ("configuration", configuration),
    ("csv", csv),
    ("expression", expression),
    ("filter", filter),
    ("matcher", matcher),
    ("ndjson", ndjson),
    ("notification", notification),
    ("query", query),
    ("time", time),
];

/// Whether a character may do something to a terminal, a log or a page instead of being seen: a list of its own, so that
/// the program is not measured by itself.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    let reorders = matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let hides = matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}');
    let breaks = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    c.is_control() || reorders || hides || breaks
}

/// What is said of a text repeats of it what is harmless, and little.
fn check_said(said: &impl ToString) {
    let said = said.to_string();
    assert!(!said.is_empty() && said.len() <= SAID_LIMIT, "{} bytes are said: {said}", said.len());
    assert_eq!(said.chars().find(|c| is_hostile(*c)), None, "{said:?}");
}

/// The text that bytes are, with what is none replaced: most readers are given texts.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The event query: what was read is written in one form, and read again is the same.
pub fn query(bytes: &[u8]) {
    let text = text_of(bytes);
    let query = match Query::parse(&text) {
        Ok(query) => query,
        Err(error) => {
            assert!(error.position >= 1 && error.position <= text.chars().count() + 1, "{error}");
            return check_said(&error);
        }
    };
    assert_eq!(Query::parse(query.text()).as_ref(), Ok(&query));
    let written: Vec<String> = query.terms().iter().map(written).collect();
    let written = written.join(" ");
    if written.len() <= QUERY_LIMIT {
        let again = Query::parse(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(again.terms(), query.terms(), "{written}");
    }
}

fn written(term: &Term) -> String {
    let key = match &term.field {
        Field::Level => "level".to_owned(),
        Field::Project => "project".to_owned(),
        Field::Environment => "environment".to_owned(),
        Field::User => "user".to_owned(),
        Field::Fingerprint => "fingerprint".to_owned(),
        Field::Message => "message".to_owned(),
        Field::Tag(name) => format!("tags[{name}]"),
    };
    let value = match &term.pattern {
        Pattern::Exact(value) => value.clone(),
        Pattern::Wildcard(pieces) => pieces.join("*"),
    };
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{}{key}:\"{value}\"", if term.negated { "!" } else { "" })
}

/// The filter of a list, and how it may go on.
pub fn filter(bytes: &[u8]) {
    let text = text_of(bytes);
    let names = Names { projects: vec!["web shop".into(), "a\"b\\".into()], rules: vec!["5xx".into()] };
    let _ = completions(&text, &names);
    match Filter::parse(&text) {
        Ok(filter) => {
            assert_eq!(Filter::parse(filter.text()).as_ref(), Ok(&filter));
            let found = filter.found_in("Checkout errors above 5%");
            assert!(found.is_sorted() && found.iter().all(|at| *at < 24), "{found:?}");
            let _ = filter.follows_time();
        }
        Err(error) => {
            assert!(error.position >= 1 && error.position <= text.chars().count() + 1, "{error}");
            check_said(&error);
        }
    }
}

/// A matcher of labels.
pub fn matcher(bytes: &[u8]) {
    let text = text_of(bytes);
    let (text, value) = text.split_once('\n').unwrap_or((&text, ""));
    let labels = Labels::from([("severity".to_owned(), value.to_owned())]);
    match Matcher::parse(text) {
        Ok(matcher) => {
            let again = Matcher::parse(&matcher.to_string()).expect("what is written is read again");
            assert_eq!(again.to_string(), matcher.to_string());
            assert_eq!(again.matches(&labels), matcher.matches(&labels));
        }
        Err(error) => check_said(&error),
    }
}

/// Times and spans: what is printed and read again is the same instant.
pub fn time(bytes: &[u8]) {
    let text = text_of(bytes);
    for read in [Timestamp::parse(&text, NOW), Timestamp::parse_absolute(&text)] {
        match read {
            Ok(instant) => {
                assert!((Timestamp::MIN..Timestamp::MAX).contains(&instant), "{instant}");
                assert_eq!(Timestamp::parse(&instant.to_string(), Timestamp::MIN), Ok(instant));
                assert_eq!(Timestamp::parse_absolute(&instant.to_string()), Ok(instant));
            }
            Err(error) => check_said(&error),
        }
    }
    if let Some(span) = span::parse(&text) {
        let again = span::parse(&span::format(span)).expect("what is written is read again");
        assert!(again <= span, "{span:?} is longer when it is read again");
    }
}

/// One JSON object a line.
pub fn ndjson(bytes: &[u8]) {
    records(bytes, Format::Ndjson);
}

/// CSV under a header.
pub fn csv(bytes: &[u8]) {
    records(bytes, Format::Csv);
}

fn records(bytes: &[u8], format: Format) {
    let whole = read_pieces(Some(format), [bytes]);
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').count() as u64;
    let mut last = 0;
    for record in &whole {
        let line = match record {
            Ok((line, event)) => {
                check_event(event);
                *line
            }
            Err(invalid) => {
                check_said(invalid);
                invalid.line
            }
        };
        assert!(line > last && line <= lines, "line {line} after {last} of {lines}");
        last = line;
    }
    for piece in [1, 7, 4_096] {
        assert_eq!(read_pieces(Some(format), bytes.chunks(piece)), whole, "in pieces of {piece}");
    }
    for at in (1..bytes.len()).step_by((bytes.len() / 16).max(1)) {
        let (one, other) = bytes.split_at(at);
        assert_eq!(read_pieces(Some(format), [one, other]), whole, "cut at {at}");
    }
    // What decides by itself says the same of one of the two formats.
    let undecided = read_pieces(None, [bytes]);
    let either = [Format::Csv, Format::Ndjson].map(|format| read_pieces(Some(format), [bytes]));
    assert!(either.contains(&undecided), "{undecided:?}");
}

fn check_event(event: &Event) {
    assert!((Timestamp::MIN..Timestamp::MAX).contains(&event.occurred_at));
    assert!((0..=WEIGHT_LIMIT).contains(&event.weight));
    assert!(event.tags.len() <= TAG_LIMIT);
    let texts = [
        (&event.project, NAME_LIMIT),
        (&event.level, NAME_LIMIT),
        (&event.environment, NAME_LIMIT),
        (&event.user, NAME_LIMIT),
        (&event.fingerprint, NAME_LIMIT),
        (&event.message, MESSAGE_LIMIT),
        (&event.event_id, NAME_LIMIT),
    ];
    for (text, limit) in texts.into_iter().filter_map(|(text, limit)| Some((text.as_ref()?, limit))) {
        assert!(!text.is_empty() && text.len() <= limit && !text.contains('\0'), "{text:?}");
    }
    for (name, value) in &event.tags {
        assert!(!name.is_empty() && name.len() <= NAME_LIMIT && value.len() <= MESSAGE_LIMIT);
        assert!(!name.contains('\0') && !value.contains('\0'));
    }
}

/// The configuration, the keymap and the theme: files of one language.
pub fn configuration(bytes: &[u8]) {
    let text = text_of(bytes);
    match Configuration::parse(&text, "config.toml") {
        Ok(read) => {
            let more = format!("{text}\n# The end.\n");
            assert_eq!(Configuration::parse(&more, "config.toml").expect("a comment changes nothing"), read);
            let _ = read.routing();
        }
        Err(error) => check_said(&error),
    }
    match Keymap::read(&text) {
        Ok(keymap) => assert_eq!(Keymap::read(&keymap.file()).as_ref(), Ok(&keymap)),
        Err(fault) => check_said(&fault),
    }
    match Theme::read(&text) {
        Ok(theme) => assert_eq!(Theme::read(&theme.file()).as_ref(), Ok(&theme)),
        Err(fault) => check_said(&fault),
    }
}

/// What Alertmanager posts.
pub fn notification(bytes: &[u8]) {
    let notification = match Notification::read(bytes) {
        Ok(notification) => notification,
        Err(error) => return check_said(&error),
    };
    assert!(!notification.group_key.trim().is_empty() && !notification.group_key.contains('\0'));
    check_labels(&notification.labels);
    check_labels(&notification.annotations);
    let place = |alert: &Alert| (alert.fingerprint.clone(), alert.starts_at);
    assert!(notification.alerts.is_sorted_by(|one, other| place(one) < place(other)), "each once and in order");
    for alert in &notification.alerts {
        assert!(!alert.fingerprint.trim().is_empty() && alert.fingerprint.len() <= NAME_LIMIT);
        assert!(alert.ends_at.is_none_or(|end| end >= alert.starts_at));
        check_labels(&alert.labels);
        check_labels(&alert.annotations);
        if let Some(Err(reason)) = alert.generator_url.as_deref().map(derive) {
            check_said(&reason);
        }
    }
}

fn check_labels(labels: &Labels) {
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        assert!(text.len() <= 4_096 && !text.contains('\0'), "{text:?}");
    }
}

/// Expressions: those of rules, those in the addresses of alerts, and labels that are put into them. A line break parts
/// the expression from the value of a label.
pub fn expression(bytes: &[u8]) {
    let text = text_of(bytes);
    let (text, value) = text.split_once('\n').unwrap_or((&text, &text));
    if let Err(reason) = validate(text) {
        check_said(&reason);
    }
    if let Err(error) = wanted_labels(text) {
        check_said(&error);
    }
    let labels = BTreeMap::from([("a".to_owned(), value.to_owned())]);
    let filled = fill_labels("x{y=\"{{label.a}}\"}", &labels).expect("it has this label");
    assert_eq!(filled.matches('"').count(), 2, "{filled}");
    if filled.len() <= 16_384 {
        assert_eq!(validate(&filled), Ok(()), "{filled}");
    }
    for url in [text.to_owned(), address(text)] {
        match derive(&url) {
            Ok(derived) => assert!(derive(&address(&derived.text)).is_ok(), "{}", derived.text),
            Err(reason) => check_said(&reason),
        }
    }
}

/// The page of Prometheus that shows an expression.
fn address(expression: &str) -> String {
    let mut address = "http://prom:9090/graph?g0.expr=".to_owned();
    for byte in expression.bytes() {
        write!(address, "%{byte:02x}").expect("a string takes everything");
    }
    address
}
