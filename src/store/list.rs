//! The list of incidents: a filter and an order as SQL, with every value bound.
//!
//! What words mean is decided by the domain, title by title, so that it is the same on both engines: the database only
//! leaves out what surely has none of their letters, and says which words it has found beside the title.

mod order;

use std::borrow::Cow;

use sqlx::{Database, Encode, Postgres, QueryBuilder, Sqlite, Type};

use super::engine::{Tx, answered};
use super::error::StoreError;
use super::predicate::escape_like;
use crate::domain::filter::{Comparison, Condition, Edge, Filter, Measure, NamePattern, SnapshotState, Term, Word};
use crate::domain::order::Sort;
use crate::domain::{IncidentId, Listed, Timestamp};
use order::{number, tables};

// Differs because `like` folds ASCII case on SQLite, and no case at all on Postgres; because `lower` folds just that on
// SQLite, while Postgres must be told to; and because SQLite packs its rows.
#[derive(Debug, Clone, Copy)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn likened(self, column: &str) -> String {
        match self {
            Self::Sqlite => column.to_owned(),
            Self::Postgres => self.folded(column),
        }
    }

    fn folded(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("lower({column})"),
            Self::Postgres => format!("lower({column} collate \"C\")"),
        }
    }
}

impl Tx {
    /// The numbers of the incidents that a list of these shows as of `now`, in its order; at most `limit`.
    ///
    /// # Errors
    /// Where the database cannot.
    pub async fn incident_ids(
        &mut self,
        listed: Listed,
        filter: &Filter,
        sort: Sort,
        now: Timestamp,
        limit: Option<u32>,
    ) -> Result<Vec<IncidentId>, StoreError> {
        let words: Vec<(&Word, bool)> = filter.words().collect();
        if words.is_empty() {
            let ids: Vec<i64> = match self {
                Self::Sqlite(transaction) => {
                    let mut query = list_query::<Sqlite>((listed, filter, sort), now, limit, Dialect::Sqlite);
                    let query = query.build_query_scalar();
                    let packed: String = answered(async { Ok(query.fetch_one(&mut **transaction).await?) }).await?;
                    super::packed::rows(&packed)?
                }
                Self::Postgres(transaction) => {
                    let mut query = list_query::<Postgres>((listed, filter, sort), now, limit, Dialect::Postgres);
                    answered(async { Ok(query.build_query_scalar().fetch_all(&mut **transaction).await?) }).await?
                }
            };
            return Ok(ids.into_iter().map(IncidentId::new).collect());
        }
        let limit = limit.map_or(usize::MAX, |limit| limit as usize);
        match self {
            Self::Sqlite(transaction) => {
                let mut query = list_query::<Sqlite>((listed, filter, sort), now, None, Dialect::Sqlite);
                let query = query.build_query_scalar();
                let packed: String = answered(async { Ok(query.fetch_one(&mut **transaction).await?) }).await?;
                let mut ids = Vec::new();
                super::packed::each(&packed, |TitledRow(id, title, beside)| {
                    if ids.len() < limit && has_words(&words, &title, beside) {
                        ids.push(IncidentId::new(id));
                    }
                })?;
                Ok(ids)
            }
            Self::Postgres(transaction) => {
                let mut query = list_query::<Postgres>((listed, filter, sort), now, None, Dialect::Postgres);
                let query = query.build_query_as();
                let rows: Vec<(i64, String, i64)> =
                    answered(async { Ok(query.fetch_all(&mut **transaction).await?) }).await?;
                let matching = rows.into_iter().filter(|(_, title, beside)| has_words(&words, title, *beside));
                Ok(matching.map(|(id, ..)| IncidentId::new(id)).take(limit).collect())
            }
        }
    }
}

/// A row of a list in which words are looked for: its number, its title, and which words were found beside that.
#[derive(serde::Deserialize)]
struct TitledRow<'a>(i64, #[serde(borrow)] Cow<'a, str>, i64);

/// Whether a row has the words that it must have, and none of the others. `beside` has a bit for each that was found
/// elsewhere than in the title.
fn has_words(words: &[(&Word, bool)], title: &str, beside: i64) -> bool {
    words.iter().enumerate().all(|(at, (word, negated))| {
        let found = beside & (1 << at) != 0 || word.find(title).is_some();
        found != *negated
    })
}

