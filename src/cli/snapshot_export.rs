//! `snapshot export`: a snapshot for other tools, on stdout or as a file.

use std::path::Path;

use serde_json::json;

use super::arguments::snapshot::ExportArguments;
use super::output::words;
use super::{CliError, ExitStatus, Session, snapshot};
use crate::domain::{SeriesKind, text};
use crate::export::svg::Theme;
use crate::export::{self, Format, Origin, Subject};
use crate::ops::OpsError;
use crate::ops::save::{self, Existing};

pub(super) async fn export(session: &mut Session<'_>, arguments: ExportArguments) -> Result<ExitStatus, CliError> {
    let format = format(&arguments)?;
    let id = arguments.id;
    let (incident, snapshot) = if arguments.preview {
        snapshot::ahead(session, id).await?
    } else {
        let advice = "--preview exports what it would be now";
        snapshot::kept(session, id, advice).await?
    };
    let activities = session.store.read().await?.activities(id).await?;
    let subject = Subject {
        incident: &incident,
        activities: &activities,
        snapshot: &snapshot,
        origin: if arguments.preview { Origin::Preview } else { Origin::Kept },
        series: arguments.series.unwrap_or_else(|| export::first_series(&incident, &snapshot)),
    };
    let written = export::write(&subject, format, arguments.theme.unwrap_or(Theme::Auto));
    let Some(path) = arguments.output.filter(|path| path != Path::new("-")) else {
        write!(session.output.answer(), "{written}")?;
        return Ok(0);
    };
    let existing = if arguments.overwrite { Existing::Replaced } else { Existing::Kept };
    save::save(&path, &written, existing).map_err(advised)?;
    let bytes = written.len() as u64;
    if session.output.json {
        let document = json!({
            "incident_id": id.value(), "format": format.name(), "file": path.to_string_lossy(), "bytes": bytes,
        });
        session.output.document(&document)?;
    } else {
        let file = text::printable(&path.to_string_lossy());
        session.output.line(&format!("wrote '{file}', {}", words::bytes(bytes)))?;
    }
    Ok(0)
}

/// The format that was asked for, or that the name of the file tells. What means nothing to it is refused, not ignored.
fn format(arguments: &ExportArguments) -> Result<Format, OpsError> {
    let named = || {
        let name = arguments.output.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        Format::of_file(&name).ok_or_else(|| {
            let name = text::shorten(&name, 200);
            OpsError::Input(format!("the name '{name}' tells no format: add --format markdown, svg, csv or json"))
        })
    };
    let format = arguments.format.map_or_else(named, Ok)?;
    if arguments.theme.is_some() && format != Format::Svg {
        return Err(OpsError::Input(format!("--theme goes with svg, not with {format}")));
    }
    if arguments.series.is_some() && !format.has_chart() {
        let both = [SeriesKind::Windowed, SeriesKind::Lifetime].map(SeriesKind::name).join(" and ");
        return Err(OpsError::Input(format!("--series goes with svg and markdown: {format} has both, {both}")));
    }
    Ok(format)
}

/// Says beside the refusal how to have it all the same.
fn advised(error: OpsError) -> OpsError {
    match error {
        OpsError::Conflict(refused) => OpsError::Conflict(format!("{refused}: --overwrite replaces it")),
        other => other,
    }
}
