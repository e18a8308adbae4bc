//! What benchmarks and tests share: a throwaway server, here on a disk and as durable as by default.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/support/postgres.rs"]
pub mod postgres;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// How the server of the benchmarks is set.
pub const SERVER_SETTINGS: &[&str] = &["shared_buffers=512MB", "max_wal_size=8GB", "max_connections=200"];

/// Where databases are made: a disk, for memory has no limit that is worth knowing.
pub fn scratch() -> &'static Path {
    static SCRATCH: LazyLock<PathBuf> = LazyLock::new(std::env::temp_dir);
    &SCRATCH
}
