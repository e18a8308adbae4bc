//! What a filter means, and what is said of one that means nothing.

use proptest::prelude::*;

use super::super::SnapshotState;
use super::*;
use crate::domain::{IncidentType, Status};

fn terms(text: &str) -> Vec<Term> {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).terms().to_vec()
}

fn check(text: &str, conditions: &[Condition]) {
    let expected: Vec<Term> = conditions.iter().map(|it| Term { any: vec![it.clone()], negated: false }).collect();
    assert_eq!(terms(text), expected, "{text}");
}

fn like(pieces: &[&str]) -> NamePattern {
    NamePattern::Like(pieces.iter().map(ToString::to_string).collect())
}

const MINUTE: i64 = 60_000_000;

#[test]
fn fields_and_words_are_terms() {
    check(
        " status:open checkout  project:Web 5xx: ",
        &[
            Condition::Status(Status::Open),
            Condition::Word(Word::loose("checkout")),
            Condition::Project(like(&["web"])),
            Condition::Word(Word::loose("5xx:")),
        ],
    );
    assert!(Filter::parse("  ").unwrap().is_empty());
    for text in ["status:all", "\"", "\"\"", "'"] {
        assert!(Filter::parse(text).unwrap().is_empty(), "{text}");
    }
    check("type:created #12", &[Condition::Type(IncidentType::Created), Condition::Id(IncidentId::new(12))]);
    check("rule:5xx-*", &[Condition::Rule(like(&["5xx-", ""]))]);
    check("RULE:\"a * b\"", &[Condition::Rule(like(&["a * b"]))]);
    check("12:30 Checkout:", &[Condition::Word(Word::loose("12:30")), Condition::Word(Word::loose("Checkout:"))]);
}

#[test]
fn what_can_be_measured_is_compared() {
    let window = |comparison, minutes| Condition::Measure(Measure::Window, comparison, minutes * MINUTE);
    check("window:>10m", &[window(Comparison::More, 10)]);
    check("window:10m window:<=1h", &[window(Comparison::Equal, 10), window(Comparison::AtMost, 60)]);
    check("events:>=1000", &[Condition::Measure(Measure::Events, Comparison::AtLeast, 1_000)]);
    check("duration:<90s", &[Condition::Measure(Measure::Duration, Comparison::Less, 90_000_000)]);
    check("age:<1d", &[Condition::Since(Edge::Started, Comparison::Less, 1_440 * MINUTE)]);
    check("closed:<=8h", &[Condition::Since(Edge::Closed, Comparison::AtMost, 480 * MINUTE)]);
    let day = Timestamp::parse("2026-11-24", Timestamp::MIN).unwrap();
    check("started:>=2026-11-24", &[Condition::At(Edge::Started, Comparison::AtLeast, day)]);
}

#[test]
fn values_with_commas_are_any_of_them_and_a_word_keeps_its_comma() {
    let [term] = &terms("!snapshot:failing,dead")[..] else { panic!("one term") };
    let state = Condition::Snapshot;
    assert_eq!(
        (term.any.as_slice(), term.negated),
        (&[state(SnapshotState::Failing), state(SnapshotState::Dead)][..], true)
    );
    check("down,up", &[Condition::Word(Word::loose("down,up"))]);
    let [term] = &terms("project:\"a,b\",c")[..] else { panic!("one term") };
    assert_eq!(term.any, [Condition::Project(like(&["a,b"])), Condition::Project(like(&["c"]))]);
}

#[test]
fn quotes_apostrophes_and_negation_ask_for_exactly_what_is_written() {
    check(
        "\"errors above\" 'chkt",
        &[Condition::Word(Word::exact("errors above")), Condition::Word(Word::exact("chkt"))],
    );
    check("\"not closed yet", &[Condition::Word(Word::exact("not closed yet"))]);
    check(r#""say \"hi\"""#, &[Condition::Word(Word::exact("say \"hi\""))]);
    assert_eq!(terms("!login"), [Term { any: vec![Condition::Word(Word::exact("login"))], negated: true }]);
}

#[test]
fn a_fault_is_said_with_its_place() {
    let said = |text: &str| Filter::parse(text).unwrap_err().to_string();
    assert_eq!(said("status:resolved"), "at character 8: 'resolved' is no status: it is one of open, closed, all");
    assert_eq!(said("web foo:bar"), "at character 5: 'foo' is no field; in quotes it is looked for in titles");
    assert_eq!(said("window:"), "at character 8: 'window:' wants a span like 10m, >10m or <=1h");
    assert_eq!(
        said("age:2h"),
        "at character 5: '2h' is nothing for 'age:', which wants a span with <, <=, > or >=, like <2h or >1d"
    );
    assert_eq!(said("a ! b"), "at character 3: '!' stands before a field or a word");
    assert_eq!(said("\"a\"b"), "at character 4: the text goes on after the closing quote: put a space between terms");
    assert!(said(&"a".repeat(501)).contains("longer than 500 bytes"));
    assert!(said(&"a ".repeat(31)).contains("more than 30 terms"));
    assert!(Filter::parse("started:>2h-ago").is_err());
}

#[test]
fn what_may_still_be_typed_to_its_end_is_told_from_a_mistake() {
    let unfinished = |text: &str| Filter::parse(text).unwrap_err().unfinished;
    for text in ["status:", "status:o", "snapshot:fail", "window:>", "window:1", "age:2", "!"] {
        assert!(unfinished(text), "{text}");
    }
    for text in ["status: web", "status:x", "window:10 web", "foo:bar", "! web"] {
        assert!(!unfinished(text), "{text}");
    }
}

#[test]
fn only_what_is_measured_from_now_follows_time() {
    let follows = |text: &str| Filter::parse(text).unwrap().follows_time();
    assert!(follows("age:<1d") && follows("web snapshot:due") && follows("closed:<8h") && follows("duration:>1h"));
    assert!(!follows("status:open web window:>10m snapshot:dead started:>2026-11-24"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".*") {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn a_filter_means_the_same_when_its_text_is_read_again(text in "[a-z!:\"'<>=0-9#, ]{0,40}") {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(filter.text()).unwrap(), filter);
        }
    }
}
