//! What of a database somebody should look at, each with what to do about it: pure, from what was read.

use std::time::Duration;

use serde_json::{Value, json};

use super::output::words;
use crate::domain::{PendingSnapshot, Processor, ProcessorRun, SourceHealth, Timestamp, span, text};
use crate::store::outbox::SlowTarget;
use crate::store::status::{Backlog, Counts};

/// What is due for longer than this is overdue: at least one hourly run has passed it by.
pub const OVERDUE: Duration = Duration::from_hours(2);
/// A run whose record has not moved for so long hangs, or its process is dead.
pub const STILL: Duration = Duration::from_mins(5);
/// A row that has failed so often is worth a look: it has been tried for some minutes.
pub const MANY_ATTEMPTS: u32 = 3;
/// How many of each are named.
pub const NAMED: u32 = 3;
/// A processor says every minute that it is there; one that has said nothing for so long is not counted on.
const SILENT: Duration = Duration::from_mins(5);

/// What bears on whether all is well.
pub struct Findings {
    /// As of when.
    pub now: Timestamp,
    /// How many there are of what.
    pub counts: Counts,
    /// What waits.
    pub backlog: Backlog,
    /// How many should have been captured long ago.
    pub overdue: u64,
    /// Those of the rows that fail again and again that have failed most.
    pub struggling: Vec<PendingSnapshot>,
    /// The runs that are not over and do not move.
    pub still: Vec<ProcessorRun>,
    /// The targets whose messages have been waiting for long.
    pub slow_targets: Vec<SlowTarget>,
    /// The processes that run the processor.
    pub processors: Vec<Processor>,
    /// The sources of the configuration, asked just now.
    pub sources: Vec<SourceHealth>,
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    kind: &'static str,
    what: String,
    remedy: String,
}

impl Attention {
    /// In a sentence.
    pub fn said(&self) -> String {
        format!("{}: {}", self.what, self.remedy)
    }

    /// For scripts.
    pub fn document(&self) -> Value {
        json!({ "kind": self.kind, "what": self.what, "remedy": self.remedy })
    }
}

impl Findings {
    /// The processors that have been heard of lately.
    pub fn lively(&self) -> impl Iterator<Item = &Processor> {
        self.processors.iter().filter(|processor| processor.last_seen + SILENT >= self.now)
    }

    /// Everything that somebody should look at, the worst first.
    pub fn attention(&self) -> Vec<Attention> {
        let mut found = Vec::new();
        found.extend(self.dead());
        found.extend(self.late());
        found.extend(self.still.iter().map(|run| self.hanging(run)));
        found.extend(self.failing());
        found.extend(self.sources.iter().filter_map(down));
        found.extend(self.slow_targets.iter().map(undelivered));
        found
    }

    fn dead(&self) -> Option<Attention> {
        let dead = self.counts.dead;
        let are = if dead == 1 { "is" } else { "are" };
        (dead > 0).then(|| Attention {
            kind: "dead",
            what: format!("{} {are} dead", words::counted(dead, "pending snapshot")),
            remedy: "'afterimage pending list' says why, 'afterimage pending retry ID' revives, \
                     'afterimage pending discard ID' gives up"
                .to_owned(),
        })
    }

    fn late(&self) -> Option<Attention> {
        let have = if self.overdue == 1 { "has" } else { "have" };
        let remedy = match self.lively().next() {
            None => {
                "no processor is known to run: start 'afterimage --daemon', or capture now with 'afterimage process'"
                    .to_owned()
            }
            Some(processor) => format!(
                "the processor on {} does not keep up, or fails: 'afterimage run list' says what it did",
                words::name(&processor.host)
            ),
        };
        (self.overdue > 0).then(|| Attention {
            kind: "late",
            what: format!(
                "{} {have} been due for more than two hours",
                words::counted(self.overdue, "pending snapshot")
            ),
            remedy,
        })
    }

    fn hanging(&self, run: &ProcessorRun) -> Attention {
        let (began, still) = (words::distance(run.started_at, self.now), span::format(self.now.since(run.updated_at)));
        let host = words::name(&run.host);
        Attention {
            kind: "hanging_run",
            what: format!("run {} on {host}, begun {began}, has not moved for {still}", run.id),
            remedy: format!(
                "its process is dead or hangs: the next run takes over what it held ('afterimage process' does so now); \
                 restart the daemon on {host} where it is still there"
            ),
        }
    }

