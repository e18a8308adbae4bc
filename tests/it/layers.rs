//! The layer graph of ARCHITECTURE.md, held: no file imports upwards, and no import goes in a circle.

mod scanner;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use scanner::{Import, declared_modules, imports};

/// A module and the others that it may import.
type Layers = &'static [(&'static str, &'static [&'static str])];

const SHELL: &[&str] = &["config", "logging", "service", "ops", "export", "source", "store", "clock", "domain"];

/// The crate, from above.
const CRATE: Layers = &[
    (
        "main",
        &[
            "cli", "console", "daemon", "http", "config", "logging", "service", "ops", "export", "source", "store",
            "clock", "domain",
        ],
    ),
    ("cli", SHELL),
    ("console", SHELL),
    ("daemon", SHELL),
    ("http", &["service", "ops", "export", "source", "store", "clock", "domain"]),
    ("config", &["clock", "domain"]),
    ("logging", &["clock", "domain"]),
    ("service", &["ops", "export", "source", "store", "clock", "domain"]),
    ("ops", &["source", "store", "clock", "domain"]),
    ("export", &["domain"]),
    ("source", &["store", "clock", "domain"]),
    ("store", &["clock", "domain"]),
    ("clock", &["domain"]),
    ("domain", &[]),
];

const OUTSIDE: &[&str] = &["config", "logging", "service", "ops", "export", "source", "store", "clock", "domain"];
const PURE: &[&str] = &["export", "domain"];

const PARTS: &[&str] = &[
    "terminal",
    "perform",
    "update",
    "view",
    "availability",
    "reading",
    "state",
    "options",
    "keymap",
    "event",
    "effect",
    "kept",
    "listing",
    "pointing",
    "screen",
    "views",
    "lines",
    "settings",
    "theme",
    "glyphs",
    "zone",
];

/// The console, from above: what of the console a part may import, and what of the crate. The state names no theme and
/// no view; only what performs effects, and the root that wires everything, know more of the crate than its rules.
const CONSOLE: &[(&str, &[&str], &[&str])] = &[
    ("mod", PARTS, OUTSIDE),
    // The console's own tests stand above all of it, beside its root.
    ("tests", PARTS, OUTSIDE),
    ("perform", &["event", "effect", "options", "listing", "kept"], OUTSIDE),
    ("terminal", &["effect", "event"], PURE),
    ("provoked", &[], &[]),
    (
        "update",
        &[
            "availability",
            "reading",
            "state",
            "options",
            "keymap",
            "event",
            "effect",
            "listing",
            "pointing",
            "screen",
            "views",
            "zone",
        ],
        PURE,
    ),
    (
        "view",
        &[
            "availability",
            "reading",
            "state",
            "options",
            "keymap",
            "event",
            "effect",
            "listing",
            "pointing",
            "screen",
            "views",
            "lines",
            "theme",
            "glyphs",
            "zone",
        ],
        PURE,
    ),
    ("availability", &["state", "options", "keymap", "screen"], PURE),
    ("reading", &["state", "keymap", "views", "lines"], PURE),
    (
        "state",
        &["event", "effect", "options", "kept", "keymap", "lines", "listing", "pointing", "screen", "views", "zone"],
        PURE,
    ),
    ("event", &["effect", "listing", "pointing"], PURE),
    ("effect", &["kept", "listing"], PURE),
    ("options", &["keymap", "theme", "glyphs"], PURE),
    ("kept", &["listing", "pointing", "zone"], PURE),
    ("pointing", &["keymap", "listing", "views"], PURE),
    ("keymap", &["listing", "views", "settings"], PURE),
    ("listing", &[], PURE),
    ("screen", &[], PURE),
    ("views", &[], PURE),
    ("theme", &["settings"], PURE),
    ("lines", &[], PURE),
    ("settings", &[], PURE),
    ("glyphs", &[], PURE),
    ("zone", &[], PURE),
];

/// A source file: where it is, and the module that it holds.
struct Source {
    path: PathBuf,
    module: Vec<String>,
    text: String,
}

#[test]
fn no_file_imports_from_a_layer_above_its_own() {
    let faults: Vec<String> = sources().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_import_goes_in_a_circle_between_layers() {
    let mut graph = Graph::default();
    for source in sources() {
        let from = source.layer();
        for import in source.imports() {
            graph.add(from, import.path.first());
        }
    }
    assert_eq!(graph.circle(), None);
    assert!(!graph.0.is_empty(), "the scanner has found imports");
}

#[test]
fn no_import_goes_in_a_circle_within_the_console() {
    let sources = sources();
    let mut graph = Graph::default();
    for source in sources.iter().filter(|source| source.layer() == "console") {
        for import in source.imports().iter().filter(|import| import.path[0] == "console") {
            graph.add(source.part(), Some(&console_part(import)));
        }
    }
    assert_eq!(graph.circle(), None);
}

#[test]
fn every_layer_is_in_the_graph() {
    let declared = declared_modules(&fs::read_to_string(root().join("src/lib.rs")).unwrap());
    let known: BTreeSet<String> = CRATE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing: Vec<&String> = declared.difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?} stand in src/lib.rs: add them to the layers");
}

