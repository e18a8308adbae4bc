//! `db ...`

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