/// A query under construction. The conditions are few and some have an index of their own, so the text says only those
/// that are asked.
struct Builder<DB: Database> {
    query: QueryBuilder<DB>,
    listed: Listed,
    now: i64,
    dialect: Dialect,
}

fn list_query<DB>(
    (listed, filter, sort): (Listed, &Filter, Sort),
    now: Timestamp,
    limit: Option<u32>,
    dialect: Dialect,
) -> QueryBuilder<DB>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    let words: Vec<&Word> = filter.words().map(|(word, _)| word).collect();
    let packed = match (dialect, words.is_empty()) {
        (Dialect::Postgres, _) => "",
        (Dialect::Sqlite, true) => "select json_group_array(id) from (",
        (Dialect::Sqlite, false) => "select json_group_array(json_array(id, title, beside)) from (",
    };
    let query = QueryBuilder::new(format!("{packed}select {} as id", number(listed)));
    let mut builder = Builder { query, listed, now: now.as_micros(), dialect };
    if !words.is_empty() {
        builder.query.push(", i.title as title, cast(0");
        for (at, word) in words.into_iter().enumerate() {
            builder.query.push(" + case when ");
            builder.beside(word);
            builder.query.push(format!(" then {} else 0 end", 1_i64 << at));
        }
        builder.query.push(" as bigint) as beside");
    }
    builder.query.push(format!(" from {} where 1 = 1", tables(listed, sort.key)));
    for term in filter.terms() {
        builder.term(term);
    }
    builder.order(sort);
    if let Some(limit) = limit {
        builder.query.push(" limit ").push_bind(i64::from(limit));
    }
    if !packed.is_empty() {
        // An aggregate for which the order matters takes its rows in that of the query beneath it.
        builder.query.push(")");
    }
    builder.query
}

