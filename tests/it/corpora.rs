//! Every file of the corpora under `fuzz/corpus/` keeps what must hold of its reader, so that no finding comes back. How
//! new ones are looked for is said in `fuzz/README.md`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

pub(crate) mod properties;

/// A corpus is a regression test, and no archive.
const CORPORA_LIMIT: u64 = 300_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_file_of_every_corpus_keeps_what_must_hold_of_its_reader() {
    for (name, property) in properties::ALL {
        let corpus = files(&folder().join(name));
        assert!(corpus.len() >= 10, "the corpus of {name} has {} files", corpus.len());
        for file in corpus {
            let bytes = fs::read(&file).unwrap();
            let kept = catch_unwind(AssertUnwindSafe(|| property(&bytes)));
            assert!(kept.is_ok(), "{}", file.display());
        }
    }
}

#[test]
fn every_corpus_has_its_target_and_all_of_them_are_small() {
    let named = |folder: PathBuf| -> Vec<String> {
        let stem = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
        files(&folder).iter().map(stem).collect()
    };
    let names = properties::ALL.map(|(name, _)| name);
    assert_eq!(named(folder()), names);
    assert_eq!(named(folder().with_file_name("fuzz_targets")), names);
    let sizes = names.iter().flat_map(|name| files(&folder().join(name)));
    let size: u64 = sizes.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(size < CORPORA_LIMIT, "{size} bytes");
}
