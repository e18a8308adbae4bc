//! `db ...`: the schema, and the database as a whole. Works on databases that are not ready for anything else.

use std::cmp::Ordering;

use serde_json::json;

use super::arguments::DbCommand;
use super::output::page::Facts;
use super::output::{Output, words};
use super::{CliError, ExitStatus, Settings};
use crate::domain::text;
use crate::store::{SCHEMA_VERSION, Store, Upgrade};

pub(super) async fn run(command: DbCommand, settings: &Settings, output: Output<'_>) -> Result<ExitStatus, CliError> {
    match command {
        DbCommand::Migrate => migrate(settings, output).await,
        DbCommand::Status => status(settings, output).await,
        DbCommand::Copy(arguments) => super::db_copy::run(arguments, settings, output).await,
        DbCommand::Backup(arguments) => super::db_backup::run(arguments, settings, output).await,
        DbCommand::Prune(arguments) => super::db_prune::run(arguments, settings, output).await,
    }
}

async fn migrate(settings: &Settings, mut output: Output<'_>) -> Result<ExitStatus, CliError> {
    let location = settings.database.clone().creating();
    let store = Store::connect(location.clone(), settings.clock.clone()).await?;
    let found = store.read().await?.schema_version().await?;
    store.close().await;
    let store = Store::open(location, settings.clock.clone(), Upgrade::Allowed).await?;
    let database = store.location().to_string();
    if output.json {
        output.document(&json!({
            "engine": store.engine_name(),
            "database": database,
            "previous_version": found,
            "schema_version": SCHEMA_VERSION,
        }))?;
    } else {
        output.line(&match found {
            None => format!("created schema version {SCHEMA_VERSION} in {database}"),
            Some(SCHEMA_VERSION) => format!("{database} has schema version {SCHEMA_VERSION} already"),
            Some(version) => format!("upgraded {database} from schema version {version} to {SCHEMA_VERSION}"),
        })?;
    }
    store.close().await;
    Ok(0)
}

async fn status(settings: &Settings, mut output: Output<'_>) -> Result<ExitStatus, CliError> {
    let location = settings.database.clone().read_only();
    let store = Store::connect(location, settings.clock.clone()).await?;
    let mut tx = store.read().await?;
    let version = tx.schema_version().await?;
    let size = tx.size_bytes().await?;
    let copied_from = if version.is_some_and(|version| version > 0) {
        tx.copy_marker().await?.map(|marker| marker.source)
    } else {
        None
    };
    drop(tx);
    if output.json {
        output.document(&json!({
            "engine": store.engine_name(),
            "database": store.location().to_string(),
            "schema_version": version,
            "supported_version": SCHEMA_VERSION,
            "size_bytes": size,
        }))?;
    } else {
        output.line(&format!("{}\n", store.location()))?;
        let mut facts = Facts::default();
        facts.add("engine", store.engine_name());
        facts.add("schema version", &schema(version));
        facts.add("size", &words::bytes(size));
        if let Some(source) = copied_from {
            let source = text::shorten(&source, 200);
            facts.add("copied into", &format!("from {source}, and not complete: 'afterimage db copy' ends it"));
        }
        facts.write(output.answer())?;
    }
    store.close().await;
    Ok(0)
}

fn schema(version: Option<i64>) -> String {
    let Some(version) = version else { return "none yet: 'afterimage db migrate' creates it".to_owned() };
    match version.cmp(&SCHEMA_VERSION) {
        Ordering::Less => format!("{version}, older than {SCHEMA_VERSION}: 'afterimage db migrate' upgrades it"),
        Ordering::Equal => format!("{version}, as this program works with"),
        Ordering::Greater => format!("{version}, newer than {SCHEMA_VERSION}: upgrade this program"),
    }
}