    fn failing(&self) -> Option<Attention> {
        let worst = self.struggling.first()?;
        let ids: Vec<String> = self.struggling.iter().map(|row| row.incident_id.to_string()).collect();
        let error = text::shorten(worst.last_error.as_deref().unwrap_or_default(), 120);
        let (of, fail) = if ids.len() == 1 { ("incident", "fails") } else { ("incidents", "fail") };
        let snapshots = if ids.len() == 1 { "the snapshot" } else { "the snapshots" };
        Some(Attention {
            kind: "failing",
            what: format!("{snapshots} of {of} {} {fail} again and again ({error})", ids.join(", ")),
            remedy: format!(
                "'afterimage pending list' says more; once that is mended, 'afterimage process {}' need not wait",
                ids.join(" ")
            ),
        })
    }
}

fn down(source: &SourceHealth) -> Option<Attention> {
    let error = source.error.as_ref()?;
    let silence = format!("source '{}' does not answer", source.name);
    // Its own error begins with the same words.
    let error = error.strip_prefix(&silence).map_or(error.as_str(), |rest| rest.trim_start_matches(": "));
    Some(Attention {
        kind: "source",
        what: format!("source '{}' does not answer ({})", words::name(&source.name), text::shorten(error, 120)),
        remedy: "what it should count waits for it: 'afterimage config check' asks it again".to_owned(),
    })
}

fn undelivered(slow: &SlowTarget) -> Attention {
    let have = if slow.waiting == 1 { "waits" } else { "wait" };
    let why = slow
        .last_error
        .as_deref()
        .map_or_else(|| "no process has tried to deliver them".to_owned(), |error| text::shorten(error, 120));
    Attention {
        kind: "outbox",
        what: format!(
            "{} {have} for webhook '{}', the oldest for more than two hours ({why})",
            words::counted(slow.waiting, "message"),
            words::name(&slow.target)
        ),
        remedy:
            "see to its receiver, and that a daemon runs whose configuration names it; after a week they are given up"
                .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{IncidentId, ProcessorKind, RunCounts, Trigger};

    fn well(now: Timestamp) -> Findings {
        let counts = Counts {
            incidents_open: 1,
            incidents_closed: 2,
            pending: 2,
            due: 0,
            failing: 0,
            dead: 0,
            snapshots: 0,
            as_of: now,
            hold_until: None,
            rushed: 0,
        };
        Findings {
            now,
            counts,
            backlog: Backlog::default(),
            overdue: 0,
            struggling: Vec::new(),
            still: Vec::new(),
            slow_targets: Vec::new(),
            processors: Vec::new(),
            sources: Vec::new(),
        }
    }

    fn said(findings: &Findings) -> String {
        findings.attention().iter().map(Attention::said).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_well_needs_no_attention() {
        assert_eq!(said(&well(Timestamp::from_seconds(100_000))), "");
    }

    #[test]
    fn each_trouble_says_what_to_do() {
        let now = Timestamp::from_seconds(100_000);
        let mut findings = well(now);
        (findings.counts.dead, findings.overdue) = (1, 2);
        let run = ProcessorRun {
            id: 7,
            trigger: Trigger::Interval,
            host: "ops-1".into(),
            started_at: now - Duration::from_mins(20),
            updated_at: now - Duration::from_mins(12),
            finished_at: None,
            counts: RunCounts::default(),
            error: None,
        };
        findings.still.push(run);
        findings.struggling.push(PendingSnapshot {
            incident_id: IncidentId::new(5),
            target_run_date: now,
            next_attempt_at: now,
            attempts: 3,
            last_error: Some("malformed\u{1b}[31m".into()),
            last_error_at: Some(now),
            last_host: None,
            dead_since: None,
        });
        let down = SourceHealth {
            name: "main".into(),
            url: String::new(),
            answered_at: None,
            error: Some("refused".into()),
            retention: None,
        };
        findings.sources = vec![down.clone(), SourceHealth { error: None, ..down }];
        findings.slow_targets.push(SlowTarget { target: "chat".into(), waiting: 3, last_error: None });
        let all = said(&findings);
        for part in [
            "1 pending snapshot is dead: 'afterimage pending list'",
            "2 pending snapshots have been due for more than two hours: no processor is known",
            "run 7 on ops-1, begun 20m ago, has not moved for 12m",
            "the snapshot of incident 5 fails again and again (malformed [31m)",
            "'afterimage process 5'",
            "source 'main' does not answer (refused)",
            "3 messages wait for webhook 'chat'",
        ] {
            assert!(all.contains(part), "'{part}' is not said:\n{all}");
        }
        assert_eq!(all.lines().count(), 6);
    }

    #[test]
    fn late_rows_beside_a_living_processor_are_its_to_explain() {
        let now = Timestamp::from_seconds(100_000);
        let processor = Processor {
            host: "ops-1".into(),
            pid: 1,
            kind: ProcessorKind::Daemon,
            version: String::new(),
            next_run_at: None,
            last_seen: now,
        };
        let findings = Findings { overdue: 1, processors: vec![processor], ..well(now) };
        assert!(said(&findings).contains("the processor on ops-1 does not keep up"));
    }
}
