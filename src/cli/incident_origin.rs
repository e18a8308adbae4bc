//! How an incident is connected with what others run, as people read it: the alerts that opened it, and what is frozen of
//! what measures it.

use std::io::{self, Write};

use super::output::page::Facts;
use super::output::table::Table;
use super::output::words;
use crate::domain::alert::{Labels, MemberAlert, Origin, distinction, written};
use crate::domain::{Freezing, Incident, Status, Timestamp};

/// How an incident is connected with what others run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'a> {
    /// Where it came from, where alerts have opened it.
    pub origin: Option<&'a Origin>,
    /// All of its alerts.
    pub alerts: &'a [MemberAlert],
    /// How far the first half of its capture is.
    pub freezing: Option<&'a Freezing>,
}

impl Connection<'_> {
    /// Writes what there is of it.
    pub(super) fn write(self, out: &mut dyn Write, incident: &Incident, now: Timestamp) -> io::Result<()> {
        if let Some(frozen) = self.frozen(incident, now) {
            let mut facts = Facts::default();
            facts.add("frozen", &frozen);
            facts.write(out)?;
        }
        let Some(origin) = self.origin else { return Ok(()) };
        writeln!(out, "\nOrigin")?;
        facts(origin).write(out)?;
        writeln!(out, "\nAlerts")?;
        table(self.alerts, &origin.labels).write(out, None)?;
        if origin.truncated > 0 {
            writeln!(out, "  {} more were left out of what was told", words::total(origin.truncated))?;
        }
        Ok(())
    }

    /// Only what is still to be captured from elsewhere has two halves.
    fn frozen(&self, incident: &Incident, now: Timestamp) -> Option<String> {
        incident.expression.as_ref()?;
        let until = self.freezing.and_then(|freezing| freezing.until);
        if incident.status == Status::Open {
            return until.map(|until| format!("up to {until}, at the close before"));
        }
        incident.pending.as_ref()?;
        Some(match (self.freezing, until) {
            (Some(freezing), Some(until)) if freezing.date_closed == incident.date_closed => {
                format!("before and during, up to {until}")
            }
            (Some(Freezing { last_error: Some(error), next_attempt_at, .. }), _) => {
                format!("not yet: {error}; tried again {}", words::distance(*next_attempt_at, now))
            }
            _ => "not yet".to_owned(),
        })
    }
}

fn facts(origin: &Origin) -> Facts {
    let mut facts = Facts::default();
    facts.add("source", &origin.source);
    facts.add("group", &origin.group_key);
    if !origin.labels.is_empty() {
        facts.add("labels", &written(&origin.labels));
    }
    for (name, text) in &origin.annotations {
        facts.add("annotation", &format!("{name}: {text}"));
    }
    for (name, url) in [("generator", &origin.generator_url), ("seen at", &origin.external_url)] {
        if let Some(url) = url {
            facts.add(name, url);
        }
    }
    facts
}

fn table(alerts: &[MemberAlert], common: &Labels) -> Table {
    let mut table = Table::default().text("  SINCE").text("UNTIL").text("LABELS");
    for MemberAlert { alert, .. } in alerts {
        table.row([
            format!("  {}", words::instant(alert.starts_at)),
            alert.ends_at.map_or_else(|| "fires".to_owned(), words::instant),
            distinction(alert, common),
        ]);
    }
    table
}
