//! Finds the paths into this crate that a source text names. Reads tokens, not names in scope: it knows no compiler.

use std::collections::BTreeSet;

/// A path into the crate, from its root: `use super::Store` in `ops::open` is `["ops", "Store"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Where it stands, counted from 1.
    pub line: usize,
    /// Its segments; a glob is `*`.
    pub path: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    line: usize,
    text: String,
}

/// The paths in `text`, which is the file of `module`. `root` is what the crate calls itself there: `crate`, or its
/// name in the program.
pub fn imports(text: &str, module: &[String], root: &str) -> Vec<Import> {
    let tokens = tokens(&blank(text));
    let children = child_modules(&tokens);
    let mut walker =
        Walker { tokens: &tokens, next: 0, module: module.to_vec(), inline: Vec::new(), found: Vec::new() };
    walker.walk();
    let own = Own { root, depth: module.len(), children };
    walker.found.into_iter().filter_map(|found| own.resolve(found)).collect()
}

/// The modules that a text declares, with or without a body.
pub fn declared_modules(text: &str) -> BTreeSet<String> {
    child_modules(&tokens(&blank(text)))
}

/// A path as it is written, and the module that it is written in.
struct Found {
    line: usize,
    module: Vec<String>,
    path: Vec<String>,
}

/// What the first segment of a path may be, to lead into this crate.
struct Own<'a> {
    root: &'a str,
    depth: usize,
    children: BTreeSet<String>,
}

impl Own<'_> {
    fn resolve(&self, found: Found) -> Option<Import> {
        let Found { line, mut module, path } = found;
        let first = path.first()?.as_str();
        let in_file = module.len() == self.depth;
        let rest = if first == self.root {
            module.clear();
            1
        } else if first == "self" {
            1
        } else if first == "super" {
            let ups = path.iter().take_while(|segment| *segment == "super").count();
            module.truncate(module.len().saturating_sub(ups));
            ups
        } else if in_file && self.children.contains(first) {
            0
        } else {
            return None;
        };
        module.extend(path.into_iter().skip(rest).filter(|segment| segment != "self"));
        Some(Import { line, path: module })
    }
}

/// Walks the tokens of a file and collects every path of two segments or more, and every `use`.
struct Walker<'a> {
    tokens: &'a [Token],
    next: usize,
    module: Vec<String>,
    /// For each open brace, whether it is the body of a module.
    inline: Vec<bool>,
    found: Vec<Found>,
}

impl Walker<'_> {
    fn walk(&mut self) {
        while let Some(text) = self.text(0) {
            match text {
                "mod" if self.text(2) == Some("{") => {
                    self.module.extend(self.text(1).map(str::to_owned));
                    self.inline.push(true);
                    self.next += 3;
                }
                "use" if self.text(1) != Some("<") => {
                    self.next += 1;
                    self.use_tree(&[]);
                }
                // A visibility names an ancestor and imports nothing.
                "(" if self.text(1) == Some("in") => self.next += self.distance_to(")"),
                "{" => {
                    self.inline.push(false);
                    self.next += 1;
                }
                "}" => {
                    if self.inline.pop() == Some(true) {
                        self.module.pop();
                    }
                    self.next += 1;
                }
                _ if is_name(text) && self.text(1) == Some("::") => self.path(),
                _ => self.next += 1,
            }
        }
    }

    fn text(&self, ahead: usize) -> Option<&str> {
        self.tokens.get(self.next + ahead).map(|token| token.text.as_str())
    }

    fn distance_to(&self, text: &str) -> usize {
        self.tokens[self.next..].iter().position(|token| token.text == text).unwrap_or(self.tokens.len())
    }

    /// A path outside a `use`: names joined by colons.
    fn path(&mut self) {
        let line = self.tokens[self.next].line;
        let mut path = Vec::new();
        while let Some(name) = self.text(0).filter(|text| is_name(text)) {
            path.push(name.to_owned());
            self.next += 1;
            if self.text(0) != Some("::") {
                break;
            }
            self.next += 1;
        }
        self.found.push(Found { line, module: self.module.clone(), path });
    }

    /// The tree after `use`, up to the comma, brace or semicolon that ends it. `before` is what its names follow.
    fn use_tree(&mut self, before: &[String]) {
        let mut path = before.to_vec();
        let line = self.tokens.get(self.next).map_or(0, |token| token.line);
        while let Some(text) = self.text(0).map(str::to_owned) {
            match text.as_str() {
                "::" => self.next += 1,
                "as" => self.next += 2,
                "{" => {
                    self.use_group(&path);
                    return;
                }
                "," | "}" | ";" => break,
                _ => {
                    path.push(text);
                    self.next += 1;
                }
            }
        }
        self.found.push(Found { line, module: self.module.clone(), path });
    }

    fn use_group(&mut self, before: &[String]) {
        self.next += 1;
        while let Some(text) = self.text(0) {
            match text {
                "," => self.next += 1,
                "}" => {
                    self.next += 1;
                    return;
                }
                _ => self.use_tree(before),
            }
        }
    }
}

fn child_modules(tokens: &[Token]) -> BTreeSet<String> {
    let declarations =
        tokens.windows(3).filter(|three| three[0].text == "mod" && matches!(three[2].text.as_str(), ";" | "{"));
    declarations.map(|three| three[1].text.clone()).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_name(rest) {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push(Token { line: number + 1, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The text with comments and literals blanked out, its lines kept.
fn blank(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = literal_or_comment(rest, blanked.chars().next_back());
        if length == 0 {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            blanked.push_str(&rest[..first]);
            rest = &rest[first..];
        } else {
            blanked.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    blanked
}

/// The length of the comment or literal that `text` begins with; 0 where it begins with neither.
fn literal_or_comment(text: &str, before: Option<char>) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    if let Some(rest) = text.strip_prefix('"') {
        return 1 + quoted(rest, '"');
    }
    if let Some(rest) = text.strip_prefix('\'') {
        return character(rest).map_or(0, |length| 1 + length);
    }
    let in_a_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if in_a_name { 0 } else { raw_string(text) }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0u32, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// How far the closing quote is, itself included; a backslash hides what follows it.
fn quoted(text: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The rest of a character after its quote; `None` where the quote begins a lifetime.
fn character(rest: &str) -> Option<usize> {
    let first = rest.chars().next()?;
    let closed = rest[first.len_utf8()..].starts_with('\'');
    (first == '\\' || closed).then(|| quoted(rest, '\''))
}

/// The length of `r"..."`, `br#"..."#` and their like; 0 where `text` begins with none.
fn raw_string(text: &str) -> usize {
    let Some(rest) = ["br", "cr", "r"].iter().find_map(|prefix| text.strip_prefix(prefix)) else { return 0 };
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        return 0;
    }
    let body = text.len() - rest.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    text[body..].find(&end).map_or(text.len(), |at| body + at + end.len())
}