impl<DB> Builder<DB>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
{
    fn term(&mut self, term: &Term) {
        self.query.push(" and (");
        for (at, condition) in term.any.iter().enumerate() {
            if at > 0 {
                self.query.push(" or ");
            }
            match condition {
                Condition::Word(word) => self.word(word, term.negated),
                condition => self.condition(condition),
            }
        }
        // Where a field is absent the condition is null, and a negated term holds.
        self.query.push(if term.negated { ") is not true" } else { ") is true" });
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Status(status) => self.equals("i.status", status.name()),
            Condition::Type(kind) => self.equals("i.type", kind.name()),
            Condition::Id(id) => self.compare("i.id", Comparison::Equal, id.value()),
            Condition::Project(pattern) => {
                self.query.push("i.id in (select j.incident_id from incident_projects j where ");
                self.named("j.project", pattern);
                self.query.push(")");
            }
            Condition::Rule(pattern) => self.named("i.rule_name", pattern),
            Condition::Snapshot(state) => self.snapshot(*state),
            Condition::Measure(measure, comparison, value) => self.measure(*measure, *comparison, *value),
            Condition::Since(edge, comparison, ago) => {
                let instant = self.now.saturating_sub(*ago);
                self.compare(column(*edge), comparison.mirrored(), instant);
            }
            Condition::At(edge, comparison, at) => self.compare(column(*edge), *comparison, at.as_micros()),
            Condition::Word(word) => self.word(word, false),
        }
    }

    fn equals(&mut self, column: &str, value: &str) {
        self.query.push(format!("{column} = ")).push_bind(value.to_owned());
    }

    fn compare(&mut self, column: &str, comparison: Comparison, value: i64) {
        self.query.push(format!("{column} {} ", comparison.sign())).push_bind(value);
    }

    fn named(&mut self, column: &str, pattern: &NamePattern) {
        match pattern {
            NamePattern::Exactly(name) => self.equals(column, name),
            NamePattern::Like(pieces) => {
                let escaped: Vec<String> = pieces.iter().map(|piece| escape_like(piece)).collect();
                self.like(column, escaped.join("%"));
            }
        }
    }

    fn like(&mut self, column: &str, pattern: String) {
        self.query.push(self.dialect.likened(column)).push(" like ").push_bind(pattern).push(" escape '\\'");
    }

    fn measure(&mut self, measure: Measure, comparison: Comparison, value: i64) {
        match measure {
            Measure::Window => self.compare("i.time_window_minutes * 60000000", comparison, value),
            Measure::Duration => {
                self.duration();
                self.compare("", comparison, value);
            }
            Measure::Events | Measure::Users => {
                let column = if measure == Measure::Events { "total_events" } else { "unique_users" };
                self.query.push("i.id in (select c.incident_id from incident_snapshots c where ");
                self.compare(&format!("c.{column}"), comparison, value);
                self.query.push(")");
            }
        }
    }

    fn duration(&mut self) {
        self.query.push("(coalesce(i.date_closed, ").push_bind(self.now).push(") - i.date_started)");
    }

    fn snapshot(&mut self, state: SnapshotState) {
        let now = self.now;
        let promised = "i.id in (select q.incident_id from pending_snapshots q where q.dead_since is null and ";
        match state {
            SnapshotState::Due => {
                self.query.push(promised).push("q.next_attempt_at <= ").push_bind(now);
                self.query.push(" and q.target_run_date <= ").push_bind(now).push(")");
            }
            SnapshotState::Waiting => {
                self.query.push(promised).push("q.attempts = 0 and q.target_run_date > ").push_bind(now);
                self.query.push(" and q.next_attempt_at <= q.target_run_date)");
            }
            SnapshotState::Failing => {
                self.query.push(promised).push("(q.attempts > 0 or q.next_attempt_at > q.target_run_date");
                self.query.push(" and q.next_attempt_at > ").push_bind(now).push("))");
            }
            SnapshotState::Dead => {
                self.query
                    .push("i.id in (select q.incident_id from pending_snapshots q where q.dead_since is not null)");
            }
            SnapshotState::Pending => {
                self.query.push("i.id in (select q.incident_id from pending_snapshots q)");
            }
            SnapshotState::Captured => {
                self.query.push("i.id in (select c.incident_id from incident_snapshots c where not c.partial)");
            }
            SnapshotState::Partial => {
                self.query.push("i.id in (select c.incident_id from incident_snapshots c where c.partial)");
            }
            SnapshotState::Clipped => {
                self.query.push("i.id in (select c.incident_id from incident_snapshots c where c.clipped)");
            }
            SnapshotState::None => {
                self.query.push("i.id not in (select q.incident_id from pending_snapshots q)");
                self.query.push(" and i.id not in (select c.incident_id from incident_snapshots c)");
            }
        }
    }

    /// Lets through what may have the word; what is to be kept out is left to the domain where SQL cannot be sure.
    fn word(&mut self, word: &Word, negated: bool) {
        let text = word.text();
        if negated && !text.is_ascii() {
            self.query.push("1 = 0");
            return;
        }
        self.like("i.title", title_pattern(&text, word.is_exact()));
        self.query.push(" or ");
        self.beside(word);
    }

    /// Whether the word is in the name of a project, or is the incident's number.
    fn beside(&mut self, word: &Word) {
        self.query.push("(i.id in (select w.incident_id from incident_projects w where ");
        self.like("w.project", format!("%{}%", escape_like(&word.text())));
        self.query.push(")");
        if let Some(number) = word.number() {
            self.query.push(" or ");
            self.compare("i.id", Comparison::Equal, number);
        }
        self.query.push(")");
    }
}

fn column(edge: Edge) -> &'static str {
    match edge {
        Edge::Started => "i.date_started",
        Edge::Closed => "i.date_closed",
    }
}

/// What a title must be like to have a word. Letters beyond ASCII are left to the domain: here they are anything.
fn title_pattern(word: &str, exact: bool) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if c.is_ascii() {
            pattern.push_str(&escape_like(&c.to_string()));
        }
        if !exact || !c.is_ascii() {
            pattern.push('%');
        }
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loose_word_may_have_anything_between_its_letters() {
        assert_eq!(title_pattern("ab", false), "%a%b%%");
        assert_eq!(title_pattern("5%_x", true), "%5\\%\\_x%");
        assert_eq!(title_pattern("größe", true), "%gr%%e%");
    }

    #[test]
    fn every_value_is_bound() {
        let filter = Filter::parse("status:open project:'--* !rule:a window:>10m #7 \"x' or 1=1\"").unwrap();
        let query =
            list_query::<Sqlite>((Listed::Pending, &filter, Sort::default()), Timestamp::MIN, Some(5), Dialect::Sqlite);
        let text = query.sql().as_str().to_owned();
        assert!(!text.contains("'--") && !text.contains("x'") && !text.contains("= 7"), "{text}");
    }
}
