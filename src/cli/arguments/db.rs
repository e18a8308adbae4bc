//! `db ...`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::values::{self, GivenTime};

/// `db ...`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Create the schema, or upgrade it to this program's version
    Migrate,
    /// Engine, schema version and size; changes nothing
    Status,
    /// Copy everything to another database, of either engine: how a team outgrows one machine
    Copy(CopyArguments),
    /// Back up a SQLite database while consoles and daemons work on it
    Backup(BackupArguments),
    /// Delete old events, while everybody else goes on; every snapshot stays
    Prune(PruneArguments),
}

const COPY_HELP: &str = "\
The database of --database-url is the source: it is only read. The target must be empty; its schema is created. Every \
row goes over with its number, and at the end every row of both sides is compared. Until then the target is closed: \
no console, daemon or other command opens it. A copy that was killed is continued by the same command.

Stop consoles and daemons first. Where the source has changed meanwhile, the copy is not complete (exit status 4) and \
begins anew the next time.

The password of a Postgres URL may come from PGPASSWORD or ~/.pgpass.

Examples:
  afterimage db copy --to postgres://afterimage@db.example/afterimage
  afterimage --database-url postgres://afterimage@db.example/afterimage db copy --to sqlite:copy.db

Exit status:
  2  a URL that cannot be read, or both are one database
  4  the target is not empty, somebody works on it, or the source has changed meanwhile
  5  one of them is not reachable";

const TO_HELP: &str = "Where to: postgres://USER@HOST/NAME, or sqlite:PATH, which is created where it is missing";

/// `db copy ...`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = COPY_HELP)]
pub struct CopyArguments {
    /// Where to.
    #[arg(long, value_name = "URL", help = TO_HELP)]
    pub to: String,
}

const BACKUP_HELP: &str = "\
The backup is a database as of one instant. It is checked before it gets its name, and nobody but you may read it. To \
restore it, stop what works on the database and put the file in its place, with no -wal and no -shm file beside it.

Postgres has its own program for that:
  pg_dump --format=custom --file=FILE postgres://USER@HOST/NAME
  pg_restore --clean --if-exists --dbname=postgres://USER@HOST/NAME FILE

Examples:
  afterimage db backup /var/backups/afterimage.db
  afterimage db backup --force /var/backups/afterimage.db
  afterimage --database-url sqlite:/var/backups/afterimage.db?mode=ro incident list     look into it";

/// `db backup ...`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = BACKUP_HELP)]
pub struct BackupArguments {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub force: bool,
}

const PRUNE_HELP: &str = "\
Events that a pending snapshot or an open incident may still need stay, and it is said which incident needs them. A \
snapshot that would reach further back later, after a reopening, is marked as clipped. Events go a few at a time, so that \
nobody waits; a prune that was ended is continued by the next.

A daemon does the same every hour with --events-retention, or where the configuration says so:
  [retention]
  events = \"90d\"

A database file becomes smaller by it. One that an older program has made does not, but what is free in it is used for \
what comes. On Postgres, autovacuum sees to that.

Examples:
  afterimage db prune --events-before '90d ago' --dry-run
  afterimage db prune --events-before 2026-01-01";

/// `db prune ...`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = PRUNE_HELP)]
pub struct PruneArguments {
    /// Delete events from before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::time())]
    pub events_before: GivenTime,
    /// Only say what would be deleted
    #[arg(long)]
    pub dry_run: bool,
}
