//! What the targets have in common: the properties that the tests of the corpora check, too.

#[path = "../../tests/it/corpora/properties.rs"]
pub mod properties;
