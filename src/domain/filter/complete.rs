//! How a filter may go on where the cursor stands: fields by their beginning, and values by theirs.

use super::Field;

/// Names that are known to occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Of projects.
    pub projects: Vec<String>,
    /// Of rules.
    pub rules: Vec<String>,
}

/// What the last word of `text` may become, each as the whole word. None where it is a word for titles alone.
#[must_use]
pub fn completions(text: &str, names: &Names) -> Vec<String> {
    let start =
        text.rfind(char::is_whitespace).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let word = &text[start..];
    let negation = if word.starts_with('!') { "!" } else { "" };
    let body = &word[negation.len()..];
    match body.split_once(':') {
        None => Field::ALL
            .iter()
            .map(|field| format!("{negation}{}:", field.name()))
            .filter(|whole| whole.starts_with(word) && whole != word)
            .collect(),
        Some((name, values)) => {
            let Ok(field) = name.to_ascii_lowercase().parse::<Field>() else { return Vec::new() };
            let last = values.rfind(',').map_or(0, |comma| comma + 1);
            let (before, begun) = (&word[..word.len() - (values.len() - last)], &values[last..]);
            let known: Vec<&str> = match field {
                Field::Project => names.projects.iter().map(String::as_str).collect(),
                Field::Rule => names.rules.iter().map(String::as_str).collect(),
                _ => field.values().to_vec(),
            };
            let begins =
                |value: &&str| value.to_lowercase().starts_with(&begun.to_lowercase()) && value.len() > begun.len();
            known.into_iter().filter(begins).map(|value| format!("{before}{}", written(value))).collect()
        }
    }
}

/// A name as it must be written to be read again as itself.
fn written(value: &str) -> String {
    let plain = !value.contains(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '*' | '\\'));
    if plain { value.to_owned() } else { format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let names = Names { projects: vec!["web".into(), "web shop".into(), "api".into()], rules: vec!["5xx".into()] };
        assert_eq!(completions(text, &names), expected, "{text}");
    }

    #[test]
    fn fields_and_values_are_completed_by_their_beginning() {
        check("st", &["status:", "started:"]);
        check("web !sn", &["!snapshot:"]);
        check("status:", &["status:open", "status:closed", "status:all"]);
        check("!snapshot:failing,d", &["!snapshot:failing,dead", "!snapshot:failing,due"]);
        check("checkout", &[]);
        check("foo:b", &[]);
        check("status:open", &[]);
    }

    #[test]
    fn names_that_occur_are_completed_and_quoted_where_they_must_be() {
        check("project:W", &["project:web", "project:\"web shop\""]);
        check("rule:", &["rule:5xx"]);
    }
}
