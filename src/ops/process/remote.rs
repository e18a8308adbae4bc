//! Rows whose counts come from a source of the configuration: it is asked outside any transaction, one row at a time,
//! and what it says is kept under the same locks after the same check as any other.

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;

use super::batch::{self, FailedRow, Measured, Named};
use super::{Run, isolate};
use crate::domain::alert::Labels;
use crate::domain::{Expression, IncidentId, RunCounts, Series, Snapshot, schedule};
use crate::source::{RemoteRequest, SourceError};
use crate::store::StoreError;
use crate::store::capture::Claim;
use crate::store::run::Cursor;

/// Rows that are looked at together.
const PAGE: u32 = 100;
/// Rows that are asked about at once; a source may allow fewer.
const AT_ONCE: usize = 8;

/// What is known of a row beside its claim.
struct Subject {
    claim: Claim,
    labels: Labels,
    frozen: Option<Series>,
    /// Whether there is anything to be asked: what was reopened or is captured only goes (rule 16).
    is_wanted: bool,
}

impl Run<'_> {
    /// Captures what is due and comes from elsewhere.
    pub(super) async fn remote_due(&mut self) -> Result<(), StoreError> {
        let mut after = Cursor::START;
        while !self.is_cancelled() {
            let claims = self.store.read().await?.remote_due(self.now, after, PAGE).await?;
            let Some(last) = claims.last() else { break };
            after = batch::cursor(last);
            let (settled, fresh) =
                claims.into_iter().partition(|claim| claim.target_run_date + schedule::SETTLING <= self.now);
            self.put_off(fresh).await?;
            self.capture_remote(settled).await?;
        }
        Ok(())
    }

    /// Lets the last samples arrive first.
    async fn put_off(&self, claims: Vec<Claim>) -> Result<(), StoreError> {
        for claim in claims {
            let mut tx = self.store.capture().await?;
            let until = claim.target_run_date + schedule::SETTLING;
            tx.put_off(claim.incident_id, claim.next_attempt_at, until).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Captures those of these rows that come from elsewhere.
    pub(super) async fn remote_named(&mut self, named: &[Named]) -> Result<(), StoreError> {
        let ids: Vec<IncidentId> = named.iter().map(|named| named.incident_id).collect();
        let mut claims = self.store.read().await?.remote_rows(&ids).await?;
        claims.retain(|claim| {
            let Claim { incident_id, target_run_date, .. } = *claim;
            named.contains(&Named { incident_id, target_run_date })
        });
        self.capture_remote(claims).await
    }

    async fn capture_remote(&mut self, claims: Vec<Claim>) -> Result<(), StoreError> {
        if claims.is_empty() {
            return Ok(());
        }
        let subjects = self.subjects(claims).await?;
        let mut silent: HashMap<String, SourceError> = HashMap::new();
        for subjects in subjects.chunks(AT_ONCE) {
            if self.is_cancelled() {
                break;
            }
            let run = &*self;
            // One that has not answered is not asked again for every row that waits for it.
            let mut asked = Vec::with_capacity(subjects.len());
            for subject in subjects {
                asked.push(run.ask(subject, &silent));
            }
            let answers = join_all(asked).await;
            for (subject, answer) in subjects.iter().zip(answers) {
                self.keep_remote(subject, answer, &mut silent).await?;
            }
        }
        self.counts.batches += 1;
        Ok(())
    }

    async fn subjects(&self, claims: Vec<Claim>) -> Result<Vec<Subject>, StoreError> {
        let ids: Vec<IncidentId> = claims.iter().map(|claim| claim.incident_id).collect();
        let mut tx = self.store.read().await?;
        let wanted: HashSet<IncidentId> =
            batch::triage(&mut tx, &claims).await?.wanted.iter().map(|claim| claim.incident_id).collect();
        let mut labels: HashMap<IncidentId, Labels> =
            tx.origins(&ids).await?.into_iter().map(|(id, origin)| (id, origin.labels)).collect();
        let mut frozen: HashMap<IncidentId, Series> = tx.frozen(&ids).await?.into_iter().collect();
        let subject = |claim: Claim| Subject {
            labels: labels.remove(&claim.incident_id).unwrap_or_default(),
            frozen: frozen.remove(&claim.incident_id),
            is_wanted: wanted.contains(&claim.incident_id),
            claim,
        };
        Ok(claims.into_iter().map(subject).collect())
    }

    /// `None` where there is nothing to ask.
    async fn ask(
        &self,
        subject: &Subject,
        silent: &HashMap<String, SourceError>,
    ) -> Result<Option<Snapshot>, SourceError> {
        let Some(expression) = subject.claim.expression.clone().filter(|_| subject.is_wanted) else { return Ok(None) };
        if let Some(error) = silent.get(&expression.source) {
            return Err(error.clone());
        }
        let request = self.remote_request(subject, expression);
        let measured = self.request.sources.measure(&request, self.now).await?;
        Ok(Some(measured.snapshot(request.ranges.as_of, self.now, subject.claim.target_run_date > self.now)))
    }

    fn remote_request(&self, subject: &Subject, expression: Expression) -> RemoteRequest {
        RemoteRequest {
            incident_id: subject.claim.incident_id,
            expression,
            labels: subject.labels.clone(),
            ranges: subject.claim.course.ranges(self.now),
            period: subject.claim.course.time_window.span(),
            frozen: subject.frozen.clone(),
        }
    }

    async fn keep_remote(
        &mut self,
        subject: &Subject,
        answer: Result<Option<Snapshot>, SourceError>,
        silent: &mut HashMap<String, SourceError>,
    ) -> Result<(), StoreError> {
        let claim = &subject.claim;
        match answer {
            Ok(snapshot) => {
                let measured =
                    Measured { snapshots: snapshot.into_iter().map(Into::into).collect(), failures: Vec::new() };
                match batch::keep_measured(self, claim, measured).await {
                    Ok(counts) => self.counts.add(counts),
                    Err(error) if error.stops_every_row() => return Err(error),
                    Err(error) => self.fail(FailedRow::new(claim, &error)).await?,
                }
            }
            Err(error) => {
                let is_own_fault = error.is_own_fault();
                self.fail(FailedRow { claim: claim.clone(), error: error.to_string(), is_own_fault }).await?;
                if let Some(expression) = claim.expression.as_ref().filter(|_| !is_own_fault) {
                    silent.entry(expression.source.clone()).or_insert(error);
                }
            }
        }
        Ok(())
    }

    async fn fail(&mut self, failed: FailedRow) -> Result<(), StoreError> {
        self.counts.add(RunCounts { failed: 1, ..RunCounts::default() });
        isolate::record_failures(self, &[failed]).await
    }
}
