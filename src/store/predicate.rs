//! An event query as a condition in SQL, with every value bound.

use super::engine::Tx;
use crate::domain::Query;
use crate::domain::query::{Field, Pattern, Term};

/// A condition on the events `e`: a text that begins with ` and`, and the values for its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Predicate {
    pub(super) text: String,
    pub(super) values: Vec<String>,
}

// Differs because `like` folds ASCII case on SQLite by itself, while Postgres must be told to fold just that; and
// because a tag is read out of a text in one and out of JSON in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn folded(self, column: &str) -> String {
        match self {
            Self::Sqlite => column.to_owned(),
            Self::Postgres => format!("lower({column} collate \"C\")"),
        }
    }

    fn tag(self, parameter: &str) -> String {
        match self {
            Self::Sqlite => format!("(e.tags ->> {parameter})"),
            Self::Postgres => format!("(cast(e.tags as json) ->> {parameter})"),
        }
    }
}

impl Predicate {
    /// The condition that `query` means on the engine of `tx`, its parameters counted from `$first`.
    #[must_use]
    pub fn new(query: &Query, tx: &Tx, first: usize) -> Self {
        let dialect = match tx {
            Tx::Sqlite(_) => Dialect::Sqlite,
            Tx::Postgres(_) => Dialect::Postgres,
        };
        Self::in_dialect(query, dialect, first)
    }

    fn in_dialect(query: &Query, dialect: Dialect, first: usize) -> Self {
        let mut predicate = Self::default();
        for term in query.terms() {
            predicate.push(term, dialect, first);
        }
        predicate
    }

    fn push(&mut self, term: &Term, dialect: Dialect, first: usize) {
        let column = match &term.field {
            Field::Level => "e.level".to_owned(),
            // An event without a project has an empty one.
            Field::Project => "nullif(e.project, '')".to_owned(),
            Field::Environment => "e.environment".to_owned(),
            Field::User => "e.user_name".to_owned(),
            Field::Fingerprint => "e.fingerprint".to_owned(),
            Field::Message => "e.message".to_owned(),
            Field::Tag(name) => {
                let parameter = self.bind(name.clone(), first);
                dialect.tag(&format!("cast({parameter} as text)"))
            }
        };
        let condition = match &term.pattern {
            Pattern::Exact(value) => format!("{column} = {}", self.bind(value.clone(), first)),
            Pattern::Wildcard(pieces) => {
                let escaped: Vec<String> =
                    pieces.iter().map(|piece| escape_like(&piece.to_ascii_lowercase())).collect();
                let parameter = self.bind(escaped.join("%"), first);
                format!("{} like {parameter} escape '\\'", dialect.folded(&column))
            }
        };
        // Where the field is absent the condition is null, and a negated term holds.
        let truth = if term.negated { "is not true" } else { "is true" };
        self.text.extend([" and (", condition.as_str(), ") ", truth]);
    }

    fn bind(&mut self, value: String, first: usize) -> String {
        self.values.push(value);
        format!("${}", first + self.values.len() - 1)
    }
}

/// A text in which `like` finds nothing special, with `\` as its escape.
#[must_use]
pub fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, text: &str, values: &[&str]) {
        let predicate = Predicate::in_dialect(&Query::parse(query).unwrap(), Dialect::Sqlite, 4);
        assert_eq!(
            (predicate.text.as_str(), predicate.values),
            (text, values.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn every_value_is_bound() {
        check("", "", &[]);
        check("level:error'--", " and (e.level = $4) is true", &["error'--"]);
        check(
            "!environment:dev 50%",
            " and (e.environment = $4) is not true and (e.message like $5 escape '\\') is true",
            &["dev", "%50\\%%"],
        );
        check(
            "tags[region]:EU*",
            " and ((e.tags ->> cast($4 as text)) like $5 escape '\\') is true",
            &["region", "eu%"],
        );
    }
}
