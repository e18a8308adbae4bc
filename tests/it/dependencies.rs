//! What is depended on, by what cargo itself says of it: no licence that `deny.toml` does not allow, and no source but the
//! registry. The full check is `cargo deny check`, which not every machine has.

use std::process::Command;

/// The texts of an array of `deny.toml`.
fn allowed(key: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let (section, key) = key.split_once('.').unwrap();
    table[section][key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The name and version of each package that is built here, where it comes from unless from the registry, and its licence.
fn packages() -> Vec<(String, String)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--offline", "--edges", "normal,build,dev", "--prefix", "none"]);
    let output = cargo.args(["--format", "{p}|{l}"]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let package = |line: &str| {
        let (name, licence) = line.trim_end_matches(" (*)").split_once('|')?;
        Some((name.replace(" (proc-macro)", ""), licence.to_owned()))
    };
    lines.lines().filter_map(package).collect()
}

/// Whether one of the alternatives of a licence expression is allowed as a whole.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let alternatives = expression.replace('/', " OR ").replace(['(', ')'], "");
    let known = |name: &str| allowed.iter().any(|it| it == name.trim());
    if expression.contains(") AND ") {
        // `(A OR B) AND C`: each part has one that is.
        return expression.split(" AND ").all(|part| is_allowed(part, allowed));
    }
    alternatives.split(" OR ").any(|alternative| alternative.split(" AND ").all(known))
}

#[test]
fn every_licence_is_allowed_and_every_source_is_the_registry() {
    let licences = allowed("licenses.allow");
    let packages = packages();
    assert!(packages.len() > 100);
    for (name, licence) in packages {
        assert!(is_allowed(&licence, &licences), "{name} is licensed under '{licence}'");
        let is_own = name.starts_with("afterimage ");
        assert!(is_own || !name.contains('('), "{name} does not come from the registry");
        let is_refused = ["openssl-sys ", "native-tls ", "aws-lc-sys "].iter().any(|it| name.starts_with(it));
        assert!(!is_refused, "{name}: TLS is rustls with ring");
    }
}

#[test]
fn a_licence_that_is_not_listed_is_found() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
    for expression in
        ["MIT", "MIT OR Apache-2.0", "GPL-3.0 OR MIT", "MIT/GPL-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"]
    {
        assert!(is_allowed(expression, &allowed), "{expression}");
    }
    for expression in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND BSD-3-Clause"] {
        assert!(!is_allowed(expression, &allowed), "{expression}");
    }
}