/// What is wrong with a file's imports.
fn faults(source: &Source) -> Vec<String> {
    let layer = source.layer();
    let Some((_, below)) = CRATE.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{}: '{layer}' is no layer: add it to the layers", source.path.display())];
    };
    let part = CONSOLE.iter().find(|(name, ..)| *name == source.part());
    if layer == "console" && part.is_none() {
        return vec![format!("{}: '{}' is no part of the console: add it", source.path.display(), source.part())];
    }
    let mut faults = Vec::new();
    for import in source.imports() {
        let target = import.path.first().map_or("the crate's root", String::as_str);
        let allowed = match part.filter(|_| layer == "console") {
            Some((name, inside, _)) if target == "console" => {
                let wanted = console_part(&import);
                wanted == *name || inside.contains(&wanted.as_str())
            }
            Some((.., outside)) => outside.contains(&target),
            None => target == layer || below.contains(&target),
        };
        if !allowed {
            let written = import.path.join("::");
            faults.push(format!("{}:{}: must not import {written}", source.path.display(), import.line));
        }
    }
    faults
}

/// Which part of the console a path leads to; what no part has is in its root.
fn console_part(import: &Import) -> String {
    let second = import.path.get(1).map_or("mod", String::as_str);
    let known = CONSOLE.iter().any(|(name, ..)| *name == second);
    if known { second.to_owned() } else { "mod".to_owned() }
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        Self { path: path.into(), module, text: text.to_owned() }
    }

    /// The layer that it belongs to.
    fn layer(&self) -> &str {
        &self.module[0]
    }

    /// The part of its layer that it belongs to.
    fn part(&self) -> &str {
        self.module.get(1).map_or("mod", String::as_str)
    }

    fn imports(&self) -> Vec<Import> {
        // The program is a crate of its own, which calls the layers by the library's name.
        let root = if self.layer() == "main" { "afterimage" } else { "crate" };
        let imports = imports(&self.text, &self.module, root);
        // A path to what is further in, or to one's own, imports nothing.
        imports.into_iter().filter(|import| !import.path.starts_with(&self.module)).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut folders = vec![root().join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("src/lib.rs") {
                let inner = path.strip_prefix(root()).unwrap().to_str().unwrap();
                sources.push(Source::new(inner, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(sources.len() > 10, "the sources are where they are looked for");
    sources
}

/// Who imports whom.
#[derive(Default)]
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn add(&mut self, from: &str, to: Option<&String>) {
        if let Some(to) = to.filter(|to| *to != from) {
            self.0.entry(from.to_owned()).or_default().insert(to.clone());
        }
    }

    /// A path that ends where it began, if there is one.
    fn circle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        self.0.keys().find_map(|start| self.circle_from(start, &mut Vec::new(), &mut done))
    }

    fn circle_from(&self, at: &str, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(began) = path.iter().position(|passed| passed == at) {
            return Some([&path[began..], &[at.to_owned()]].concat());
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        path.push(at.to_owned());
        let circle = self.0.get(at).into_iter().flatten().find_map(|next| self.circle_from(next, path, done));
        path.pop();
        circle
    }
}

fn check_faults(path: &str, text: &str, expected: &[&str]) {
    assert_eq!(faults(&Source::new(path, text)), expected, "{text}");
}

#[test]
fn an_upward_import_is_found_however_it_is_written() {
    let fault = |line: usize, path: &str| format!("src/store/incident.rs:{line}: must not import {path}");
    let file = "src/store/incident.rs";
    check_faults(file, "use crate::ops::open;", &[&fault(1, "ops::open")]);
    check_faults(
        file,
        "//! Why.\n\nuse crate::{domain::Status, ops::{self, close::close}};",
        &[&fault(3, "ops"), &fault(3, "ops::close::close")],
    );
    check_faults(file, "use super::super::service as s;", &[&fault(1, "service")]);
    check_faults(file, "fn f() {\n    crate::ops::open::open()\n}", &[&fault(2, "ops::open::open")]);
    check_faults(file, "mod tests { use super::super::super::cli; }", &[&fault(1, "cli")]);
    check_faults(file, "macro_rules! m { () => { $crate::cli::run() } }", &[&fault(1, "cli::run")]);
    check_faults(file, "pub use crate::*;", &[&fault(1, "*")]);
    check_faults(file, "fn f<'a>(x: &'a str) -> crate::cli::T<'a> {}", &[&fault(1, "cli::T")]);
}

#[test]
fn what_is_not_an_import_from_above_is_left_alone() {
    let file = "src/store/incident.rs";
    check_faults(file, "use crate::domain::{Status, window::Range}; use super::engine::Engine;", &[]);
    check_faults(file, "// crate::ops::open\n/* crate::cli /* nested */ crate::ops::x */ /// crate::ops::y", &[]);
    check_faults(
        file,
        r##"const A: &str = "crate::ops::x \" crate::cli::y"; const B: &str = r#"crate::"ops"::x"#;"##,
        &[],
    );
    check_faults(file, "const C: char = '\"'; const D: char = '\\''; // \" crate::ops::x", &[]);
    check_faults(file, "use sqlx::{ops::x, cli}; mod tests { use super::*; }", &[]);
    check_faults(
        file,
        "pub(in crate::store) fn ops() -> impl Iterator<Item = u8> + use<> { self::x::y(self.ops) }",
        &[],
    );
    check_faults(
        "src/main.rs",
        "mod shells; use afterimage::{cli, console::run}; use std::ops::Add; shells::run()",
        &[],
    );
    check_faults("src/main/shells.rs", "use super::Failure; use crate::Failure; use afterimage::daemon;", &[]);
}

#[test]
fn text_after_a_literal_is_still_read() {
    let fault = "src/store/incident.rs:1: must not import ops::x";
    for before in ["'\"'", "'\\''", "b'\"'", "\"\\\\\"", "r\"\\\"", "r#\"a\"b\"#", "br##\"\"#\"##", "'a'", "x::<'a>()"]
    {
        check_faults("src/store/incident.rs", &format!("f({before}, crate::ops::x)"), &[fault]);
    }
}

#[test]
fn shells_do_not_know_each_other_and_side_modules_know_only_the_bottom() {
    check_faults("src/cli/mod.rs", "use crate::console::run;", &["src/cli/mod.rs:1: must not import console::run"]);
    check_faults("src/daemon.rs", "use crate::cli;", &["src/daemon.rs:1: must not import cli"]);
    check_faults("src/config.rs", "use crate::store::Store;", &["src/config.rs:1: must not import store::Store"]);
    check_faults("src/ops/open.rs", "use crate::config;", &["src/ops/open.rs:1: must not import config"]);
    check_faults("src/extra.rs", "", &["src/extra.rs: 'extra' is no layer: add it to the layers"]);
    check_faults("src/domain/a.rs", "use crate::clock;", &["src/domain/a.rs:1: must not import clock"]);
    check_faults("src/domain/a.rs", "use crate::VERSION;", &["src/domain/a.rs:1: must not import VERSION"]);
}

#[test]
fn the_console_keeps_its_parts_apart() {
    let state = "src/console/state/list.rs";
    check_faults(state, "use crate::domain::Incident; use super::focus::Focus;", &[]);
    check_faults(state, "use crate::console::theme;", &[&format!("{state}:1: must not import console::theme")]);
    check_faults(state, "use super::super::view::x;", &[&format!("{state}:1: must not import console::view::x")]);
    check_faults(state, "use super::super::Options;", &[&format!("{state}:1: must not import console::Options")]);
    check_faults(
        "src/console/view/mod.rs",
        "use crate::store::Tx;",
        &["src/console/view/mod.rs:1: must not import store::Tx"],
    );
    check_faults("src/console/perform.rs", "use crate::store::Tx;", &[]);
    check_faults("src/console/mod.rs", "mod view; mod state; use state::State; use view::draw;", &[]);
    check_faults("src/console/new.rs", "", &["src/console/new.rs: 'new' is no part of the console: add it"]);
}

#[test]
fn a_relative_path_from_the_consoles_root_is_an_import() {
    let found = imports("mod view; fn f() { view::draw() }", &["console".to_owned()], "crate");
    assert_eq!(found, [Import { line: 1, path: ["console", "view", "draw"].map(str::to_owned).to_vec() }]);
}

#[test]
fn a_circle_is_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::default();
        for (from, to) in edges {
            graph.add(from, Some(&(*to).to_owned()));
        }
        graph.circle()
    };
    assert_eq!(graph(&[("a", "b"), ("b", "c"), ("a", "c")]), None);
    assert_eq!(
        graph(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]),
        Some(["b", "c", "d", "b"].map(String::from).to_vec())
    );
}
